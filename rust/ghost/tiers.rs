// SPDX-License-Identifier: GPL-2.0

//! The tiers below: other swap devices that have pages of the ghost.

use crate::swap::descriptor::MAX_DEVICES;
use kernel::sync::atomic::{
    ordering::Relaxed,
    Atomic, //
};

/// Which devices have, or had, pages of the ghost.
pub(super) struct Tiers([Atomic<bool>; MAX_DEVICES]);

impl Tiers {
    pub(super) const fn new() -> Self {
        Self([const { Atomic::new(false) }; MAX_DEVICES])
    }

    /// Whether the device with this number is one of them.
    pub(super) fn has_been(&self, device: usize) -> bool {
        self.0.get(device).is_some_and(|used| used.load(Relaxed))
    }

    /// Makes it one.
    pub(super) fn set(&self, device: usize) {
        if let Some(used) = self.0.get(device) {
            used.store(true, Relaxed);
        }
    }
}
