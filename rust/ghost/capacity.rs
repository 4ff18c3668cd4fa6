// SPDX-License-Identifier: GPL-2.0

//! How much the ghost can keep in all, for SwapTotal and SwapFree.
//!
//! It is an estimate: how far the next pages will shrink is not known, so they are taken to be like
//! those that are kept. It need not be exact where there is plenty of room, but must come to what is
//! used as memory runs out: who ends a process to get memory back looks at SwapFree.
//!
//! This file uses nothing but `core`; it is also built and tested on the host.

/// What the pools have, in pages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fill {
    /// How much memory they may take.
    pub(crate) limit: usize,
    /// How much they take.
    pub(crate) taken: usize,
    /// How many pages are in there.
    pub(crate) kept: usize,
}

/// Fewer pages than these do not tell how others will shrink.
const ENOUGH_TO_TELL: usize = 256;

impl Fill {
    /// How many more pages fit, as far as those that are kept tell.
    pub(crate) fn room(self) -> usize {
        let left = self.limit.saturating_sub(self.taken);
        if self.kept < ENOUGH_TO_TELL || self.taken == 0 {
            // Most data shrink to half their size.
            return left.saturating_mul(2);
        }
        // No more than 2^64 for any RAM that x86 has; saturated, it is less than there is.
        left.saturating_mul(self.kept) / self.taken
    }

    /// Whether that matters yet: until half of the memory is taken, the ghost's size is.
    pub(crate) fn is_low(self) -> bool {
        self.taken >= self.limit / 2
    }
}

/// What to tell of a ghost whose size is the default, that of RAM in `pages`, where `used` of its slots
/// are: as much more that a quarter is free. It grows, as pages may shrink by more than half.
pub(crate) fn default_size(pages: usize, used: usize) -> usize {
    pages.max(used.saturating_add(used / 3))
}
