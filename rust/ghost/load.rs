// SPDX-License-Identifier: GPL-2.0

//! Pages on their way in.

use super::{
    age,
    block_cache::LoadError,
    release::report,
    same_filled,
    state::Ghost,
    stats::Counter,
    tally::Tally,
    value::Value, //
};
use crate::{
    mm::{
        folio::{
            FolioPage,
            SwapFolio, //
        },
        zsmalloc::Object, //
    },
    module::log,
    pools::PoolReader,
    swap::{
        block::BlockShare,
        slots::{
            Backing,
            Slots, //
        }, //
    }, //
};
use kernel::prelude::*;

impl Ghost {
    /// Loads a folio, but for pages in physical slots. The slots keep what they hold until they are
    /// freed or the folio is stored again. May sleep.
    ///
    /// `EIO`, or an error of the compressor's: a page is lost.
    #[inline(always)]
    pub(super) fn load_folio(
        &self,
        folio: &mut SwapFolio<'_>,
        slots: &Slots<'_, Value>,
        tally: &mut Tally,
    ) -> Result {
        let reader = self.pools.read();
        for i in 0..slots.len() {
            slots
                .peek(i, |backing| match backing {
                    // The page is not in the swap cache either: that cannot be.
                    Backing::Empty => Err(self.unreadable(EIO)),
                    // That was logged when the device was turned off.
                    Backing::Value(Value::Lost) => Err(EIO),
                    Backing::Physical(_) => {
                        tally.io += 1;
                        Ok(())
                    }
                    Backing::Packed(share) => {
                        let slot = folio.slot(i) as u64;
                        tally.from_blocks += 1;
                        self.read_packed(&reader, share, slot, folio.page_mut(i))
                    }
                    Backing::Value(Value::SameFilled(word)) => {
                        same_filled::fill(folio.page_mut(i).words_mut(), *word);
                        tally.zero += u32::from(*word == 0);
                        Ok(())
                    }
                    Backing::Object(object) => self
                        .read(&reader, object, folio.page_mut(i))
                        .map_err(|e| self.unreadable(e)),
                })
                .unwrap_or_else(|word| {
                    report(word);
                    Err(self.unreadable(EIO))
                })?;
            slots.set_mark(i, age::NEW);
        }
        Ok(())
    }

    /// Reads a page of the ghost's slot `slot` from a block. May sleep.
    ///
    /// `EIO`, or an error of the compressor's: it cannot be read.
    #[inline(never)]
    fn read_packed(
        &self,
        reader: &PoolReader<'_>,
        share: &BlockShare<'_>,
        slot: u64,
        page: &mut FolioPage,
    ) -> Result {
        let pool = reader.get(share.place().pool);
        let (Some(pool), Some(cache)) = (pool, self.block_cache()) else {
            return Err(self.unreadable(EIO));
        };
        let loaded = cache.load(share, slot, pool, page);
        loaded.map_err(|e| match e {
            LoadError::Read(e) => e,
            LoadError::Damaged(e) => self.unreadable(e),
        })
    }

    /// Reads an object. May sleep.
    ///
    /// `EIO`, or an error of the compressor's: it cannot be read.
    #[inline]
    pub(super) fn read(
        &self,
        reader: &PoolReader<'_>,
        object: &Object,
        page: &mut FolioPage,
    ) -> Result {
        reader.get(object.pool()).ok_or(EIO)?.load(object, page)
    }

    #[cold]
    #[inline(never)]
    fn unreadable(&self, e: Error) -> Error {
        self.stats.add(Counter::DecompressFail, 1);
        if log::may_log() {
            pr_alert!("a page could not be read back: its users get SIGBUS\n");
        }
        e
    }
}
