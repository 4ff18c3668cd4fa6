// SPDX-License-Identifier: GPL-2.0

//! The order in which pages leave memory.

use super::{descriptor::descriptor, table::words};
use crate::{
    age::{self, visit, Verdict},
    descriptor::{Descriptor, Location},
    table::Table,
};
use proptest::prelude::*;
use std::sync::atomic::Ordering::SeqCst;

fn object(age: u8) -> Descriptor {
    Descriptor::Compressed(Location {
        handle: 5,
        len: 100,
        pool: 1,
        age,
    })
}

proptest! {
    #[test]
    fn only_pages_that_take_memory_go(desc in descriptor()) {
        let takes_memory = matches!(desc, Descriptor::Compressed(_));
        prop_assert_eq!(visit(desc) == Verdict::Pass, !takes_memory);
    }

    #[test]
    fn all_but_the_age_stays(desc in descriptor()) {
        if let Descriptor::Compressed(old) = desc {
            let wanted = match old.age {
                0 => Verdict::Take,
                age => Verdict::Spare(Descriptor::Compressed(Location { age: age - 1, ..old })),
            };
            prop_assert_eq!(visit(desc), wanted);
        }
    }
}

#[test]
fn a_new_page_is_spared_once() {
    let words = words();
    let table = Table::new(&words);
    assert_eq!(table.put(1, object(age::NEW)), Ok(Ok(Descriptor::Empty)));
    assert_eq!(table.visit(1), Ok(false));
    assert_eq!(table.visit(1), Ok(true));
    // It is still there, for whoever takes it away.
    assert_eq!(table.take(1), Ok(object(0)));
    assert_eq!(table.visit(1), Ok(false));
}

#[test]
fn a_page_stored_again_is_new() {
    let words = words();
    let table = Table::new(&words);
    for _ in 0..3 {
        assert!(table.put(1, object(age::NEW)).is_ok());
        assert_eq!(table.visit(1), Ok(false));
    }
}

#[test]
fn a_page_that_was_used_is_new() {
    let words = words();
    let table = Table::new(&words);
    assert!(table.put(1, object(age::NEW)).is_ok());
    for _ in 0..3 {
        assert_eq!(table.visit(1), Ok(false));
        table.renew(1);
        assert_eq!(table.peek(1), Ok(object(age::NEW)));
    }
}

proptest! {
    #[test]
    fn what_has_no_age_is_not_renewed(desc in descriptor()) {
        let words = words();
        let table = Table::new(&words);
        prop_assert!(table.put(0, desc).is_ok());
        table.renew(0);
        match (desc, table.take(0)) {
            (Descriptor::Compressed(old), Ok(Descriptor::Compressed(new))) => {
                prop_assert_eq!(new, Location { age: age::NEW, ..old });
            }
            (old, new) => prop_assert_eq!(Ok(old), new),
        }
    }
}

#[test]
fn an_overwritten_word_is_told() {
    let words = words();
    words[2].store(7, SeqCst);
    assert!(Table::new(&words).visit(2).is_err());
}
