// SPDX-License-Identifier: GPL-2.0

//! What an operation did, for the counters and for the swap core.

use super::{
    stats::{
        PoolCounts,
        Stats, //
    },
    value::Value, //
};
use crate::swap::{
    backend::Sum,
    slots::Backing, //
};

/// What an operation did to the number of pages that the ghost keeps, and to their size.
#[derive(Default)]
pub(super) struct Tally {
    /// Zero-filled pages that were moved.
    pub(super) zero: u32,
    /// Pages in physical slots, which the core has to write or read.
    pub(super) io: u32,
    /// Pages that were read from blocks.
    pub(super) from_blocks: u32,
    same_filled: isize,
    /// Pages that take memory.
    objects: isize,
    /// Of which: not compressed.
    whole: isize,
    /// How long their objects are, in bytes.
    bytes: isize,
    /// The pool of the last of them, for which all are counted in the end.
    pool: usize,
}

impl Tally {
    /// Counts a page that is added, or removed if `sign` is negative.
    #[inline(always)]
    pub(super) fn count(&mut self, stats: &Stats, backing: &Backing<'_, Value>, sign: isize) {
        // There are far fewer pages in a folio or a cluster than would overflow.
        let add = |sum: &mut isize, n: isize| *sum = sum.wrapping_add(n);
        match backing {
            Backing::Empty | Backing::Value(Value::Lost) => (),
            Backing::Value(Value::SameFilled(_)) => add(&mut self.same_filled, sign),
            // At once: a page that is on a device costs more than this.
            Backing::Physical(slot) => stats.add_to_tier(slot.device(), sign as i64),
            Backing::Packed(share) => {
                stats.add_to_tier(share.device(), sign as i64);
                stats.add_packed(share.place().pool, sign as i64);
            }
            Backing::Object(object) => {
                if object.pool() != self.pool {
                    if self.objects | self.bytes != 0 {
                        stats.move_to_pool(object.pool(), self.pool, self.pool_counts());
                    }
                    self.pool = object.pool();
                }
                add(&mut self.objects, sign);
                add(&mut self.bytes, sign * object.len() as isize);
                if object.is_whole_page() {
                    add(&mut self.whole, sign);
                }
            }
        }
    }

    /// What is to be counted for the pool: for others it was counted the other way round.
    #[inline(always)]
    fn pool_counts(&self) -> PoolCounts {
        PoolCounts {
            objects: self.objects as i64,
            bytes: self.bytes as i64,
        }
    }

    /// Tells the swap core.
    #[inline]
    pub(super) fn tell(&self, sum: &mut Sum) {
        *sum = Sum {
            zero: self.zero,
            objects: self.objects,
            whole: self.whole,
            bytes: self.bytes,
            physical: self.io,
            shared: self.from_blocks,
        };
    }

    /// Adds to the counters what an operation did, once it is done.
    #[inline(always)]
    pub(super) fn account(&self, stats: &Stats) {
        let (same, whole) = (self.same_filled as i64, self.whole as i64);
        stats.add_pages(same, whole, self.pool, self.pool_counts());
    }
}
