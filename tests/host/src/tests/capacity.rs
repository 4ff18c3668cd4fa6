// SPDX-License-Identifier: GPL-2.0

//! How much users are told that the ghost can keep.

use crate::ghost::capacity::{default_size, Fill};
use proptest::prelude::*;

/// Of a machine that compresses `kept` pages to a third.
fn to_a_third(limit: usize, kept: usize) -> Fill {
    Fill {
        limit,
        taken: kept / 3,
        kept,
    }
}

#[test]
fn room_is_what_is_left_at_the_ratio_so_far() {
    assert_eq!(to_a_third(100_000, 0).room(), 200_000);
    assert_eq!(to_a_third(100_000, 30_000).room(), 270_000);
    assert_eq!(to_a_third(100_000, 300_000).room(), 0);
    assert_eq!(to_a_third(100_000, 330_000).room(), 0);
}

#[test]
fn room_matters_from_the_middle_on() {
    assert!(!to_a_third(100_000, 149_000).is_low());
    assert!(to_a_third(100_000, 150_000).is_low());
    assert!(to_a_third(0, 0).is_low());
}

#[test]
fn the_default_size_keeps_a_quarter_free() {
    assert_eq!(default_size(1_000, 0), 1_000);
    assert_eq!(default_size(1_000, 750), 1_000);
    assert_eq!(default_size(1_000, 3_000), 4_000);
}

proptest! {
    #[test]
    fn nothing_overflows(limit: usize, taken: usize, kept: usize, used: usize) {
        let fill = Fill { limit, taken, kept };
        fill.room();
        prop_assert!(fill.is_low() || taken < limit);
        prop_assert!(default_size(limit, used) >= used);
    }

    #[test]
    fn what_is_full_has_no_room(limit in 0usize..1 << 40, over in 0usize..1 << 20, kept: usize) {
        prop_assert_eq!(Fill { limit, taken: limit + over, kept }.room(), 0);
    }

    #[test]
    fn less_memory_is_never_more_room(limit in 1usize..1 << 40, kept in 256usize..1 << 40) {
        let at = |taken| Fill { limit, taken, kept }.room();
        let third = limit / 3;
        prop_assert!(at(third) >= at(2 * third));
        prop_assert!(at(2 * third) >= at(limit));
    }
}
