// SPDX-License-Identifier: GPL-2.0

//! The descriptors of neighbouring slots, and who owns what they point at.
//!
//! A descriptor owns what it names. It is taken by an atomic exchange, so by one caller only, who
//! then owns that. [`Table::put`] returns the descriptor that it replaces, so none is lost.
//!
//! This file uses nothing but `core`; it is also built and tested on the host.

use super::descriptor::{
    mark_of,
    Descriptor,
    Invalid,
    Location,
    ValueEncoding, //
};
use core::marker::PhantomData;

/// A 64-bit word that can be exchanged atomically. Taking a word synchronizes with putting it.
pub(crate) trait Word {
    /// Reads the word.
    fn load(&self) -> u64;
    /// Replaces the word; returns the old one.
    fn exchange(&self, new: u64) -> u64;
    /// Replaces the word if it is `old`; returns whether it was.
    fn replace(&self, old: u64, new: u64) -> bool;
}

/// The descriptors of neighbouring slots.
pub(crate) struct Table<'a, W, V>(&'a [W], PhantomData<V>);

impl<'a, W: Word, V: ValueEncoding> Table<'a, W, V> {
    /// Wraps the words of a table.
    pub(crate) fn new(words: &'a [W]) -> Self {
        Self(words, PhantomData)
    }

    /// The table of slot `i` alone.
    pub(crate) fn only(&self, i: usize) -> Self {
        Self(&self.0[i..=i], PhantomData)
    }

    /// The word of slot `i`.
    pub(crate) fn word(&self, i: usize) -> u64 {
        self.0[i].load()
    }

    /// How many slots there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The descriptor of slot `i`, which stays where it is. Unless the caller keeps others from
    /// taking it, it may be stale at once.
    #[inline]
    pub(crate) fn peek(&self, i: usize) -> Result<Descriptor<V>, Invalid> {
        Descriptor::decode(self.0[i].load())
    }

    /// Whether slot `i` is empty, which may be stale as it is with [`Self::peek`].
    #[inline(always)]
    pub(crate) fn is_empty(&self, i: usize) -> bool {
        self.0[i].load() == 0
    }

    /// Takes the descriptor out of slot `i` and leaves the slot empty.
    #[inline(always)]
    pub(crate) fn take(&self, i: usize) -> Result<Descriptor<V>, Invalid> {
        match self.is_empty(i) {
            true => Ok(Descriptor::Empty),
            false => Descriptor::decode(self.0[i].exchange(0)),
        }
    }

    /// Puts a descriptor into slot `i`; returns what was there before.
    ///
    /// A descriptor with a field out of its range is not put: it comes back as an error.
    #[inline]
    pub(crate) fn put(
        &self,
        i: usize,
        new: Descriptor<V>,
    ) -> Result<Result<Descriptor<V>, Invalid>, Descriptor<V>> {
        let word = new.encode().ok_or(new)?;
        Ok(Descriptor::decode(self.0[i].exchange(word)))
    }

    /// Marks the object of slot `i` if there is one.
    #[inline]
    pub(crate) fn set_mark(&self, i: usize, mark: u8) {
        let word = self.0[i].load();
        // Most have it.
        if mark_of(word) == mark {
            return;
        }
        if let Ok(Descriptor::<V>::Object(at)) = Descriptor::decode(word) {
            self.replace(i, word, Descriptor::Object(Location { mark, ..at }));
        }
    }

    /// Marks the object of slot `i`, if there is one, with what `f` makes of its mark. Returns that
    /// as it was before.
    pub(crate) fn update_mark(
        &self,
        i: usize,
        f: impl FnOnce(u8) -> Option<u8>,
    ) -> Result<Option<u8>, Invalid> {
        let word = self.0[i].load();
        let Descriptor::<V>::Object(at) = Descriptor::decode(word)? else {
            return Ok(None);
        };
        if let Some(mark) = f(at.mark) {
            self.replace(i, word, Descriptor::Object(Location { mark, ..at }));
        }
        Ok(Some(at.mark))
    }

    /// A slot that changes hands meanwhile is left alone.
    #[inline]
    fn replace(&self, i: usize, old: u64, new: Descriptor<V>) {
        if let Some(new) = new.encode() {
            self.0[i].replace(old, new);
        }
    }
}
