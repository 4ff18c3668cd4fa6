// SPDX-License-Identifier: GPL-2.0

//! Physical slots: those of other swap devices, for pages of the ghost.

use crate::{bindings, mm::folio::SwapFolio};
use core::mem::ManuallyDrop;

/// A slot of another swap device. It is freed when this is dropped, which may be done under a cluster
/// lock of the ghost.
///
/// # Invariants
///
/// `vswap_alloc_slot()` returned the entry, it was not freed yet, and there is no other owner.
pub(crate) struct PhysicalSlot(usize);

impl PhysicalSlot {
    /// A slot for page `i` of a folio, if a device has one and the folio's cgroup may have it. May
    /// sleep.
    pub(crate) fn new(folio: &SwapFolio<'_>, i: usize) -> Option<Self> {
        if i >= folio.nr_pages() {
            return None;
        }
        // SAFETY: The folio is locked and in the swap cache of the ghost by the invariant of
        // `SwapFolio`, and has such a page.
        match unsafe { bindings::vswap_alloc_slot(folio.as_ptr(), i as u32) } {
            0 => None,
            // INVARIANT: It was just returned.
            entry => Some(Self(entry)),
        }
    }

    /// Its name: a swap entry.
    pub(crate) fn entry(&self) -> u64 {
        self.0 as u64
    }

    /// The swap entry, for a descriptor which is to own the slot.
    pub(crate) fn into_raw(self) -> u64 {
        ManuallyDrop::new(self).entry()
    }

    /// The slot of a descriptor.
    ///
    /// # Safety
    ///
    /// `entry` must come from [`PhysicalSlot::into_raw`], and there may be no second owner which is
    /// dropped.
    pub(crate) unsafe fn from_raw(entry: u64) -> Self {
        // INVARIANT: It is the slot that was made into `entry`.
        Self(entry as usize)
    }
}

impl Drop for PhysicalSlot {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it was allocated and not freed yet, and there is no other
        // owner who could free it.
        unsafe { bindings::vswap_free_slot(self.0) };
    }
}
