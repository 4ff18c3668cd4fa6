// SPDX-License-Identifier: GPL-2.0

//! Bindings of what the `kernel` crate does not bind, made by bindgen from `bindings/bindings.h`.

#![allow(
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    dead_code,
    improper_ctypes,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unreachable_pub
)]

pub(crate) use kernel::bindings::*;
use kernel::ffi;

include!("bindings/generated.rs");

/// C functions without a precondition, other than that some of them sleep.
pub(crate) mod safe {
    macro_rules! safe {
        ($(fn $name:ident($($arg:ident: $type:ty),*) $(-> $ret:ty)?;)*) => {$(
            #[inline(always)]
            pub(crate) fn $name($($arg: $type),*) $(-> $ret)? {
                // SAFETY: The functions listed here take no pointer, and work on nothing but objects
                // that are static or that they look up under a lock or a reference of their own.
                unsafe { super::$name($($arg),*) }
            }
        )*};
    }

    safe! {
        fn vswap_current_is_kswapd() -> bool;
        fn vswap_debugfs_remove();
        fn vswap_desc_pages() -> usize;
        fn vswap_direct_map_base() -> usize;
        fn vswap_may_log() -> bool;
        fn vswap_params_wait();
        fn vswap_totalram_pages() -> usize;
        fn vswap_work_cancel();
        fn vswap_work_init() -> i32;
    }
}
