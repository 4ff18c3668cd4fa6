// SPDX-License-Identifier: GPL-2.0

//! Blocks: several compressed pages in one slot of a disk.
//!
//! A block is as long as a page. Pages are named by a slot of the ghost and by their index in the block.
//!
//! ```text
//!   0       4     5      6        8          12       16       32
//!   +-------+-----+------+--------+----------+--------+--------+-- - --+-------- - - - -+
//!   | MAGIC | VER | NR   |   0    | HEAD-SUM |   0    | entry0 | ...   |free | data1 | data0 |
//!   +-------+-----+------+--------+----------+--------+--------+-- - --+-------- - - - -+
//!
//! entry:
//!   0            8       10       11    12         16
//!   +------------+-------+--------+-----+----------+
//!   | SLOT       | AT    | LENGTH-1, POOL | SUM    |   LENGTH-1: 12 bits, POOL: the 4 above them
//!   +------------+-------+----------------+--------+
//! ```
//!
//! All numbers are little-endian. Entries grow from the front, data from the end. HEAD-SUM is the checksum
//! of the header and of all entries, with 0 in its own place; SUM is that of SLOT, AT, LENGTH, POOL and the
//! data. So nothing that was read back wrong passes for a page. What was never written does not either: whoever
//! reads knows of each page a part of its SUM, the [`Seal`], from when the block was made.
//!
//! This file uses nothing but `core`; it is also built and tested on the host.

/// How long a block is in bytes: as a page.
pub(crate) const BLOCK_LEN: usize = 4096;

/// How many pages a block can have.
pub(crate) const MAX_PAGES: usize = 16;

const MAGIC: u32 = 0x7057_5356;
const VERSION: u8 = 1;
const HEADER_LEN: usize = 16;
const ENTRY_LEN: usize = 16;
const SUM_AT: usize = 8;
/// What of an entry comes before its checksum.
const ENTRY_SUM_AT: usize = 12;

/// A block's bytes.
pub(crate) type Block = [u8; BLOCK_LEN];

/// A checksum of 32 bits, with which one of the bytes before goes on.
pub(crate) type Checksum = fn(u32, &[u8]) -> u32;

/// A part of a page's checksum, for whoever has the page in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seal(pub(crate) u16);

/// A compressed page in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packed<'a> {
    /// The ghost's slot, of which it is the page.
    pub(crate) slot: u64,
    /// The pool whose compressor made it, below 16.
    pub(crate) pool: u8,
    /// What the compressor made, at most a page of it.
    pub(crate) data: &'a [u8],
}

/// Why a page cannot be read from a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bad {
    /// It is no block, or its header is damaged.
    Header,
    /// It has no such page.
    Index,
    /// The page is damaged, or another.
    Page,
}

/// How far a block is filled. All its functions are to be called with the same block.
pub(crate) struct Builder {
    nr: usize,
    /// Where the data begin.
    end: usize,
    sum: Checksum,
}

impl Builder {
    /// Begins a block.
    pub(crate) fn new(block: &mut Block, sum: Checksum) -> Self {
        block.fill(0);
        Self {
            nr: 0,
            end: BLOCK_LEN,
            sum,
        }
    }

    /// How many bytes are left for another page.
    pub(crate) fn room(&self) -> usize {
        let entries = HEADER_LEN + (self.nr + 1) * ENTRY_LEN;
        match self.nr < MAX_PAGES {
            true => self.end.saturating_sub(entries),
            false => 0,
        }
    }

    /// Adds a page; returns its index, and what tells it from others. `None` if there is no room.
    pub(crate) fn push(&mut self, block: &mut Block, page: Packed<'_>) -> Option<(usize, Seal)> {
        let Packed { slot, pool, data } = page;
        if data.is_empty() || data.len() > self.room() || pool >= 16 {
            return None;
        }
        let index = self.nr;
        let at = self.end - data.len();
        block[at..self.end].copy_from_slice(data);
        let entry = &mut block[entry_at(index)..][..ENTRY_LEN];
        let shape = (data.len() - 1) as u16 | (u16::from(pool) << 12);
        entry[..8].copy_from_slice(&slot.to_le_bytes());
        entry[8..10].copy_from_slice(&(at as u16).to_le_bytes());
        entry[10..12].copy_from_slice(&shape.to_le_bytes());
        let sum = (self.sum)((self.sum)(!0, &entry[..ENTRY_SUM_AT]), data);
        entry[ENTRY_SUM_AT..].copy_from_slice(&sum.to_le_bytes());
        self.nr += 1;
        self.end = at;
        Some((index, seal(sum)))
    }

    /// Ends it: it can be written now.
    pub(crate) fn finish(&self, block: &mut Block) {
        block[..4].copy_from_slice(&MAGIC.to_le_bytes());
        block[4] = VERSION;
        block[5] = self.nr as u8;
        let sum = head_sum(block, self.nr, self.sum);
        block[SUM_AT..SUM_AT + 4].copy_from_slice(&sum.to_le_bytes());
    }
}

/// A block that was read back.
pub(crate) struct Reader<'a> {
    block: &'a Block,
    nr: usize,
    sum: Checksum,
}

impl<'a> Reader<'a> {
    /// Looks at its header.
    pub(crate) fn new(block: &'a Block, sum: Checksum) -> Result<Self, Bad> {
        let nr = usize::from(block[5]);
        let is_ours =
            word(block, 0) == MAGIC && block[4] == VERSION && (1..=MAX_PAGES).contains(&nr);
        if !is_ours || word(block, SUM_AT) != head_sum(block, nr, sum) {
            return Err(Bad::Header);
        }
        Ok(Self { block, nr, sum })
    }

    /// Of a block whose header was looked at before, and was good.
    pub(crate) fn again(block: &'a Block, sum: Checksum) -> Self {
        let nr = usize::from(block[5]).min(MAX_PAGES);
        Self { block, nr, sum }
    }

    /// How many pages it has.
    pub(crate) fn len(&self) -> usize {
        self.nr
    }

    /// The ghost's slot of a page, which may have another page by now.
    pub(crate) fn slot(&self, index: usize) -> Option<u64> {
        (index < self.nr).then(|| self.slot_at(entry_at(index)))
    }

    /// A page of the ghost's slot `slot`, which had this seal when it was written.
    pub(crate) fn page(&self, index: usize, slot: u64, wanted: Seal) -> Result<Packed<'a>, Bad> {
        if index >= self.nr {
            return Err(Bad::Index);
        }
        let at = entry_at(index);
        let [low, high] = [self.block[at + 10], self.block[at + 11]];
        let shape = u16::from_le_bytes([low, high]);
        let begin = usize::from(u16::from_le_bytes([self.block[at + 8], self.block[at + 9]]));
        let len = usize::from(shape & 0xfff) + 1;
        let data = self.block.get(begin..begin + len).ok_or(Bad::Page)?;
        let sum = (self.sum)((self.sum)(!0, &self.block[at..at + ENTRY_SUM_AT]), data);
        if sum != word(self.block, at + ENTRY_SUM_AT)
            || seal(sum) != wanted
            || self.slot_at(at) != slot
        {
            return Err(Bad::Page);
        }
        Ok(Packed {
            slot,
            pool: (shape >> 12) as u8,
            data,
        })
    }

    fn slot_at(&self, at: usize) -> u64 {
        u64::from(word(self.block, at)) | (u64::from(word(self.block, at + 4)) << 32)
    }
}

const fn entry_at(index: usize) -> usize {
    HEADER_LEN + index * ENTRY_LEN
}

fn seal(sum: u32) -> Seal {
    Seal((sum ^ (sum >> 16)) as u16)
}

fn word(block: &Block, at: usize) -> u32 {
    u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
}

/// The checksum of the header and its entries, as if there was none.
fn head_sum(block: &Block, nr: usize, sum: Checksum) -> u32 {
    let before = sum(!0, &block[..SUM_AT]);
    sum(sum(before, &[0; 4]), &block[SUM_AT + 4..entry_at(nr)])
}
