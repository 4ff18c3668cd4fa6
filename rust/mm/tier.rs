// SPDX-License-Identifier: GPL-2.0

//! Slots of other swap devices, for contents of the ghost's.
//!
//! C header: `include/linux/vswap.h`

use super::folio::SwapFolio;
use crate::bindings;
use core::mem::ManuallyDrop;

/// A slot of another swap device. It is freed when this is dropped, which may be done in the lock of
/// a cluster of the ghost.
///
/// # Invariants
///
/// `vswap_alloc_slot()` returned the entry, it was not freed yet, and there is no other owner.
pub(crate) struct PhysicalSlot(usize);

impl PhysicalSlot {
    /// A slot for page `i` of a folio, if a device has one and the folio's cgroup may have it. May
    /// sleep.
    pub(crate) fn new(folio: &SwapFolio<'_>, i: usize) -> Option<Self> {
        // SAFETY: The folio is locked and in the swap cache of the ghost by the invariant of
        // `SwapFolio`.
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
    pub(crate) fn into_entry(self) -> u64 {
        ManuallyDrop::new(self).entry()
    }

    /// The slot of a descriptor.
    ///
    /// # Safety
    ///
    /// `entry` must come from [`PhysicalSlot::into_entry`], and there may be no second owner which is
    /// dropped.
    pub(crate) unsafe fn from_entry(entry: u64) -> Self {
        // INVARIANT: It is the slot that was made into `entry`.
        Self(entry as usize)
    }
}

impl Drop for PhysicalSlot {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it was allocated and not freed yet. Whoever owns it has the
        // ghost's slot for himself, as the slots' owners are descriptors.
        unsafe { bindings::vswap_free_slot(self.0) };
    }
}

/// Whether there are slots that pages could go to.
pub(crate) fn has_room() -> bool {
    // SAFETY: May be called at any time.
    unsafe { bindings::vswap_may_write_back() }
}

/// Has the oldest pages written to other devices, about `nr` of them; returns how many.
///
/// Process context; may sleep.
pub(crate) fn write_back(nr: usize) -> usize {
    // SAFETY: Has no other condition than process context, which this function hands on to its
    // callers; it takes its own reference to the ghost, and does nothing where none is on.
    unsafe { bindings::vswap_write_back(nr) }
}
