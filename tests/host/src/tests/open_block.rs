// SPDX-License-Identifier: GPL-2.0

//! A block that is being filled in a model.

use crate::ghost::block::{Block, Builder, Packed, Seal, BLOCK_LEN};

/// A page in it, and what its slot has while nobody uses the page.
pub(super) struct Placed {
    pub(super) slot: usize,
    pub(super) stamp: u64,
    pub(super) index: usize,
    pub(super) seal: Seal,
}

/// A block that is being filled.
pub(super) struct Open {
    pub(super) block: Box<Block>,
    pub(super) builder: Builder,
    pub(super) placed: Vec<Placed>,
}

impl Open {
    pub(super) fn new() -> Self {
        let mut block: Box<Block> = Box::new([0; BLOCK_LEN]);
        let builder = Builder::new(&mut block, crc);
        Self {
            block,
            builder,
            placed: Vec::new(),
        }
    }

    /// Returns whether there was room.
    pub(super) fn add(&mut self, slot: usize, data: &[u8], stamp: u64) -> bool {
        let packed = Packed {
            slot: slot as u64,
            pool: 0,
            data,
        };
        let pushed = self.builder.push(&mut self.block, packed);
        self.placed.extend(pushed.map(|(index, seal)| Placed {
            slot,
            stamp,
            index,
            seal,
        }));
        pushed.is_some()
    }
}

/// The checksum.
pub(super) fn crc(sum: u32, data: &[u8]) -> u32 {
    crc32c::crc32c_append(sum, data)
}
