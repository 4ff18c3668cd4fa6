// SPDX-License-Identifier: GPL-2.0

//! What is read back from a block is what was put there, or an error.

use crate::ghost::block::{Bad, Block, Builder, Packed, Reader, Seal, BLOCK_LEN, MAX_PAGES};
use proptest::prelude::*;

fn crc(sum: u32, data: &[u8]) -> u32 {
    crc32c::crc32c_append(sum, data)
}

#[derive(Clone, Debug)]
struct Page {
    slot: u64,
    pool: u8,
    data: Vec<u8>,
}

impl Page {
    fn packed(&self) -> Packed<'_> {
        Packed {
            slot: self.slot,
            pool: self.pool,
            data: &self.data,
        }
    }
}

fn page(longest: usize) -> impl Strategy<Value = Page> {
    (
        any::<u64>(),
        0u8..15,
        prop::collection::vec(any::<u8>(), 1..=longest),
    )
        .prop_map(|(slot, pool, data)| Page { slot, pool, data })
}

/// A block with as many of the pages as fit, and where they are.
fn build(pages: &[Page]) -> (Box<Block>, Vec<(usize, Seal)>) {
    let mut block = Box::new([0xa5; BLOCK_LEN]);
    let mut builder = Builder::new(&mut block, crc);
    let mut found = Vec::new();
    for page in pages {
        let fits = page.data.len() <= builder.room();
        let pushed = builder.push(&mut block, page.packed());
        assert_eq!(pushed.is_some(), fits);
        found.extend(pushed);
        if !fits {
            break;
        }
    }
    builder.finish(&mut block);
    (block, found)
}

proptest! {
    #[test]
    fn pages_come_back(pages in prop::collection::vec(page(2000), 1..20)) {
        let (block, found) = build(&pages);
        prop_assert!(!found.is_empty() && found.len() <= MAX_PAGES);
        let reader = Reader::new(&block, crc).unwrap();
        prop_assert_eq!(reader.len(), found.len());
        for (page, (index, seal)) in pages.iter().zip(&found) {
            prop_assert_eq!(reader.slot(*index), Some(page.slot));
            prop_assert_eq!(reader.page(*index, page.slot, *seal), Ok(page.packed()));
            let again = Reader::again(&block, crc);
            prop_assert_eq!(again.page(*index, page.slot, *seal), Ok(page.packed()));
            prop_assert_eq!(reader.page(*index, !page.slot, *seal), Err(Bad::Page));
            prop_assert_eq!(reader.page(*index, page.slot, Seal(!seal.0)), Err(Bad::Page));
        }
        prop_assert_eq!(reader.page(found.len(), 0, Seal(0)), Err(Bad::Index));
        prop_assert_eq!(reader.slot(found.len()), None);
    }

    #[test]
    fn no_garbage_is_a_block(bytes in prop::collection::vec(any::<u8>(), BLOCK_LEN)) {
        let block: Box<Block> = bytes.into_boxed_slice().try_into().unwrap();
        prop_assert!(Reader::new(&block, crc).is_err());
    }

    #[test]
    fn garbage_with_a_good_header_has_no_page(
        pages in prop::collection::vec(page(300), 1..=MAX_PAGES),
        noise in prop::collection::vec((0..BLOCK_LEN, any::<u8>()), 1..64),
    ) {
        let (good, found) = build(&pages);
        let mut block = good.clone();
        for (at, byte) in noise {
            block[at] = byte;
        }
        if let Ok(reader) = Reader::new(&block, crc) {
            for (page, (index, seal)) in pages.iter().zip(&found) {
                if let Ok(read) = reader.page(*index, page.slot, *seal) {
                    prop_assert_eq!(read, page.packed());
                }
            }
        }
    }
}

/// What a disk has that has lost a write: the block before, of the same slots. One page in 65,536 would pass, but
/// none of these.
#[test]
fn an_older_block_is_told() {
    let mut seed = 1u64;
    let mut pages = || -> Vec<_> {
        (0..4)
            .map(|slot| Page {
                slot,
                pool: 1,
                data: (0..400)
                    .map(|_| {
                        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1);
                        (seed >> 56) as u8
                    })
                    .collect(),
            })
            .collect()
    };
    for _ in 0..1000 {
        let (block, _) = build(&pages());
        let new = pages();
        let (_, found) = build(&new);
        let reader = Reader::new(&block, crc).unwrap();
        for (page, (index, seal)) in new.iter().zip(&found) {
            assert_eq!(reader.page(*index, page.slot, *seal), Err(Bad::Page));
        }
    }
}

/// Every byte of a block is flipped, to every other value that differs in one bit and to its complement.
#[test]
fn no_flipped_byte_makes_a_wrong_page() {
    let pages: Vec<_> = (0..4u8)
        .map(|n| Page {
            slot: 0x1234_5678_9abc + u64::from(n),
            pool: n,
            data: (0..100 + 150 * usize::from(n))
                .map(|i| (i * 7 + usize::from(n)) as u8)
                .collect(),
        })
        .collect();
    let (good, found) = build(&pages);
    let used: usize = pages.iter().map(|page| page.data.len()).sum();
    let mut refused = 0;
    for at in 0..BLOCK_LEN {
        for flip in (0..8).map(|bit| 1 << bit).chain([0xff]) {
            let mut block = good.clone();
            block[at] ^= flip;
            let Ok(reader) = Reader::new(&block, crc) else {
                refused += 1;
                continue;
            };
            for (page, (index, seal)) in pages.iter().zip(&found) {
                match reader.page(*index, page.slot, *seal) {
                    Ok(read) => assert_eq!(read, page.packed(), "byte {at} ^ {flip:#x}"),
                    Err(_) => refused += 1,
                }
            }
        }
    }
    // Each that matters was found.
    assert_eq!(refused, 9 * (16 + 16 * pages.len() + used));
}

#[test]
fn nothing_fits_that_is_too_long_or_too_much() {
    let mut block = [0; BLOCK_LEN];
    let mut builder = Builder::new(&mut block, crc);
    let longest = BLOCK_LEN - 32;
    assert_eq!(builder.room(), longest);
    let data = vec![1; longest];
    let page = Packed {
        slot: 1,
        pool: 0,
        data: &data,
    };
    assert!(builder
        .push(&mut block, Packed { pool: 16, ..page })
        .is_none());
    assert!(builder.push(&mut block, page).is_some());
    assert_eq!(builder.room(), 0);
    assert!(builder
        .push(&mut block, Packed { data: &[1], ..page })
        .is_none());
    builder.finish(&mut block);
    assert_eq!(Reader::new(&block, crc).unwrap().len(), 1);
}
