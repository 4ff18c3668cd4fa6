// SPDX-License-Identifier: GPL-2.0

//! A few values that readers find by number, while their owner adds and removes them.

use core::ptr;
use kernel::{
    new_srcu,
    prelude::*,
    sync::{
        atomic::{
            ordering::{Acquire, Full, Relaxed},
            Atomic,
        },
        rcu::synchronize_rcu,
        srcu::{Guard, Srcu},
    },
    types::NotThreadSafe,
};

/// One value, or none.
///
/// # Invariants
///
/// The pointer is null or comes from `KBox::into_raw()`, and the cell owns it.
struct Cell<T>(Atomic<*mut T>);

impl<T> Drop for Cell<T> {
    fn drop(&mut self) {
        let value = self.0.load(Acquire);
        if !value.is_null() {
            // SAFETY: The pointer comes from `into_raw()` by the type invariant, and as the cell is
            // borrowed mutably there are no readers.
            drop(unsafe { KBox::from_raw(value) });
        }
    }
}

/// Up to `N` values. Readers may sleep, and share no cache line with each other.
#[pin_data]
pub(crate) struct SrcuTable<T, const N: usize> {
    cells: [Cell<T>; N],
    /// All values have lower numbers.
    end: Atomic<usize>,
    #[pin]
    srcu: Srcu,
}

// SAFETY: The table owns the values, and hands out references to them.
unsafe impl<T: Send + Sync, const N: usize> Send for SrcuTable<T, N> {}
// SAFETY: As above.
unsafe impl<T: Send + Sync, const N: usize> Sync for SrcuTable<T, N> {}

impl<T, const N: usize> SrcuTable<T, N> {
    /// An empty table.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            // INVARIANT: They are null.
            cells: [const { Cell(Atomic::new(ptr::null_mut())) }; N],
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

    /// As [`Self::read`], for who holds a spinlock: this costs nothing.
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
        // INVARIANT: The pointer comes from `into_raw()`, and the cell owns it.
        let old = self.cells[i].0.xchg(KBox::into_raw(value), Full);
        kernel::warn_on!(!old.is_null());
    }

    /// Waits until all who read now are done. May sleep.
    pub(crate) fn synchronize(&self) {
        self.srcu.synchronize();
        synchronize_rcu();
    }

    /// Removes a value; waits until nobody reads it, then frees it. May sleep.
    pub(crate) fn clear(&self, i: usize) {
        let old = self.cells[i].0.xchg(ptr::null_mut(), Full);
        if old.is_null() {
            return;
        }
        self.synchronize();
        // SAFETY: The pointer comes from `into_raw()` by the cell's invariant, and the exchange took it
        // out, so it is freed once. Whoever found it before has dropped the `Reader`.
        drop(unsafe { KBox::from_raw(old) });
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

/// Leave to look at a table's values.
pub(crate) struct Reader<'a, T, const N: usize> {
    table: &'a SrcuTable<T, N>,
    /// None for who holds a spinlock.
    _guard: Option<Guard<'a>>,
}

impl<T, const N: usize> Reader<'_, T, N> {
    /// The value with this number.
    #[inline]
    pub(crate) fn get(&self, i: usize) -> Option<&T> {
        let value = self.table.cells.get(i)?.0.load(Acquire);
        // SAFETY: By the cell's invariant the pointer is null or valid, and whoever takes it out waits
        // for `_guard`, or for the holder of a spinlock, before it is freed.
        unsafe { value.as_ref() }
    }

    /// All the values, with their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        let end = self.table.end.load(Relaxed);
        (0..end).filter_map(|i| Some((i, self.get(i)?)))
    }
}
