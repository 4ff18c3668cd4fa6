// SPDX-License-Identifier: GPL-2.0

//! Reclaim: old pages leave the pools for other devices, and come back from one that is turned off.
//!
//! Which pages are old is in `age.rs`. The core goes through the clusters, asks for the pages to be
//! written with [`Ghost::pick`], brings each into the swap cache, so that it is locked like a page that
//! is swapped in, and has [`Ghost::write_back`] move it.

use crate::{
    ghost::{report, Ghost, Tally},
    mm::{
        folio::SwapFolio,
        log,
        slots::{Held, SharedSlots, Slots},
        tier::{self, PhysicalSlot},
    },
    stats::Counter,
};
use kernel::prelude::*;

/// How many pages are written back before another look at the pools.
const BATCH: usize = 256;

impl Ghost {
    /// Writes pages back until the pools have room again, or no more can be. May sleep.
    pub(crate) fn make_room(&self) {
        while tier::has_room() && self.has_to_shrink() && tier::write_back(BATCH) > 0 {}
    }

    /// Leaves those bits of `chosen` whose slots have pages to be written back now, the first `most` of
    /// them; returns how many slots the hand passed. The lock of the cluster is held, and no folio is in
    /// the slots with bits.
    pub(crate) fn pick(&self, slots: &SharedSlots<'_>, chosen: &mut [usize], most: usize) -> usize {
        let (mut passed, mut left) = (0, most);
        for i in 0..slots.len() {
            let (word, bit) = (i / usize::BITS as usize, 1 << (i % usize::BITS as usize));
            if chosen[word] & bit == 0 {
                continue;
            }
            let goes = left > 0 && {
                passed += 1;
                slots.visit(i).unwrap_or_else(|word| {
                    report(word);
                    false
                })
            };
            if goes {
                left -= 1;
            } else {
                chosen[word] &= !bit;
            }
        }
        passed
    }

    /// Fills a folio of one page from its slot and gives the slot another device's, or leaves it as
    /// it is. May sleep.
    ///
    /// `EAGAIN`: the page is not in a pool. `ENOSPC`: there is no slot. `EIO`: it cannot be read, which
    /// whoever asks for the page will be told.
    pub(crate) fn write_back(
        &self,
        folio: &mut SwapFolio<'_>,
        slots: &Slots<'_>,
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
        self.put(&reader, slots, 0, Held::Placed(slot), tally)?;
        self.stats.add(Counter::WrittenBack, 1);
        self.account(tally);
        Ok(())
    }

    /// Frees the slot `entry` of another device if that is what the first of `slots` has. The page is
    /// in the folio of the slot, whose lock is held; or it is lost. Returns whether it was there.
    pub(crate) fn evacuate(&self, slots: &Slots<'_>, entry: u64, lost: bool) -> bool {
        if slots.placed(0) != Some(entry) {
            return false;
        }
        let reader = self.pools.read();
        let mut tally = Tally::default();
        let held = if lost { Held::Lost } else { Held::Empty };
        let done = self.put(&reader, slots, 0, held, &mut tally).is_ok();
        self.stats.add(Counter::Evacuated, 1);
        self.account(&tally);
        if lost && log::may_log() {
            pr_alert!("a page could not be read from a device that is turned off: it is lost\n");
        }
        done
    }
}
