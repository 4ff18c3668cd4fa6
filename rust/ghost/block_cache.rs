// SPDX-License-Identifier: GPL-2.0

//! Blocks that were read last. Neighbours in a block were old together, so they are often wanted together: one
//! read is enough for them.
//!
//! It also is the memory that a load needs to read a block, which must not fail for want of it.

use super::block::{
    Bad,
    Reader,
    Seal, //
};
use crate::{
    crypto::crc32c::crc32c,
    mm::folio::FolioPage,
    pools::pool::Pool,
    swap::{
        block::{
            read_block,
            read_run,
            run_of,
            BlockRef,
            BlockShare,
            MAX_MOVED,
            RUN, //
        },
        descriptor::InBlock, //
    }, //
};
use core::array::from_fn;
use kernel::{
    cpu::nr_cpu_ids,
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        Mutex, //
    }, //
};

/// How many blocks for each processor.
const A_PROCESSOR: usize = 4;

/// And at least so many: pages that were neighbours are in some more blocks than are filled at a time.
const LEAST: usize = 2 * MAX_MOVED;

/// A block is read with its neighbours if it is no further from the last that was read: as pages that were neighbours
/// are in one of so many blocks that were filled at a time.
const NEAR: u64 = MAX_MOVED as u64;

/// Why a page cannot be loaded.
pub(super) enum LoadError {
    /// The device could not read it, which the core has told.
    Read(Error),
    /// What was read is not the page.
    Damaged(Error),
}

/// What was read to a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Nothing,
    /// What is in this slot, which need not be a block.
    Slot(u64),
    /// The block in this slot, whose header is good.
    Block(u64),
}

/// What is kept of one slot.
struct Cached {
    holds: Holds,
    block: KBox<FolioPage>,
    /// For a page of it that is decompressed.
    copy: KBox<FolioPage>,
}

impl Cached {
    /// Looks at the header of what was read from a slot; `None` if it was not read.
    fn look(&mut self, entry: u64) -> Option<Result<(), Bad>> {
        if self.holds == Holds::Slot(entry) {
            match Reader::new(self.block.bytes(), crc32c) {
                Ok(_) => self.holds = Holds::Block(entry),
                Err(bad) => return Some(Err(bad)),
            }
        }
        (self.holds == Holds::Block(entry)).then_some(Ok(()))
    }

    /// Copies what a block has of a page; returns how long that is, or `None` if the block was not read.
    fn extract(&mut self, slot: u64, at: InBlock) -> Option<Result<usize, Bad>> {
        if let Err(bad) = self.look(at.entry)? {
            return Some(Err(bad));
        }
        let header = Reader::again(self.block.bytes(), crc32c);
        let page = header.page(at.index.into(), slot, Seal(at.seal));
        let page = page.and_then(|page| match usize::from(page.pool) == at.pool {
            true => Ok(page),
            false => Err(Bad::Page),
        });
        Some(page.map(|page| {
            self.copy.bytes_mut()[..page.data.len()].copy_from_slice(page.data);
            page.data.len()
        }))
    }
}

/// See above.
pub(super) struct BlockCache {
    places: KVec<Pin<KBox<Mutex<Cached>>>>,
    /// The last one that was read.
    last: Atomic<u64>,
}

impl BlockCache {
    /// May sleep.
    pub(super) fn new() -> Result<Self> {
        let nr = (nr_cpu_ids() as usize * A_PROCESSOR).max(LEAST);
        let mut places = KVec::with_capacity(nr, GFP_KERNEL)?;
        for _ in 0..nr {
            let cached = Cached {
                holds: Holds::Nothing,
                block: FolioPage::new()?,
                copy: FolioPage::new()?,
            };
            let cached = KBox::pin_init(new_mutex!(cached, "vswap_block"), GFP_KERNEL)?;
            places.push(cached, GFP_KERNEL)?;
        }
        Ok(Self {
            places,
            last: Atomic::new(0),
        })
    }

    fn of(&self, entry: u64) -> &Mutex<Cached> {
        let i = entry as usize % self.places.len().max(1);
        &self.places[i]
    }

    /// The block was just written: what was there before may not pass for it. May sleep.
    pub(super) fn forget(&self, entry: u64) {
        let mut cached = self.of(entry).lock();
        if matches!(cached.holds, Holds::Slot(of) | Holds::Block(of) if of == entry) {
            cached.holds = Holds::Nothing;
        }
    }

    /// Reads a block to its place; if it is near the last one, with its neighbours. May sleep.
    fn read(&self, cached: &mut Cached, block: BlockRef<'_>) -> Result {
        let entry = block.entry();
        let is_near = self.last.xchg(entry, Relaxed).abs_diff(entry) <= NEAR;
        cached.holds = Holds::Nothing;
        if !is_near || self.read_run(cached, block).is_err() {
            // Where they are read together one that cannot be takes others with it.
            read_block(block, &mut cached.block)?;
        }
        cached.holds = Holds::Slot(entry);
        Ok(())
    }

    /// Reads a block, and those of its neighbours whose places nobody uses.
    fn read_run(&self, cached: &mut Cached, block: BlockRef<'_>) -> Result {
        let (first, entry) = (run_of(block.entry()), block.entry());
        let mut others = from_fn::<_, RUN, _>(|i| {
            let at = first + i as u64;
            let other = (at != entry).then(|| self.of(at).try_lock())??;
            let is_there = matches!(other.holds, Holds::Slot(of) | Holds::Block(of) if of == at);
            (!is_there).then_some(other)
        });
        let mut pages = [const { None }; RUN];
        for (page, other) in pages.iter_mut().zip(&mut others) {
            *page = other.as_mut().map(|other| {
                other.holds = Holds::Nothing;
                &mut *other.block
            });
        }
        pages[(entry - first) as usize] = Some(&mut *cached.block);
        let mut ends = [const { Ok(()) }; RUN];
        read_run(block, pages, |i, end| ends[i] = end);
        for (i, other) in others.iter_mut().enumerate() {
            if let (Some(other), Ok(())) = (other, ends[i]) {
                other.holds = Holds::Slot(first + i as u64);
            }
        }
        ends[(entry - first) as usize]
    }

    /// Fills `page` with the page of slot `slot`, which has this share, by the compressor of `pool`. May sleep.
    pub(super) fn load(
        &self,
        share: &BlockShare<'_>,
        slot: u64,
        pool: &Pool,
        page: &mut FolioPage,
    ) -> Result<(), LoadError> {
        let at = share.place();
        let mut cached = self.of(at.entry).lock();
        let len = match cached.extract(slot, at) {
            Some(Ok(len)) => len,
            _ => {
                let read = self.read(&mut cached, share.into());
                read.map_err(LoadError::Read)?;
                match cached.extract(slot, at) {
                    Some(Ok(len)) => len,
                    _ => {
                        cached.holds = Holds::Nothing;
                        return Err(LoadError::Damaged(EIO));
                    }
                }
            }
        };
        let unpacked = pool.unpack(&cached.copy, len, page);
        unpacked.map_err(LoadError::Damaged)
    }

    /// Calls `f` with a block that is read. May sleep.
    ///
    /// `EIO`: the block cannot be read, or is none.
    pub(super) fn with_header<R>(
        &self,
        block: BlockRef<'_>,
        f: impl FnOnce(&Reader<'_>) -> R,
    ) -> Result<R> {
        let mut cached = self.of(block.entry()).lock();
        if cached.look(block.entry()).is_none() {
            self.read(&mut cached, block)?;
        }
        match cached.look(block.entry()) {
            Some(Ok(())) => Ok(f(&Reader::again(cached.block.bytes(), crc32c))),
            _ => Err(EIO),
        }
    }
}
