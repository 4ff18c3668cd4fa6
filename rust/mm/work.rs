// SPDX-License-Identifier: GPL-2.0

//! The worker that retires compression pools.

use crate::bindings;

/// Has idle pools retired a while from now. May be called anywhere.
pub(crate) fn retire_later() {
    // SAFETY: The work item is static.
    unsafe { bindings::vswap_retire_later() };
}

/// Stops the worker, and waits for it. May sleep.
pub(crate) fn retire_cancel() {
    // SAFETY: The work item is static.
    unsafe { bindings::vswap_retire_cancel() };
}
