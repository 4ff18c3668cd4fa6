// SPDX-License-Identifier: GPL-2.0

//! The workers: one retires compression pools, the other makes room in them.

use crate::bindings;
use kernel::{error::to_result, prelude::*};

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

/// Lets pages be written back by a worker, with a thread that is there when memory is short.
///
/// # Invariants
///
/// The worker's queue exists.
pub(crate) struct Workers(());

impl Workers {
    /// There is one of these at a time. May sleep.
    ///
    /// `ENOMEM`, or `EBUSY` where there is one already.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: May be called at any time in process context.
        to_result(unsafe { bindings::vswap_write_back_init() })?;
        // INVARIANT: It was just made.
        Ok(Self(()))
    }

    /// Has pages written back until the pools have room. May be called anywhere.
    pub(crate) fn write_back_soon(&self) {
        // SAFETY: The queue exists by the type invariant.
        unsafe { bindings::vswap_write_back_soon() };
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        // SAFETY: The queue exists by the type invariant, and nobody uses it after this.
        unsafe { bindings::vswap_write_back_exit() };
    }
}

/// Stops writing back, and waits until that is so. May sleep.
pub(crate) fn write_back_cancel() {
    // SAFETY: The work item is static.
    unsafe { bindings::vswap_write_back_cancel() };
}
