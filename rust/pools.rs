// SPDX-License-Identifier: GPL-2.0

//! The compression pools: one is current and takes new pages, another may be the tight one, which old pages
//! are packed into, and the rest live on until their last page has left.
//!
//! A pool is pinned by its objects: it is retired when it is neither of the two and takes no memory any
//! more, after grace periods of [`SrcuTable`].

pub(crate) mod pool;

use self::pool::Pool;
use crate::{
    swap::descriptor::MAX_POOLS,
    sync::srcu_table::{
        Reader,
        SpinLocked,
        SrcuTable, //
    }, //
};
use kernel::{
    new_mutex,
    prelude::*,
    seq_file::SeqFile,
    seq_print,
    sync::{
        atomic::{
            ordering::{
                Acquire,
                Full,
                Relaxed,
                Release, //
            },
            Atomic, //
        },
        Mutex, //
    }, //
};

/// A read side of the pools: none is freed before it is dropped.
pub(crate) type PoolReader<'a> = Reader<'a, Pool, MAX_POOLS>;

/// No pool has this number.
const NONE: usize = MAX_POOLS;

/// All pools that live.
#[pin_data]
pub(crate) struct Pools {
    #[pin]
    table: SrcuTable<Pool, MAX_POOLS>,
    current: Atomic<usize>,
    /// The tight pool, or [`NONE`].
    tight: Atomic<usize>,
    /// Held by those who add or retire pools.
    #[pin]
    change: Mutex<()>,
}

impl Pools {
    /// With one pool, for the compressor `name`.
    pub(crate) fn new(name: &CStr) -> impl PinInit<Self, Error> + '_ {
        try_pin_init!(Self {
            table <- SrcuTable::new(),
            current: Atomic::new(0),
            tight: Atomic::new(NONE),
            change <- new_mutex!((), "vswap_pools"),
        })
        .pin_chain(move |pools| pools.switch(name).map(drop))
    }

    /// Keeps pools from being freed until the returned value is dropped. May be called anywhere.
    #[inline]
    pub(crate) fn read(&self) -> PoolReader<'_> {
        self.table.read()
    }

    /// As [`Self::read`], under a spinlock.
    #[inline]
    pub(crate) fn read_locked<'a>(&'a self, lock: &'a SpinLocked) -> PoolReader<'a> {
        self.table.read_locked(lock)
    }

    /// The pool that takes new pages.
    #[inline]
    pub(crate) fn current<'a>(&self, reader: &'a PoolReader<'_>) -> Option<&'a Pool> {
        reader.get(self.current.load(Acquire))
    }

    /// Whether the pool with this number is the one that takes new pages.
    pub(crate) fn is_current(&self, id: usize) -> bool {
        self.current.load(Relaxed) == id
    }

    /// The pool that old pages are packed into, if there is one.
    pub(crate) fn tight<'a>(&self, reader: &'a PoolReader<'_>) -> Option<&'a Pool> {
        reader.get(self.tight.load(Acquire))
    }

    /// Whether there is such a pool.
    pub(crate) fn has_tight(&self) -> bool {
        self.tight.load(Relaxed) != NONE
    }

    /// Makes the pool of the compressor `name` the tight one. May sleep.
    ///
    /// `ENOENT`: no such compressor. `EBUSY`: too many pools still have pages.
    pub(crate) fn set_tight(&self, name: &CStr) -> Result {
        let _change = self.change.lock();
        self.tight.store(self.find_or_add(name)?, Release);
        Ok(())
    }

    /// Lets no pool be the tight one; returns whether there was one, which is to be retired.
    /// May be called anywhere.
    pub(crate) fn unset_tight(&self) -> bool {
        self.tight.xchg(NONE, Full) != NONE
    }

    /// How many pages of memory all pools take.
    pub(crate) fn total_pages(&self, reader: &PoolReader<'_>) -> usize {
        reader.iter().map(|(_, pool)| pool.total_pages()).sum()
    }

    /// Moves objects together, so that memory becomes free. May sleep.
    pub(crate) fn compact(&self, reader: &PoolReader<'_>) {
        for (_, pool) in reader.iter() {
            pool.compact();
        }
    }

    /// Prints a line for each pool: number, compressor, pages of memory, whether it is current.
    pub(crate) fn show(&self, seq: &SeqFile) {
        let reader = self.read();
        let current = self.current.load(Relaxed);
        for (id, pool) in reader.iter() {
            let state = match id {
                _ if id == current => "current",
                _ if id == self.tight.load(Relaxed) => "tight",
                _ => "old",
            };
            let pages = pool.total_pages();
            seq_print!(seq, "{} {} {} {}\n", id, pool.name(), pages, state);
        }
    }

    /// Makes the pool of the compressor `name` the current one; returns whether there are others,
    /// which are to be retired. May sleep.
    ///
    /// `ENOENT`: no such compressor. `EBUSY`: too many pools still have pages.
    pub(crate) fn switch(&self, name: &CStr) -> Result<bool> {
        let _change = self.change.lock();
        self.current.store(self.find_or_add(name)?, Release);
        Ok(self.table.read().iter().count() > 1)
    }

    /// The number of the pool of the compressor `name`, which is made if there is none. With `change`
    /// held.
    fn find_or_add(&self, name: &CStr) -> Result<usize> {
        let reader = self.table.read();
        let living = reader.iter().find(|(_, pool)| pool.name() == name);
        if let Some((id, _)) = living {
            return Ok(id);
        }
        let pool = KBox::new(Pool::new(name)?, GFP_KERNEL)?;
        let id = pool.id();
        self.table.set(id, pool);
        Ok(id)
    }

    /// Frees pools that are empty and that no page goes to, where `is_unused` says that pages elsewhere do not need
    /// their compressor; returns whether others that none goes to are left to retire later. May sleep.
    pub(crate) fn retire(&self, is_unused: impl Fn(usize) -> bool) -> bool {
        let _change = self.change.lock();
        let (current, tight) = (self.current.load(Relaxed), self.tight.load(Relaxed));
        let is_old = |id: usize| id != current && id != tight;
        let (mut old, mut idle) = (0, false);
        for (id, pool) in self.table.read().iter().filter(|(id, _)| is_old(*id)) {
            old += 1;
            idle |= pool.total_pages() == 0 && is_unused(id);
        }
        // Grace periods are for pools that can go.
        if !idle {
            return old > 0;
        }
        // From here on nobody stores to these.
        self.table.synchronize();
        let mut living = 0;
        for id in (0..MAX_POOLS).filter(|id| is_old(*id)) {
            let empty = match self.table.read().get(id) {
                // In this order: a page that leaves for elsewhere is counted there before its object goes. What
                // was packed for a pool without an object in it was so on the read side.
                Some(pool) => pool.total_pages() == 0 && is_unused(id),
                None => continue,
            };
            if empty {
                self.table.clear(id);
            } else {
                living += 1;
            }
        }
        living > 0
    }
}
