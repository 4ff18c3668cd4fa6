// SPDX-License-Identifier: GPL-2.0

//! What an operation did, for the counters and for the swap core.

use super::{
    stats::{
        Counter,
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
    same_filled: isize,
    physical: isize,
    /// Pages that take memory.
    pub(super) objects: isize,
    /// Of which: not compressed.
    pub(super) whole: isize,
    /// How much memory they take, in bytes.
    pub(super) bytes: isize,
}

impl Tally {
    /// Counts a page that is added, or removed if `sign` is negative.
    #[inline(always)]
    pub(super) fn count(&mut self, backing: &Backing<'_, Value>, sign: isize) {
        // There are far fewer pages in a folio or a cluster than would overflow.
        let add = |sum: &mut isize, n: isize| *sum = sum.wrapping_add(n);
        match backing {
            Backing::Empty | Backing::Value(Value::Lost) => (),
            Backing::Value(Value::SameFilled(_)) => add(&mut self.same_filled, sign),
            Backing::Physical(_) => add(&mut self.physical, sign),
            Backing::Object(object) => {
                add(&mut self.objects, sign);
                add(&mut self.bytes, sign * object.len() as isize);
                if object.is_whole_page() {
                    add(&mut self.whole, sign);
                }
            }
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
        };
    }

    /// Adds to the counters what an operation did, once it is done.
    #[inline]
    pub(super) fn account(&self, stats: &Stats) {
        stats.add_each([
            (Counter::SameFilled, self.same_filled as i64),
            (Counter::Compressed, (self.objects - self.whole) as i64),
            (Counter::Incompressible, self.whole as i64),
            (Counter::Physical, self.physical as i64),
        ]);
    }
}
