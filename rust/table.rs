// SPDX-License-Identifier: GPL-2.0

//! The descriptors of neighbouring slots, and who owns what they point at.
//!
//! A descriptor owns what it names. It changes hands by an atomic exchange: whoever takes it out
//! of the table has to free it, and nobody else can take it again. [`Table::put`] tells of a
//! descriptor that was already there, so nothing is overwritten unseen.
//!
//! This file uses nothing but `core`; it is also built and tested on the host.

use crate::{
    age::{self, Verdict},
    descriptor::{age_of, Descriptor, Invalid},
};

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
pub(crate) struct Table<'a, W>(&'a [W]);

impl<'a, W: Word> Table<'a, W> {
    /// Wraps the words of a table.
    pub(crate) fn new(words: &'a [W]) -> Self {
        Self(words)
    }

    /// How many slots there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The descriptor of slot `i`, which stays where it is. It can be gone at once, unless the
    /// caller keeps others from taking it.
    #[inline]
    pub(crate) fn peek(&self, i: usize) -> Result<Descriptor, Invalid> {
        Descriptor::decode(self.0[i].load())
    }

    /// Takes the descriptor out of slot `i` and leaves the slot empty.
    #[inline(always)]
    pub(crate) fn take(&self, i: usize) -> Result<Descriptor, Invalid> {
        match self.0[i].load() {
            0 => Ok(Descriptor::Empty),
            _ => Descriptor::decode(self.0[i].exchange(0)),
        }
    }

    /// Puts a descriptor into slot `i`; returns what was there before.
    ///
    /// A descriptor with a field out of its range is not put: it comes back as an error.
    #[inline]
    pub(crate) fn put(
        &self,
        i: usize,
        new: Descriptor,
    ) -> Result<Result<Descriptor, Invalid>, Descriptor> {
        let word = new.encode().ok_or(new)?;
        Ok(Descriptor::decode(self.0[i].exchange(word)))
    }

    /// Notes that the page of slot `i` was used.
    #[inline]
    pub(crate) fn renew(&self, i: usize) {
        let word = self.0[i].load();
        // Most are new.
        if age_of(word) == age::NEW {
            return;
        }
        let new = Descriptor::decode(word).ok().and_then(age::renew);
        if let Some(new) = new.and_then(Descriptor::encode) {
            // What changed meanwhile is left alone.
            self.0[i].replace(word, new);
        }
    }

    /// Lets the clock's hand pass slot `i`; returns whether the page there is to go.
    ///
    /// A slot that changes hands meanwhile is left alone.
    pub(crate) fn visit(&self, i: usize) -> Result<bool, Invalid> {
        let word = self.0[i].load();
        Ok(match age::visit(Descriptor::decode(word)?) {
            Verdict::Pass => false,
            Verdict::Take => true,
            Verdict::Spare(desc) => {
                if let Some(new) = desc.encode() {
                    self.0[i].replace(word, new);
                }
                false
            }
        })
    }
}
