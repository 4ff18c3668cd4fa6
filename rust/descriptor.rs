// SPDX-License-Identifier: GPL-2.0

//! The descriptor: 64 bits that say what holds the page of a slot.
//!
//! ```text
//!               63 62 61   58 57        46 45                     3 2   0
//! Empty:       |----------------------- 0 -----------------------|  000  |
//! Same-filled: |--------- word ---------|----------- 0 ----------|  001  | (word: 63..32)
//! Compressed:  |-AGE-|-POOL-|-LENGTH - 1-|--------- HANDLE -------|  010  |
//! Physical:    |--TYPE--|------------------ OFFSET ---------------|  011  | (type: 62..58)
//! Lost:        |----------------------- 0 -----------------------|  100  |
//! ```
//!
//! - Empty: the slot is free, or its page is in the swap cache, which then is the only copy.
//! - Same-filled: the page is one 32-bit word, repeated.
//! - Compressed: the page is a zsmalloc object of LENGTH bytes in compression pool POOL; an object of
//!   a whole page was not worth compressing. HANDLE is what is left of a zsmalloc handle, the address
//!   of an 8-byte object in the direct map, without its base and its three zero bits: 43 bits
//!   reach 64 TiB of memory. AGE is for the order in which pages leave the pools: see `age.rs`.
//! - Physical: the page is in a slot of another swap device, named as in a swap entry by the number
//!   of the device and the offset on it.
//! - Lost: the page was on a device that was turned off and could not be read.
//!
//! All other words are invalid, so a torn or overwritten descriptor does not pass for data.
//!
//! This file uses nothing but `core`; it is also built and tested on the host.

/// The length of a page in bytes, and so the greatest length of an object.
pub(crate) const PAGE_LEN: usize = 4096;

/// How many compression pools a descriptor can name.
pub(crate) const MAX_POOLS: usize = 15;

const TAG_BITS: u32 = 3;
const TAG_MASK: u64 = (1 << TAG_BITS) - 1;
const TAG_EMPTY: u64 = 0;
const TAG_SAME_FILLED: u64 = 1;
const TAG_COMPRESSED: u64 = 2;
const TAG_PHYSICAL: u64 = 3;
const TAG_LOST: u64 = 4;

const WORD_SHIFT: u32 = 32;

/// How many bits of a handle a descriptor holds.
pub(crate) const HANDLE_BITS: u32 = 43;
const HANDLE_SHIFT: u32 = TAG_BITS;
const LENGTH_BITS: u32 = 12;
const LENGTH_SHIFT: u32 = HANDLE_SHIFT + HANDLE_BITS;
const POOL_BITS: u32 = 4;
const POOL_SHIFT: u32 = LENGTH_SHIFT + LENGTH_BITS;
const AGE_BITS: u32 = 2;

const OFFSET_SHIFT: u32 = TAG_BITS;
/// Where a swap entry has the number of the device.
const TYPE_SHIFT: u32 = 58;
const TYPE_BITS: u32 = 5;
const OFFSET_BITS: u32 = TYPE_SHIFT - OFFSET_SHIFT;
const AGE_SHIFT: u32 = POOL_SHIFT + POOL_BITS;

const _: () = assert!(AGE_SHIFT + AGE_BITS == u64::BITS);
const _: () = assert!(PAGE_LEN == 1 << LENGTH_BITS);
const _: () = assert!(MAX_POOLS < 1 << POOL_BITS);

/// Where a compressed page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    /// The handle's bits, below `1 << HANDLE_BITS`.
    pub(crate) handle: u64,
    /// The object's length in bytes, from 1 to [`PAGE_LEN`].
    pub(crate) len: usize,
    /// The pool's number, below [`MAX_POOLS`].
    pub(crate) pool: usize,
    /// The age, below 4.
    pub(crate) age: u8,
}

/// What holds the page of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Descriptor {
    /// Nothing: the slot is free, or the swap cache has the page.
    Empty,
    /// This word, repeated.
    SameFilled(u32),
    /// An object in a compression pool.
    Compressed(Location),
    /// A slot of another device, as a swap entry that is not 0.
    Physical(u64),
    /// It cannot be had any more.
    Lost,
}

/// A word that is no descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invalid(pub(crate) u64);

const fn field(word: u64, shift: u32, bits: u32) -> u64 {
    (word >> shift) & ((1 << bits) - 1)
}

/// The age in a word, if that is of a compressed page; else any number.
#[inline]
pub(crate) const fn age_of(word: u64) -> u8 {
    field(word, AGE_SHIFT, AGE_BITS) as u8
}

impl Descriptor {
    /// The word for this descriptor, or `None` where a field is out of its range.
    #[inline]
    pub(crate) fn encode(self) -> Option<u64> {
        match self {
            Self::Empty => Some(TAG_EMPTY),
            Self::SameFilled(word) => Some(TAG_SAME_FILLED | (u64::from(word) << WORD_SHIFT)),
            Self::Compressed(at) => {
                if at.handle >> HANDLE_BITS != 0
                    || !(1..=PAGE_LEN).contains(&at.len)
                    || at.pool >= MAX_POOLS
                    || at.age >> AGE_BITS != 0
                {
                    return None;
                }
                Some(
                    TAG_COMPRESSED
                        | (at.handle << HANDLE_SHIFT)
                        | ((at.len as u64 - 1) << LENGTH_SHIFT)
                        | ((at.pool as u64) << POOL_SHIFT)
                        | (u64::from(at.age) << AGE_SHIFT),
                )
            }
            Self::Physical(entry) => {
                let (kind, offset) = (entry >> TYPE_SHIFT, field(entry, 0, TYPE_SHIFT));
                if entry == 0 || kind >> TYPE_BITS != 0 || offset >> OFFSET_BITS != 0 {
                    return None;
                }
                Some(TAG_PHYSICAL | (offset << OFFSET_SHIFT) | (kind << TYPE_SHIFT))
            }
            Self::Lost => Some(TAG_LOST),
        }
    }

    /// The descriptor that `word` stands for.
    #[inline]
    pub(crate) fn decode(word: u64) -> Result<Self, Invalid> {
        // Most are that, so it comes first.
        if word & TAG_MASK == TAG_COMPRESSED
            && field(word, POOL_SHIFT, POOL_BITS) < MAX_POOLS as u64
        {
            return Ok(Self::Compressed(Location {
                handle: field(word, HANDLE_SHIFT, HANDLE_BITS),
                len: field(word, LENGTH_SHIFT, LENGTH_BITS) as usize + 1,
                pool: field(word, POOL_SHIFT, POOL_BITS) as usize,
                age: field(word, AGE_SHIFT, AGE_BITS) as u8,
            }));
        }
        match word & TAG_MASK {
            TAG_EMPTY if word == 0 => Ok(Self::Empty),
            TAG_SAME_FILLED if word & ((1 << WORD_SHIFT) - 1) == TAG_SAME_FILLED => {
                Ok(Self::SameFilled((word >> WORD_SHIFT) as u32))
            }
            TAG_PHYSICAL if word >> (TYPE_SHIFT + TYPE_BITS) == 0 && word != TAG_PHYSICAL => {
                let offset = field(word, OFFSET_SHIFT, OFFSET_BITS);
                Ok(Self::Physical(offset | (word >> TYPE_SHIFT << TYPE_SHIFT)))
            }
            TAG_LOST if word == TAG_LOST => Ok(Self::Lost),
            _ => Err(Invalid(word)),
        }
    }
}
