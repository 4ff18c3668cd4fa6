// SPDX-License-Identifier: GPL-2.0

//! Tells pages that no compressor makes smaller, by looking at a small part of them.
//!
//! What can be compressed has some bytes more often than others, or the same bytes twice. So a page
//! passes for random if both are true:
//!
//! - 128 bytes, taken from all over the page, have more than [`MANY`] values. Random ones have 101
//!   in the mean, and not more than 84 once in some 10,000 pages; programs, texts and heaps have less
//!   than 70.
//! - Nowhere in four stretches are four bytes that are also at one of the places which were
//!   remembered, [`STRIDE`] bytes apart. A stretch is as long: if it is a copy of something, one of
//!   its positions is a copy of such a place, however far that is.
//!
//! The distances are no powers of two, as those of equal fields of neighbouring records often are.
//!
//! This file uses nothing but `core`; it is also built and tested on the host.

/// The bytes of a page.
const LEN: usize = 4096;
/// More values than that are too many for bytes that follow some rule.
const MANY: u64 = 84;
/// From one group of eight bytes that is looked at to the next one.
const SPREAD: usize = 236;
/// From one remembered place to the next one.
const STRIDE: usize = 36;
/// Where the stretches begin.
const STRETCHES: [usize; 4] = [1000, 2080, 3170, 4020];

/// Whether it is not worth trying to compress the page.
pub(crate) fn is_random(page: &[u8; LEN]) -> bool {
    values(page) > MANY && !repeats(page)
}

/// How many values 128 of the bytes have.
#[inline]
fn values(page: &[u8; LEN]) -> u64 {
    let mut seen = [0u8; 256];
    for bytes in page.chunks_exact(SPREAD).take(16) {
        for byte in &bytes[..8] {
            seen[usize::from(*byte)] = 1;
        }
    }
    // Eight sums side by side, of 32 each, and then the sum of these: it is at most 128.
    let sums = seen.chunks_exact(8).fold(0, |sums: u64, eight| {
        sums.wrapping_add(eight.first_chunk().map_or(0, |b| u64::from_le_bytes(*b)))
    });
    sums.wrapping_mul(0x0101_0101_0101_0101) >> 56
}

/// Whether bytes of the stretches are found elsewhere. Zeroes always are.
#[inline(never)]
fn repeats(page: &[u8; LEN]) -> bool {
    let mut seen = [0u32; 256];
    let place = |four: u32| (four.wrapping_mul(0x9e37_79b1) >> 24) as usize;
    let four = |bytes: &[u8]| bytes.first_chunk().map_or(0, |b| u32::from_le_bytes(*b));
    for bytes in page.chunks_exact(STRIDE) {
        let four = four(bytes);
        seen[place(four)] = four;
    }
    STRETCHES.iter().any(|start| {
        // A remembered place in a stretch is not found elsewhere because it finds itself.
        let own = start.next_multiple_of(STRIDE) - start;
        let stretch = page[*start..][..STRIDE + 3].windows(4).enumerate();
        stretch.fold(false, |found, (i, bytes)| {
            let four = four(bytes);
            found | (seen[place(four)] == four && i != own)
        })
    })
}
