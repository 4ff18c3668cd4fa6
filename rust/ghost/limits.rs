// SPDX-License-Identifier: GPL-2.0

//! How much the ghost holds, and how much it may.

use super::{
    capacity::{
        self,
        Fill, //
    },
    settings::{
        self,
        PoolLimit, //
    },
    state::Ghost,
    stats::Counter, //
};
use crate::{
    mm::ram,
    pools::PoolReader,
    swap::{
        block,
        slots,
        writeback, //
    }, //
};
use kernel::{
    page::PAGE_SIZE,
    sync::atomic::ordering::Relaxed, //
};

/// What the pools may take where that is left to us and there is a disk to write to: the limit of zswap.
const PERCENT_WITH_DISK: u32 = 20;

/// What they can take at most where there is no limit: the rest is the kernel's, and for programs to run
/// in. Only for what users are told.
const PERCENT_OF_ALL: u32 = 80;

/// What pages that do not shrink may take where there is no other limit, of the memory that can be
/// reclaimed at all. They free nothing, and all but the first do it in vain: where most of RAM is
/// locked or in huge pages, as many as a part of RAM would be all of what is left.
const PERCENT_WHOLE: usize = 20;

/// A part of RAM, in hundredths of pages: so nothing is divided as a page is stored.
#[derive(Clone, Copy)]
struct Limit(usize);

impl Limit {
    fn percent(percent: u32) -> Self {
        Self(ram::total_pages() * percent as usize)
    }

    /// The limit of the pools where pages can be written to a disk.
    fn with_disk() -> Self {
        Self::percent(match settings::pool_limit() {
            PoolLimit::Auto => PERCENT_WITH_DISK,
            PoolLimit::Percent(percent) => percent,
        })
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

    fn pages(self) -> usize {
        self.0 / 100
    }
}

/// Whether the pools may take what they can get: keeping a page compressed is better than to have no
/// memory, and without a disk there is nothing else to do with it.
fn is_unlimited(has_disk: bool) -> bool {
    !has_disk && settings::pool_limit() == PoolLimit::Auto
}

impl Ghost {
    /// How many pages the pools take, or `None` if they are at their limit, or were and have not shrunk
    /// enough since. Starts writeback before they are.
    pub(super) fn used_if_room(&self, reader: &PoolReader<'_>) -> Option<usize> {
        let used = self.pools.total_pages(reader);
        let limit = Limit::with_disk();
        let was_full = self.full.load(Relaxed);
        let near = limit.is_near(used);
        if !near && !was_full {
            return Some(used);
        }
        let has_disk = writeback::has_room(None);
        let reached = limit.is_reached(used) && !is_unlimited(has_disk);
        if reached {
            self.stats.add(Counter::PoolLimitHit, 1);
        }
        let full =
            reached || (was_full && !is_unlimited(has_disk) && limit.is_above_threshold(used));
        // Early, or new pages would take the physical slots that are for old ones.
        if near && used > 0 && has_disk {
            self.work.write_back_soon();
        }
        if full != was_full {
            self.full.store(full, Relaxed);
        }
        (!full).then_some(used)
    }

    /// Whether the pools were full when a page was last refused, and have room again.
    pub(super) fn has_room_again(&self) -> bool {
        if !self.full.load(Relaxed) {
            return false;
        }
        let used = self.pool_pages();
        let limit = Limit::with_disk();
        (!limit.is_reached(used) && !limit.is_above_threshold(used))
            || is_unlimited(writeback::has_room(None))
    }

    /// Whether the pools take more than a pool that was full has to shrink to.
    pub(super) fn has_to_shrink(&self) -> bool {
        Limit::with_disk().is_above_threshold(self.pool_pages())
    }

    /// Whether one more page may be kept that does not shrink, where the pools take `used`.
    pub(super) fn may_keep_whole(&self, used: usize) -> bool {
        // Mostly it can be told without adding up.
        used < self.whole_limit.load(Relaxed)
            || settings::pool_limit() != PoolLimit::Auto
            || !self.has_all_whole()
    }

    fn has_all_whole(&self) -> bool {
        self.stats.sum(Counter::Incompressible) as usize >= self.whole_limit.load(Relaxed)
    }

    /// How many physical slots the ghost has.
    pub(super) fn physical_slots(&self) -> i64 {
        self.stats.physical() - self.stats.packed() + block::shared_slots() as i64
    }

    /// Looks how much memory can be reclaimed. To be called before pages go out, and as that is done.
    pub(super) fn look_at_memory(&self) {
        let used = self.pool_pages();
        let usable = ram::usable_pages() + used;
        let limit = usable * PERCENT_WHOLE / 100;
        self.whole_limit.store(limit, Relaxed);
        self.look_after_tight_pool(used, usable);
    }

    /// How many pages users are told that the ghost can keep, `used` of which it keeps.
    pub(super) fn capacity_to_tell(&self, used: usize) -> usize {
        let unlimited = is_unlimited(writeback::has_room(None));
        let taken = self.pool_pages();
        let limit = match unlimited {
            true => Limit::percent(PERCENT_OF_ALL)
                .pages()
                .min(ram::usable_pages() + taken),
            false => Limit::with_disk().pages(),
        };
        let fill = Fill {
            limit,
            taken,
            kept: self.objects() as usize,
        };
        let size = match settings::is_default_size() {
            true => capacity::default_size(settings::size_in_pages() as usize, used),
            false => usize::MAX,
        };
        let whole = self.stats.sum(Counter::Incompressible);
        let room = if unlimited && self.has_all_whole() && whole * 2 > self.objects() {
            // More of the kind would be refused.
            0
        } else if fill.is_low() {
            fill.room()
        } else {
            usize::MAX
        };
        size.min(used.saturating_add(room))
    }

    /// How many pages the ghost keeps.
    pub(super) fn stored_pages(&self) -> i64 {
        self.pages_in_memory() + self.stats.physical()
    }

    /// How many of them are in memory.
    pub(super) fn pages_in_memory(&self) -> i64 {
        self.stats.sum(Counter::SameFilled) + self.objects()
    }

    fn objects(&self) -> i64 {
        self.stats.pools().objects
    }

    /// How many pages are in the pools compressed.
    pub(super) fn compressed_pages(&self) -> i64 {
        (self.objects() - self.stats.sum(Counter::Incompressible)).max(0)
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
