// SPDX-License-Identifier: GPL-2.0

//! Writeback: old pages leave the pools for other devices.
//!
//! Which pages are old is in `age.rs`, and how far to look for them in `clock.rs`. Reclaim starts it, by
//! the shrinker below, and so does a store near the limit of the pools: see `limits.rs`. The core brings
//! each page into the swap cache, so that it is locked like one that is swapped in, and has
//! [`Ghost::write_back_page`] move it.

use super::{
    age,
    clock::{
        Face,
        Failure,
        Hand,
        Limits,
        Request,
        Shared,
        SlotSet, //
    },
    release::report,
    settings,
    state::Ghost,
    stats::Counter,
    tally::Tally,
    value::Value, //
};
use crate::{
    mm::{
        folio::SwapFolio,
        memcg::MemCgroup,
        shrinker::{
            self,
            Scanned,
            ShrinkControl,
            Shrinker, //
        }, //
    },
    swap::{
        cluster::Aim,
        slots::{
            self,
            Backing,
            SharedSlots,
            Slots, //
        },
        writeback::{
            self,
            Writeback, //
        }, //
    }, //
};
use kernel::{
    prelude::*,
    sync::atomic::{
        ordering::{
            Full,
            Relaxed, //
        },
        Atomic, //
    }, //
};

/// How many pages the worker writes back before another look at the pools.
const PAGES_A_ROUND: usize = 256;

/// And where they are packed: at the end of a turn blocks are written that are not full.
const PACKED_PAGES_A_ROUND: usize = 1024;

impl Shared for Atomic<usize> {
    fn get(&self) -> usize {
        self.load(Relaxed)
    }

    fn replace(&self, old: usize, new: usize) -> bool {
        self.cmpxchg(old, new, Full).is_ok()
    }
}

/// Lets a hand pass a slot; returns the mark that it has found.
pub(super) fn pass(slots: &SharedSlots<'_, Value>, i: usize) -> Option<u8> {
    slots.update_mark(i, age::passed).unwrap_or_else(|word| {
        report(word);
        None
    })
}

/// What a hand goes over in one turn: pages of a cgroup, or all.
struct Pages<'a> {
    writeback: &'a mut Writeback,
    memcg: Option<MemCgroup<'a>>,
}

impl Face for Pages<'_> {
    fn scan(
        &mut self,
        from: usize,
        pick: impl FnOnce(usize, &mut SlotSet, &mut dyn FnMut(usize) -> bool),
    ) -> Option<(usize, SlotSet)> {
        let mut set = SlotSet::default();
        let first = self.writeback.ghost_on().scan_cluster::<Ghost, _>(
            from,
            self.memcg.as_ref(),
            Aim::ToDevice,
            &mut set,
            |first, slots, set| {
                pick(first, set, &mut |i| age::goes(pass(slots.shared(), i)));
            },
        )?;
        Some((first, set))
    }

    fn write(&mut self, slot: usize) -> Result<(), Failure> {
        self.writeback.write(slot).map_err(|e| match e {
            ENOMEM => Failure::NoMemory,
            ENOSPC => Failure::NoSlot,
            _ => Failure::Other,
        })
    }

    fn has_failed(&self) -> bool {
        self.writeback.has_failed()
    }

    fn has_room(&self) -> bool {
        writeback::has_room(None)
    }
}

impl Shrinker for Ghost {
    const NAME: &'static CStr = c"vswap";
    const BATCH: usize = 64;
    const SEEKS: u32 = shrinker::DEFAULT_SEEKS;

    fn count(&self, sc: &ShrinkControl<'_>) -> usize {
        let memcg = sc.memcg();
        if memcg.is_none() {
            self.look_at_memory();
        }
        let request = Request {
            may_do_io: sc.may_do_io(),
            is_kswapd: shrinker::current_is_kswapd(),
            of_cgroup: memcg.is_some(),
        };
        if !settings::shrinker_enabled() || !request.is_served() {
            return 0;
        }
        if !writeback::has_room(memcg.as_ref()) {
            // Of the devices, or of the cgroup's limit.
            if self.has_to_compact() {
                self.work.write_back_soon();
            }
            return 0;
        }
        match memcg {
            Some(memcg) => writeback::cgroup_pages(&memcg),
            None => self.pool_pages(),
        }
    }

    fn scan(&self, sc: &ShrinkControl<'_>) -> Scanned {
        let memcg = sc.memcg();
        // Each cluster in use has one page of descriptors.
        let limits = Limits::to_shrink(sc.nr_to_scan(), slots::desc_pages());
        let hand = match memcg {
            Some(_) => &self.cgroups_hand,
            None => &self.hand,
        };
        self.write_back(hand, limits, memcg, false)
    }
}

impl Ghost {
    /// Writes pages back until the pools have room again, or there are no more to write; makes room for them on the
    /// devices if they run short. May sleep.
    pub(super) fn write_back_until_room(&self) {
        loop {
            if self.has_to_compact() {
                self.compact_blocks();
            }
            if !writeback::has_room(None) || !self.has_to_shrink() || self.write_back_oldest() == 0
            {
                return;
            }
        }
    }

    /// Writes some of the oldest pages back; returns how many. May sleep.
    fn write_back_oldest(&self) -> usize {
        let pages = match self.packs_pages() {
            true => PACKED_PAGES_A_ROUND,
            false => PAGES_A_ROUND,
        };
        let limits = Limits::to_make_room(pages, slots::desc_pages());
        self.write_back(&self.hand, limits, None, true).freed
    }

    /// Whether pages are packed on devices.
    fn packs_pages(&self) -> bool {
        settings::pack_writeback() && self.block_cache().is_some()
    }

    /// Lets a hand go as far as the limits say, and has the old pages that it finds written. May sleep, and
    /// wait for others who do so, if it `may_wait`.
    fn write_back(
        &self,
        hand: &Hand<Atomic<usize>>,
        limits: Limits,
        memcg: Option<MemCgroup<'_>>,
        may_wait: bool,
    ) -> Scanned {
        let (mut looked, mut packed) = (0, 0);
        let whole = writeback::write_back(|writeback| {
            (looked, packed) = match self.packs_pages() {
                true => self.turn_packed(writeback, hand, limits, memcg, may_wait),
                false => (hand.turn(limits, &mut Pages { writeback, memcg }), 0),
            };
        });
        Scanned {
            looked,
            freed: whole + packed,
        }
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
        let slot = slots.slot(0);
        let physical = slot
            .peek(|backing| match backing {
                Backing::Object(object) => {
                    let physical = self.alloc_physical(&slot, folio).ok_or(ENOSPC)?;
                    self.read(&reader, object, folio.page_mut(0))
                        .inspect_err(|_| self.stats.add(Counter::DecompressFail, 1))?;
                    Ok(physical)
                }
                _ => Err(EAGAIN),
            })
            .unwrap_or_else(|word| {
                report(word);
                Err(EIO)
            })?;
        self.put(&reader, slot, Backing::Physical(physical), tally)?;
        self.stats.add(Counter::WrittenBack, 1);
        tally.account(&self.stats);
        Ok(())
    }
}
