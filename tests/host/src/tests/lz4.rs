// SPDX-License-Identifier: GPL-2.0

//! Our decoder and another project's read what our encoder writes; ours reads what the other encoder
//! writes, and survives input that is no block.

use crate::lz4::{
    decode::decode,
    encode::{encode, Table, ENTRIES},
};
use lz4_flex::block;
use proptest::{collection::vec, prelude::*};

const PAGE: usize = 4096;
type Page = [u8; PAGE];

/// Pieces that matches of all lengths and distances come from.
#[derive(Clone, Debug)]
enum Piece {
    Random(Vec<u8>),
    Repeat { byte: u8, len: usize },
    Again { distance: usize, len: usize },
    Words { word: u64, len: usize },
}

fn piece() -> impl Strategy<Value = Piece> {
    let length = prop_oneof![1..24usize, 1..300usize, 1..PAGE];
    let again = prop_oneof![1..24usize, 1..300usize, 1..PAGE];
    prop_oneof![
        vec(any::<u8>(), 1..40).prop_map(Piece::Random),
        vec(any::<u8>(), 1..900).prop_map(Piece::Random),
        (any::<u8>(), length.clone()).prop_map(|(byte, len)| Piece::Repeat { byte, len }),
        (again, length.clone()).prop_map(|(distance, len)| Piece::Again { distance, len }),
        (any::<u64>(), 1..20usize).prop_map(|(word, len)| Piece::Words { word, len }),
    ]
}

fn fill<const N: usize>(pieces: &[Piece]) -> Box<[u8; N]> {
    let mut bytes = Vec::with_capacity(N);
    for piece in pieces.iter().cycle() {
        match piece {
            Piece::Random(random) => bytes.extend(random),
            Piece::Repeat { byte, len } => bytes.resize(bytes.len() + len, *byte),
            Piece::Again { distance, len } => {
                for _ in 0..*len {
                    let at = bytes.len();
                    bytes.push(bytes.get(at.wrapping_sub(*distance)).copied().unwrap_or(7));
                }
            }
            Piece::Words { word, len } => {
                for i in 0..*len {
                    bytes.extend((word.wrapping_add(i as u64) & 0xffff_00ff).to_le_bytes());
                }
            }
        }
        if bytes.len() >= N {
            break;
        }
    }
    bytes.truncate(N);
    bytes.into_boxed_slice().try_into().unwrap()
}

fn table() -> Box<Table> {
    vec![0; ENTRIES].into_boxed_slice().try_into().unwrap()
}

fn round<const N: usize>(input: &[u8; N], table: &mut Table) -> usize {
    let mut out = vec![0xa5; block::get_maximum_output_size(N)];
    let len = encode(input, &mut out, table).expect("there is room for any block");
    let back = block::decompress(&out[..len], N).expect("the reference reads the block");
    assert!(back == input, "the reference read something else");
    let mut own = Box::new([0x5a; N]);
    decode(&out[..len], &mut own).expect("our decoder reads the block");
    assert!(own[..] == input[..], "our decoder read something else");
    len
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn comes_back(pieces in vec(vec(piece(), 1..60), 1..4)) {
        // One table for all, as in the module.
        let mut table = table();
        for pieces in &pieces {
            round::<PAGE>(&fill(pieces), &mut table);
        }
    }

    #[test]
    fn the_table_leaves_no_trace(pieces in vec(piece(), 1..60), seed: u64) {
        let page = fill::<PAGE>(&pieces);
        let mut out = [[0; 2 * PAGE]; 2];
        let len = encode(&page, &mut out[0], &mut table());
        let mut table = table();
        let mut x = seed | 1;
        for entry in table.iter_mut() {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            *entry = x as u16;
        }
        prop_assert_eq!(encode(&page, &mut out[1], &mut table), len);
        prop_assert!(out[0] == out[1], "another block");
    }

    #[test]
    fn blocks_end_as_the_format_demands(pieces in vec(piece(), 1..60), tail in 0..40usize) {
        // Nearly all ends of a page: a match, then bytes that are not seen before.
        let mut page = fill::<PAGE>(&pieces);
        let start = PAGE - 40;
        page.copy_within(100..100 + tail, start);
        let mut out = [0; 2 * PAGE];
        let len = encode(&page, &mut out, &mut table()).expect("there is room for any block");
        ends_well(&out[..len])?;
    }

    #[test]
    fn blocks_with_long_matches_are_read(
        pieces in vec((1..80usize, 1..700usize, 0..40usize), 1..40)
    ) {
        // Each a match of some distance and length, and literals.
        let mut block = Vec::new();
        let mut page = vec![7; 1];
        let mut lits = 1;
        for (distance, len, next) in pieces {
            let distance = distance.min(page.len());
            if page.len() + len + 4 + next > PAGE - 12 {
                break;
            }
            write(&mut block, &page[page.len() - lits..], Some((distance, len)));
            for _ in 0..len + 4 {
                page.push(page[page.len() - distance]);
            }
            page.extend((0..next).map(|i| i as u8));
            lits = next;
        }
        page.resize(PAGE, 3);
        let rest = page.len() - written(&block);
        write(&mut block, &page[PAGE - rest..], None);
        let mut own: Box<Page> = Box::new([0; PAGE]);
        prop_assert_eq!(decode(&block, &mut own), Some(()));
        prop_assert!(page == own[..]);
        same_verdict(&block)?;
    }

    #[test]
    fn fits_or_says_so(pieces in vec(piece(), 1..60), room in 0..2 * PAGE) {
        let page = fill::<PAGE>(&pieces);
        let len = round(&page, &mut table());
        let mut out = vec![0; room];
        prop_assert_eq!(
            encode(&page, &mut out, &mut table()),
            (len <= room).then_some(len),
            "{} bytes into {}", len, room
        );
    }

    #[test]
    fn blocks_of_others_are_read(pieces in vec(piece(), 1..60)) {
        let page = fill::<PAGE>(&pieces);
        let block = block::compress(&page[..]);
        let mut own: Box<Page> = Box::new([0; PAGE]);
        prop_assert_eq!(decode(&block, &mut own), Some(()));
        prop_assert!(own == page);
    }

    #[test]
    fn damaged_blocks_do_no_harm(
        pieces in vec(piece(), 1..60),
        damage in vec((any::<u16>(), any::<u8>()), 1..8),
        cut in 0..PAGE,
    ) {
        let page = fill::<PAGE>(&pieces);
        let mut block = block::compress(&page[..]);
        for (at, xor) in damage {
            let len = block.len();
            block[usize::from(at) % len] ^= xor;
        }
        block.truncate(block.len().saturating_sub(cut / 16).max(1));
        same_verdict(&block)?;
    }

    #[test]
    fn noise_does_no_harm(block in vec(any::<u8>(), 0..2 * PAGE)) {
        same_verdict(&block)?;
    }

    #[test]
    fn noise_of_few_values_does_no_harm(
        block in vec(prop_oneof![Just(0u8), Just(255), 0..32u8, any::<u8>()], 0..600)
    ) {
        same_verdict(&block)?;
    }
}

/// Our decoder takes what the reference takes, to the same page, and nothing else.
fn same_verdict(block: &[u8]) -> Result<(), TestCaseError> {
    let mut own: Box<Page> = Box::new([0; PAGE]);
    let read = decode(block, &mut own);
    match block::decompress(block, PAGE) {
        Ok(page) if page.len() == PAGE => {
            prop_assert_eq!(read, Some(()));
            prop_assert!(page == own[..], "read something else than the reference");
        }
        _ => prop_assert_eq!(read, None, "the reference does not take it"),
    }
    Ok(())
}

/// Writes a sequence: literals, and a match of a distance and a length less 4.
fn write(block: &mut Vec<u8>, lits: &[u8], found: Option<(usize, usize)>) {
    let length = |block: &mut Vec<u8>, len: usize| {
        if len >= 15 {
            block.resize(block.len() + (len - 15) / 255, 255);
            block.push(((len - 15) % 255) as u8);
        }
    };
    let more = found.map_or(0, |(_, more)| more);
    block.push(((lits.len().min(15) << 4) | more.min(15)) as u8);
    length(block, lits.len());
    block.extend(lits);
    if let Some((distance, more)) = found {
        block.extend((distance as u16).to_le_bytes());
        length(block, more);
    }
}

/// The sequences of a block: number of literals, length of the match.
fn sequences(block: &[u8]) -> Vec<(usize, usize)> {
    let mut all = Vec::new();
    let mut next = 0;
    let length = |next: &mut usize, len: u8| {
        let mut len = usize::from(len);
        let mut byte = if len == 15 { 255 } else { 0 };
        while byte == 255 {
            byte = block[*next];
            *next += 1;
            len += usize::from(byte);
        }
        len
    };
    while next < block.len() {
        let token = block[next];
        next += 1;
        let lits = length(&mut next, token >> 4);
        next += lits;
        let mut len = 0;
        if next < block.len() {
            next += 2;
            len = length(&mut next, token & 15) + 4;
        }
        all.push((lits, len));
    }
    all
}

/// How many bytes a block without its end stands for.
fn written(block: &[u8]) -> usize {
    sequences(block).iter().map(|(lits, len)| lits + len).sum()
}

/// The last five bytes are literals, and the last match begins at least twelve before the end.
fn ends_well(block: &[u8]) -> Result<(), TestCaseError> {
    let all = sequences(block);
    let (lits, len) = all[all.len() - 1];
    prop_assert_eq!(len, 0);
    if let Some((_, len)) = all.iter().rev().nth(1) {
        prop_assert!(lits >= 5, "{lits} literals at the end");
        prop_assert!(
            lits + len >= 12,
            "the last match begins {} before the end",
            lits + len
        );
    }
    Ok(())
}

/// Bytes without an order.
fn random() -> Vec<u8> {
    (0..PAGE as u32)
        .map(|i| {
            (i.wrapping_mul(0x9e37_79b1)
                .rotate_left(13)
                .wrapping_mul(0x85eb_ca6b)
                >> 24) as u8
        })
        .collect()
}

#[test]
fn all_distances() {
    // One match, from the first places on to the last, of any distance that a page has room for. Nothing
    // is left out of the search up to there: zeroes, which match each other, are between them.
    let random = random();
    let mut table = table();
    for len in [8, 16, 17, 40] {
        for from in (0..40).chain((40..PAGE - 40).step_by(97)) {
            for at in (from + len..PAGE - len).step_by(61) {
                let mut page: Box<Page> = Box::new([0; PAGE]);
                page[from..from + len].copy_from_slice(&random[..len]);
                let once = round(&page, &mut table);
                page[at..at + len].copy_from_slice(&random[..len]);
                let twice = round(&page, &mut table);
                // Found, it costs a few tokens and lengths, and not its bytes. The first place is not
                // looked for, nor are the last ones.
                if from > 0 && len >= 16 && at + len < PAGE - 12 {
                    assert!(
                        twice < once + len,
                        "{len} bytes at {from} and {at}: {once}, {twice}"
                    );
                }
            }
        }
    }
}

#[test]
fn every_kind_of_page() {
    let random = random();
    let page = |byte: &dyn Fn(usize) -> u8| -> Box<Page> {
        (0..PAGE).map(byte).collect::<Vec<_>>().try_into().unwrap()
    };
    let text = include_bytes!("lz4.rs");
    let pages = [
        page(&|_| 0),
        page(&|_| 255),
        page(&|i| i as u8),
        page(&|i| (i / 8) as u8),
        page(&|i| random[i]),
        page(&|i| random[i % 2048]),
        page(&|i| random[i % 5]),
        page(&|i| text[i]),
        // Random and zeroes in turn.
        page(&|i| if i / 512 % 2 == 0 { random[i] } else { 0 }),
        // Words like pointers and small numbers.
        page(&|i| [random[i], random[i / 64], 0x30, 0x12, 0x7f, 0, 0, 0][i % 8]),
        // A match up to the end, and one from the beginning.
        page(&|i| {
            if i < 4000 {
                random[i]
            } else {
                random[i - 4000]
            }
        }),
        page(&|i| random[i % (PAGE - 64)]),
    ];
    let mut table = table();
    for _ in 0..2 {
        for page in &pages {
            round(page, &mut table);
        }
    }
}

#[test]
fn every_distance_and_length() {
    // Random bytes, the last of them again and again, then others: near the end of the page, too.
    let random = random();
    let mut table = table();
    for at in [40, 3000, PAGE - 120, PAGE - 60] {
        for distance in 1..40 {
            for len in 0..80.min(PAGE - at) {
                let mut page: Box<Page> = random.clone().into_boxed_slice().try_into().unwrap();
                for i in at..at + len {
                    page[i] = page[i - distance];
                }
                round(&page, &mut table);
            }
        }
    }
}

#[test]
fn sixty_four_kilobytes() {
    let mut table = table();
    for seed in 1..20u8 {
        let pieces = [
            Piece::Random((0..=255).map(|i: u8| i.wrapping_mul(seed)).collect()),
            Piece::Again {
                distance: 5000 * usize::from(seed),
                len: 700,
            },
            Piece::Repeat {
                byte: seed,
                len: 999,
            },
        ];
        round::<{ 1 << 16 }>(&fill(&pieces), &mut table);
    }
}

#[test]
fn smaller_as_it_should_be() {
    let mut table = table();
    assert!(round(&[0; PAGE], &mut table) < 40);
    let text = include_str!("lz4.rs").as_bytes();
    let page: &Page = text.first_chunk().unwrap();
    let own = round(page, &mut table);
    let reference = block::compress(page).len();
    assert!(
        own * 100 <= reference * 103,
        "{own} bytes, reference {reference}"
    );
}
