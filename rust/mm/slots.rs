// SPDX-License-Identifier: GPL-2.0

//! The descriptors that the swap core keeps beside a cluster's swap table.

use super::{
    tier::PhysicalSlot,
    zsmalloc::{HandleBase, Object},
};
use crate::{
    bindings,
    descriptor::{Descriptor, Invalid},
    table::{Table, Word},
};
use core::{mem::ManuallyDrop, slice};
use kernel::sync::atomic::{
    ordering::{Acquire, Full},
    Atomic,
};

/// A word of the core's, `atomic_long_t`.
#[repr(transparent)]
pub(crate) struct SlotWord(Atomic<i64>);

impl Word for SlotWord {
    #[inline]
    fn load(&self) -> u64 {
        self.0.load(Acquire) as u64
    }

    #[inline]
    fn exchange(&self, new: u64) -> u64 {
        self.0.xchg(new as i64, Full) as u64
    }

    #[inline]
    fn replace(&self, old: u64, new: u64) -> bool {
        self.0.cmpxchg(old as i64, new as i64, Full).is_ok()
    }
}

/// What a slot has.
pub(crate) enum Held {
    /// Nothing.
    Empty,
    /// A page of this word, repeated.
    SameFilled(u32),
    /// An object, and whoever has this owns it.
    Object(Object),
    /// A slot of another device, with the page.
    Placed(PhysicalSlot),
    /// A page that cannot be had any more.
    Lost,
}

/// The descriptors of neighbouring slots, of which others may take and put what they hold at any time.
///
/// # Invariants
///
/// Each word is zero or was written by [`Slots::put`], so one that names an object or a slot of another
/// device owns it.
pub(crate) struct SharedSlots<'a>(Table<'a, SlotWord>);

impl<'a> SharedSlots<'a> {
    /// Wraps descriptors that the swap core passes to one of the ghost's operations.
    ///
    /// # Safety
    ///
    /// `descs` must point to `nr` words of a descriptor page, valid for `'a`, to which nobody writes
    /// but through the types of this file.
    pub(crate) unsafe fn from_raw(descs: *mut bindings::atomic_long_t, nr: usize) -> Self {
        // SAFETY: The words are valid for `'a`, and `SlotWord` has the layout of `atomic_long_t` on
        // the 64-bit kernels that this module is for. The page was zeroed when it was allocated.
        // INVARIANT: Nobody but these types writes to the words.
        Self(Table::new(unsafe {
            slice::from_raw_parts(descs.cast::<SlotWord>(), nr)
        }))
    }

    /// How many slots there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The slot of another device that slot `i` has, as a swap entry. It can be gone at once.
    #[inline]
    pub(crate) fn placed(&self, i: usize) -> Option<u64> {
        match self.0.peek(i) {
            Ok(Descriptor::Physical(entry)) => Some(entry),
            _ => None,
        }
    }

    /// Whether the page of slot `i` is to leave memory, its turn having come.
    pub(crate) fn visit(&self, i: usize) -> Result<bool, Invalid> {
        self.0.visit(i)
    }
}

/// The descriptors of neighbouring slots that nobody else takes from or puts into meanwhile.
///
/// # Invariants
///
/// As of [`SharedSlots`]; and for `'a` nobody else changes what the words name.
pub(crate) struct Slots<'a> {
    table: Table<'a, SlotWord>,
    base: HandleBase,
}

impl<'a> Slots<'a> {
    /// Wraps descriptors that the swap core passes to one of the ghost's operations.
    ///
    /// # Safety
    ///
    /// As of [`SharedSlots::from_raw`]; and for `'a` the lock of the slots' folio must be held, or
    /// that of their cluster while no folio is there.
    pub(crate) unsafe fn from_raw(descs: *mut bindings::atomic_long_t, nr: usize) -> Self {
        // INVARIANT: Who takes or puts holds one of these locks.
        // SAFETY: The caller keeps to what this asks for.
        let SharedSlots(table) = unsafe { SharedSlots::from_raw(descs, nr) };
        Self {
            table,
            base: HandleBase::get(),
        }
    }

    /// How many slots there are.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Notes that the page of slot `i` was used.
    #[inline]
    pub(crate) fn renew(&self, i: usize) {
        self.table.renew(i);
    }

    /// Calls `f` with what slot `i` has, which it keeps.
    pub(crate) fn peek<R>(&self, i: usize, f: impl FnOnce(&Held) -> R) -> Result<R, Invalid> {
        // The slot still owns the object.
        let held = ManuallyDrop::new(self.held(self.table.peek(i)?));
        Ok(f(&held))
    }

    /// Takes what slot `i` has.
    #[inline(always)]
    pub(crate) fn take(&self, i: usize) -> Result<Held, Invalid> {
        Ok(self.held(self.table.take(i)?))
    }

    /// Gives slot `i` something to hold, and returns what it had.
    pub(crate) fn put(&self, i: usize, held: Held) -> Result<Held, PutError> {
        let desc = match held {
            Held::Empty => Descriptor::Empty,
            Held::SameFilled(word) => Descriptor::SameFilled(word),
            Held::Object(object) => Descriptor::Compressed(object.into_location(self.base)),
            Held::Placed(slot) => Descriptor::Physical(slot.into_entry()),
            Held::Lost => Descriptor::Lost,
        };
        match self.table.put(i, desc) {
            Ok(old) => Ok(self.held(old.map_err(PutError::Invalid)?)),
            Err(desc) => Err(PutError::NoRoom(self.held(desc))),
        }
    }

    /// The slot of another device that slot `i` has, as a swap entry.
    pub(crate) fn placed(&self, i: usize) -> Option<u64> {
        match self.table.peek(i) {
            Ok(Descriptor::Physical(entry)) => Some(entry),
            _ => None,
        }
    }

    #[inline(always)]
    fn held(&self, desc: Descriptor) -> Held {
        match desc {
            Descriptor::Empty => Held::Empty,
            Descriptor::SameFilled(word) => Held::SameFilled(word),
            Descriptor::Compressed(at) => {
                // SAFETY: By the type invariant the descriptor was made of an object which it owns. It
                // was taken out of the table or never put there, so this is the only `Object` of it;
                // or, in `peek()`, nobody takes it meanwhile and the one made here is not freed.
                Held::Object(unsafe { Object::from_location(at, self.base) })
            }
            // SAFETY: As above, of a slot; what `peek()` makes here is not dropped.
            Descriptor::Physical(entry) => Held::Placed(unsafe { PhysicalSlot::from_entry(entry) }),
            Descriptor::Lost => Held::Lost,
        }
    }
}

/// Why a slot could not be given something to hold.
pub(crate) enum PutError {
    /// The object is where no descriptor can point; it comes back.
    NoRoom(Held),
    /// The slot had a word that is no descriptor, which is gone.
    Invalid(Invalid),
}
