// SPDX-License-Identifier: GPL-2.0

//! A few values that readers find by number, while their owner adds and removes them.

use core::{
    marker::PhantomData,
    ptr, //
};
use kernel::{
    new_srcu,
    prelude::*,
    sync::{
        atomic::{
            ordering::{
                Acquire,
                Full,
                Relaxed, //
            },
            Atomic, //
        },
        rcu::synchronize_rcu,
        srcu::{
            Guard,
            Srcu, //
        },
        Arc, //
    },
    types::NotThreadSafe, //
};

/// One value, or none.
///
/// # Invariants
///
/// The pointer is null or comes from `KBox::into_raw()`, and the entry owns it.
///
/// Readers share a value and any thread may free it, as with an `Arc`: that is what the marker says.
struct Entry<T>(Atomic<*mut T>, PhantomData<Arc<T>>);

impl<T> Entry<T> {
    const fn empty() -> Self {
        // INVARIANT: The pointer is null.
        Self(Atomic::new(ptr::null_mut()), PhantomData)
    }
}

impl<T> Drop for Entry<T> {
    fn drop(&mut self) {
        let value = self.0.load(Acquire);
        if !value.is_null() {
            // SAFETY: The pointer comes from `into_raw()` by the type invariant, and as the entry is
            // borrowed mutably there are no readers.
            drop(unsafe { KBox::from_raw(value) });
        }
    }
}

/// Up to `N` values. Readers may sleep, and share no cache line with each other.
#[pin_data]
pub(crate) struct SrcuTable<T, const N: usize> {
    entries: [Entry<T>; N],
    /// All values have lower numbers.
    end: Atomic<usize>,
    #[pin]
    srcu: Srcu,
}

impl<T, const N: usize> SrcuTable<T, N> {
    /// An empty table.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            entries: [const { Entry::empty() }; N],
            end: Atomic::new(0),
            srcu <- new_srcu!("vswap_pools"),
        })
    }

    /// Keeps what is in the table from being freed until the returned value is dropped.
    #[inline]
    pub(crate) fn read(&self) -> Reader<'_, T, N> {
        Reader {
            table: self,
            _guard: Some(self.srcu.read_lock()),
        }
    }

    /// As [`Self::read`], under a spinlock, where it costs nothing.
    #[inline]
    pub(crate) fn read_locked<'a>(&'a self, _lock: &'a SpinLocked) -> Reader<'a, T, N> {
        Reader {
            table: self,
            _guard: None,
        }
    }

    /// Adds a value at a vacant number. The caller keeps others from doing the same.
    pub(crate) fn set(&self, i: usize, value: KBox<T>) {
        self.end.store(self.end.load(Relaxed).max(i + 1), Relaxed);
        // INVARIANT: The pointer comes from `into_raw()`, and the entry owns it.
        let old = self.entries[i].0.xchg(KBox::into_raw(value), Full);
        kernel::warn_on!(!old.is_null());
    }

    /// Waits until all who read now are done. May sleep.
    pub(crate) fn synchronize(&self) {
        self.srcu.synchronize();
        synchronize_rcu();
    }

    /// Removes a value; waits until nobody reads it, then frees it. May sleep.
    pub(crate) fn clear(&self, i: usize) {
        let old: Entry<T> = Entry::empty();
        // INVARIANT: The exchange took the pointer from one entry, and the other owns it now.
        old.0
            .store(self.entries[i].0.xchg(ptr::null_mut(), Full), Relaxed);
        if !old.0.load(Relaxed).is_null() {
            // Whoever found the value has dropped the `Reader` then.
            self.synchronize();
        }
    }
}

/// Evidence that a spinlock is held: then a grace period of RCU does not end.
pub(crate) struct SpinLocked(NotThreadSafe);

impl SpinLocked {
    /// Vouches for it.
    ///
    /// # Safety
    ///
    /// The caller must hold a spinlock until the returned value is dropped.
    pub(crate) unsafe fn assume() -> Self {
        Self(NotThreadSafe)
    }
}

/// A read side of a table: values that it finds are not freed before it is dropped.
pub(crate) struct Reader<'a, T, const N: usize> {
    table: &'a SrcuTable<T, N>,
    /// `None` under a spinlock.
    _guard: Option<Guard<'a>>,
}

impl<T, const N: usize> Reader<'_, T, N> {
    /// The value with this number.
    #[inline]
    pub(crate) fn get(&self, i: usize) -> Option<&T> {
        let value = self.table.entries.get(i)?.0.load(Acquire);
        // SAFETY: By the entry's invariant the pointer is null or valid, and whoever takes it out
        // waits for `_guard`, or for the holder of a spinlock, before it is freed.
        unsafe { value.as_ref() }
    }

    /// All the values, with their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        let end = self.table.end.load(Relaxed);
        (0..end).filter_map(|i| Some((i, self.get(i)?)))
    }
}
