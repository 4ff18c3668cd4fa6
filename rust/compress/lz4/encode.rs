// SPDX-License-Identifier: GPL-2.0

//! Makes LZ4 blocks.
//!
//! It works as LZ4's usual encoder does. Much of the time of such an encoder goes to branches that the
//! processor did not predict, so there are fewer of these:
//!
//! - The table is small, and cleared for each page. If it was not, places of an earlier page would pass or
//!   fail the tests at random.
//! - The hash is of five bytes. A match of four, which saves a byte at most, is only found if what follows
//!   has the same hash.
//! - How far a match goes back and, up to [`WIDE`] bytes, how long it is are computed, not looked for.
//! - Short sequences, nine of ten, are written with copies of fixed length.
//!
//! This file uses nothing but `core`; it is also built and tested on the host.

use core::num::NonZeroU64;

/// A match is at least that long.
const MIN_MATCH: usize = 4;
/// That many bytes at the end are literals.
const LAST_LITERALS: usize = 5;
/// No match begins nearer to the end.
const LAST_MATCH: usize = 12;
/// So many bytes of a match are compared at once.
const WIDE: usize = 16;
/// Nearer to the end, bytes are not compared and copied so many at once.
const MARGIN: usize = WIDE + LAST_LITERALS;
/// A number that does not fit in its four bits of the token goes on behind it.
const LONG: usize = 15;
/// Literals are copied in pieces of this size, and what is too much is overwritten.
const PIECE: usize = 16;
/// A token, literals and a distance, with a number of literals that fits.
const SHORT: usize = 1 + PIECE + 2;

const HASH_BITS: u32 = 12;
/// How many entries the table has.
pub(crate) const ENTRIES: usize = 1 << HASH_BITS;
/// 2^64 divided by the golden ratio. Shifted, so that three of eight bytes do not count.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15 << 24;

/// How many places are tried one by one after a match; then, more and more are left out.
const STEADY: usize = 32;
/// After how many tries one more is left out each time.
const SLOWER: usize = 64;
/// How many places make a group, with one look at the end of the page, and what is left out behind it.
const GROUP: usize = 8;

/// Where bytes were last, by their hash; 0 as well where there were none.
pub(crate) type Table = [u16; ENTRIES];

/// A place, and an earlier one with the same four bytes.
struct Match {
    at: usize,
    from: usize,
    /// In what eight bytes differ.
    differ: u64,
}

/// Compresses `src` into `dst`; returns the length, or `None` where it does not fit. Any content of the
/// table will do.
// Inlined, it would have to share registers with the caller.
#[inline(never)]
pub(crate) fn encode<const N: usize>(
    src: &[u8; N],
    dst: &mut [u8],
    table: &mut Table,
) -> Option<usize> {
    // Places are kept in 16 bits, and so are distances.
    const { assert!(MARGIN + GROUP <= N && N <= 1 << 16) };
    table.fill(0);
    let room = dst.len();
    let mut out = dst;
    let mut anchor = 0;
    // In the table, all is at the place 0, and what is there indeed needs no entry.
    let mut at = 1;
    let mut tries = SLOWER - STEADY;
    while at <= N - MARGIN - GROUP {
        let Some(found) = search(src, table, at) else {
            tries = tries.wrapping_add(GROUP);
            at += GROUP + tries / SLOWER;
            continue;
        };
        let next = end(src, &found)?;
        let Match { at: hit, from, .. } = found;
        let distance = (hit.wrapping_sub(from) as u16).to_le_bytes();
        let begin = hit.wrapping_sub(back(src, hit, from)?).max(anchor);
        let lits = begin.wrapping_sub(anchor);
        let more = next.wrapping_sub(begin).wrapping_sub(MIN_MATCH);
        if lits < LONG && out.len() >= SHORT {
            let place: &mut [u8; SHORT] = out.first_chunk_mut()?;
            place[1..1 + PIECE].copy_from_slice(piece(src, anchor)?);
            place[1 + lits..3 + lits].copy_from_slice(&distance);
            if more < LONG {
                place[0] = ((lits << 4) | more) as u8;
                out = &mut out[3 + lits..];
            } else {
                place[0] = ((lits << 4) | LONG) as u8;
                out = length(&mut out[3 + lits..], more)?;
            }
        } else {
            out = sequence(out, src, anchor, lits, distance, more)?;
        }
        // What begins in the match may come again, too.
        let near = next.wrapping_sub(2);
        if let Some(word) = eight(src, near) {
            exchange(table, word, near);
        }
        (anchor, at, tries) = (next, next, SLOWER - STEADY);
    }
    let (out, anchor) = finish(src, table, out, anchor)?;
    let out = literals(out, src, anchor, N.checked_sub(anchor)?, 0)?;
    Some(room.wrapping_sub(out.len()))
}

/// Writes what is near the end, but for the last literals; returns what is behind it, and where these
/// begin. Some places between the last group and here are not tried.
#[inline(never)]
fn finish<'a, const N: usize>(
    src: &[u8; N],
    table: &mut Table,
    mut out: &'a mut [u8],
    mut anchor: usize,
) -> Option<(&'a mut [u8], usize)> {
    let mut at = anchor.max(N - MARGIN);
    while at <= N - LAST_MATCH {
        let Some(Match { from, .. }) = probe(src, table, at, N - 8) else {
            at += 1;
            continue;
        };
        let next = end_from(src, at, from, MIN_MATCH)?;
        let distance = (at.wrapping_sub(from) as u16).to_le_bytes();
        let more = next.wrapping_sub(at + MIN_MATCH);
        out = sequence(out, src, anchor, at.wrapping_sub(anchor), distance, more)?;
        anchor = next;
        at = next;
    }
    Some((out, anchor))
}

/// A match at a group of places.
#[inline(always)]
fn search<const N: usize>(src: &[u8; N], table: &mut Table, at: usize) -> Option<Match> {
    for i in 0..GROUP {
        if let Some(found) = probe(src, table, at + i, N - MARGIN) {
            return Some(found);
        }
    }
    None
}

/// A match at a place. None is behind `last`, to look at which saves checks of what is read later.
#[inline(always)]
fn probe<const N: usize>(
    src: &[u8; N],
    table: &mut Table,
    at: usize,
    last: usize,
) -> Option<Match> {
    let word = eight(src, at)?;
    let from = usize::from(exchange(table, word, at));
    if from > last {
        return None;
    }
    let before = eight(src, from)?;
    (word as u32 == before as u32).then_some(Match {
        at,
        from,
        differ: word ^ before,
    })
}

/// Notes where bytes are; returns where they were before, or others with their hash.
#[inline(always)]
fn exchange(table: &mut Table, word: u64, at: usize) -> u16 {
    let hash = word.wrapping_mul(MULTIPLIER) >> (u64::BITS - HASH_BITS);
    core::mem::replace(&mut table[hash as usize], at as u16)
}

/// Where a match ends.
#[inline(always)]
fn end<const N: usize>(src: &[u8; N], found: &Match) -> Option<usize> {
    let Match { at, from, differ } = *found;
    let second = eight(src, at + 8)? ^ eight(src, from + 8)?;
    let (differ, base) = if differ == 0 {
        (second, at + 8)
    } else {
        (differ, at)
    };
    match NonZeroU64::new(differ) {
        Some(differ) => Some(base.wrapping_add(same(differ))),
        None => end_from(src, at, from, WIDE),
    }
}

/// Where a match ends of which `len` bytes are known.
#[inline(always)]
fn end_from<const N: usize>(src: &[u8; N], at: usize, from: usize, len: usize) -> Option<usize> {
    let (mut at, mut from) = (at + len, from + len);
    while at <= N - LAST_LITERALS - 8 {
        match NonZeroU64::new(eight(src, at)? ^ eight(src, from)?) {
            Some(differ) => return Some(at.wrapping_add(same(differ))),
            None => (at, from) = (at + 8, from + 8),
        }
    }
    while at < N - LAST_LITERALS && src[at] == *src.get(from)? {
        (at, from) = (at + 1, from.wrapping_add(1));
    }
    Some(at)
}

/// How many bytes are the same before two places, at most seven.
#[inline(always)]
fn back<const N: usize>(src: &[u8; N], at: usize, from: usize) -> Option<usize> {
    if from < 8 {
        return Some(0);
    }
    let differ = eight(src, at.wrapping_sub(8))? ^ eight(src, from.wrapping_sub(8))?;
    Some(((differ | 1).leading_zeros() / 8) as usize)
}

/// How many bytes are the same, from the first on.
#[inline(always)]
fn same(differ: NonZeroU64) -> usize {
    (differ.trailing_zeros() / 8) as usize
}

/// Writes a sequence of any length; returns what is behind it.
#[inline(never)]
fn sequence<'a, const N: usize>(
    out: &'a mut [u8],
    src: &[u8; N],
    anchor: usize,
    lits: usize,
    distance: [u8; 2],
    more: usize,
) -> Option<&'a mut [u8]> {
    let out = literals(out, src, anchor, lits, more)?;
    let (place, out) = out.split_first_chunk_mut()?;
    *place = distance;
    length(out, more)
}

/// Writes a token and literals; returns what is behind them.
#[inline(always)]
fn literals<'a, const N: usize>(
    out: &'a mut [u8],
    src: &[u8; N],
    anchor: usize,
    lits: usize,
    more: usize,
) -> Option<&'a mut [u8]> {
    let (token, out) = out.split_first_mut()?;
    *token = ((lits.min(LONG) << 4) | more.min(LONG)) as u8;
    let out = length(out, lits)?;
    if lits < 16 * PIECE && anchor.wrapping_add(lits) <= N - PIECE && out.len() >= lits + PIECE {
        let mut done = 0;
        while done < lits {
            let place = out.get_mut(done..)?.first_chunk_mut()?;
            *place = *piece(src, anchor.wrapping_add(done))?;
            done += PIECE;
        }
        return out.get_mut(lits..);
    }
    let (place, out) = out.split_at_mut_checked(lits)?;
    place.copy_from_slice(src.get(anchor..)?.get(..lits)?);
    Some(out)
}

/// Writes what of a number does not fit in the token; returns what is behind it.
#[inline(always)]
fn length(mut out: &mut [u8], len: usize) -> Option<&mut [u8]> {
    let Some(mut rest) = len.checked_sub(LONG) else {
        return Some(out);
    };
    loop {
        let byte;
        (byte, out) = out.split_first_mut()?;
        *byte = rest.min(255) as u8;
        match rest.checked_sub(255) {
            Some(more) => rest = more,
            None => return Some(out),
        }
    }
}

#[inline(always)]
fn piece<const N: usize>(src: &[u8; N], at: usize) -> Option<&[u8; PIECE]> {
    // Said in this way, it is one comparison.
    if at > N - PIECE {
        return None;
    }
    src[at..].first_chunk()
}

#[inline(always)]
fn eight<const N: usize>(src: &[u8; N], at: usize) -> Option<u64> {
    if at > N - 8 {
        return None;
    }
    src[at..]
        .first_chunk()
        .map(|eight| u64::from_le_bytes(*eight))
}
