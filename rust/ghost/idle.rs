// SPDX-License-Identifier: GPL-2.0

//! Old pages that stay in memory are packed tighter while nobody else wants a processor: see
//! `recompress.rs`.
//!
//! A hand of its own goes once around in the time after which a page is old, a part of it at a time; what it
//! finds old then goes into the tight pool. Nothing of that happens where pages can go to a disk instead, nor
//! when tasks wait for processors, nor where the pools are so small that there is no tight pool.

use super::{
    clock::Limits,
    packer::BATCH,
    settings,
    state::Ghost, //
};
use crate::{
    module::idle::{
        self,
        Idle,
        IdleWork, //
    },
    swap::{
        ghost_on::Urgency,
        writeback, //
    }, //
};

/// In how many parts the hand goes around.
const PARTS: usize = 32;

/// In how many clusters it looks before others get the processor, if they want it.
const CLUSTERS: usize = 32;

/// After so many pages the pools are compacted: objects that are left over keep pages that are nearly empty.
const PAGES_A_ROUND: usize = 256;

/// How many pages are tried in one part at most: a second or so.
const MAX_TRIES: usize = 16384;

/// From which share of the last ten seconds on, in percent, in which some task waited for a processor.
const MAX_CPU_PRESSURE: u32 = 10;

impl IdleWork for Ghost {
    fn work_idly(&self, idle: &Idle) -> u32 {
        let seconds = settings::recompress_after();
        if seconds == 0 {
            return 0;
        }
        if !self.pools.has_tight() {
            self.recompressor.try_again();
            idle.work(|| self.look_for_tight_pool_idly());
            return seconds * 1000;
        }
        if self.pages_stay() {
            self.pack_a_part(idle);
        }
        (seconds * 1000).div_ceil(PARTS as u32)
    }
}

impl Ghost {
    /// Whether pages are not written to a disk when memory is short.
    fn pages_stay(&self) -> bool {
        !settings::shrinker_enabled() || !writeback::has_room(None)
    }

    fn pack_a_part(&self, idle: &Idle) {
        let mut pages = self.stored_pages() as usize / PARTS + 1;
        let (mut tries, mut loose) = (0, 0);
        while pages > 0
            && tries < MAX_TRIES
            && idle::cpu_pressure() < MAX_CPU_PRESSURE
            && idle.may_go_on()
        {
            let limits = Limits {
                clusters: CLUSTERS,
                pages,
                written: BATCH,
            };
            let done = idle.work(|| {
                let mut packer = self.packer.lock();
                self.pack(&mut packer, &self.idle_hand, Urgency::Idle, |done| {
                    (done.clusters == 0).then_some(limits)
                })
            });
            if done.clusters == 0 || done.is_stuck {
                break;
            }
            pages = pages.saturating_sub(done.passed.max(1));
            tries += done.tries;
            loose += done.tries;
            if loose >= PAGES_A_ROUND {
                loose = 0;
                idle.work(|| self.pools.compact(&self.pools.read()));
            }
        }
        if loose > 0 {
            idle.work(|| self.pools.compact(&self.pools.read()));
        }
    }
}
