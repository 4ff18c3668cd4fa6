// SPDX-License-Identifier: GPL-2.0

//! Which pools pages go to.
//!
//! This file uses nothing but `core`; it is also built and tested on the host.

/// No pool has this number.
const NONE: u8 = u8::MAX;

/// The numbers of the pools that pages go to, in one word, so that they change at once.
///
/// New pages go to the current pool, or to the tight one where memory is short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Roles {
    taking: u8,
    current: u8,
    tight: u8,
}

impl Roles {
    /// With no tight pool.
    pub(crate) const fn new(current: usize) -> Self {
        Self {
            taking: current as u8,
            current: current as u8,
            tight: NONE,
        }
    }

    /// From [`Self::to_word`].
    #[inline(always)]
    pub(crate) const fn from_word(word: u32) -> Self {
        let [taking, current, tight, _] = word.to_le_bytes();
        Self {
            taking,
            current,
            tight,
        }
    }

    /// All of them.
    pub(crate) const fn to_word(self) -> u32 {
        u32::from_le_bytes([self.taking, self.current, self.tight, 0])
    }

    /// The pool that takes new pages.
    #[inline(always)]
    pub(crate) const fn taking(self) -> usize {
        self.taking as usize
    }

    /// The pool that takes new pages where memory is not short.
    pub(crate) const fn current(self) -> usize {
        self.current as usize
    }

    /// The pool that old pages are packed into.
    pub(crate) fn tight(self) -> Option<usize> {
        (self.tight != NONE).then_some(self.tight as usize)
    }

    /// Whether pages go to this one.
    pub(crate) fn has(self, id: usize) -> bool {
        id == self.taking() || id == self.current() || self.tight() == Some(id)
    }

    /// With another current pool. Where that was the tight one, too, memory is not short any more.
    pub(crate) fn with_current(self, id: usize) -> Self {
        let current = id as u8;
        match self.taking == self.current {
            true => Self {
                taking: current,
                current,
                ..self
            },
            false => Self { current, ..self },
        }
    }

    /// With this tight pool, or none. Another one than before takes no new pages yet.
    pub(crate) fn with_tight(self, id: Option<usize>) -> Self {
        if self.tight() == id {
            return self;
        }
        Self {
            taking: self.current,
            current: self.current,
            tight: id.map_or(NONE, |id| id as u8),
        }
    }

    /// Where memory is short, or is not.
    pub(crate) fn with_shortage(self, is_short: bool) -> Self {
        let taking = match self.tight() {
            Some(_) if is_short => self.tight,
            _ => self.current,
        };
        Self { taking, ..self }
    }
}
