// SPDX-License-Identifier: GPL-2.0

//! How many pages have left blocks since these were last looked at.

use kernel::sync::atomic::{
    ordering::Relaxed,
    Atomic, //
};

/// Blocks are worth a look once so many pages have left some, or one for eight blocks.
const LEAST: i64 = 64;

/// See above. `packed` is how many pages are in blocks.
pub(super) struct Gone {
    /// How many were ever put into some.
    put: Atomic<i64>,
    /// How many had left when all blocks had been looked at.
    seen: Atomic<i64>,
    /// The last block that was looked at since, or 0.
    at: Atomic<u64>,
}

impl Gone {
    pub(super) const fn new() -> Self {
        Self {
            put: Atomic::new(0),
            seen: Atomic::new(0),
            at: Atomic::new(0),
        }
    }

    /// So many pages were put into blocks.
    pub(super) fn put(&self, pages: usize) {
        self.put.fetch_add(pages as i64, Relaxed);
    }

    /// Behind which block to go on.
    pub(super) fn at(&self) -> u64 {
        self.at.load(Relaxed)
    }

    /// Blocks were looked at, up to this one.
    pub(super) fn see(&self, block: u64) {
        self.at.store(block, Relaxed);
    }

    /// There are no more.
    pub(super) fn see_all(&self, packed: i64) {
        self.at.store(0, Relaxed);
        self.seen.store(self.put.load(Relaxed) - packed, Relaxed);
    }

    /// Whether as many have left that `blocks` are worth another look.
    pub(super) fn are_enough(&self, blocks: i64, packed: i64) -> bool {
        let gone = self.put.load(Relaxed) - packed - self.seen.load(Relaxed);
        gone >= LEAST.max(blocks / 8)
    }
}
