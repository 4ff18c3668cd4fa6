// SPDX-License-Identifier: GPL-2.0

//! The order in which pages leave memory.

use super::{
    descriptor::{descriptor, Descriptor},
    table::{words, Table},
};
use crate::{
    ghost::age,
    swap::descriptor::{Invalid, Location},
};
use proptest::prelude::*;
use std::sync::atomic::Ordering::SeqCst;

fn object(mark: u8) -> Descriptor {
    Descriptor::Object(Location {
        handle: 5,
        len: 100,
        pool: 1,
        mark,
    })
}

/// Lets the hand pass a slot; returns whether the page there goes.
fn visit(table: &Table<'_>, i: usize) -> Result<bool, Invalid> {
    table.update_mark(i, age::passed).map(age::goes)
}

proptest! {
    #[test]
    fn only_old_pages_that_take_memory_go(desc in descriptor()) {
        let words = words();
        let table = Table::new(&words);
        prop_assert!(table.put(0, desc).is_ok());
        let old = matches!(desc, Descriptor::Object(Location { mark: 0, .. }));
        prop_assert_eq!(visit(&table, 0), Ok(old));
    }

    #[test]
    fn all_but_the_age_stays(desc in descriptor()) {
        let words = words();
        let table = Table::new(&words);
        prop_assert!(table.put(0, desc).is_ok());
        prop_assert!(visit(&table, 0).is_ok());
        let wanted = match desc {
            Descriptor::Object(old) => Descriptor::Object(Location {
                mark: old.mark.saturating_sub(1),
                ..old
            }),
            other => other,
        };
        prop_assert_eq!(table.take(0), Ok(wanted));
    }
}

#[test]
fn a_new_page_is_spared_once() {
    let words = words();
    let table = Table::new(&words);
    assert_eq!(table.put(1, object(age::NEW)), Ok(Ok(Descriptor::Empty)));
    assert_eq!(visit(&table, 1), Ok(false));
    assert_eq!(visit(&table, 1), Ok(true));
    // It is still there, for whoever takes it away.
    assert_eq!(table.take(1), Ok(object(0)));
    assert_eq!(visit(&table, 1), Ok(false));
}

#[test]
fn a_page_stored_again_is_new() {
    let words = words();
    let table = Table::new(&words);
    for _ in 0..3 {
        assert!(table.put(1, object(age::NEW)).is_ok());
        assert_eq!(visit(&table, 1), Ok(false));
    }
}

#[test]
fn a_page_that_was_used_is_new() {
    let words = words();
    let table = Table::new(&words);
    assert!(table.put(1, object(age::NEW)).is_ok());
    for _ in 0..3 {
        assert_eq!(visit(&table, 1), Ok(false));
        table.set_mark(1, age::NEW);
        assert_eq!(table.peek(1), Ok(object(age::NEW)));
    }
}

proptest! {
    #[test]
    fn what_has_no_age_is_not_renewed(desc in descriptor()) {
        let words = words();
        let table = Table::new(&words);
        prop_assert!(table.put(0, desc).is_ok());
        table.set_mark(0, age::NEW);
        match (desc, table.take(0)) {
            (Descriptor::Object(old), Ok(Descriptor::Object(new))) => {
                prop_assert_eq!(new, Location { mark: age::NEW, ..old });
            }
            (old, new) => prop_assert_eq!(Ok(old), new),
        }
    }
}

#[test]
fn an_overwritten_word_is_told() {
    let words = words();
    words[2].store(7, SeqCst);
    assert!(visit(&Table::new(&words), 2).is_err());
}
