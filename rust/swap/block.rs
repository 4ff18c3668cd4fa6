// SPDX-License-Identifier: GPL-2.0

//! Physical slots that pages of several slots of the ghost share: blocks. What is in them is up to the
//! driver.

use super::{
    descriptor::{
        device_of,
        InBlock, //
    },
    ghost_on::GhostOn, //
};
use crate::{
    bindings::{
        self,
        safe, //
    },
    mm::folio::FolioPage, //
};
use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ptr, //
};
use kernel::{
    error::to_result,
    prelude::*, //
};

/// A block that slots can begin to share. It is freed when this is dropped and none does.
///
/// # Invariants
///
/// `vswap_alloc_block()` or `vswap_find_block()` returned the entry, and the share was not given up yet.
pub(crate) struct Block(usize);

impl Block {
    /// A block for pages of the cgroup to which that of `slot` belongs, which is charged for it. May sleep.
    ///
    /// `None`: there is no slot on any device, or the cgroup may have no more, or somebody uses the page.
    pub(crate) fn new(_on: &GhostOn<'_>, slot: usize) -> Option<Self> {
        // SAFETY: By the invariant of `GhostOn` the ghost is on, which is all that this asks for.
        match unsafe { bindings::vswap_alloc_block(slot) } {
            0 => None,
            // INVARIANT: It was just returned.
            entry => Some(Self(entry)),
        }
    }

    /// The next block after the one in `after`, or the first after 0, that at most `most` slots share, on a device that
    /// stays. May sleep.
    pub(crate) fn find(_on: &GhostOn<'_>, after: u64, most: u32) -> Option<Self> {
        // SAFETY: By the invariant of `GhostOn` the ghost is on, which is all that this asks for.
        match unsafe { bindings::vswap_find_block(after as usize, most) } {
            0 => None,
            // INVARIANT: It was just returned, with a share.
            entry => Some(Self(entry)),
        }
    }

    /// The slot that it is in, as a swap entry.
    pub(crate) fn entry(&self) -> u64 {
        self.0 as u64
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the share is still there.
        unsafe { bindings::vswap_end_block(self.0) };
    }
}

/// A part of a block, for a certain slot of the ghost, whose page it has. The block is freed with the last of
/// them. This may be dropped under a cluster lock of the ghost.
///
/// # Invariants
///
/// `vswap_share_block()` has let that slot share the block that is named, and there is no other owner of the
/// share. For `'a` nobody frees the ghost's slot.
pub(crate) struct BlockShare<'a>(InBlock, PhantomData<&'a ()>);

impl BlockShare<'_> {
    /// Where the page is.
    pub(crate) fn place(&self) -> InBlock {
        self.0
    }

    /// The number of the device: the swap type.
    pub(crate) fn device(&self) -> usize {
        device_of(self.0.entry)
    }

    /// The place, for the descriptor of the ghost's slot, which is to own this.
    pub(super) fn into_raw(self) -> InBlock {
        ManuallyDrop::new(self).0
    }

    /// The share of the slot whose page is there.
    ///
    /// # Safety
    ///
    /// `vswap_share_block()` must have let the slot share the block, and there may be no second owner which
    /// is dropped. For `'a` the slot must not be freed.
    pub(super) unsafe fn from_raw(at: InBlock) -> Self {
        // INVARIANT: The caller promises it.
        Self(at, PhantomData)
    }
}

impl Drop for BlockShare<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the slot shares the block, and this is the only one to end that.
        unsafe { bindings::vswap_leave_block(self.0.entry as usize) };
    }
}

/// Blocks that are moved together, at most.
pub(crate) const MAX_MOVED: usize = 32;

/// Writes the block, if there is one, that each page is for; calls `done` with the index of each, and what became of
/// it. May sleep: waits for the devices.
pub(crate) fn write_blocks(
    blocks: &[Option<Block>; MAX_MOVED],
    pages: &[KBox<FolioPage>],
    mut done: impl FnMut(usize, Result),
) {
    let mut moved = [const { unmoved() }; MAX_MOVED];
    let mut from = [0; MAX_MOVED];
    let mut nr = 0;
    for (i, (block, page)) in blocks.iter().zip(pages).enumerate() {
        if let Some(block) = block {
            moved[nr].slot = block.0;
            moved[nr].data = ptr::from_ref::<FolioPage>(page).cast_mut().cast();
            from[nr] = i;
            nr += 1;
        }
    }
    // SAFETY: The first `nr` name blocks that nobody frees, by the invariant of `Block`, and pages that live, and that
    // are only read, until this returns.
    unsafe { bindings::vswap_move_blocks(moved.as_mut_ptr(), nr as u32, true) };
    for (moved, i) in moved.iter().zip(from).take(nr) {
        done(i, to_result(moved.err));
    }
}

/// A block that may be read.
///
/// # Invariants
///
/// For `'a` it is a slot of a device that is not turned off, or is just being so.
#[derive(Clone, Copy)]
pub(crate) struct BlockRef<'a>(u64, PhantomData<&'a ()>);

impl<'a> BlockRef<'a> {
    /// Of a swap entry that the swap core passes.
    ///
    /// # Safety
    ///
    /// For `'a` its device must not be freed.
    pub(super) unsafe fn from_raw(entry: u64) -> Self {
        // INVARIANT: The caller promises it.
        Self(entry, PhantomData)
    }

    /// The slot that it is in, as a swap entry.
    pub(crate) fn entry(self) -> u64 {
        self.0
    }
}

impl<'a> From<&'a BlockShare<'_>> for BlockRef<'a> {
    fn from(share: &'a BlockShare<'_>) -> Self {
        // INVARIANT: By the invariant of `BlockShare` the block is not freed, so its device is not either.
        Self(share.0.entry, PhantomData)
    }
}

impl<'a> From<&'a Block> for BlockRef<'a> {
    fn from(block: &'a Block) -> Self {
        // INVARIANT: As above, by the invariant of `Block`.
        Self(block.entry(), PhantomData)
    }
}

/// Reads a block. May sleep: waits for the device.
pub(crate) fn read_block(block: BlockRef<'_>, page: &mut FolioPage) -> Result {
    let mut moved = unmoved();
    moved.slot = block.0 as usize;
    moved.data = ptr::from_mut(page).cast();
    // SAFETY: By the type invariant its device is there; `page` is a page to which nobody else writes.
    unsafe { bindings::vswap_move_blocks(&mut moved, 1, false) };
    to_result(moved.err)
}

/// So many slots are read together.
pub(crate) const RUN: usize = 8;

/// The first of the slots with which a block is read together, as a swap entry.
pub(crate) fn run_of(entry: u64) -> u64 {
    entry & !(RUN as u64 - 1)
}

/// Reads slots of the run of a block, whatever they are, for which there is a page; calls `done` with the place in the
/// run of each, and what became of it. Neighbours fail together, and so does what is behind the end of the device. May
/// sleep: waits for the device.
pub(crate) fn read_run(
    block: BlockRef<'_>,
    pages: [Option<&mut FolioPage>; RUN],
    mut done: impl FnMut(usize, Result),
) {
    let mut moved = [const { unmoved() }; RUN];
    let mut from = [0; RUN];
    let mut nr = 0;
    for (i, page) in pages.into_iter().enumerate() {
        if let Some(page) = page {
            moved[nr].slot = run_of(block.0) as usize + i;
            moved[nr].data = ptr::from_mut(page).cast();
            from[nr] = i;
            nr += 1;
        }
    }
    // SAFETY: By the type invariant the device is there, of which the slots are or would be; the first `nr` name pages
    // to which nobody else writes.
    unsafe { bindings::vswap_move_blocks(moved.as_mut_ptr(), nr as u32, false) };
    for (moved, i) in moved.iter().zip(from).take(nr) {
        done(i, to_result(moved.err));
    }
}

const fn unmoved() -> bindings::vswap_block {
    bindings::vswap_block {
        slot: 0,
        data: ptr::null_mut(),
        err: 0,
        nr: 0,
        of: ptr::null_mut(),
    }
}

/// How many physical slots are shared. May be called anywhere.
pub(crate) fn shared_slots() -> usize {
    safe::vswap_nr_blocks()
}
