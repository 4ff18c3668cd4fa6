// SPDX-License-Identifier: GPL-2.0

//! What a descriptor says of a page that takes no memory.
//!
//! ```text
//!               63       32 31       3 2   0
//! Same-filled: |-- word ---|--- 0 ----|  001  |
//! Lost:        |---------- 0 ---------|  100  |
//! ```
//!
//! This file uses nothing but `core`; it is also built and tested on the host.

use super::age;
use crate::swap::descriptor::ValueEncoding;

const TAG_MASK: u64 = 7;
const TAG_SAME_FILLED: u64 = 1;
const TAG_LOST: u64 = 4;
const WORD_SHIFT: u32 = 32;

/// A page that takes no memory beside the descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// It is this word, repeated.
    SameFilled(u32),
    /// It was on a device that was turned off, and could not be read.
    Lost,
}

impl ValueEncoding for Value {
    const MARK: u8 = age::NEW;

    #[inline]
    fn encode(self) -> u64 {
        match self {
            Self::SameFilled(word) => TAG_SAME_FILLED | (u64::from(word) << WORD_SHIFT),
            Self::Lost => TAG_LOST,
        }
    }

    #[inline]
    fn decode(word: u64) -> Option<Self> {
        match word & TAG_MASK {
            TAG_SAME_FILLED if word as u32 == TAG_SAME_FILLED as u32 => {
                Some(Self::SameFilled((word >> WORD_SHIFT) as u32))
            }
            TAG_LOST if word == TAG_LOST => Some(Self::Lost),
            _ => None,
        }
    }
}
