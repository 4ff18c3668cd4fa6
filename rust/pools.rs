// SPDX-License-Identifier: GPL-2.0

//! The compression pools: one is current and takes new pages, others live on until their last page
//! has left.
//!
//! A pool is pinned by its objects: it is retired when it is not current and takes no memory any
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

/// All pools that live.
#[pin_data]
pub(crate) struct Pools {
    #[pin]
    table: SrcuTable<Pool, MAX_POOLS>,
    current: Atomic<usize>,
    /// Backing by those who add or retire pools.
    #[pin]
    change: Mutex<()>,
}

impl Pools {
    /// With one pool, for the compressor `name`.
    pub(crate) fn new(name: &CStr) -> impl PinInit<Self, Error> + '_ {
        try_pin_init!(Self {
            table <- SrcuTable::new(),
            current: Atomic::new(0),
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

    /// How many pages of memory all pools take.
    pub(crate) fn total_pages(&self, reader: &PoolReader<'_>) -> usize {
        reader.iter().map(|(_, pool)| pool.total_pages()).sum()
    }

    /// Prints a line for each pool: number, compressor, pages of memory, whether it is current.
    pub(crate) fn show(&self, seq: &SeqFile) {
        let reader = self.read();
        let current = self.current.load(Relaxed);
        for (id, pool) in reader.iter() {
            let state = if id == current { "current" } else { "old" };
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
        let reader = self.table.read();
        let living = reader.iter().find(|(_, pool)| pool.name() == name);
        if let Some((id, _)) = living {
            self.current.store(id, Release);
        } else {
            let pool = KBox::new(Pool::new(name)?, GFP_KERNEL)?;
            let id = pool.id();
            self.table.set(id, pool);
            self.current.store(id, Release);
        }
        Ok(reader.iter().count() > 1)
    }

    /// Frees pools that are empty and not current; returns whether others are left to retire later.
    /// May sleep.
    pub(crate) fn retire(&self) -> bool {
        let _change = self.change.lock();
        let current = self.current.load(Relaxed);
        let mut old = 0;
        let mut idle = false;
        for (_, pool) in self.table.read().iter().filter(|(id, _)| *id != current) {
            old += 1;
            idle |= pool.total_pages() == 0;
        }
        // Grace periods are for pools that can go.
        if !idle {
            return old > 0;
        }
        // From here on nobody stores to a pool that is not current.
        self.table.synchronize();
        let mut living = 0;
        for id in 0..MAX_POOLS {
            let empty = match self.table.read().get(id) {
                Some(pool) => pool.total_pages() == 0,
                None => continue,
            };
            if empty && id != current {
                self.table.clear(id);
            } else {
                living += 1;
            }
        }
        living > 1
    }
}
