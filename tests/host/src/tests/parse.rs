// SPDX-License-Identifier: GPL-2.0

//! Which values parameters accept.

use crate::ghost::parse::{percent, seconds, size, switch, MAX_SIZE};
use proptest::prelude::*;

#[test]
fn sizes() {
    for (text, bytes) in [
        ("1", 1),
        ("4096", 4096),
        ("512M\n", 512 << 20),
        ("2g", 2 << 30),
        (" 16T ", MAX_SIZE),
        ("16384G", MAX_SIZE),
        ("1k", 1024),
    ] {
        assert_eq!(size(text), Some(bytes), "{text:?}");
    }
    for text in [
        "",
        "0",
        "0K",
        "abc",
        "-1",
        "+1",
        "17T",
        "16T1",
        "16.5G",
        "1 G",
        "K",
        "1KB",
        "0x10",
        "17592186044417",
        "99999999999999999999",
        "18014398509481985K",
        "\u{ff11}",
    ] {
        assert_eq!(size(text), None, "{text:?}");
    }
}

#[test]
fn percentages() {
    assert_eq!(percent("0", 0), Some(0));
    assert_eq!(percent("100\n", 0), Some(100));
    assert_eq!(percent("0", 1), None);
    for text in ["", "101", "-1", "abc", "5%", "4294967296"] {
        assert_eq!(percent(text, 0), None, "{text:?}");
    }
}

#[test]
fn times() {
    assert_eq!(seconds("0\n"), Some(0));
    assert_eq!(seconds("86400"), Some(86400));
    for text in ["", "86401", "-1", "+1", "1s", "1.5", "99999999999999999999"] {
        assert_eq!(seconds(text), None, "{text:?}");
    }
}

#[test]
fn switches() {
    for text in ["Y", "y\n", "1", "on"] {
        assert_eq!(switch(text), Some(true), "{text:?}");
    }
    for text in ["N", "n\n", "0", "off"] {
        assert_eq!(switch(text), Some(false), "{text:?}");
    }
    for text in ["", "2", "yes please"] {
        assert_eq!(switch(text), None, "{text:?}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text: String) {
        let _ = (size(&text), percent(&text, 0), seconds(&text), switch(&text));
    }

    #[test]
    fn what_is_accepted_is_in_range(text in "[0-9]{1,20}[KMGTkmgt]?") {
        if let Some(bytes) = size(&text) {
            prop_assert!((1..=MAX_SIZE).contains(&bytes));
        }
    }

    #[test]
    fn plain_numbers_mean_bytes(bytes in 1..=MAX_SIZE) {
        prop_assert_eq!(size(&bytes.to_string()), Some(bytes));
    }
}
