// SPDX-License-Identifier: GPL-2.0

//! Counters.

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

/// What is counted.
#[derive(Clone, Copy)]
pub(crate) enum Counter {
    /// Pages kept in their descriptor alone.
    SameFilled,
    /// Pages kept compressed.
    Compressed,
    /// Pages kept whole, as they did not shrink.
    Incompressible,
    /// Pages kept in physical slots.
    Physical,
    /// Pages that were written to other devices after they had been kept in memory.
    WrittenBack,
    /// Pages that were brought back from a device that was turned off.
    Evacuated,
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

/// The counters of one CPU, in cache lines of their own.
#[repr(align(64))]
struct CpuShare([Atomic<i64>; NR_COUNTERS]);

/// The counters. Counting shares no cache line with other CPUs.
pub(crate) struct Stats(KVec<CpuShare>);

impl Stats {
    pub(crate) fn new() -> Result<Self> {
        let mut shares = KVec::with_capacity(nr_cpu_ids() as usize, GFP_KERNEL)?;
        for _ in 0..nr_cpu_ids() {
            let share = CpuShare([const { Atomic::new(0) }; NR_COUNTERS]);
            shares.push(share, GFP_KERNEL)?;
        }
        Ok(Self(shares))
    }

    /// Adds `n`. May be called anywhere.
    #[inline]
    pub(crate) fn add(&self, counter: Counter, n: i64) {
        self.add_each([(counter, n)]);
    }

    /// Adds to some counters, all of the same CPU. May be called anywhere.
    #[inline]
    pub(crate) fn add_each<const N: usize>(&self, counts: [(Counter, i64); N]) {
        if let Some(share) = self.0.get(CpuId::current().as_u32() as usize) {
            for (counter, n) in counts {
                if n != 0 {
                    share.0[counter as usize].add(n, Relaxed);
                }
            }
        }
    }

    /// The sum over all CPUs. What is counted meanwhile may be missed in part.
    pub(crate) fn sum(&self, counter: Counter) -> i64 {
        let sum: i64 = self
            .0
            .iter()
            .map(|share| share.0[counter as usize].load(Relaxed))
            .sum();
        sum.max(0)
    }
}
