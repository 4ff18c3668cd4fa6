// SPDX-License-Identifier: GPL-2.0

//! Bindings of what the `kernel` crate does not bind, made by bindgen from `bindings/bindings.h`.

#![allow(
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    dead_code,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unreachable_pub
)]

pub(crate) use kernel::bindings::*;
use kernel::ffi;

include!("bindings/generated.rs");
