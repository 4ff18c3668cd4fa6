// SPDX-License-Identifier: GPL-2.0

//! Pages that are one 32-bit word repeated, zero among them: the descriptor holds all of them.
//!
//! This file uses nothing but `core`; it is also built and tested on the host.

/// Words are compared and written in groups of a fixed size, for which the compiler unrolls the loop:
/// one or two instructions a word, and a branch for each group.
const GROUP: usize = 32;

/// The word that fills the page, if one does.
#[inline]
pub(crate) fn find(page: &[u64]) -> Option<u32> {
    let (first, last) = (*page.first()?, *page.last()?);
    let word = first as u32;
    // The last word tells most pages apart at once: many begin with zeroes.
    if first != last || first != double(word) {
        return None;
    }
    let mut groups = page.chunks_exact(GROUP);
    let same = if first == 0 {
        groups.all(|group| group.iter().fold(0, |all, word| all | word) == 0)
    } else {
        groups.all(|group| {
            let group = group.first_chunk::<GROUP>();
            group.is_some_and(|group| group.iter().all(|&word| word == first))
        })
    };
    (same && groups.remainder().iter().all(|&word| word == first)).then_some(word)
}

/// Fills a page with a word.
#[inline]
pub(crate) fn fill(page: &mut [u64], word: u32) {
    let word = double(word);
    let mut groups = page.chunks_exact_mut(GROUP);
    for group in &mut groups {
        for place in group {
            *place = word;
        }
    }
    groups.into_remainder().fill(word);
}

fn double(word: u32) -> u64 {
    (u64::from(word) << 32) | u64::from(word)
}
