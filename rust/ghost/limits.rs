// SPDX-License-Identifier: GPL-2.0

//! How much the ghost holds, and how much it may.

use super::{
    settings,
    state::Ghost,
    stats::Counter, //
};
use crate::{
    mm::folio::totalram_pages,
    pools::PoolReader,
    swap::{
        slots,
        writeback, //
    }, //
};
use kernel::{
    page::PAGE_SIZE,
    sync::atomic::ordering::Relaxed, //
};

/// What the pools may take, in hundredths of pages: so nothing is divided as a page is stored.
#[derive(Clone, Copy)]
struct Limit(usize);

impl Limit {
    fn now() -> Self {
        Self(totalram_pages() * settings::max_pool_percent())
    }

    fn is_reached(self, pages: usize) -> bool {
        pages * 100 >= self.0
    }

    /// Whether that is more than a pool that was full has to shrink to.
    fn is_above_threshold(self, pages: usize) -> bool {
        pages * (100 * 100) > self.0 * settings::accept_threshold_percent()
    }

    /// Whether that is halfway between the two, or more.
    fn is_near(self, pages: usize) -> bool {
        pages * (100 * 200) >= self.0 * (100 + settings::accept_threshold_percent())
    }
}

impl Ghost {
    /// Whether the pools are at their limit, or were and have not shrunk enough since. Starts
    /// writeback before that.
    pub(super) fn is_full(&self, reader: &PoolReader<'_>) -> bool {
        let used = self.pools.total_pages(reader);
        let limit = Limit::now();
        let was_full = self.full.load(Relaxed);
        let near = limit.is_near(used);
        if !near && !was_full {
            return false;
        }
        let reached = limit.is_reached(used);
        if reached {
            self.stats.add(Counter::PoolLimitHit, 1);
        }
        let full = reached || (was_full && limit.is_above_threshold(used));
        // Early, or new pages would take the physical slots that are for old ones.
        if near && used > 0 && writeback::has_room(None) {
            self.work.write_back_soon();
        }
        if full != was_full {
            self.full.store(full, Relaxed);
        }
        full
    }

    /// Whether the pools were full when a page was last refused, and have room again.
    pub(super) fn has_room_again(&self) -> bool {
        let used = self.pool_pages();
        let limit = Limit::now();
        self.full.load(Relaxed) && !limit.is_reached(used) && !limit.is_above_threshold(used)
    }

    /// Whether the pools take more than a pool that was full has to shrink to.
    pub(super) fn has_to_shrink(&self) -> bool {
        Limit::now().is_above_threshold(self.pool_pages())
    }

    /// How many pages the ghost keeps.
    pub(super) fn stored_pages(&self) -> i64 {
        self.pages_in_memory() + self.stats.sum(Counter::Physical)
    }

    /// How many of them are in memory.
    pub(super) fn pages_in_memory(&self) -> i64 {
        self.stats.sum(Counter::SameFilled) + self.objects()
    }

    fn objects(&self) -> i64 {
        self.stats.sum(Counter::Compressed) + self.stats.sum(Counter::Incompressible)
    }

    /// How many pages of memory the pools take.
    pub(super) fn pool_pages(&self) -> usize {
        self.pools.total_pages(&self.pools.read())
    }

    /// How much memory the pools take, in bytes.
    pub(super) fn pool_total_size(&self) -> i64 {
        (self.pool_pages() * PAGE_SIZE) as i64
    }

    /// How much memory the bookkeeping takes, in bytes: descriptors, and zsmalloc's handles of 8
    /// bytes each.
    pub(super) fn metadata_size(&self) -> i64 {
        (slots::desc_pages() * PAGE_SIZE) as i64 + self.objects() * 8
    }
}
