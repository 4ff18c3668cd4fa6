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
        physical::PhysicalSlot,
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

/// A look at the pools.
struct Looked {
    /// For which pages of the folio it is good: those before this one.
    pages: usize,
    /// How many pages the pools took.
    used: usize,
}

impl Ghost {
    /// Stores a folio: all its pages, or none. May sleep.
    ///
    /// If there is no physical slot: `ENOSPC` where the pools are at their limit or `flags` forbid
    /// them, `ENOMEM` where there is no memory, `E2BIG` where a page does not shrink and there is no
    /// memory to keep it whole, or too many such pages are. Other errors are the compressor's.
    #[inline(always)]
    pub(super) fn store_folio(
        &self,
        folio: &SwapFolio<'_>,
        slots: &mut Slots<'_, Value>,
        flags: StoreFlags,
        tally: &mut Tally,
    ) -> Result {
        let reader = self.pools.read();
        let mut looked = Looked { pages: 0, used: 0 };
        let stored = (0..slots.len()).try_for_each(|i| {
            let mut slot = slots.slot(i);
            let backing = match same_filled::find(folio.page(i).words()) {
                Some(word) => {
                    tally.zero += u32::from(word == 0);
                    Backing::Value(Value::SameFilled(word))
                }
                None => self.keep(&reader, folio, &mut slot, flags, tally, &mut looked)?,
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
    /// slot, or if there is none, kept in memory as it is.
    // Out of line, so that same-filled pages do not pay for its registers.
    #[inline(never)]
    fn keep<'a>(
        &self,
        reader: &PoolReader<'_>,
        folio: &SwapFolio<'_>,
        slot: &mut Slot<'a, Value>,
        flags: StoreFlags,
        tally: &mut Tally,
        looked: &mut Looked,
    ) -> Result<Backing<'a, Value>> {
        let i = slot.index();
        let mut physical = || match flags.physical {
            true => self
                .physical(reader, folio, slot, tally)
                .map(Backing::Physical),
            false => None,
        };
        if !flags.compress {
            return physical().ok_or(ENOSPC);
        }
        if i >= looked.pages {
            let Some(used) = self.used_if_room(reader) else {
                return physical().ok_or(ENOSPC);
            };
            *looked = Looked {
                pages: i + PAGES_A_LOOK,
                used,
            };
        }
        let pool = self.pools.taking(reader).ok_or(ENODEV)?;
        let mut whole = || match physical() {
            Some(backing) => Ok(backing),
            None if self.may_keep_whole(looked.used) => pool
                .store_whole(folio.page(i), folio.nid())
                .map(Backing::Object),
            None => Err(StoreError::TooManyWhole),
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

    /// Gives a page a physical slot, if there is one. May sleep.
    #[inline(never)]
    fn physical<'a>(
        &self,
        reader: &PoolReader<'_>,
        folio: &SwapFolio<'_>,
        slot: &mut Slot<'a, Value>,
        tally: &mut Tally,
    ) -> Option<PhysicalSlot<'a>> {
        // It may have one, with what is older than the folio; see `Slot::alloc_physical()`. If the folio
        // cannot be stored its slots are emptied anyway.
        self.empty_unused(reader, slot, tally);
        self.alloc_physical(slot, folio)
    }

    /// Counts a page that could not be stored.
    #[cold]
    fn rejected(&self, e: StoreError) -> Error {
        let (counter, e) = match e {
            StoreError::Compress(e) => (Counter::RejectCompressFail, e),
            StoreError::Alloc(e) => (Counter::RejectAllocFail, e),
            // No sign that memory is out: there may be some for pages that shrink.
            StoreError::AllocWhole => (Counter::RejectAllocFail, E2BIG),
            StoreError::TooManyWhole => (Counter::RejectIncompressible, E2BIG),
        };
        self.stats.add(counter, 1);
        e
    }
}
