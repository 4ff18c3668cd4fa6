// SPDX-License-Identifier: GPL-2.0

//! Writeback: old pages leave the pools for other devices.
//!
//! Which pages are old is in `age.rs`. The core goes through the clusters, asks for the pages to be
//! written with [`Ghost::pick_old`], brings each into the swap cache, so that it is locked like a
//! page that is swapped in, and has [`Ghost::write_back_page`] move it.

use super::{age, release::report, state::Ghost, stats::Counter, tally::Tally, value::Value};
use crate::{
    mm::folio::SwapFolio,
    swap::{
        physical::PhysicalSlot,
        slots::{Held, SharedSlots, Slots},
        writeback,
    },
};
use kernel::prelude::*;

/// How many pages are written back before another look at the pools.
const BATCH: usize = 256;

impl Ghost {
    /// Writes pages back until the pools have room again, or there are no more to write. May sleep.
    pub(super) fn write_back_until_room(&self) {
        while writeback::has_room() && self.has_to_shrink() && writeback::write_back(BATCH) > 0 {}
    }

    /// Clears the bits of `chosen` but those of the first `most` slots with old pages; returns how
    /// many slots the hand passed. The cluster lock is held, and no folio is in the slots with bits.
    pub(super) fn pick_old(
        &self,
        slots: &SharedSlots<'_, Value>,
        chosen: &mut [usize],
        most: usize,
    ) -> usize {
        let (mut passed, mut left) = (0, most);
        for i in 0..slots.len() {
            let (word, bit) = (i / usize::BITS as usize, 1 << (i % usize::BITS as usize));
            if chosen[word] & bit == 0 {
                continue;
            }
            let goes = left > 0 && {
                passed += 1;
                age::goes(slots.update_mark(i, age::passed).unwrap_or_else(|word| {
                    report(word);
                    None
                }))
            };
            if goes {
                left -= 1;
            } else {
                chosen[word] &= !bit;
            }
        }
        passed
    }

    /// Fills a folio of one page from its slot, which gets a physical slot instead. On failure the
    /// slot keeps what it has. May sleep.
    ///
    /// `EAGAIN`: the page is not in a pool. `ENOSPC`: there is no physical slot. `EIO`: it cannot be
    /// read; the next load will fail, too.
    pub(super) fn write_back_page(
        &self,
        folio: &mut SwapFolio<'_>,
        slots: &mut Slots<'_, Value>,
        tally: &mut Tally,
    ) -> Result {
        let reader = self.pools.read();
        let slot = slots
            .peek(0, |held| match held {
                Held::Object(object) => {
                    let slot = PhysicalSlot::new(folio, 0).ok_or(ENOSPC)?;
                    self.read(&reader, object, folio.page_mut(0))
                        .inspect_err(|_| self.stats.add(Counter::DecompressFail, 1))?;
                    Ok(slot)
                }
                _ => Err(EAGAIN),
            })
            .unwrap_or_else(|word| {
                report(word);
                Err(EIO)
            })?;
        self.put(&reader, slots, 0, Held::Physical(slot), tally)?;
        self.stats.add(Counter::WrittenBack, 1);
        tally.account(&self.stats);
        Ok(())
    }
}
