// SPDX-License-Identifier: GPL-2.0

//! The pure files of the module, with their tests.

#![cfg_attr(any(not(test), loom), allow(dead_code))]

#[path = "../../../rust/compress/lz4"]
mod lz4 {
    pub(crate) mod decode;
    pub(crate) mod encode;
}
#[path = "../../../rust/compress/sample.rs"]
mod sample;
#[path = "../../../rust/ghost"]
mod ghost {
    pub(crate) mod age;
    pub(crate) mod block;
    pub(crate) mod capacity;
    pub(crate) mod clock;
    pub(crate) mod credit;
    pub(crate) mod parse;
    pub(crate) mod same_filled;
    pub(crate) mod value;
}
#[path = "../../../rust/pools"]
mod pools {
    pub(crate) mod roles;
}
#[path = "../../../rust/swap"]
mod swap {
    pub(crate) mod descriptor;
    pub(crate) mod table;
}

#[cfg(test)]
mod tests;
