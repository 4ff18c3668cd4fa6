// SPDX-License-Identifier: GPL-2.0

//! Counters.

use crate::swap::descriptor::{
    MAX_DEVICES,
    MAX_POOLS, //
};
use kernel::{
    cpu::{
        nr_cpu_ids,
        CpuId, //
    },
    prelude::*,
    sync::atomic::{
        ordering::Relaxed,
        Atomic, //
    }, //
};

/// What is counted for the ghost as a whole.
#[derive(Clone, Copy)]
pub(crate) enum Counter {
    /// Pages kept in their descriptor alone.
    SameFilled,
    /// Pages kept whole, as they did not shrink.
    Incompressible,
    /// Pages that were written to other devices after they had been kept in memory.
    WrittenBack,
    /// Pages that were brought back from a device that was turned off.
    Evacuated,
    /// Pages that were moved from one block to another.
    Compacted,
    /// Pages that were packed tighter.
    Recompressed,
    /// How much shorter they are by it, in bytes.
    RecompressSaved,
    /// Pages that could not be.
    RecompressRejected,
    /// Times a store found the pools at their limit.
    PoolLimitHit,
    /// Pages not stored because the compressor failed.
    RejectCompressFail,
    /// Pages not stored because there was no memory for the object.
    RejectAllocFail,
    /// Pages not stored because they do not shrink, and there are too many of those.
    RejectIncompressible,
    /// Pages that could not be read back.
    DecompressFail,
}

const NR_COUNTERS: usize = Counter::DecompressFail as usize + 1;

/// What is in a pool, or what comes to it.
#[derive(Clone, Copy, Default)]
pub(crate) struct PoolCounts {
    /// Pages.
    pub(crate) objects: i64,
    /// How long their objects are, in bytes.
    pub(crate) bytes: i64,
}

/// A share of [`PoolCounts`].
struct PoolShare {
    objects: Atomic<i64>,
    bytes: Atomic<i64>,
    /// Pages in blocks that need its compressor.
    packed: Atomic<i64>,
}

/// The counters of one CPU, in cache lines of their own.
///
/// Pools and tiers come and go, but a number of theirs is used again only when nothing is left of what
/// was counted under it.
#[repr(align(64))]
struct CpuShare {
    counters: [Atomic<i64>; NR_COUNTERS],
    pools: [PoolShare; MAX_POOLS],
    /// Pages in physical slots, by the device's number.
    tiers: [Atomic<i64>; MAX_DEVICES],
}

impl CpuShare {
    fn new() -> Self {
        Self {
            counters: [const { Atomic::new(0) }; NR_COUNTERS],
            pools: [const {
                PoolShare {
                    objects: Atomic::new(0),
                    bytes: Atomic::new(0),
                    packed: Atomic::new(0),
                }
            }; MAX_POOLS],
            tiers: [const { Atomic::new(0) }; MAX_DEVICES],
        }
    }

    #[inline(always)]
    fn add_to_pool(&self, pool: usize, counts: PoolCounts) {
        if counts.objects | counts.bytes == 0 {
            return;
        }
        if let Some(pool) = self.pools.get(pool) {
            pool.objects.add(counts.objects, Relaxed);
            pool.bytes.add(counts.bytes, Relaxed);
        }
    }
}

#[inline(always)]
fn add(sum: &Atomic<i64>, n: i64) {
    if n != 0 {
        sum.add(n, Relaxed);
    }
}

/// The counters. Counting shares no cache line with other CPUs.
pub(crate) struct Stats(KVec<CpuShare>);

impl Stats {
    pub(crate) fn new() -> Result<Self> {
        let mut shares = KVec::with_capacity(nr_cpu_ids() as usize, GFP_KERNEL)?;
        for _ in 0..nr_cpu_ids() {
            shares.push(CpuShare::new(), GFP_KERNEL)?;
        }
        Ok(Self(shares))
    }

    #[inline]
    fn share(&self) -> Option<&CpuShare> {
        self.0.get(CpuId::current().as_u32() as usize)
    }

    /// Adds `n`. May be called anywhere.
    #[inline(never)]
    pub(crate) fn add(&self, counter: Counter, n: i64) {
        if let Some(share) = self.share() {
            add(&share.counters[counter as usize], n);
        }
    }

    /// Adds pages in memory: same-filled ones, whole ones, and all that are in one pool. May be called
    /// anywhere.
    #[inline(always)]
    pub(crate) fn add_pages(&self, same: i64, whole: i64, pool: usize, counts: PoolCounts) {
        if let Some(share) = self.share() {
            add(&share.counters[Counter::SameFilled as usize], same);
            add(&share.counters[Counter::Incompressible as usize], whole);
            share.add_to_pool(pool, counts);
        }
    }

    /// Takes from the counters of one pool what is added to those of another. May be called anywhere.
    #[cold]
    #[inline(never)]
    pub(crate) fn move_to_pool(&self, from: usize, to: usize, counts: PoolCounts) {
        let taken = PoolCounts {
            objects: -counts.objects,
            bytes: -counts.bytes,
        };
        if let Some(share) = self.share() {
            share.add_to_pool(from, taken);
            share.add_to_pool(to, counts);
        }
    }

    /// Adds pages on the device with this number. May be called anywhere.
    #[inline(never)]
    pub(crate) fn add_to_tier(&self, device: usize, pages: i64) {
        if let Some(tier) = self.share().and_then(|share| share.tiers.get(device)) {
            add(tier, pages);
        }
    }

    /// Adds pages in blocks, compressed as those of the pool with this number. May be called anywhere.
    #[inline(never)]
    pub(crate) fn add_packed(&self, pool: usize, pages: i64) {
        if let Some(pool) = self.share().and_then(|share| share.pools.get(pool)) {
            add(&pool.packed, pages);
        }
    }

    /// How many pages in blocks are compressed as those of the pool with this number. Too many, if some leave
    /// meanwhile; too few, if some come.
    pub(crate) fn packed_by(&self, id: usize) -> i64 {
        self.total(|share| {
            let pool = share.pools.get(id);
            pool.map_or(0, |pool| pool.packed.load(Relaxed))
        })
    }

    /// How many pages are in blocks.
    pub(crate) fn packed(&self) -> i64 {
        let sum = |share: &CpuShare| {
            share
                .pools
                .iter()
                .map(|pool| pool.packed.load(Relaxed))
                .sum()
        };
        self.total(sum)
    }

    /// The sum over all CPUs. What is counted meanwhile may be missed in part.
    fn total(&self, f: impl Fn(&CpuShare) -> i64) -> i64 {
        let sum: i64 = self.0.iter().map(f).sum();
        sum.max(0)
    }

    /// A counter's sum over all CPUs. What is counted meanwhile may be missed in part; so it is with
    /// those below.
    pub(crate) fn sum(&self, counter: Counter) -> i64 {
        self.total(|share| share.counters[counter as usize].load(Relaxed))
    }

    /// What is in the pool with this number.
    pub(crate) fn pool(&self, id: usize) -> PoolCounts {
        let sum = |of: fn(&PoolShare) -> &Atomic<i64>| {
            self.total(|share| share.pools.get(id).map_or(0, |pool| of(pool).load(Relaxed)))
        };
        PoolCounts {
            objects: sum(|pool| &pool.objects),
            bytes: sum(|pool| &pool.bytes),
        }
    }

    /// What is in all pools.
    pub(crate) fn pools(&self) -> PoolCounts {
        let sum = |of: fn(&PoolShare) -> &Atomic<i64>| {
            self.total(|share| share.pools.iter().map(|pool| of(pool).load(Relaxed)).sum())
        };
        PoolCounts {
            objects: sum(|pool| &pool.objects),
            bytes: sum(|pool| &pool.bytes),
        }
    }

    /// How many pages are on the device with this number.
    pub(crate) fn tier(&self, device: usize) -> i64 {
        self.total(|share| share.tiers.get(device).map_or(0, |tier| tier.load(Relaxed)))
    }

    /// How many pages are in physical slots, of all devices.
    pub(crate) fn physical(&self) -> i64 {
        self.total(|share| share.tiers.iter().map(|tier| tier.load(Relaxed)).sum())
    }
}
