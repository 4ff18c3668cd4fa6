// SPDX-License-Identifier: GPL-2.0

//! Blocks are written, and then slots of the ghost share them. Until then each page is where it was.

use super::{
    age,
    block_writer::BlockWriter,
    state::Ghost,
    tally::Tally, //
};
use crate::{
    pools::PoolReader,
    swap::{
        block::{
            write_blocks,
            Block,
            MAX_MOVED, //
        },
        ghost_on::GhostOn,
        slots::Backing, //
    }, //
};

/// What became of blocks.
#[derive(Default)]
pub(super) struct Flushed {
    /// How many pages have moved.
    pub(super) moved: usize,
    /// Whether some were not written.
    pub(super) has_failed: bool,
}

impl BlockWriter {
    /// Has blocks written that have not more room left than `most`, gives the slots their shares, and begins those
    /// blocks again. May sleep.
    pub(super) fn flush(
        &mut self,
        ghost: &Ghost,
        on: &mut GhostOn<'_>,
        reader: &PoolReader<'_>,
        most: usize,
    ) -> Flushed {
        let mut flushed = Flushed::default();
        let Some(cache) = ghost.block_cache() else {
            return flushed;
        };
        let mut blocks: [Option<Block>; MAX_MOVED] = [const { None }; MAX_MOVED];
        let mut ended = [false; MAX_MOVED];
        for (i, block) in blocks.iter_mut().enumerate() {
            ended[i] = self.finish(i, most);
            if ended[i] {
                // Pages may have been used, or freed, meanwhile.
                let mut placed = self.open[i].placed.iter();
                *block = placed.find_map(|placed| Block::new(on, placed.slot));
            }
        }
        let mut ends = [const { Ok(()) }; MAX_MOVED];
        write_blocks(&blocks, &self.pages, |i, end| ends[i] = end);
        // Now that what is there is this: whoever turns the device off may have read what was there before.
        for block in blocks.iter().flatten() {
            cache.forget(block.entry());
        }
        for (i, block) in blocks.into_iter().enumerate().filter(|(i, _)| ended[*i]) {
            flushed.has_failed |= ends[i].is_err();
            let block = block.filter(|_| ends[i].is_ok());
            flushed.moved += self.share(i, block, ghost, on, reader);
            self.clear(i);
        }
        flushed
    }

    /// Gives pages of block `i` their shares of it, if there is one, and nobody has used them meanwhile; returns how
    /// many.
    fn share(
        &self,
        i: usize,
        block: Option<Block>,
        ghost: &Ghost,
        on: &mut GhostOn<'_>,
        reader: &PoolReader<'_>,
    ) -> usize {
        let mut moved = 0;
        for placed in &self.open[i].placed {
            on.change_slot::<Ghost, _>(placed.slot, |slot, sum| {
                if slot.slots().stamp(0) != placed.stamp {
                    return;
                }
                let share = block
                    .as_ref()
                    .and_then(|block| slot.share(block, placed.place));
                let Some(share) = share else {
                    slot.slots().set_mark(0, age::LOOSE);
                    return;
                };
                ghost.use_tier(share.device());
                let mut tally = Tally::default();
                let backing = Backing::Packed(share);
                let put = ghost.put(reader, slot.slots().slot(0), backing, &mut tally);
                moved += usize::from(put.is_ok());
                tally.account(&ghost.stats);
                tally.tell(sum);
            });
        }
        moved
    }
}
