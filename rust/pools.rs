// SPDX-License-Identifier: GPL-2.0

//! The compression pools: one is current and takes new pages, another may be the tight one, which old pages
//! are packed into, and new ones go to for a while once memory has run out. The rest live on until their last
//! page has left.
//!
//! A pool is pinned by its objects: it is retired when it is neither of the two and takes no memory any
//! more, after grace periods of [`SrcuTable`].

pub(crate) mod pool;
pub(crate) mod roles;

use self::{
    pool::Pool,
    roles::Roles, //
};
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
                Relaxed, //
            },
            Atomic, //
        },
        Mutex, //
    }, //
};

/// A read side of the pools: none is freed before it is dropped.
pub(crate) type PoolReader<'a> = Reader<'a, Pool, MAX_POOLS>;

// Their numbers are bytes in `Roles`.
const _: () = assert!(MAX_POOLS < u8::MAX as usize);

/// All pools that live.
#[pin_data]
pub(crate) struct Pools {
    #[pin]
    table: SrcuTable<Pool, MAX_POOLS>,
    /// [`Roles`].
    roles: Atomic<u32>,
    /// Held by those who add or retire pools.
    #[pin]
    change: Mutex<()>,
}

impl Pools {
    /// With one pool, for the compressor `name`.
    pub(crate) fn new(name: &CStr) -> impl PinInit<Self, Error> + '_ {
        try_pin_init!(Self {
            table <- SrcuTable::new(),
            roles: Atomic::new(Roles::new(0).to_word()),
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

    #[inline(always)]
    fn roles(&self) -> Roles {
        Roles::from_word(self.roles.load(Acquire))
    }

    /// Changes them; returns what they were.
    fn change_roles(&self, f: impl Fn(Roles) -> Roles) -> Roles {
        let mut old = self.roles.load(Relaxed);
        loop {
            let new = f(Roles::from_word(old)).to_word();
            match self.roles.cmpxchg(old, new, Full) {
                Ok(_) => return Roles::from_word(old),
                Err(now) => old = now,
            }
        }
    }

    /// The pool that takes new pages.
    #[inline]
    pub(crate) fn taking<'a>(&self, reader: &'a PoolReader<'_>) -> Option<&'a Pool> {
        reader.get(self.roles().taking())
    }

    /// The pool that takes new pages where memory is not short.
    pub(crate) fn current<'a>(&self, reader: &'a PoolReader<'_>) -> Option<&'a Pool> {
        reader.get(self.roles().current())
    }

    /// Whether the pool with this number is that one.
    pub(crate) fn is_current(&self, id: usize) -> bool {
        self.roles().current() == id
    }

    /// The pool that old pages are packed into, if there is one.
    pub(crate) fn tight<'a>(&self, reader: &'a PoolReader<'_>) -> Option<&'a Pool> {
        reader.get(self.roles().tight()?)
    }

    /// Whether there is such a pool.
    pub(crate) fn has_tight(&self) -> bool {
        self.roles().tight().is_some()
    }

    /// Makes the pool of the compressor `name` the tight one. May sleep.
    ///
    /// `ENOENT`: no such compressor. `EBUSY`: too many pools still have pages.
    pub(crate) fn set_tight(&self, name: &CStr) -> Result {
        let _change = self.change.lock();
        let id = self.find_or_add(name)?;
        self.change_roles(|roles| roles.with_tight(Some(id)));
        Ok(())
    }

    /// Lets no pool be the tight one; returns whether there was one, which is to be retired.
    /// May be called anywhere.
    pub(crate) fn unset_tight(&self) -> bool {
        let old = self.change_roles(|roles| roles.with_tight(None));
        old.tight().is_some()
    }

    /// New pages go to the tight pool, if there is one, or again to the current one. May be called anywhere.
    pub(crate) fn set_shortage(&self, is_short: bool) {
        self.change_roles(|roles| roles.with_shortage(is_short));
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
        let roles = self.roles();
        for (id, pool) in reader.iter() {
            let state = match id {
                _ if id == roles.current() => "current",
                _ if Some(id) == roles.tight() => "tight",
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
        let id = self.find_or_add(name)?;
        self.change_roles(|roles| roles.with_current(id));
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
        // Of others than these none gets a role while the mutex is held.
        let roles = self.roles();
        let is_empty = |pool: &Pool| pool.total_pages() == 0;
        let (mut old, mut idle) = (0, false);
        for (id, pool) in self.table.read().iter() {
            if !roles.has(id) {
                old += 1;
                idle |= is_empty(pool) && is_unused(id);
            }
        }
        // Grace periods are for pools that can go.
        if !idle {
            return old > 0;
        }
        // From here on nobody stores to these.
        self.table.synchronize();
        let mut empty = [false; MAX_POOLS];
        for (id, pool) in self.table.read().iter() {
            empty[id] = !roles.has(id) && is_empty(pool);
        }
        // Whoever took the last page away has counted it by now, if it went elsewhere.
        self.table.synchronize();
        for (id, _) in empty.iter().enumerate().filter(|(_, empty)| **empty) {
            if is_unused(id) {
                self.table.clear(id);
                old -= 1;
            }
        }
        old > 0
    }
}
