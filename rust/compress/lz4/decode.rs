// SPDX-License-Identifier: GPL-2.0

//! Reads LZ4 blocks.
//!
//! This file uses nothing but `core`; it is also built and tested on the host.

use core::hint::black_box;

/// A match is at least that long.
const MIN_MATCH: usize = 4;
/// A number that does not fit in its four bits of the token goes on behind it.
const LONG: usize = 15;
/// How much is copied for literals, if there are less than [`LONG`].
const LITERALS: usize = 16;
/// How much at most is written for a match whose length fits in the token.
const MATCH: usize = 24;
/// How much is written for most matches that are longer.
const MORE: usize = 32;
/// How much is written for those that are longer still. What is longer than that goes to [`repeat`].
const MOST: usize = 64;
/// Most processors' lines; if it is not, only the time is another.
const CACHE_LINE: usize = 64;
/// A token, literals and a distance, with a number of literals that fits.
const SHORT: usize = 1 + LITERALS + 2;

/// Decompresses `src`, which has to fill `dst` exactly. `None`: it is no block that does.
///
/// As long as there is room for more than a short sequence has, it is copied with fixed lengths, and
/// the next one overwrites what was too much.
// Inlined, it would have to share registers with the caller.
#[inline(never)]
pub(crate) fn decode<const N: usize>(src: &[u8], dst: &mut [u8; N]) -> Option<()> {
    touch(src);
    let (mut next, mut at) = (0, 0);
    loop {
        if let Some(last) = src.len().checked_sub(SHORT) {
            let mut token = usize::from(*src.get(next)?);
            while next <= last && at <= N - LITERALS - MATCH {
                let window: &[u8; SHORT] = src.get(next..)?.first_chunk()?;
                let (lits, more) = (token >> 4, token & 15);
                if lits == LONG {
                    break;
                }
                dst[at..at + LITERALS].copy_from_slice(&window[1..1 + LITERALS]);
                let distance: [u8; 2] = *window[1 + lits..].first_chunk()?;
                let distance = usize::from(u16::from_le_bytes(distance));
                // From the window, so that the load does not wait for `next`, nor the next turn for another.
                token = usize::from(window[3 + lits]);
                next = next.wrapping_add(3 + lits);
                at += lits;
                if more == LONG {
                    let more;
                    (more, next) = length(src, next, LONG)?;
                    token = usize::from(*src.get(next)?);
                    at = repeat_long(dst, at, distance, more)?;
                } else {
                    at = repeat_short(dst, at, distance, more)?;
                }
            }
        }
        // A sequence with long literals, or one near the end.
        let token = usize::from(*src.get(next)?);
        let (lits, text) = length(src, next.wrapping_add(1), token >> 4)?;
        next = text.wrapping_add(lits);
        dst.get_mut(at..)?
            .get_mut(..lits)?
            .copy_from_slice(src.get(text..next)?);
        at = at.wrapping_add(lits);
        if next == src.len() {
            return (at == N).then_some(());
        }
        let distance = usize::from(u16::from_le_bytes(*src.get(next..)?.first_chunk()?));
        next = next.wrapping_add(2);
        let more = token & 15;
        if more < LONG && at <= N - MATCH {
            at = repeat_short(dst, at, distance, more)?;
        } else {
            let more;
            (more, next) = length(src, next, token & 15)?;
            at = repeat(dst, at, distance, more)?;
        }
    }
}

/// Reads a byte of each cache line, so that all are on their way at once: what was swapped out long ago
/// is in no cache.
#[inline(always)]
fn touch(src: &[u8]) {
    let (mut at, mut all) = (0, 0);
    while let Some(byte) = src.get(at) {
        all |= byte;
        at = at.wrapping_add(CACHE_LINE);
    }
    black_box(all);
}

/// Copies a match whose length fits in the token; there is room for [`MATCH`] bytes. Returns the
/// place behind.
#[inline(always)]
fn repeat_short<const N: usize>(
    dst: &mut [u8; N],
    at: usize,
    distance: usize,
    more: usize,
) -> Option<usize> {
    let from = at.checked_sub(distance)?;
    if distance < 8 {
        if distance == 0 {
            return None;
        }
        let (word, step) = spread(bytes(dst, from)?, distance);
        let room: &mut [u8] = dst.get_mut(at..at + MATCH)?;
        put(room, 0, word)?;
        put(room, step, word)?;
        put(room, 2 * step, word)?;
    } else {
        copy::<8, N>(dst, from, at)?;
        copy::<8, N>(dst, from + 8, at + 8)?;
        copy::<2, N>(dst, from + 16, at + 16)?;
    }
    Some(at + MIN_MATCH + more)
}

/// Copies a match whose length does not fit in the token; returns the place behind. Nine of ten such are
/// short enough to be copied without a loop, whose end would not be predicted.
#[inline(always)]
fn repeat_long<const N: usize>(
    dst: &mut [u8; N],
    at: usize,
    distance: usize,
    more: usize,
) -> Option<usize> {
    if distance < 8 || more > MOST - MIN_MATCH || at > N - MOST {
        return repeat(dst, at, distance, more);
    }
    let from = at.checked_sub(distance)?;
    for done in (0..MORE).step_by(8) {
        copy::<8, N>(dst, from + done, at + done)?;
    }
    if more > MORE - MIN_MATCH {
        for done in (MORE..MOST).step_by(8) {
            copy::<8, N>(dst, from + done, at + done)?;
        }
    }
    Some(at + MIN_MATCH + more)
}

/// Reads what follows of a length; returns it, and the place behind.
#[inline(always)]
fn length(src: &[u8], next: usize, len: usize) -> Option<(usize, usize)> {
    let (mut next, mut len) = (next, len);
    if len == LONG {
        loop {
            let byte = *src.get(next)?;
            next = next.wrapping_add(1);
            // Does not overflow: there are far fewer than 2^56 bytes to add up.
            len = len.wrapping_add(usize::from(byte));
            if byte != 255 {
                break;
            }
        }
    }
    Some((len, next))
}

/// A word of repeats of the first `distance` bytes of another one, and how many bytes of it are
/// whole repeats. The distance is less than 8.
#[inline(always)]
fn spread(bytes: [u8; 8], distance: usize) -> ([u8; 8], usize) {
    let (below, factor, rest) = SPREAD[distance & 7];
    let word = (u64::from_le_bytes(bytes) & below).wrapping_mul(factor);
    (word.to_le_bytes(), (rest & 7) + 1)
}

/// For each distance: which bytes of a word are below it, what spreads them over a word, and how many
/// bytes whole repeats take then, less one.
const SPREAD: [(u64, u64, usize); 8] = [
    (0, 0, 0),
    (0xff, 0x0101_0101_0101_0101, 7),
    (0xffff, 0x0001_0001_0001_0001, 7),
    (0xff_ffff, 0x0001_0000_0100_0001, 5),
    (0xffff_ffff, 0x0000_0001_0000_0001, 7),
    (0xff_ffff_ffff, 0x0000_0100_0000_0001, 4),
    (0xffff_ffff_ffff, 0x0001_0000_0000_0001, 5),
    (0xff_ffff_ffff_ffff, 0x0100_0000_0000_0001, 6),
];

/// Copies a match of any length that may overlap itself; returns the place behind.
#[inline(never)]
fn repeat<const N: usize>(
    dst: &mut [u8; N],
    at: usize,
    distance: usize,
    more: usize,
) -> Option<usize> {
    let from = at.checked_sub(distance)?;
    let end = at.wrapping_add(more).wrapping_add(MIN_MATCH);
    if distance == 0 || end > N || end <= at {
        return None;
    }
    // Words go a bit too far, and what follows overwrites that.
    if end <= N - 16 {
        let (mut from, mut to) = (from, at);
        if distance < 8 {
            let (word, step) = spread(bytes(dst, from)?, distance);
            while to < end {
                put(dst, to, word)?;
                to = to.wrapping_add(step);
            }
            return Some(end);
        }
        if more < 256 {
            while to < end {
                copy::<8, N>(dst, from, to)?;
                copy::<8, N>(dst, from.wrapping_add(8), to.wrapping_add(8))?;
                to = to.wrapping_add(16);
                from = from.wrapping_add(16);
            }
            return Some(end);
        }
    }
    fill_up(dst.get_mut(from..end)?, distance);
    Some(end)
}

/// Fills bytes with repeats of the first `done` of them.
#[inline(never)]
fn fill_up(bytes: &mut [u8], mut done: usize) {
    while let Some((have, rest)) = bytes.split_at_mut_checked(done) {
        let len = have.len().min(rest.len());
        rest[..len].copy_from_slice(&have[..len]);
        if len == 0 {
            return;
        }
        done = done.wrapping_add(len);
    }
}

/// Copies `LEN` bytes.
#[inline(always)]
fn copy<const LEN: usize, const N: usize>(dst: &mut [u8; N], from: usize, to: usize) -> Option<()> {
    let bytes = bytes::<LEN>(dst, from)?;
    put(dst, to, bytes)
}

#[inline(always)]
fn bytes<const LEN: usize>(src: &[u8], at: usize) -> Option<[u8; LEN]> {
    src.get(at..at.wrapping_add(LEN))?.first_chunk().copied()
}

#[inline(always)]
fn put<const LEN: usize>(dst: &mut [u8], at: usize, bytes: [u8; LEN]) -> Option<()> {
    dst.get_mut(at..at.wrapping_add(LEN))?
        .copy_from_slice(&bytes);
    Some(())
}
