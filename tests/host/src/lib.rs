// SPDX-License-Identifier: GPL-2.0

//! The pure files of the module, with their tests.

#![cfg_attr(any(not(test), loom), allow(dead_code))]

#[path = "../../../rust/age.rs"]
mod age;
#[path = "../../../rust/descriptor.rs"]
mod descriptor;
#[path = "../../../rust/backend/lz4"]
mod lz4 {
    pub(crate) mod decode;
    pub(crate) mod encode;
}
#[path = "../../../rust/parse.rs"]
mod parse;
#[path = "../../../rust/backend/same_filled.rs"]
mod same_filled;
#[path = "../../../rust/backend/sample.rs"]
mod sample;
#[path = "../../../rust/table.rs"]
mod table;

#[cfg(test)]
mod tests;
