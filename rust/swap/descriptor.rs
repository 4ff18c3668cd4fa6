// SPDX-License-Identifier: GPL-2.0

//! The descriptor: 64 bits that say what holds the page of a slot.
//!
//! ```text
//!           63  62 61   58 57        46 45                     3 2   0
//! Empty:    |----------------------- 0 -----------------------|  000  |
//! Object:   |-MARK-|-POOL-|-LENGTH - 1-|-------- HANDLE ------|  010  |
//! Physical: |0|--TYPE--|---------------- OFFSET --------------|  011  | (type: 62..58)
//! Packed:   |-SEAL, 16-|-POOL, 4-|-INDEX, 4-|-TYPE, 5-|-OFFSET, 32-|  101  |
//! Value:    |--------------- what the driver says ------------| other |
//! ```
//!
//! - Empty: the slot is free, or its page is in the swap cache, which then is the only copy.
//! - Object: the page is a zsmalloc object of LENGTH bytes in the pool with the number POOL. HANDLE
//!   is what is left of a zsmalloc handle, the address of an 8-byte object in the direct map, without
//!   its base and its three zero bits: 43 bits reach 64 TiB of memory. MARK is for the driver to use.
//! - Physical: the page is in a slot of another swap device, named as in a swap entry by the number
//!   of the device and the offset on it.
//! - Packed: the page is compressed in a block, with others: page INDEX of that in OFFSET of the swap device
//!   TYPE, with a part of its checksum, SEAL. It can be read by the compressor of the pool POOL.
//! - Value: nothing is owned. Which words are valid is up to the driver, see [`ValueEncoding`].
//!
//! All other words are invalid, so a torn or overwritten descriptor does not pass for data.
//!
//! This file uses nothing but `core`; it is also built and tested on the host.

/// The length of a page in bytes, and so the greatest length of an object.
pub(crate) const PAGE_LEN: usize = 4096;

/// How many pools a descriptor can name.
pub(crate) const MAX_POOLS: usize = 15;

const TAG_BITS: u32 = 3;
const TAG_MASK: u64 = (1 << TAG_BITS) - 1;
const TAG_EMPTY: u64 = 0;
const TAG_OBJECT: u64 = 2;
const TAG_PHYSICAL: u64 = 3;
const TAG_PACKED: u64 = 5;

/// How many bits of a handle a descriptor holds.
pub(crate) const HANDLE_BITS: u32 = 43;
const HANDLE_SHIFT: u32 = TAG_BITS;
const LENGTH_BITS: u32 = 12;
const LENGTH_SHIFT: u32 = HANDLE_SHIFT + HANDLE_BITS;
const POOL_BITS: u32 = 4;
const POOL_SHIFT: u32 = LENGTH_SHIFT + LENGTH_BITS;
const MARK_BITS: u32 = 2;

const OFFSET_SHIFT: u32 = TAG_BITS;
/// Where a swap entry has the number of the device.
const TYPE_SHIFT: u32 = 58;
const TYPE_BITS: u32 = 5;
const OFFSET_BITS: u32 = TYPE_SHIFT - OFFSET_SHIFT;
const MARK_SHIFT: u32 = POOL_SHIFT + POOL_BITS;

const PACKED_OFFSET_BITS: u32 = 32;
const PACKED_TYPE_SHIFT: u32 = TAG_BITS + PACKED_OFFSET_BITS;
const INDEX_SHIFT: u32 = PACKED_TYPE_SHIFT + TYPE_BITS;
const INDEX_BITS: u32 = 4;
const PACKED_POOL_SHIFT: u32 = INDEX_SHIFT + INDEX_BITS;
const SEAL_SHIFT: u32 = PACKED_POOL_SHIFT + POOL_BITS;

const _: () = assert!(SEAL_SHIFT + u16::BITS == u64::BITS);
const _: () = assert!(MARK_SHIFT + MARK_BITS == u64::BITS);
const _: () = assert!(PAGE_LEN == 1 << LENGTH_BITS);
const _: () = assert!(MAX_POOLS < 1 << POOL_BITS);

/// How many devices a swap entry can name.
pub(crate) const MAX_DEVICES: usize = 1 << TYPE_BITS;

/// The number of the device that a swap entry names: its type.
#[inline]
pub(crate) const fn device_of(entry: u64) -> usize {
    field(entry, TYPE_SHIFT, TYPE_BITS) as usize
}

/// Which object has a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    /// The handle's bits, below `1 << HANDLE_BITS`.
    pub(crate) handle: u64,
    /// The object's length in bytes, from 1 to [`PAGE_LEN`].
    pub(crate) len: usize,
    /// The pool's number, below [`MAX_POOLS`].
    pub(crate) pool: usize,
    /// What the driver notes about the page, below 4.
    pub(crate) mark: u8,
}

/// Where a block has a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InBlock {
    /// The slot that the block is in, as a swap entry that is not 0, with less than `1 << 32` of offset.
    pub(crate) entry: u64,
    /// Which page of the block it is, below 16.
    pub(crate) index: u8,
    /// The number of the pool whose compressor it needs, below [`MAX_POOLS`].
    pub(crate) pool: usize,
    /// A part of its checksum.
    pub(crate) seal: u16,
}

/// What a driver's descriptor says where it owns nothing.
pub(crate) trait ValueEncoding: Copy {
    /// The mark of an object that is put into a slot, below 4.
    const MARK: u8;

    /// The word. Its three lowest bits are not 0, 2, 3 or 5.
    fn encode(self) -> u64;

    /// The value that [`Self::encode`] makes into this word, if there is one. To match on the three
    /// lowest bits costs nothing: the caller does, too.
    fn decode(word: u64) -> Option<Self>;
}

/// What holds the page of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Descriptor<V> {
    /// Nothing: the slot is free, or the swap cache has the page.
    Empty,
    /// Nothing else: the driver knows the page by this.
    Value(V),
    /// An object in a pool.
    Object(Location),
    /// A slot of another device, as a swap entry that is not 0.
    Physical(u64),
    /// A part of a block on another device.
    Packed(InBlock),
}

/// A word that is no descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invalid(pub(crate) u64);

const fn field(word: u64, shift: u32, bits: u32) -> u64 {
    (word >> shift) & ((1 << bits) - 1)
}

/// The mark in a word, if that is of an object; else any number.
#[inline]
pub(crate) const fn mark_of(word: u64) -> u8 {
    field(word, MARK_SHIFT, MARK_BITS) as u8
}

impl<V: ValueEncoding> Descriptor<V> {
    /// The word for this descriptor, or `None` where a field is out of its range.
    #[inline]
    pub(crate) fn encode(self) -> Option<u64> {
        match self {
            Self::Empty => Some(0),
            Self::Value(value) => {
                let word = value.encode();
                let tags = [TAG_EMPTY, TAG_OBJECT, TAG_PHYSICAL, TAG_PACKED];
                (!tags.contains(&(word & TAG_MASK))).then_some(word)
            }
            Self::Object(at) => {
                if at.handle >> HANDLE_BITS != 0
                    || !(1..=PAGE_LEN).contains(&at.len)
                    || at.pool >= MAX_POOLS
                    || at.mark >> MARK_BITS != 0
                {
                    return None;
                }
                Some(
                    TAG_OBJECT
                        | (at.handle << HANDLE_SHIFT)
                        | ((at.len as u64 - 1) << LENGTH_SHIFT)
                        | ((at.pool as u64) << POOL_SHIFT)
                        | (u64::from(at.mark) << MARK_SHIFT),
                )
            }
            Self::Physical(entry) => {
                let (kind, offset) = (entry >> TYPE_SHIFT, field(entry, 0, TYPE_SHIFT));
                if entry == 0 || kind >> TYPE_BITS != 0 || offset >> OFFSET_BITS != 0 {
                    return None;
                }
                Some(TAG_PHYSICAL | (offset << OFFSET_SHIFT) | (kind << TYPE_SHIFT))
            }
            Self::Packed(at) => {
                let (kind, offset) = (at.entry >> TYPE_SHIFT, field(at.entry, 0, TYPE_SHIFT));
                if at.entry == 0
                    || kind >> TYPE_BITS != 0
                    || offset >> PACKED_OFFSET_BITS != 0
                    || at.index >> INDEX_BITS != 0
                    || at.pool >= MAX_POOLS
                {
                    return None;
                }
                Some(
                    TAG_PACKED
                        | (offset << TAG_BITS)
                        | (kind << PACKED_TYPE_SHIFT)
                        | (u64::from(at.index) << INDEX_SHIFT)
                        | ((at.pool as u64) << PACKED_POOL_SHIFT)
                        | (u64::from(at.seal) << SEAL_SHIFT),
                )
            }
        }
    }

    /// The descriptor that `word` stands for.
    #[inline]
    pub(crate) fn decode(word: u64) -> Result<Self, Invalid> {
        // Most are that, so it comes first.
        if word & TAG_MASK == TAG_OBJECT && field(word, POOL_SHIFT, POOL_BITS) < MAX_POOLS as u64 {
            return Ok(Self::Object(Location {
                handle: field(word, HANDLE_SHIFT, HANDLE_BITS),
                len: field(word, LENGTH_SHIFT, LENGTH_BITS) as usize + 1,
                pool: field(word, POOL_SHIFT, POOL_BITS) as usize,
                mark: mark_of(word),
            }));
        }
        match word & TAG_MASK {
            TAG_OBJECT => Err(Invalid(word)),
            TAG_PHYSICAL if word >> (TYPE_SHIFT + TYPE_BITS) == 0 && word != TAG_PHYSICAL => {
                let offset = field(word, OFFSET_SHIFT, OFFSET_BITS);
                Ok(Self::Physical(offset | (word >> TYPE_SHIFT << TYPE_SHIFT)))
            }
            TAG_PHYSICAL => Err(Invalid(word)),
            TAG_PACKED => {
                let offset = field(word, TAG_BITS, PACKED_OFFSET_BITS);
                let entry = offset | (field(word, PACKED_TYPE_SHIFT, TYPE_BITS) << TYPE_SHIFT);
                let pool = field(word, PACKED_POOL_SHIFT, POOL_BITS) as usize;
                match entry == 0 || pool >= MAX_POOLS {
                    true => Err(Invalid(word)),
                    false => Ok(Self::Packed(InBlock {
                        entry,
                        index: field(word, INDEX_SHIFT, INDEX_BITS) as u8,
                        pool,
                        seal: field(word, SEAL_SHIFT, u16::BITS) as u16,
                    })),
                }
            }
            TAG_EMPTY if word == 0 => Ok(Self::Empty),
            TAG_EMPTY => Err(Invalid(word)),
            _ => V::decode(word).map(Self::Value).ok_or(Invalid(word)),
        }
    }
}
