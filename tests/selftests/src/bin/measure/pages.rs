// SPDX-License-Identifier: GPL-2.0
//! What is in the pages: it is derived from a page's number, so it can be
//! checked without being kept.

use crate::corpus;
use selftests::data::{mix, Rng};
use selftests::mapping::Mapping;
use selftests::outcome::{Doing, Outcome};
use selftests::{ensure, fail, PAGE};
use std::io::Write;
use std::ops::Range;

/// A kind of data.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Data {
    /// Of 32 pages 19 of files, 10 of heaps, 3 random. Neighbours in a group of
    /// 16 pages are neighbours in the file or heap.
    Real,
    /// Random.
    Incompressible,
    /// Zero.
    Zero,
    /// One byte all over.
    Same,
    /// Made to fool a guess from a page's beginning: 1 KiB random, then real.
    Head,
    /// Made to fool a guess from samples: 128 bytes random, 128 zero, in turn.
    Stripes,
    /// Of heaps.
    Heap,
    /// Of a heap, but of each 64 bytes three in four zero.
    Sparse,
    /// 512 bytes each of files, of heaps, random, or zero.
    Mixture,
    /// Half of the pages zero, the others as `Real`.
    HalfZero,
    /// Of ten pages three random, the others as `Real`.
    Random30,
}

const ALL: [(&str, Data); 11] = [
    ("real", Data::Real),
    ("incompressible", Data::Incompressible),
    ("zero", Data::Zero),
    ("same", Data::Same),
    ("head", Data::Head),
    ("stripes", Data::Stripes),
    ("heap", Data::Heap),
    ("sparse", Data::Sparse),
    ("mixture", Data::Mixture),
    ("half-zero", Data::HalfZero),
    ("random30", Data::Random30),
];

impl Data {
    /// The kind of this name.
    pub fn named(name: &str) -> Outcome<Self> {
        match ALL.iter().find(|(n, _)| *n == name) {
            Some((_, kind)) => Ok(*kind),
            None => fail!("'{name}' is no kind of data\n{}", crate::options::USAGE),
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        ALL.iter()
            .find(|(_, kind)| *kind == self)
            .map_or("", |(name, _)| name)
    }

    /// The kind that a page of a mixture of pages is of.
    fn of(self, number: usize) -> Self {
        // Other bits than `Real` decides by.
        let own = mix(number as u64) >> 48;
        match self {
            Self::HalfZero if own % 2 == 0 => Self::Zero,
            Self::Random30 if own % 10 < 3 => Self::Incompressible,
            Self::HalfZero | Self::Random30 => Self::Real,
            plain => plain,
        }
    }

    /// Writes a page.
    fn fill(self, page: &mut [u8], number: usize) {
        self.of(number).fill_plain(page, number);
    }

    fn fill_plain(self, page: &mut [u8], number: usize) {
        let own = mix(number as u64);
        let (group, offset) = (mix(!(number as u64 / 16)), number % 16);
        match self {
            Self::Real => match (own >> 40) & 31 {
                0..3 => random(page, own),
                3..13 => page.copy_from_slice(corpus::heap_page(group, offset)),
                _ => page.copy_from_slice(corpus::file_page(group, offset)),
            },
            Self::Incompressible => random(page, own),
            Self::Zero => page.fill(0),
            Self::Same => page.fill(0x5a),
            Self::Head => {
                page.copy_from_slice(corpus::file_page(group, offset));
                random(&mut page[..PAGE / 4], own);
            }
            Self::Stripes => {
                random(page, own);
                page.chunks_exact_mut(256).for_each(|c| c[128..].fill(0));
            }
            Self::Heap => page.copy_from_slice(corpus::heap_page(group, offset)),
            Self::Sparse => {
                page.copy_from_slice(corpus::heap_page(group, offset));
                let mut rng = Rng::new(own);
                page.chunks_exact_mut(64)
                    .filter(|_| rng.below(4) != 0)
                    .for_each(|line| line.fill(0));
            }
            Self::Mixture => {
                let mut rng = Rng::new(own);
                for (i, piece) in page.chunks_exact_mut(512).enumerate() {
                    let here = i * 512..(i + 1) * 512;
                    match rng.below(4) {
                        0 => piece.copy_from_slice(&corpus::file_page(rng.next(), 0)[here]),
                        1 => piece.copy_from_slice(&corpus::heap_page(rng.next(), 0)[here]),
                        2 => random(piece, rng.next()),
                        _ => piece.fill(0),
                    }
                }
            }
            Self::HalfZero | Self::Random30 => unreachable!("a mixture of pages"),
        }
        // No two pages are the same but where that is the point.
        if !matches!(self, Self::Zero | Self::Same) {
            page[..8].copy_from_slice(&(number as u64).to_ne_bytes());
        }
    }

    /// Writes pages of a mapping, whose first one has the number `first`.
    pub fn write(self, map: &mut Mapping, pages: Range<usize>, first: usize) -> Outcome {
        corpus::load()?;
        for index in pages {
            self.fill(map.page_mut(index), first + index);
        }
        Ok(())
    }

    /// Writes pages to standard output.
    pub fn print(self, pages: usize) -> Outcome {
        corpus::load()?;
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        let mut page = [0; PAGE];
        for number in 0..pages {
            self.fill(&mut page, number);
            out.write_all(&page).doing("standard output")?;
        }
        out.flush().doing("standard output")
    }

    /// Compares every byte of pages.
    pub fn check(self, map: &Mapping, pages: Range<usize>, first: usize) -> Outcome {
        let mut wanted = [0; PAGE];
        for index in pages {
            self.fill(&mut wanted, first + index);
            ensure!(
                map.page(index) == wanted,
                "page {index} of {} did not come back as it was",
                self.name()
            );
        }
        Ok(())
    }
}

fn random(bytes: &mut [u8], seed: u64) {
    let mut rng = Rng::new(seed);
    bytes
        .chunks_exact_mut(8)
        .for_each(|c| c.copy_from_slice(&rng.next().to_ne_bytes()));
}

/// New memory with data, in folios of a size.
pub fn filled(data: Data, folios: &str, mib: usize) -> Outcome<Mapping> {
    let pages = mib * 256;
    let mut map = match folios {
        "64k" => Mapping::aligned(pages, 16)?,
        "shmem" => Mapping::shared(pages)?,
        _ => Mapping::private(pages)?,
    };
    data.write(&mut map, 0..pages, 0)?;
    Ok(map)
}
