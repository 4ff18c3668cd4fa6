// SPDX-License-Identifier: GPL-2.0

//! The shrinker that writes pages back when memory is short. What it does is in `reclaim.rs`.
//!
//! C header: `include/linux/shrinker.h`

use crate::bindings;
use kernel::{error::to_result, prelude::*};

/// The shrinker is registered as long as this lives.
pub(crate) struct Shrinker(());

impl Shrinker {
    /// Registers it. May sleep. There may be one at a time.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: May be called in process context.
        to_result(unsafe { bindings::vswap_shrinker_register() })?;
        Ok(Self(()))
    }
}

impl Drop for Shrinker {
    fn drop(&mut self) {
        // SAFETY: It was registered in `new()`.
        unsafe { bindings::vswap_shrinker_unregister() };
    }
}
