// SPDX-License-Identifier: GPL-2.0

use crate::ghost::credit::Credit;
use proptest::prelude::*;

const MIB: usize = 1 << 20;

#[test]
fn what_shows_is_worth_it() {
    let mut credit = Credit::default();
    for _ in 0..100 {
        assert!(credit.add(MIB, true));
    }
}

#[test]
fn what_does_not_show_is_believed_for_a_while() {
    let mut credit = Credit::default();
    for _ in 0..4 {
        assert!(credit.add(MIB, false));
    }
    assert!(!credit.add(MIB, false));
    assert!(!credit.add(MIB, false));
    assert!(credit.add(MIB, true));
    assert!(credit.add(MIB, false));
}

#[test]
fn too_little_is_too_little() {
    assert!(!Credit::default().add(0, true));
    assert!(!Credit::default().add(64 << 10, true));
    assert!(Credit::default().add((64 << 10) + 1, true));
}

proptest! {
    // Whoever needs memory does not try for ever.
    #[test]
    fn there_is_an_end(saved in proptest::collection::vec(1usize..2 * MIB, 1..3000)) {
        let mut credit = Credit::default();
        let mut believed = 0;
        for saved in saved {
            if credit.add(saved, false) {
                believed += saved;
            }
        }
        prop_assert!(believed <= 4 * MIB);
    }
}
