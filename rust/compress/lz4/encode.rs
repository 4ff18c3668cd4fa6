// SPDX-License-Identifier: GPL-2.0

//! Makes LZ4 blocks.
//!
//! It finds the same matches as LZ4's usual encoder, but for some, with less work:
//!
//! - The table is not cleared. What an earlier page left in it is a place like any other: four bytes
//!   there are compared before it is used, and they are bytes of this page. So a block depends on the
//!   pages before it, and what it decodes to does not.
//! - Places are tried in groups, with one look at the end of the page for each.
//! - Short sequences, nine of ten, are written with copies of fixed length.
//!
//! This file uses nothing but `core`; it is also built and tested on the host.

use core::num::NonZeroU64;

/// A match is at least that long.
const MIN_MATCH: usize = 4;
/// That many bytes at the end are literals.
const LAST_LITERALS: usize = 5;
/// No match begins nearer to the end: its first [`MIN_MATCH`] + 8 bytes are looked at at once.
const MARGIN: usize = MIN_MATCH + 8 + LAST_LITERALS;
/// A number that does not fit in its four bits of the token goes on behind it.
const LONG: usize = 15;
/// A token, literals and a distance, with a number of literals that fits.
const SHORT: usize = 1 + 16 + 1;

const HASH_BITS: u32 = 13;
/// How many entries the table has.
pub(crate) const ENTRIES: usize = 1 << HASH_BITS;
/// 2^32 divided by the golden ratio.
const MULTIPLIER: u32 = 0x9e37_79b1;

/// How many places are tried one by one; then, more and more are left out.
const STEADY: usize = 64;
/// How many places make a group.
const GROUP: usize = 4;

/// Where four bytes were last, by their hash. Any content will do.
pub(crate) type Table = [u16; ENTRIES];

/// A place, and an earlier one with the same four bytes.
struct Match {
    at: usize,
    from: usize,
}

/// Compresses `src` into `dst`; returns the length, or `None` where it does not fit.
// Inlined, it would have to share registers with the caller.
#[inline(never)]
pub(crate) fn encode<const N: usize>(
    src: &[u8; N],
    dst: &mut [u8],
    table: &mut Table,
) -> Option<usize> {
    // Places are kept in 16 bits, and so are distances.
    const { assert!(MARGIN + GROUP <= N && N <= 1 << 16) };
    let room = dst.len();
    let mut out = dst;
    let mut anchor = 0;
    while let Some(Match { mut at, from }) = search(src, table, anchor) {
        // Both follow from how it was found: said again, they spare tests of bounds.
        let mut from = usize::from(from as u16);
        if at > N - MARGIN {
            return None;
        }
        if at > anchor && from > 0 && src[at - 1] == *src.get(from - 1)? {
            let more = common_end(&src[anchor..at], &src[..from]);
            at = at.checked_sub(more)?;
            from = from.checked_sub(more)?;
        }
        let differ = eight(src, at + MIN_MATCH)? ^ eight(src, from + MIN_MATCH)?;
        let more = match NonZeroU64::new(differ) {
            Some(differ) => (differ.trailing_zeros() / 8) as usize,
            None => {
                let late = src.get(at + MIN_MATCH + 8..N - LAST_LITERALS)?;
                common(src.get(from + MIN_MATCH + 8..)?, late).wrapping_add(8)
            }
        };
        let lits = at.wrapping_sub(anchor);
        let distance = (at.wrapping_sub(from) as u16).to_le_bytes();
        if lits < LONG && more < LONG && out.len() >= SHORT {
            let place: &mut [u8; SHORT] = out.first_chunk_mut()?;
            place[0] = ((lits << 4) | more) as u8;
            place[1..17].copy_from_slice(bytes::<16>(src, anchor)?);
            place[1 + lits..3 + lits].copy_from_slice(&distance);
            out = &mut out[3 + lits..];
        } else {
            out = sequence(out, src.get(anchor..at)?, distance, more)?;
        }
        anchor = (at + MIN_MATCH).wrapping_add(more);
        // What begins in the match may come again, too.
        let near = anchor.wrapping_sub(2);
        if let Some(word) = eight(src, near) {
            exchange(table, word as u32, near);
            exchange(table, (word >> 8) as u32, near.wrapping_add(1));
        }
    }
    let out = literals(out, src.get(anchor..)?, 0)?;
    Some(room.wrapping_sub(out.len()))
}

/// The next match from `start` on.
#[inline(always)]
fn search<const N: usize>(src: &[u8; N], table: &mut Table, start: usize) -> Option<Match> {
    let end = start.wrapping_add(STEADY);
    let mut at = start;
    while at <= N - MARGIN - GROUP {
        for i in 0..GROUP {
            if let Some(found) = probe(src, table, at + i) {
                return Some(found);
            }
        }
        at += GROUP;
        if at == end {
            return search_faster(src, table, at);
        }
    }
    None
}

/// The next match from `start` on, with ever more places left out.
#[inline(never)]
fn search_faster<const N: usize>(src: &[u8; N], table: &mut Table, start: usize) -> Option<Match> {
    let mut at = start;
    let mut tries = STEADY;
    while at <= N - MARGIN {
        if let Some(found) = probe(src, table, at) {
            return Some(found);
        }
        at += tries / STEADY;
        tries = tries.wrapping_add(1);
    }
    None
}

#[inline(always)]
fn probe<const N: usize>(src: &[u8; N], table: &mut Table, at: usize) -> Option<Match> {
    let word = four(src, at)?;
    let from = usize::from(exchange(table, word, at));
    (from < at && four(src, from)? == word).then_some(Match { at, from })
}

/// Notes where four bytes are; returns where they were before, or others with their hash.
#[inline(always)]
fn exchange(table: &mut Table, four: u32, at: usize) -> u16 {
    let hash = four.wrapping_mul(MULTIPLIER) >> (u32::BITS - HASH_BITS);
    core::mem::replace(&mut table[hash as usize], at as u16)
}

/// How many bytes are the same, from the first on.
#[inline(never)]
fn common(early: &[u8], late: &[u8]) -> usize {
    let mut same = 0;
    while let (Some(a), Some(b)) = (eight(early, same), eight(late, same)) {
        match NonZeroU64::new(a ^ b) {
            Some(differ) => return same.wrapping_add((differ.trailing_zeros() / 8) as usize),
            None => same = same.wrapping_add(8),
        }
    }
    while let (Some(a), Some(b)) = (early.get(same), late.get(same)) {
        if a != b {
            break;
        }
        same = same.wrapping_add(1);
    }
    same
}

/// How many bytes are the same, from the last back.
#[inline(never)]
fn common_end(a: &[u8], b: &[u8]) -> usize {
    let pairs = a.iter().rev().zip(b.iter().rev());
    pairs.take_while(|(a, b)| a == b).count()
}

/// Writes a sequence of any length; returns what is behind it.
#[inline(never)]
fn sequence<'a>(
    out: &'a mut [u8],
    lits: &[u8],
    distance: [u8; 2],
    more: usize,
) -> Option<&'a mut [u8]> {
    let out = literals(out, lits, more)?;
    let (place, out) = out.split_first_chunk_mut()?;
    *place = distance;
    length(out, more)
}

/// Writes a token and literals; returns what is behind them.
fn literals<'a>(out: &'a mut [u8], lits: &[u8], more: usize) -> Option<&'a mut [u8]> {
    let (token, out) = out.split_first_mut()?;
    *token = ((lits.len().min(LONG) << 4) | more.min(LONG)) as u8;
    let (copy, out) = length(out, lits.len())?.split_at_mut_checked(lits.len())?;
    copy.copy_from_slice(lits);
    Some(out)
}

/// Writes what of a number does not fit in the token; returns what is behind it.
fn length(out: &mut [u8], len: usize) -> Option<&mut [u8]> {
    let Some(rest) = len.checked_sub(LONG) else {
        return Some(out);
    };
    let (full, out) = out.split_at_mut_checked(rest / 255)?;
    full.fill(255);
    let (last, out) = out.split_first_mut()?;
    *last = (rest % 255) as u8;
    Some(out)
}

#[inline(always)]
fn bytes<const LEN: usize>(src: &[u8], at: usize) -> Option<&[u8; LEN]> {
    src.get(at..at.wrapping_add(LEN))?.first_chunk()
}

#[inline(always)]
fn four(src: &[u8], at: usize) -> Option<u32> {
    bytes(src, at).map(|four| u32::from_le_bytes(*four))
}

#[inline(always)]
fn eight(src: &[u8], at: usize) -> Option<u64> {
    bytes(src, at).map(|eight| u64::from_le_bytes(*eight))
}
