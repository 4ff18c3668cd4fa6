// SPDX-License-Identifier: GPL-2.0

//! Blocks of which little is left are emptied into new ones when the devices run short, so that they become free.
//!
//! As when pages leave the pools, they move once the new block is written, and only those that nobody has used
//! meanwhile. What such a slot has tells that for certain: only who has `Ghost::packer` makes it share a block.

use super::{
    block::{
        Packed,
        Reader,
        Seal,
        BLOCK_LEN,
        MAX_PAGES, //
    },
    block_writer::BlockWriter,
    packer::Packer,
    state::Ghost,
    stats::Counter, //
};
use crate::{
    crypto::crc32c::crc32c,
    mm::folio::FolioPage,
    pools::PoolReader,
    swap::{
        block::{
            read_block,
            shared_slots,
            Block, //
        },
        ghost_on::GhostOn,
        slots::Stamp,
        writeback, //
    }, //
};

/// The devices run short when less than one of so many slots is free.
const SHORT: usize = 16;

/// Then it goes on until one of so many is.
const ENOUGH: usize = 8;

/// Of blocks that so many slots share, or more, much is left.
const MOST_SHARES: u32 = 4;

/// Of others it is if it is more than this, in bytes.
const MOST_LEFT: usize = BLOCK_LEN / 2;

/// Blocks with more room than this are not written: that would gain too little.
const MOST_ROOM: usize = BLOCK_LEN / 4;

/// So many blocks are read before others can pack pages.
const BLOCKS_A_TURN: usize = 64;

/// A page that is left in a block.
struct Left<'a> {
    page: Packed<'a>,
    stamp: Stamp,
    owner: u32,
}

impl Ghost {
    /// Whether the devices run short, and blocks are worth a look. May be called anywhere.
    pub(super) fn has_to_compact(&self) -> bool {
        let blocks = shared_slots() as i64;
        blocks > 0 && self.gone.are_enough(blocks, self.stats.packed()) && has_less_than(SHORT)
    }

    /// Goes on to look at blocks, to the last at most, and empties those of which little is left, until there is some
    /// room on the devices. May sleep.
    pub(super) fn compact_blocks(&self) {
        while has_less_than(ENOUGH) {
            let Some(last) = self.compact_some(self.gone.at()) else {
                return self.gone.see_all(self.stats.packed());
            };
            self.gone.see(last);
        }
    }

    /// Looks at some blocks after `after`; returns the last of them, or `None` if there are no more.
    fn compact_some(&self, after: u64) -> Option<u64> {
        let mut packer = self.packer.lock();
        let mut writer = self.writer.lock();
        let (Some(packer), Some(writer)) = (&mut *packer, &mut *writer) else {
            return None;
        };
        let mut last = None;
        // As for writing pages back, no memory that is allocated may have to be waited for.
        writeback::write_back(|writeback| {
            let on = &mut writeback.ghost_on();
            let reader = self.pools.read();
            let mut at = Some(after);
            for _ in 0..BLOCKS_A_TURN {
                let block = at.and_then(|at| Block::find(on, at, MOST_SHARES));
                at = block.as_ref().map(Block::entry);
                let Some(block) = block else {
                    break;
                };
                self.empty_block(on, &reader, packer, writer, &block);
            }
            self.flush_compacted(on, &reader, writer, MOST_ROOM);
            writer.clear_all();
            last = at;
        });
        last
    }

    /// Adds what is left of a block to new ones, if that is little.
    fn empty_block(
        &self,
        on: &mut GhostOn<'_>,
        reader: &PoolReader<'_>,
        packer: &mut Packer,
        writer: &mut BlockWriter,
        block: &Block,
    ) {
        if read_block(block.into(), &mut packer.page).is_err() {
            return;
        }
        let Some(left) = left_of(on, &packer.page, block) else {
            return;
        };
        let bytes = left.iter().flatten().map(|left| left.page.data.len());
        if bytes.sum::<usize>() > MOST_LEFT {
            return;
        }
        for Left { page, stamp, owner } in left.into_iter().flatten() {
            if !writer.add(page, stamp, owner) {
                let most = writer.most_room();
                self.flush_compacted(on, reader, writer, most);
                writer.add(page, stamp, owner);
            }
        }
    }

    fn flush_compacted(
        &self,
        on: &mut GhostOn<'_>,
        reader: &PoolReader<'_>,
        writer: &mut BlockWriter,
        most: usize,
    ) {
        let moved = writer.flush(self, on, reader, most).moved;
        self.stats.add(Counter::Compacted, moved as i64);
    }
}

/// Which pages of a block are still there, and can be read; `None` if it is damaged.
fn left_of<'a>(
    on: &mut GhostOn<'_>,
    bytes: &'a FolioPage,
    block: &Block,
) -> Option<[Option<Left<'a>>; MAX_PAGES]> {
    let header = Reader::new(bytes.bytes(), crc32c).ok()?;
    let mut left = [const { None }; MAX_PAGES];
    for (index, left) in left.iter_mut().enumerate() {
        let Some(slot) = header.slot(index) else {
            break;
        };
        on.change_slot::<Ghost, _>(slot as usize, |locked, _| {
            let owner = locked.owner();
            let slots = locked.slots();
            let at = slots.in_block(0);
            let Some(at) = at.filter(|at| (at.entry, at.index.into()) == (block.entry(), index))
            else {
                return;
            };
            let page = header.page(index, slot, Seal(at.seal));
            *left = page.ok().map(|page| Left {
                page,
                stamp: slots.stamp(0),
                owner,
            });
        });
    }
    Some(left)
}

/// Whether less than one of so many slots is free on the devices. May be called anywhere.
fn has_less_than(one_of: usize) -> bool {
    let (slots, free) = writeback::physical_slots();
    free < slots / one_of
}
