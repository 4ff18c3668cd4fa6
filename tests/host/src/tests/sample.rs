// SPDX-License-Identifier: GPL-2.0

//! Random pages are recognized. Pages that compress are not, even if made to look random.

use crate::sample::is_random;
use proptest::{collection::vec, prelude::*};

const PAGE: usize = 4096;

fn page(bytes: impl IntoIterator<Item = u8>) -> Box<[u8; PAGE]> {
    let bytes: Vec<u8> = bytes.into_iter().take(PAGE).collect();
    bytes
        .into_boxed_slice()
        .try_into()
        .expect("enough for a page")
}

/// Bytes without an order.
fn random(seed: u64) -> impl Iterator<Item = u8> {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    std::iter::repeat_with(move || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes()
    })
    .flatten()
}

#[test]
fn random_pages_pass() {
    let passed = (0..10_000)
        .filter(|seed| is_random(&page(random(*seed))))
        .count();
    assert!(passed >= 9_980, "{passed} of 10000");
}

#[test]
fn text_does_not() {
    let text = include_bytes!("sample.rs");
    assert!(!is_random(&page(text.iter().copied().cycle())));
}

#[test]
fn bytes_of_few_values_do_not() {
    // As letters and digits that stand for random bytes.
    let passed = (0..1000).filter(|seed| is_random(&page(random(*seed).map(|b| b & 63))));
    assert_eq!(passed.count(), 0);
}

#[test]
fn copies_of_random_bytes_do_not() {
    // However long the original is: up to the half of a page. Where both stretches find the places
    // they look for forgotten, for others with the same hash, the page is kept as it is.
    let mut passed = 0;
    for period in 16..=PAGE / 2 {
        let once: Vec<u8> = random(period as u64).take(period).collect();
        passed += usize::from(is_random(&page(once.into_iter().cycle())));
    }
    assert!(passed <= 60, "{passed} of 2033");
}

#[test]
fn random_bytes_before_zeroes_do_not() {
    for zeroes in (512..PAGE).step_by(64) {
        let page = page(
            random(zeroes as u64)
                .take(PAGE - zeroes)
                .chain(std::iter::repeat(0)),
        );
        assert!(!is_random(&page), "{zeroes} zeroes at the end");
    }
}

#[test]
fn records_with_random_fields_do_not() {
    for len in [16, 24, 32, 40, 48, 64, 96, 128, 256] {
        // A third of each is the same in all of them.
        for start in (0..len).step_by(8) {
            let mut page = page(random((len + start) as u64));
            for (at, byte) in page.iter_mut().enumerate() {
                if (at + len - start) % len < len / 3 {
                    *byte = (at % len) as u8;
                }
            }
            assert!(!is_random(&page), "{len} bytes, constant from {start} on");
        }
    }
}

proptest! {
    #[test]
    fn any_page_can_be_looked_at(bytes in vec(any::<u8>(), PAGE)) {
        is_random(&page(bytes));
    }
}
