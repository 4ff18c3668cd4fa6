// SPDX-License-Identifier: GPL-2.0

//! Pages on their way out.

use super::{
    same_filled,
    state::Ghost,
    stats::Counter,
    tally::Tally,
    value::Value, //
};
use crate::{
    mm::folio::SwapFolio,
    pools::{
        pool::StoreError,
        PoolReader, //
    },
    swap::{
        backend::StoreFlags,
        slots::{
            Backing,
            Slot,
            Slots, //
        }, //
    }, //
};
use kernel::prelude::*;

/// How many pages of a folio are stored before the next look at whether the pools are full.
const PAGES_A_LOOK: usize = 16;

impl Ghost {
    /// Stores a folio: all its pages, or none. May sleep.
    ///
    /// If there is no physical slot: `ENOSPC` where the pools are at their limit or `flags` forbid
    /// them, `ENOMEM` where there is no memory. Other errors are the compressor's.
    #[inline(always)]
    pub(super) fn store_folio(
        &self,
        folio: &SwapFolio<'_>,
        slots: &mut Slots<'_, Value>,
        flags: StoreFlags,
        tally: &mut Tally,
    ) -> Result {
        let reader = self.pools.read();
        let mut looked = 0;
        let stored = (0..slots.len()).try_for_each(|i| {
            let slot = slots.slot(i);
            let backing = match same_filled::find(folio.page(i).words()) {
                Some(word) => {
                    tally.zero += u32::from(word == 0);
                    Backing::Value(Value::SameFilled(word))
                }
                None => self.keep(&reader, folio, i, &slot, flags, &mut looked)?,
            };
            tally.io += u32::from(matches!(backing, Backing::Physical(_)));
            self.put(&reader, slot, backing, tally)
        });
        if stored.is_err() {
            // What slots had before is older than the folio.
            self.empty(&reader, slots, tally);
            (tally.zero, tally.io) = (0, 0);
        }
        tally.account(&self.stats);
        stored
    }

    /// Compresses a page. One that cannot be compressed, or gets no smaller, is given a physical
    /// slot, or if there is none, kept in memory as it is. For the pages before
    /// `looked`, the pools were found not to be full.
    #[inline(always)]
    fn keep<'a>(
        &self,
        reader: &PoolReader<'_>,
        folio: &SwapFolio<'_>,
        i: usize,
        slot: &Slot<'a, Value>,
        flags: StoreFlags,
        looked: &mut usize,
    ) -> Result<Backing<'a, Value>> {
        let physical = || match flags.physical {
            true => slot.alloc_physical(folio).map(Backing::Physical),
            false => None,
        };
        if !flags.compress {
            return physical().ok_or(ENOSPC);
        }
        if i >= *looked {
            if self.is_full(reader) {
                return physical().ok_or(ENOSPC);
            }
            *looked = i + PAGES_A_LOOK;
        }
        let pool = self.pools.current(reader).ok_or(ENODEV)?;
        let whole = || match physical() {
            Some(backing) => Ok(backing),
            None => pool
                .store_whole(folio.page(i), folio.nid())
                .map(Backing::Object),
        };
        match pool.store(folio.page(i), folio.nid()) {
            Ok(Some(object)) => Ok(Backing::Object(object)),
            Ok(None) => whole().map_err(|e| self.rejected(e)),
            Err(e) => {
                let e = self.rejected(e);
                physical().ok_or(e)
            }
        }
    }

    /// Counts a page that could not be stored.
    #[cold]
    fn rejected(&self, e: StoreError) -> Error {
        let (counter, e) = match e {
            StoreError::Compress(e) => (Counter::RejectCompressFail, e),
            StoreError::Alloc(e) => (Counter::RejectAllocFail, e),
        };
        self.stats.add(counter, 1);
        e
    }
}
