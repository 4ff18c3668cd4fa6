// SPDX-License-Identifier: GPL-2.0

//! A page of one word is recognized and filled again with the same bytes; no other page is.

use crate::ghost::same_filled::{fill, find};
use proptest::prelude::*;

const WORDS: usize = 512;

proptest! {
    #[test]
    fn found_and_filled_again(word: u32) {
        let mut page = [0u64; WORDS];
        fill(&mut page, word);
        for half in page.iter().flat_map(|w| [*w as u32, (*w >> 32) as u32]) {
            prop_assert_eq!(half, word);
        }
        prop_assert_eq!(find(&page), Some(word));
    }

    #[test]
    fn one_bit_makes_it_another(word: u32, at in 0..WORDS, bit in 0..64u32) {
        let mut page = [0u64; WORDS];
        fill(&mut page, word);
        page[at] ^= 1 << bit;
        prop_assert_eq!(find(&page), None);
    }

    #[test]
    fn a_64_bit_pattern_is_not_same_filled(word: u64) {
        prop_assume!(word as u32 != (word >> 32) as u32);
        prop_assert_eq!(find(&[word; WORDS]), None);
    }
}
