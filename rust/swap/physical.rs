// SPDX-License-Identifier: GPL-2.0

//! Physical slots: those of other swap devices, for pages of the ghost.

use super::descriptor::device_of;
use crate::bindings;
use core::{
    marker::PhantomData,
    mem::ManuallyDrop, //
};

/// A slot of another swap device, for a certain slot of the ghost, which it names. It is freed when
/// this is dropped, which may be done under a cluster lock of the ghost.
///
/// # Invariants
///
/// `vswap_alloc_slot()` returned the entry, it was not freed yet, and there is no other owner. For `'a`
/// nobody frees the ghost's slot.
pub(crate) struct PhysicalSlot<'a>(usize, PhantomData<&'a ()>);

impl PhysicalSlot<'_> {
    /// Its name: a swap entry.
    pub(crate) fn entry(&self) -> u64 {
        self.0 as u64
    }

    /// The number of the device: the swap type.
    #[inline]
    pub(crate) fn device(&self) -> usize {
        device_of(self.entry())
    }

    /// The swap entry, for the descriptor of the ghost's slot, which is to own this.
    pub(crate) fn into_raw(self) -> u64 {
        ManuallyDrop::new(self).entry()
    }

    /// The physical slot of this entry.
    ///
    /// # Safety
    ///
    /// `vswap_alloc_slot()` must have returned `entry`, and there may be no second owner which is
    /// dropped. For `'a` the ghost's slot must not be freed.
    pub(crate) unsafe fn from_raw(entry: u64) -> Self {
        // INVARIANT: The caller promises it.
        Self(entry as usize, PhantomData)
    }
}

impl Drop for PhysicalSlot<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it was allocated and not freed yet, there is no other owner
        // who could free it, and the ghost's slot is still there.
        unsafe { bindings::vswap_free_slot(self.0) };
    }
}
