// SPDX-License-Identifier: GPL-2.0

//! The workers: one retires compression pools, the other makes room in them.

use crate::bindings;

/// Has idle pools retired a while from now. May be called anywhere.
pub(crate) fn retire_later() {
    // SAFETY: The work item is static.
    unsafe { bindings::vswap_retire_later() };
}

/// Stops the worker that does, and waits for it. May sleep.
pub(crate) fn retire_cancel() {
    // SAFETY: The work item is static.
    unsafe { bindings::vswap_retire_cancel() };
}

/// Has pages written back until the pools have room. May be called anywhere.
pub(crate) fn write_back_soon() {
    // SAFETY: The work item is static.
    unsafe { bindings::vswap_write_back_soon() };
}

/// Stops the worker that does, and waits for it. May sleep.
pub(crate) fn write_back_cancel() {
    // SAFETY: The work item is static.
    unsafe { bindings::vswap_write_back_cancel() };
}
