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

include!(env!("VSWAP_BINDINGS"));

/// C functions that may be called with any argument, though some of them sleep.
///
/// They are declared here once more, as bindgen makes all functions unsafe.
pub(crate) mod safe {
    use kernel::{
        bindings::{
            mem_cgroup,
            shrink_control, //
        },
        types::Opaque, //
    };

    // SAFETY: These are declared as in the headers that bindgen reads, but for references, which are
    // passed as pointers are. The compiler takes a safe function for one of another type.
    #[allow(clashing_extern_declarations)]
    unsafe extern "C" {
        // SAFETY: It reads flags of the running task.
        pub(crate) safe fn vswap_current_is_dying() -> bool;
        // SAFETY: It reads a flag of the running task.
        pub(crate) safe fn vswap_current_is_kswapd() -> bool;
        // SAFETY: It works on a static pointer, under a static mutex.
        pub(crate) safe fn vswap_debugfs_remove();
        // SAFETY: It reads static variables.
        pub(crate) safe fn vswap_cpu_pressure() -> u32;
        // SAFETY: It reads a static atomic.
        pub(crate) safe fn vswap_desc_pages() -> usize;
        // SAFETY: It reads a variable that is set at boot, or returns a constant.
        pub(crate) safe fn vswap_direct_map_base() -> usize;
        // SAFETY: It reads a static variable.
        pub(crate) safe fn vswap_idle_cpu_ns() -> u64;
        // SAFETY: It starts no second thread. The thread's callback finds out whether there is a driver.
        pub(crate) safe fn vswap_idle_start() -> i32;
        // SAFETY: It takes the thread, if there is one, before it stops it.
        pub(crate) safe fn vswap_idle_stop();
        // SAFETY: The queue that it wakes is static, and was set up by the compiler.
        pub(crate) safe fn vswap_idle_wake();
        // SAFETY: It reads a static atomic.
        pub(crate) safe fn vswap_nr_blocks() -> usize;
        // SAFETY: The rate limit is static, and has a lock of its own.
        pub(crate) safe fn vswap_may_log() -> bool;
        // SAFETY: It registers a static notifier, whose callback finds out whether there is a driver.
        pub(crate) safe fn vswap_oom_start() -> i32;
        // SAFETY: It does nothing if that is not registered.
        pub(crate) safe fn vswap_oom_stop();
        // SAFETY: It takes a mutex that is there as long as the module is, and releases it.
        pub(crate) safe fn vswap_params_wait();
        // SAFETY: It looks for the ghost under the locks of the swap core.
        pub(crate) safe fn vswap_resize(size: usize) -> i32;
        // SAFETY: They work on static variables, under a static mutex.
        pub(crate) safe fn vswap_sysfs_remove();
        // SAFETY: As above.
        pub(crate) safe fn vswap_sysfs_update() -> i32;
        // SAFETY: It reads a static atomic.
        pub(crate) safe fn vswap_totalram_pages() -> usize;
        // SAFETY: It reads static atomics.
        pub(crate) safe fn vswap_usable_pages() -> usize;
        // SAFETY: The work items are static, and were set up by the compiler.
        pub(crate) safe fn vswap_work_cancel();
        // SAFETY: The queue's static pointer is changed if it is null, by compare-and-exchange.
        pub(crate) safe fn vswap_work_init() -> i32;

        // SAFETY: It compares the address of the cgroup.
        pub(crate) safe fn vswap_mem_cgroup_is_root(memcg: &Opaque<mem_cgroup>) -> bool;
        // SAFETY: It reads a field.
        pub(crate) safe fn vswap_shrink_may_do_io(sc: &shrink_control) -> bool;
    }
}
