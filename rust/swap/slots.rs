// SPDX-License-Identifier: GPL-2.0

//! The descriptors that the swap core keeps beside a cluster's swap table.

use super::{
    block::BlockShare,
    descriptor::{
        Descriptor,
        InBlock,
        Invalid,
        Location,
        ValueEncoding,
        PAGE_LEN, //
    },
    physical::PhysicalSlot,
    table::{
        Table,
        Word, //
    }, //
};
use crate::{
    bindings::{
        self,
        safe, //
    },
    mm::{
        folio::SwapFolio,
        zsmalloc::{
            Object,
            RawObject, //
        }, //
    }, //
};
use core::{
    mem::ManuallyDrop,
    slice, //
};
use kernel::{
    error::to_result,
    page::PAGE_SIZE,
    prelude::*,
    sync::atomic::{
        ordering::{
            Acquire,
            Full, //
        },
        Atomic, //
    }, //
};

// A descriptor has no room for longer objects.
const _: () = assert!(PAGE_SIZE == PAGE_LEN);

/// How many slots a cluster has: as many as there are descriptors in a page.
pub(crate) const CLUSTER_SLOTS: usize = PAGE_SIZE / size_of::<bindings::atomic_long_t>();

/// Changes how many pages may be swapped out to the ghost. May sleep.
///
/// `EBUSY`: more of them are, or it is not on; `EINVAL`: none. Nothing is changed.
pub(crate) fn resize(pages: u64) -> Result {
    to_result(safe::vswap_resize(pages as usize))
}

/// How many pages of descriptors there are.
pub(crate) fn desc_pages() -> usize {
    safe::vswap_desc_pages()
}

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

/// The address below which there are no zsmalloc handles, all of which are addresses of 8-byte
/// objects in the direct map.
#[derive(Clone, Copy)]
struct HandleBase(usize);

impl HandleBase {
    /// It is the same as long as the kernel runs.
    #[inline]
    fn get() -> Self {
        Self(safe::vswap_direct_map_base())
    }

    /// What a descriptor says of an object, which it is to own.
    #[inline]
    fn location(self, object: Object, mark: u8) -> Location {
        let raw = object.into_raw();
        Location {
            handle: (raw.handle.wrapping_sub(self.0) / 8) as u64,
            len: raw.len,
            pool: raw.pool,
            mark,
        }
    }

    /// The object of a descriptor.
    #[inline]
    fn object(self, at: Location) -> RawObject {
        RawObject {
            handle: (at.handle as usize * 8).wrapping_add(self.0),
            len: at.len,
            pool: at.pool,
        }
    }
}

/// What holds the page of a slot, owned. For `'a` nobody else has the slot.
pub(crate) enum Backing<'a, V> {
    /// Nothing.
    Empty,
    /// A page that the driver knows by this.
    Value(V),
    /// An object with the page.
    Object(Object),
    /// A slot of another device, with the page.
    Physical(PhysicalSlot<'a>),
    /// A part of a block on another device, with the page.
    Packed(BlockShare<'a>),
}

/// The descriptors of neighbouring slots that others may change at any time.
///
/// # Invariants
///
/// Each word is zero, was written by [`Slot::put`], or differs from such a one in its mark only. So
/// one that names an object or a slot of another device owns it.
pub(crate) struct SharedSlots<'a, V>(Table<'a, SlotWord, V>);

impl<V: ValueEncoding> SharedSlots<'_, V> {
    /// Wraps descriptors that the swap core passes to one of the ghost's operations.
    ///
    /// # Safety
    ///
    /// `descs` must point to `nr` words of a descriptor page, valid for `'a`, to which nobody writes
    /// but through the types of this file.
    #[inline]
    pub(crate) unsafe fn from_raw(descs: *mut bindings::atomic_long_t, nr: usize) -> Self {
        // SAFETY: The words are valid for `'a`, and `SlotWord` has the layout of `atomic_long_t` on
        // the 64-bit kernels that this module is for. The page was zeroed when it was allocated.
        // INVARIANT: Nobody but these types writes to the words.
        Self(Table::new(unsafe {
            slice::from_raw_parts(descs.cast::<SlotWord>(), nr)
        }))
    }

    /// The physical slot that slot `i` has, as a swap entry. It may be stale at once.
    #[inline]
    pub(crate) fn physical(&self, i: usize) -> Option<u64> {
        match self.0.peek(i) {
            Ok(Descriptor::Physical(entry)) => Some(entry),
            _ => None,
        }
    }

    /// The physical slot that slot `i` has, or shares, as a swap entry. It may be stale at once.
    #[inline]
    pub(crate) fn physical_or_shared(&self, i: usize) -> Option<u64> {
        match self.0.peek(i) {
            Ok(Descriptor::Physical(entry)) => Some(entry),
            Ok(Descriptor::Packed(at)) => Some(at.entry),
            _ => None,
        }
    }

    /// Slot `i` alone.
    pub(crate) fn only(&self, i: usize) -> Self {
        // INVARIANT: It is one of these.
        Self(self.0.only(i))
    }

    /// Marks the object of slot `i`, if there is one, with what `f` makes of its mark. Returns that
    /// as it was before.
    pub(crate) fn update_mark(
        &self,
        i: usize,
        f: impl FnOnce(u8) -> Option<u8>,
    ) -> Result<Option<u8>, Invalid> {
        self.0.update_mark(i, f)
    }
}

/// What a slot had, and its mark.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp(u64);

/// The descriptors of neighbouring slots that nobody else may take from or put into.
///
/// # Invariants
///
/// As of [`SharedSlots`]; and for `'a` nobody changes what the words name but by `&mut self`.
pub(crate) struct Slots<'a, V> {
    table: Table<'a, SlotWord, V>,
    base: HandleBase,
}

impl<'a, V: ValueEncoding> Slots<'a, V> {
    /// Of slots that are not shared.
    ///
    /// # Safety
    ///
    /// For `'a` the lock of the slots' folio must be held, or that of their cluster while no folio is
    /// there; and there may be no other `Slots` of them.
    #[inline]
    pub(crate) unsafe fn new(SharedSlots(table): SharedSlots<'a, V>) -> Self {
        // INVARIANT: Whoever takes or puts holds one of these locks.
        Self {
            table,
            base: HandleBase::get(),
        }
    }

    /// How many slots there are.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Marks the object of slot `i` if there is one.
    #[inline]
    pub(crate) fn set_mark(&self, i: usize, mark: u8) {
        self.table.set_mark(i, mark);
    }

    /// What slot `i` has, mark and all, to be compared.
    pub(crate) fn stamp(&self, i: usize) -> Stamp {
        Stamp(self.table.word(i))
    }

    /// Calls `f` with what slot `i` has, which it keeps.
    pub(crate) fn peek<R>(
        &self,
        i: usize,
        f: impl FnOnce(&Backing<'_, V>) -> R,
    ) -> Result<R, Invalid> {
        // The slot still owns the object.
        let backing = ManuallyDrop::new(self.backing(self.table.peek(i)?));
        Ok(f(&backing))
    }

    /// Takes what slot `i` has.
    #[inline(always)]
    pub(crate) fn take(&mut self, i: usize) -> Result<Backing<'_, V>, Invalid> {
        Ok(self.backing(self.table.take(i)?))
    }

    /// Slot `i`, to give it something to hold.
    #[inline]
    pub(crate) fn slot(&mut self, i: usize) -> Slot<'_, V> {
        Slot {
            slots: self,
            index: i,
        }
    }

    /// Where slot `i` has its page in a block, if it is in one.
    pub(crate) fn in_block(&self, i: usize) -> Option<InBlock> {
        match self.table.peek(i) {
            Ok(Descriptor::Packed(at)) => Some(at),
            _ => None,
        }
    }

    /// The physical slot that slot `i` has, or shares, as a swap entry.
    pub(crate) fn physical_or_shared(&self, i: usize) -> Option<u64> {
        match self.table.peek(i) {
            Ok(Descriptor::Physical(entry)) => Some(entry),
            Ok(Descriptor::Packed(at)) => Some(at.entry),
            _ => None,
        }
    }

    #[inline(always)]
    fn backing(&self, desc: Descriptor<V>) -> Backing<'_, V> {
        // SAFETY: By the type invariant the descriptor was made of an object or a physical slot which it
        // owns. It was taken out of the table or never put there, so there is no other owner; or, in
        // `peek()`, it cannot be taken as `self` is borrowed, and what is made here is neither freed nor
        // dropped. Nobody else frees the slot which the physical one names as long as `self` is borrowed.
        unsafe {
            match desc {
                Descriptor::Empty => Backing::Empty,
                Descriptor::Value(value) => Backing::Value(value),
                Descriptor::Object(at) => Backing::Object(Object::from_raw(self.base.object(at))),
                Descriptor::Physical(entry) => Backing::Physical(PhysicalSlot::from_raw(entry)),
                Descriptor::Packed(at) => Backing::Packed(BlockShare::from_raw(at)),
            }
        }
    }
}

/// One of [`Slots`].
///
/// These are borrowed, by this and by each [`PhysicalSlot`] that is for it. So there is no way to put a
/// physical slot into another slot than that for which it was allocated, or to keep it longer.
pub(crate) struct Slot<'a, V> {
    slots: &'a Slots<'a, V>,
    index: usize,
}

impl<'a, V: ValueEncoding> Slot<'a, V> {
    /// Calls `f` with what the slot has, which it keeps.
    pub(crate) fn peek<R>(&self, f: impl FnOnce(&Backing<'_, V>) -> R) -> Result<R, Invalid> {
        self.slots.peek(self.index, f)
    }

    /// Which of the slots it is.
    #[inline]
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// Whether the slot has nothing.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.slots.table.is_empty(self.index)
    }

    /// Takes what the slot has.
    #[inline(always)]
    pub(crate) fn take(&mut self) -> Result<Backing<'_, V>, Invalid> {
        Ok(self.slots.backing(self.slots.table.take(self.index)?))
    }

    /// A physical slot for the page of this one, if a device has one and the folio's cgroup may have
    /// it. `folio` is that of the slots. May sleep.
    ///
    /// The slot should have none: the core counts one slot less as used on the ghost for each, and with
    /// two for one it would count below zero.
    pub(crate) fn alloc_physical(&self, folio: &SwapFolio<'_>) -> Option<PhysicalSlot<'a>> {
        if self.index >= folio.nr_pages() {
            return None;
        }
        // SAFETY: The folio is locked and in the swap cache of the ghost by the invariant of
        // `SwapFolio`, and has such a page. It is in these slots: each operation of the ghost gets a
        // folio with its slots, and can keep neither, so a caller has no others.
        unsafe {
            match bindings::vswap_alloc_slot(folio.as_ptr(), self.index as u32) {
                0 => None,
                entry => Some(PhysicalSlot::from_raw(entry as u64)),
            }
        }
    }

    /// Gives the slot something to hold, and returns what it had.
    pub(crate) fn put(self, backing: Backing<'a, V>) -> Result<Backing<'a, V>, PutError<'a, V>> {
        let Slots { table, base } = self.slots;
        let desc = match backing {
            Backing::Empty => Descriptor::Empty,
            Backing::Value(value) => Descriptor::Value(value),
            Backing::Object(object) => Descriptor::Object(base.location(object, V::MARK)),
            Backing::Physical(slot) => Descriptor::Physical(slot.into_raw()),
            Backing::Packed(share) => Descriptor::Packed(share.into_raw()),
        };
        match table.put(self.index, desc) {
            Ok(old) => Ok(self.slots.backing(old.map_err(PutError::Invalid)?)),
            Err(desc) => Err(PutError::NoRoom(self.slots.backing(desc))),
        }
    }
}

/// Why a slot could not be given something to hold.
pub(crate) enum PutError<'a, V> {
    /// The object is where no descriptor can point; it comes back.
    NoRoom(Backing<'a, V>),
    /// The slot had a word that is no descriptor. It was replaced.
    Invalid(Invalid),
}
