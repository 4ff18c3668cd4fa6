// SPDX-License-Identifier: GPL-2.0

//! Before the OOM killer comes old pages are packed tighter: see `recompress.rs`. Then it is worth any time. And for
//! a while new ones are packed as tight at once, or memory would run out with each few hundred of them.

use super::{
    clock::Limits,
    packer::BATCH,
    state::Ghost, //
};
use crate::{
    module::oom::{
        Deadline,
        OutOfMemory, //
    },
    swap::{
        ghost_on::Urgency,
        slots, //
    }, //
};
use kernel::page::PAGE_SIZE;

/// How much is saved before whoever needs memory tries again.
const ENOUGH: usize = 256 * PAGE_SIZE;

/// After so many pages the pools are compacted: objects that are left over keep pages that are nearly empty.
const PAGES_A_ROUND: usize = 256;

/// In how many clusters a turn looks for pages, before another look at the time.
const CLUSTERS: usize = 128;

impl OutOfMemory for Ghost {
    fn make_memory(&self, deadline: &Deadline) -> usize {
        let (pools, stored) = (self.pool_pages(), self.stored_pages());
        let (mut saved, mut was_stuck) = (0, false);
        // Twice around, as a page is spared once.
        let mut clusters = slots::desc_pages() * 2;
        while saved < ENOUGH && clusters > 0 && !deadline.is_over() {
            // Who has it may wait for a disk, which may not answer.
            let Some(mut packer) = deadline.wait_for(|| self.packer.try_lock()) else {
                break;
            };
            let done = self.pack(&mut packer, &self.hand, Urgency::OutOfMemory, |done| {
                let goes_on = done.tries < PAGES_A_ROUND && done.clusters < clusters;
                (goes_on && !deadline.is_over()).then_some(Limits {
                    clusters: CLUSTERS,
                    pages: usize::MAX,
                    written: BATCH,
                })
            });
            drop(packer);
            if done.saved > 0 {
                self.pools.compact(&self.pools.read());
            }
            saved += done.saved;
            clusters = clusters.saturating_sub(done.clusters);
            // Compacting may have helped once.
            if done.passed == 0 || (done.is_stuck && was_stuck) {
                break;
            }
            was_stuck = done.is_stuck;
        }
        // Others may have used what became free; then they go on, and it was of use.
        let shows = self.pool_pages() < pools || self.stored_pages() > stored;
        let is_worth_it = self.credit.lock().add(saved, shows);
        if !is_worth_it {
            return 0;
        }
        self.store_tight();
        saved / PAGE_SIZE
    }
}
