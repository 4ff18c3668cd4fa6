// SPDX-License-Identifier: GPL-2.0

//! Blocks that are being filled, and then written: see `pack_writeback.rs`.

use super::block::{
    Builder,
    Packed,
    Seal,
    MAX_PAGES, //
};
use crate::{
    crypto::crc32c::crc32c,
    mm::folio::FolioPage,
    swap::{
        block::MAX_MOVED,
        cluster::Place,
        slots::Stamp, //
    }, //
};
use kernel::prelude::*;

/// A block is full that has not more room than this.
const FULL: usize = 96;

/// A page in a block that is not written yet.
pub(super) struct Placed {
    pub(super) slot: usize,
    /// What the slot has, while nobody has used the page.
    pub(super) stamp: Stamp,
    pub(super) place: Place,
}

/// A block that is being filled.
pub(super) struct Open {
    builder: Builder,
    /// Whose pages it has.
    owner: u32,
    pub(super) placed: KVec<Placed>,
}

/// See above.
pub(super) struct BlockWriter {
    pub(super) pages: KVec<KBox<FolioPage>>,
    /// The block of page `i` is that with number `i`.
    pub(super) open: KVec<Open>,
}

impl BlockWriter {
    /// May sleep.
    pub(super) fn new() -> Result<Self> {
        let mut pages = KVec::with_capacity(MAX_MOVED, GFP_KERNEL)?;
        let mut open = KVec::with_capacity(MAX_MOVED, GFP_KERNEL)?;
        for _ in 0..MAX_MOVED {
            let mut page = FolioPage::new()?;
            let new = Open {
                builder: Builder::new(page.bytes_mut(), crc32c),
                owner: 0,
                placed: KVec::with_capacity(MAX_PAGES, GFP_KERNEL)?,
            };
            pages.push(page, GFP_KERNEL)?;
            open.push(new, GFP_KERNEL)?;
        }
        Ok(Self { pages, open })
    }

    /// Adds a page of the cgroup `owner`, to the block where it leaves the least room; returns whether there was
    /// room in any. While nobody has used the page its slot has this stamp.
    pub(super) fn add(&mut self, page: Packed<'_>, stamp: Stamp, owner: u32) -> bool {
        let fits = |open: &Open| {
            let is_right = open.placed.is_empty() || open.owner == owner;
            is_right && open.builder.room() >= page.data.len()
        };
        let best = self.open.iter().enumerate().filter(|(_, open)| fits(open));
        let Some((i, _)) = best.min_by_key(|(_, open)| open.builder.room()) else {
            return false;
        };
        let (slot, pool) = (page.slot as usize, page.pool.into());
        let open = &mut self.open[i];
        let Some((index, Seal(seal))) = open.builder.push(self.pages[i].bytes_mut(), page) else {
            return false;
        };
        open.owner = owner;
        let place = Place {
            index: index as u8,
            pool,
            seal,
        };
        let placed = Placed { slot, stamp, place };
        open.placed.push_within_capacity(placed).is_ok()
    }

    /// Whether the page of a slot was added, and nobody has used it since: the slot has this stamp.
    pub(super) fn has(&self, slot: usize, stamp: Stamp) -> bool {
        let placed = self.open.iter().flat_map(|open| &open.placed);
        placed
            .into_iter()
            .any(|placed| placed.slot == slot && placed.stamp == stamp)
    }

    /// A page that was added is not wanted any more: the slot has got another meanwhile, whose stamp may be the same.
    pub(super) fn forget(&mut self, slot: usize) {
        for i in 0..self.open.len() {
            let placed = &mut self.open[i].placed;
            let before = placed.len();
            placed.retain(|placed| placed.slot != slot);
            // Nothing else in it is wanted.
            if placed.is_empty() && before > 0 {
                self.clear(i);
            }
        }
    }

    /// How much room a block may have left to be written before the end. A quarter of the blocks may have it in any case.
    pub(super) fn most_room(&self) -> usize {
        let room = |open: &Open| open.builder.room();
        let is_enough = |most: &usize| {
            let written = self.open.iter().filter(|open| room(open) <= *most);
            written.count() > self.open.len() / 4
        };
        let least = self.open.iter().map(room).filter(is_enough).min();
        least.map_or(usize::MAX, |least| least.max(FULL))
    }

    /// Ends a block, so that it can be written, if it has no more room left than `most`; returns whether it does.
    pub(super) fn finish(&mut self, i: usize, most: usize) -> bool {
        let open = &self.open[i];
        let ends = !open.placed.is_empty() && open.builder.room() <= most;
        if ends {
            open.builder.finish(self.pages[i].bytes_mut());
        }
        ends
    }

    /// Begins a block again.
    pub(super) fn clear(&mut self, i: usize) {
        let open = &mut self.open[i];
        open.placed.clear();
        open.builder = Builder::new(self.pages[i].bytes_mut(), crc32c);
    }

    /// Begins all blocks again.
    pub(super) fn clear_all(&mut self) {
        for i in 0..self.open.len() {
            self.clear(i);
        }
    }
}
