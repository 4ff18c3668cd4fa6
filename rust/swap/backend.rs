// SPDX-License-Identifier: GPL-2.0

//! What a driver does for the ghost swap device, as safe Rust.

use super::{
    block::BlockRef,
    descriptor::ValueEncoding,
    ghost_on::GhostOn,
    slots::Slots, //
};
use crate::{
    bindings,
    mm::{
        folio::SwapFolio,
        shrinker::Shrinker, //
    },
    module::driver::Driver,
    sync::srcu_table::SpinLocked, //
};
use kernel::prelude::*;

/// What a transfer did, for the swap core to account for: see `struct vswap_sum`.
pub(crate) type Sum = bindings::vswap_sum;

/// How pages that take memory may be stored.
#[derive(Clone, Copy)]
pub(crate) struct StoreFlags {
    /// In memory.
    pub(crate) compress: bool,
    /// In physical slots.
    pub(crate) physical: bool,
}

/// `struct vswap_ops`, which says more of each.
pub(crate) trait SwapBackend: Driver + Shrinker {
    /// What descriptors say where they own nothing.
    type Value: ValueEncoding;

    /// The ghost is being turned on; returns its size in pages. May sleep.
    fn activate(&self) -> u64;

    /// The ghost was turned off, and all its slots are free; or turning it on failed, maybe before
    /// [`Self::activate`]. May sleep.
    fn deactivate(&self);

    /// Keeps the contents of a folio: all its pages, or none. Fills `sum` in either case. May sleep,
    /// may not enter reclaim.
    fn store(
        &self,
        folio: &SwapFolio<'_>,
        slots: &mut Slots<'_, Self::Value>,
        flags: StoreFlags,
        sum: &mut Sum,
    ) -> Result;

    /// Fills a folio, but leaves out pages in physical slots. The slots keep what they have. May
    /// sleep.
    fn load(
        &self,
        folio: &mut SwapFolio<'_>,
        slots: &Slots<'_, Self::Value>,
        sum: &mut Sum,
    ) -> Result;

    /// Empties slots that are being freed. Does not sleep.
    fn invalidate(&self, lock: &SpinLocked, slots: &mut Slots<'_, Self::Value>, sum: &mut Sum);

    /// Fills a folio of one page from its slot, which gets a physical slot; or leaves the slot as it
    /// is. May sleep, may not enter reclaim.
    ///
    /// `EAGAIN`: the page is not in memory. `ENOSPC`: there is no physical slot for it.
    fn write_back(
        &self,
        folio: &mut SwapFolio<'_>,
        slots: &mut Slots<'_, Self::Value>,
        sum: &mut Sum,
    ) -> Result;

    /// The next slot of the ghost after `after` that may share a block, if there is one. May sleep.
    fn sharer(
        &self,
        on: &mut GhostOn<'_>,
        block: BlockRef<'_>,
        after: Option<usize>,
    ) -> Option<usize>;

    /// Takes the physical slot `entry`, or its share of it, from the first of `slots`, if that is what it has;
    /// returns whether it did. The page is in the folio of the slot, or `lost`. Does not sleep.
    fn evacuate(&self, slots: &mut Slots<'_, Self::Value>, entry: u64, lost: bool) -> bool;

    /// How many pages of memory the driver keeps pages in, and how many pages it keeps. Does not
    /// sleep.
    fn usage(&self) -> (usize, usize);

    /// How many pages there would be if as many were kept as can be, of which `used` are kept now: an
    /// estimate, for users. Does not sleep.
    fn capacity(&self, used: usize) -> usize;

    /// Whether its memory was at a limit when it last refused a page, and is not any more. Does not
    /// sleep.
    fn has_room(&self) -> bool;
}
