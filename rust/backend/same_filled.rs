// SPDX-License-Identifier: GPL-2.0

//! Pages that are one 32-bit word repeated, zero among them: the descriptor holds all of them.
//!
//! This file uses nothing but `core`; it is also built and tested on the host.

/// The word that fills the page, if one does.
#[inline]
pub(crate) fn find(page: &[u64]) -> Option<u32> {
    let (first, last) = (*page.first()?, *page.last()?);
    let word = first as u32;
    // The last word tells most pages apart at once: many begin with zeroes.
    if first != last || first != double(word) {
        return None;
    }
    // Eight at a time, spelled out: two instructions a word, and out at the first that differs.
    let same = |eight: &[u64]| match eight {
        &[a, b, c, d, e, f, g, h] => {
            a == first
                && b == first
                && c == first
                && d == first
                && e == first
                && f == first
                && g == first
                && h == first
        }
        rest => rest.iter().all(|&word| word == first),
    };
    page.chunks(8).all(same).then_some(word)
}

/// Fills a page with a word.
#[inline]
pub(crate) fn fill(page: &mut [u64], word: u32) {
    page.fill(double(word));
}

fn double(word: u32) -> u64 {
    (u64::from(word) << 32) | u64::from(word)
}
