// SPDX-License-Identifier: GPL-2.0

//! The lock under which the kernel reads and writes the module's parameters.

use crate::bindings;

/// Runs `f` while no parameter is being read or written.
pub(crate) fn locked<R>(f: impl FnOnce() -> R) -> R {
    // SAFETY: The lock exists as long as the module; no parameter operation calls this.
    unsafe { bindings::vswap_params_lock() };
    let ret = f();
    // SAFETY: Taken above.
    unsafe { bindings::vswap_params_unlock() };
    ret
}
