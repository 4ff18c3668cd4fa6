// SPDX-License-Identifier: GPL-2.0

//! The ghost: what becomes of the pages that are swapped out to it, and back.
//!
//! # Locking
//!
//! From the outside in:
//!
//! 1. the kernel's parameter lock of this module: who writes a parameter;
//! 2. `Ghost::on`, `Pools::change`: mutexes, never both;
//! 3. the folio lock (swap core): whoever holds it has the slots of the folio to himself;
//! 4. the SRCU read side of the pools: keeps pools from being freed; may be taken anywhere that may
//!    sleep;
//! 5. a context's mutex (`backend/compressed.rs`): one compression at a time;
//! 6. the cluster lock (swap core, a spinlock), in which slots are invalidated, and which keeps pools
//!    from being freed as 4 does;
//! 7. the cluster lock of another device (swap core): dropping a `PhysicalSlot` takes it;
//! 8. zsmalloc's locks.
//!
//! 7 and 8 are not held together. A `PhysicalSlot` is made in 3 and 4, but not in 5 to 8, as that may
//! sleep. A descriptor changes hands by an atomic exchange, without a lock: see `table.rs`. Stores run in
//! reclaim, so nothing in them may wait for it; the core sees to that for what it allocates itself.

use crate::{
    backend::{compressed::StoreError, same_filled},
    descriptor::Invalid,
    mm::{
        folio::{totalram_pages, FolioPage, SwapFolio},
        log,
        slots::{Held, PutError, Slots},
        srcu_table::SpinLocked,
        tier::{self, PhysicalSlot},
        work::Workers,
        zsmalloc::{Freeing, Object},
    },
    ops, params,
    pool::{PoolReader, Pools},
    stats::{Counter, Stats},
};
use kernel::{
    new_mutex,
    page::PAGE_SIZE,
    prelude::*,
    sync::{
        atomic::{ordering::Relaxed, Atomic},
        Mutex,
    },
};

/// The ghost device's state.
#[pin_data]
pub(crate) struct Ghost {
    #[pin]
    pub(crate) pools: Pools,
    pub(crate) stats: Stats,
    /// The pool was full, and is not yet far enough below its limit.
    full: Atomic<bool>,
    workers: Workers,
    /// Whether the ghost is swapped on.
    #[pin]
    on: Mutex<bool>,
}

/// The ghost's size in bytes unless one is asked for: that of RAM.
pub(crate) fn default_size() -> u64 {
    totalram_pages() as u64 * PAGE_SIZE as u64
}

/// The ghost's size in pages, at the next swapon.
pub(crate) fn size_in_pages() -> u64 {
    params::size()
        .unwrap_or_else(default_size)
        .div_ceil(PAGE_SIZE as u64)
}

impl Ghost {
    /// Makes the ghost, with a pool for the compressor `name`. May sleep.
    pub(crate) fn new(name: &CStr) -> impl PinInit<Self, Error> + '_ {
        try_pin_init!(Self {
            pools <- Pools::new(name),
            stats: Stats::new()?,
            full: Atomic::new(false),
            workers: Workers::new()?,
            on <- new_mutex!(false, "vswap_on"),
        })
    }

    /// The ghost is being turned on; returns its size in pages. May sleep.
    pub(crate) fn activate(&self) -> u64 {
        *self.on.lock() = true;
        size_in_pages()
    }

    /// The ghost was turned off, and all its slots are free. May sleep.
    pub(crate) fn deactivate(&self) {
        *self.on.lock() = false;
    }

    /// Does something for which the ghost has to be off, and to stay so. May sleep.
    ///
    /// `EBUSY`: it is on.
    pub(crate) fn while_off(&self, f: impl FnOnce()) -> Result {
        let on = self.on.lock();
        if *on {
            return Err(EBUSY);
        }
        f();
        Ok(())
    }

    /// Stores a folio: all its pages, or none. May sleep.
    ///
    /// `ENOMEM`: the pool or memory is full, or pages that have to be compressed may not be, and there
    /// is no other device for them. Otherwise, what the compressor said.
    pub(crate) fn store(
        &self,
        folio: &SwapFolio<'_>,
        slots: &Slots<'_>,
        may: May,
        tally: &mut Tally,
    ) -> Result {
        let reader = self.pools.read();
        let stored = (0..slots.len()).try_for_each(|i| {
            let held = match same_filled::find(folio.page(i).words()) {
                Some(word) => {
                    tally.zero += u32::from(word == 0);
                    Held::SameFilled(word)
                }
                None => self.keep(&reader, folio, i, may)?,
            };
            tally.placed += u32::from(matches!(held, Held::Placed(_)));
            self.put(&reader, slots, i, held, tally)
        });
        if stored.is_err() {
            // What slots held before is older than the folio.
            self.empty(&reader, slots, tally);
        }
        self.account(tally);
        stored
    }

    /// Compresses a page. If that cannot be, or is of no use, it goes to another device; without one,
    /// it stays in memory as it is.
    fn keep(
        &self,
        reader: &PoolReader<'_>,
        folio: &SwapFolio<'_>,
        i: usize,
        may: May,
    ) -> Result<Held> {
        let place = || match may.place {
            true => PhysicalSlot::new(folio, i).map(Held::Placed),
            false => None,
        };
        if !may.compress || self.is_full(reader) {
            return place().ok_or(ENOMEM);
        }
        let pool = self.pools.current(reader).ok_or(ENODEV)?;
        let whole = || match place() {
            Some(held) => Ok(held),
            None => pool
                .store_whole(folio.page(i), folio.nid())
                .map(Held::Object),
        };
        match pool.store(folio.page(i), folio.nid()) {
            Ok(Some(object)) => Ok(Held::Object(object)),
            Ok(None) => whole().map_err(|e| self.rejected(e)),
            Err(e) => {
                let e = self.rejected(e);
                place().ok_or(e)
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

    pub(crate) fn put(
        &self,
        reader: &PoolReader<'_>,
        slots: &Slots<'_>,
        i: usize,
        held: Held,
        tally: &mut Tally,
    ) -> Result {
        tally.count(&held, 1);
        match slots.put(i, held) {
            Ok(old) => {
                self.release(reader, old, tally);
                Ok(())
            }
            Err(PutError::NoRoom(held)) => {
                self.release(reader, held, tally);
                self.stats.add(Counter::RejectAllocFail, 1);
                Err(ENOMEM)
            }
            Err(PutError::Invalid(word)) => {
                report(word);
                Ok(())
            }
        }
    }

    /// Loads a folio. The slots keep what they hold, until they are freed or the folio is stored again.
    /// Pages that are on other devices are left out. May sleep.
    ///
    /// `EIO`, or what the compressor said: a page cannot be had any more.
    pub(crate) fn load(
        &self,
        folio: &mut SwapFolio<'_>,
        slots: &Slots<'_>,
        tally: &mut Tally,
    ) -> Result {
        let reader = self.pools.read();
        for i in 0..slots.len() {
            slots
                .peek(i, |held| match held {
                    // The page is in no slot and not in memory: that cannot be.
                    Held::Empty => Err(self.unreadable(EIO)),
                    // This was told when the device was turned off.
                    Held::Lost => Err(EIO),
                    Held::Placed(_) => {
                        tally.placed += 1;
                        Ok(())
                    }
                    Held::SameFilled(word) => {
                        same_filled::fill(folio.page_mut(i).words_mut(), *word);
                        tally.zero += u32::from(*word == 0);
                        Ok(())
                    }
                    Held::Object(object) => self
                        .read(&reader, object, folio.page_mut(i))
                        .map_err(|e| self.unreadable(e)),
                })
                .unwrap_or_else(|word| {
                    report(word);
                    Err(self.unreadable(EIO))
                })?;
            slots.renew(i);
        }
        Ok(())
    }

    /// Reads an object. May sleep.
    ///
    /// `EIO`, or what the compressor said: it cannot be read.
    #[inline]
    pub(crate) fn read(
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

    /// Frees what slots hold. Does not sleep.
    pub(crate) fn invalidate(&self, lock: &SpinLocked, slots: &Slots<'_>, tally: &mut Tally) {
        self.empty(&self.pools.read_locked(lock), slots, tally);
        self.account(tally);
    }

    /// Adds to the counters what an operation did, once it is done.
    #[inline]
    pub(crate) fn account(&self, tally: &Tally) {
        self.stats.add_each([
            (Counter::SameFilled, tally.same_filled as i64),
            (Counter::Compressed, (tally.objects - tally.whole) as i64),
            (Counter::Incompressible, tally.whole as i64),
            (Counter::Physical, tally.physical as i64),
        ]);
    }

    #[inline(always)]
    fn empty(&self, reader: &PoolReader<'_>, slots: &Slots<'_>, tally: &mut Tally) {
        match slots.len() {
            1 => self.empty_slot(reader, slots, 0, tally),
            _ => self.empty_slots(reader, slots, tally),
        }
    }

    #[inline(never)]
    fn empty_slots(&self, reader: &PoolReader<'_>, slots: &Slots<'_>, tally: &mut Tally) {
        let mut freeing: Option<Freeing<'_>> = None;
        for i in 0..slots.len() {
            let held = match slots.take(i) {
                Ok(held) => held,
                Err(word) => {
                    report(word);
                    continue;
                }
            };
            tally.count(&held, -1);
            let Held::Object(object) = held else {
                continue;
            };
            match &mut freeing {
                Some(freeing) if freeing.takes(&object) => freeing.add(object),
                _ => match reader.get(object.pool()) {
                    Some(pool) => freeing.insert(pool.freeing()).add(object),
                    None => report_lost(),
                },
            }
        }
    }

    #[inline(always)]
    fn empty_slot(&self, reader: &PoolReader<'_>, slots: &Slots<'_>, i: usize, tally: &mut Tally) {
        match slots.take(i) {
            Ok(held) => self.release(reader, held, tally),
            Err(word) => report(word),
        }
    }

    #[inline(always)]
    fn release(&self, reader: &PoolReader<'_>, held: Held, tally: &mut Tally) {
        tally.count(&held, -1);
        if let Held::Object(object) = held {
            self.free(reader, object);
        }
    }

    #[inline(always)]
    fn free(&self, reader: &PoolReader<'_>, object: Object) {
        match reader.get(object.pool()) {
            Some(pool) => pool.free(object),
            None => report_lost(),
        }
    }

    /// Whether the pools are at their limit, or were and have not shrunk enough since.
    fn is_full(&self, reader: &PoolReader<'_>) -> bool {
        let used = self.pools.total_pages(reader);
        let limit = totalram_pages() * params::max_pool_percent() / 100;
        let full = if used >= limit {
            self.stats.add(Counter::PoolLimitHit, 1);
            true
        } else {
            let was_full = self.full.load(Relaxed);
            was_full && used > limit * params::accept_threshold_percent() / 100
        };
        // Early, so that new pages need not go where old ones should be.
        if used > limit * (100 + params::accept_threshold_percent()) / 200 && tier::has_room() {
            self.workers.write_back_soon();
        }
        if full != self.full.load(Relaxed) {
            self.full.store(full, Relaxed);
        }
        full
    }

    /// Whether the pools take more than they may when they were full.
    pub(crate) fn has_to_shrink(&self) -> bool {
        let limit = totalram_pages() * params::max_pool_percent() / 100;
        self.pool_pages() > limit * params::accept_threshold_percent() / 100
    }

    /// How many pages the ghost keeps.
    pub(crate) fn stored_pages(&self) -> i64 {
        self.pages_in_memory() + self.stats.sum(Counter::Physical)
    }

    /// How many of them are in memory.
    pub(crate) fn pages_in_memory(&self) -> i64 {
        self.stats.sum(Counter::SameFilled) + self.objects()
    }

    fn objects(&self) -> i64 {
        self.stats.sum(Counter::Compressed) + self.stats.sum(Counter::Incompressible)
    }

    /// How many pages of memory the pools take.
    pub(crate) fn pool_pages(&self) -> usize {
        self.pools.total_pages(&self.pools.read())
    }

    /// How much memory the pools take, in bytes.
    pub(crate) fn pool_total_size(&self) -> i64 {
        (self.pool_pages() * PAGE_SIZE) as i64
    }

    /// How much memory it takes to know where the pages are, in bytes: descriptors, and zsmalloc's
    /// handles of 8 bytes each.
    pub(crate) fn metadata_size(&self) -> i64 {
        (ops::desc_pages() * PAGE_SIZE) as i64 + self.objects() * 8
    }
}

/// How pages that take memory may be kept.
#[derive(Clone, Copy)]
pub(crate) struct May {
    /// In memory.
    pub(crate) compress: bool,
    /// On other devices.
    pub(crate) place: bool,
}

/// What an operation did to the number of pages that the ghost keeps, and to their size.
#[derive(Default)]
pub(crate) struct Tally {
    /// Zero-filled pages that were moved.
    pub(crate) zero: u32,
    /// Pages whose contents the core has to write or read.
    pub(crate) placed: u32,
    same_filled: isize,
    physical: isize,
    /// Pages that take memory.
    pub(crate) objects: isize,
    /// Of which: not compressed.
    pub(crate) whole: isize,
    /// How much memory they take, in bytes.
    pub(crate) bytes: isize,
}

impl Tally {
    /// Counts one page more, or less.
    #[inline(always)]
    fn count(&mut self, held: &Held, sign: isize) {
        // There are far fewer pages in a folio or a cluster than would overflow.
        let add = |sum: &mut isize, n: isize| *sum = sum.wrapping_add(n);
        match held {
            Held::Empty | Held::Lost => (),
            Held::SameFilled(_) => add(&mut self.same_filled, sign),
            Held::Placed(_) => add(&mut self.physical, sign),
            Held::Object(object) => {
                add(&mut self.objects, sign);
                add(&mut self.bytes, sign * object.len() as isize);
                if object.is_whole_page() {
                    add(&mut self.whole, sign);
                }
            }
        }
    }
}

#[cold]
#[inline(never)]
pub(crate) fn report(Invalid(word): Invalid) {
    pr_alert!("{:#018x} is no descriptor: memory was overwritten\n", word);
}

#[cold]
#[inline(never)]
fn report_lost() {
    pr_alert!("an object of a pool that is gone: memory is lost\n");
}
