// SPDX-License-Identifier: GPL-2.0
//! What tests put in pages: the contents of each page are derived from a
//! [`Stamp`], so they can be checked without being kept, and a page that came
//! back in another one's place, or with older contents, is noticed.

use crate::{corpus, PAGE};

/// What a page has in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Bytes of programs and texts.
    Real,
    /// Like a heap: pointers, small numbers, much of it zero.
    Heap,
    /// Bytes no compressor makes smaller.
    Random,
    /// Zeros only.
    Zero,
    /// One 32-bit word all over, another one for each stamp.
    Same,
    /// This 32-bit word all over.
    Word(u32),
    /// One word all over but for one place: the first, the last, a middle one.
    NearlySame,
    /// Two words in turn: the same 64 bits all over, but not the same 32.
    TwoWords,
    /// One of the others, for each page another.
    Mixed,
    /// Mostly real, a third like a heap, a tenth random.
    Blend,
}

/// Kinds that a [`Kind::Mixed`] page may be of.
pub const PLAIN: [Kind; 8] = [
    Kind::Real,
    Kind::Random,
    Kind::Zero,
    Kind::Same,
    Kind::Heap,
    Kind::NearlySame,
    Kind::Word(0x5a5a_5a5a),
    Kind::TwoWords,
];

/// Tells one content from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Whose page it is.
    pub owner: u32,
    /// Which of the owner's pages.
    pub index: u32,
    /// How often the page was written.
    pub generation: u32,
}

/// Opens every stamp in memory.
const MARK: u32 = 0x5354_4d50;

impl Stamp {
    fn hash(self) -> u64 {
        let key = (u64::from(self.owner) << 32) | u64::from(self.generation);
        mix(mix(key) ^ u64::from(self.index))
    }

    fn words(self) -> [u32; 4] {
        [MARK, self.owner, self.index, self.generation]
    }

    fn found_in(page: &[u8]) -> Option<Self> {
        let word = |i| u32::from_ne_bytes([page[i], page[i + 1], page[i + 2], page[i + 3]]);
        (word(0) == MARK).then(|| Self {
            owner: word(4),
            index: word(8),
            generation: word(12),
        })
    }
}

/// Spreads a number over all 64 bits.
pub fn mix(number: u64) -> u64 {
    let mut x = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Numbers without an order, the same in every run.
pub struct Rng(u64);

impl Rng {
    /// Starts from a seed.
    pub fn new(seed: u64) -> Self {
        Self(mix(seed) | 1)
    }

    /// The next number.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        ((self.next() >> 16) % end as u64) as usize
    }
}

impl Kind {
    /// What a page with this stamp is of: for mixtures, one of the others.
    pub fn of(self, stamp: Stamp) -> Self {
        match self {
            Self::Mixed => PLAIN[(stamp.hash() >> 40) as usize % PLAIN.len()],
            Self::Blend => match (stamp.hash() >> 40) & 31 {
                0..3 => Self::Random,
                3..13 => Self::Heap,
                _ => Self::Real,
            },
            plain => plain,
        }
    }

    /// Whether such pages are a repeated 32-bit word.
    pub fn is_same(self) -> bool {
        matches!(self, Self::Zero | Self::Same | Self::Word(_))
    }

    /// Writes a page's content.
    pub fn fill(self, page: &mut [u8], stamp: Stamp) {
        let hash = stamp.hash();
        let word = hash as u32;
        match self.of(stamp) {
            Self::Real => page.copy_from_slice(corpus::page(hash)),
            Self::Heap => fill_heap(page, hash),
            Self::Random => {
                let mut rng = Rng::new(hash);
                page.chunks_exact_mut(8)
                    .for_each(|c| c.copy_from_slice(&rng.next().to_ne_bytes()));
            }
            Self::Zero => page.fill(0),
            Self::Same => fill_word(page, word),
            Self::Word(word) => fill_word(page, word),
            Self::NearlySame => {
                fill_word(page, word);
                let odd = [0, PAGE / 4 - 1, (hash >> 32) as usize % (PAGE / 4)];
                let at = 4 * odd[stamp.index as usize % odd.len()];
                page[at..at + 4].copy_from_slice(&(!word).to_ne_bytes());
            }
            Self::TwoWords => {
                let both = (u64::from(word) << 32) | u64::from(!word);
                page.chunks_exact_mut(8)
                    .for_each(|c| c.copy_from_slice(&both.to_ne_bytes()));
            }
            Self::Mixed | Self::Blend => unreachable!("a mixture of a mixture"),
        }
        if matches!(self.of(stamp), Self::Real | Self::Heap | Self::Random) {
            for (place, word) in page.chunks_exact_mut(4).zip(stamp.words()) {
                place.copy_from_slice(&word.to_ne_bytes());
            }
        }
    }

    /// Compares every byte of a page with what it must be.
    pub fn check(self, page: &[u8], stamp: Stamp) -> Result<(), String> {
        let mut wanted = [0; PAGE];
        self.fill(&mut wanted, stamp);
        if page == wanted {
            return Ok(());
        }
        let odd = page
            .iter()
            .zip(&wanted)
            .filter(|(is, wanted)| is != wanted)
            .count();
        let at = page
            .iter()
            .zip(&wanted)
            .position(|(is, wanted)| is != wanted)
            .unwrap_or(0);
        let other = match Stamp::found_in(page) {
            Some(found) if found != stamp => format!("; it is the page of {found:?}"),
            _ if page.iter().all(|byte| *byte == 0) => "; it is all zero".to_string(),
            _ => String::new(),
        };
        Err(format!(
            "page of {stamp:?}, {:?}: {odd} bytes are wrong, the first at {at}: expected {:#04x}, \
             got {:#04x}{other}",
            self.of(stamp),
            wanted[at],
            page[at],
        ))
    }
}

fn fill_word(page: &mut [u8], word: u32) {
    page.chunks_exact_mut(4)
        .for_each(|place| place.copy_from_slice(&word.to_ne_bytes()));
}

fn fill_heap(page: &mut [u8], hash: u64) {
    let mut rng = Rng::new(hash);
    let base = 0x7f12_3000_0000 | ((hash & 0xfff) << 12);
    for place in page.chunks_exact_mut(8) {
        let number = rng.next();
        let word = match number >> 60 {
            0..6 => 0,
            6..11 => base + (number & 0xffff0),
            11..15 => number & 0xff,
            _ => number & 0xffff_ffff,
        };
        place.copy_from_slice(&word.to_ne_bytes());
    }
}
