// SPDX-License-Identifier: GPL-2.0

//! Writeback of pages to the devices below the ghost: what the swap core offers for it.

use super::ghost_on::GhostOn;
use crate::{
    bindings,
    mm::memcg::MemCgroup, //
};
use core::ptr;
use kernel::{
    error::to_result,
    prelude::*, //
};

fn as_ptr(memcg: Option<&MemCgroup<'_>>) -> *mut bindings::mem_cgroup {
    memcg.map_or(ptr::null_mut(), |memcg| memcg.as_opaque().get())
}

/// Whether there are physical slots that pages could go to: pages of the cgroup, or any.
pub(crate) fn has_room(memcg: Option<&MemCgroup<'_>>) -> bool {
    // SAFETY: It is null, or valid by the invariant of `MemCgroup`.
    unsafe { bindings::vswap_may_write_back(as_ptr(memcg)) }
}

/// How many slots there are on the devices, and how many of them are free. May be called anywhere.
pub(crate) fn physical_slots() -> (usize, usize) {
    let mut free = 0;
    // SAFETY: It writes to `free` only.
    let slots = unsafe { bindings::vswap_physical_slots(&mut free) };
    (slots, free)
}

/// How many pages of memory the ghost's pages of a cgroup take, about. May sleep.
pub(crate) fn cgroup_pages(memcg: &MemCgroup<'_>) -> usize {
    // SAFETY: It is valid by the invariant of `MemCgroup`.
    unsafe { bindings::vswap_mem_cgroup_pages(memcg.as_opaque().get()) }
}

/// Writeback in progress, in which the ghost stays on.
///
/// # Invariants
///
/// `vswap_write_back()` passed it to its callback, which has not returned.
#[repr(transparent)]
pub(crate) struct Writeback(bindings::vswap_writeback);

impl Writeback {
    /// The ghost stays on.
    pub(crate) fn ghost_on(&mut self) -> GhostOn<'_> {
        // SAFETY: By the type invariant this is called in `vswap_write_back()`, for as long as `self` lives.
        unsafe { GhostOn::new() }
    }

    /// Gives the page of a slot to a physical slot, by
    /// [`write_back`](super::backend::SwapBackend::write_back), and has it written. May sleep.
    ///
    /// `ENOMEM`: there is no memory for a folio. Otherwise what `write_back` returned, or that the slot
    /// has changed.
    pub(crate) fn write(&mut self, slot: usize) -> Result {
        // SAFETY: By the type invariant this is called in `vswap_write_back()`, which looks whether there
        // is such a slot, and what is in it.
        to_result(unsafe { bindings::vswap_write_back_slot(&mut self.0, slot) })
    }

    /// Whether a page is known not to have been written.
    pub(crate) fn has_failed(&self) -> bool {
        self.0.failed > 0
    }
}

/// Calls `f` if the ghost is on, and waits for what it has written, unless this is in reclaim. Returns
/// how many pages were, or are being, written.
///
/// Process context; may sleep.
pub(crate) fn write_back<F: FnOnce(&mut Writeback)>(f: F) -> usize {
    /// # Safety
    ///
    /// `writeback` must be that of the `vswap_write_back()` which calls this, and `data` must point to an
    /// `Option<F>` that nobody else accesses until this returns.
    unsafe extern "C" fn call<F: FnOnce(&mut Writeback)>(
        writeback: *mut bindings::vswap_writeback,
        data: *mut c_void,
    ) {
        // SAFETY: The caller promises all of this. `Writeback` has the structure's layout.
        // INVARIANT: It is that of a `vswap_write_back()` whose callback this is.
        let (f, writeback) = unsafe {
            (
                (*data.cast::<Option<F>>()).take(),
                &mut *writeback.cast::<Writeback>(),
            )
        };
        if let Some(f) = f {
            f(writeback);
        }
    }

    let mut f = Some(f);
    // SAFETY: `call()` gets what it asks for: `data`, and a structure of the swap core's own.
    unsafe { bindings::vswap_write_back(Some(call::<F>), ptr::from_mut(&mut f).cast()) }
}
