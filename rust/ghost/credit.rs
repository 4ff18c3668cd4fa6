// SPDX-License-Identifier: GPL-2.0

//! How long to believe that packing pages makes memory, when it has not shown yet.
//!
//! Objects that are shorter are no free memory: a new pool begins with pages that are nearly empty, one or more
//! for each size of objects; and a kernel that looks for bugs may take as much for each object as packing saves.
//! So what was saved is credited up to a bound, until the pools have become smaller.
//!
//! This file uses nothing but `core`; it is also built and tested on the host.

/// How many bytes are credited.
const MAX: usize = 4 << 20;

/// Who gets no more than this for a second's work will come again at once, and again.
const TOO_LITTLE: usize = 64 << 10;

/// What was saved since it was last seen that memory became free, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Credit(usize);

impl Credit {
    /// Adds what was saved, where `shows` says whether memory became free; returns whether that is worth another
    /// try of who needs memory.
    pub(crate) fn add(&mut self, saved: usize, shows: bool) -> bool {
        self.0 = match shows {
            true => 0,
            false => self.0.saturating_add(saved),
        };
        saved > TOO_LITTLE && self.0 <= MAX
    }
}
