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
        let old = matches!(desc, Descriptor::Object(at) if at.mark != age::NEW);
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
                mark: if old.mark == age::NEW {
                    age::LOOSE
                } else {
                    old.mark
                },
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
fn a_page_is_packed_once_until_it_is_used() {
    let words = words();
    let table = Table::new(&words);
    let is_loose = || table.update_mark(1, age::passed).map(age::is_loose);
    assert_eq!(is_loose(), Ok(false));
    assert!(table.put(1, object(age::NEW)).is_ok());
    assert_eq!(is_loose(), Ok(false));
    assert_eq!(is_loose(), Ok(true));
    table.set_mark(1, age::PACKING);
    assert_eq!(is_loose(), Ok(true));
    // It may go to a device all the same, and a hand does not change that it is being packed.
    assert_eq!(visit(&table, 1), Ok(true));
    assert_eq!(table.peek(1), Ok(object(age::PACKING)));
    table.set_mark(1, age::PACKED);
    assert_eq!(is_loose(), Ok(false));
    // It goes to a device all the same.
    assert_eq!(visit(&table, 1), Ok(true));
    table.set_mark(1, age::NEW);
    assert_eq!(is_loose(), Ok(false));
    assert_eq!(is_loose(), Ok(true));
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

/// What becomes of a page while it is being packed.
#[derive(Clone, Copy, Debug)]
enum Use {
    /// A hand goes by.
    Pass,
    /// It is loaded.
    Load,
    /// It is freed, and another is stored, whose object is where that of the first was.
    Replace,
}

proptest! {
    #[test]
    fn only_a_page_that_nobody_has_used_is_packed(
        uses in prop::collection::vec(prop_oneof![Just(Use::Pass), Just(Use::Load), Just(Use::Replace)], 0..6),
    ) {
        let words = words();
        let table = Table::new(&words);
        prop_assert!(table.put(3, object(age::LOOSE)).is_ok());
        let slot = table.only(3);
        slot.set_mark(0, age::PACKING);
        let stamp = slot.word(0);
        for one in &uses {
            match one {
                Use::Pass => {
                    table.update_mark(3, age::passed).unwrap();
                }
                Use::Load => table.set_mark(3, age::NEW),
                Use::Replace => {
                    prop_assert!(table.take(3).is_ok());
                    prop_assert!(table.put(3, object(age::NEW)).is_ok());
                }
            }
        }
        let is_unused = uses.iter().all(|one| matches!(one, Use::Pass));
        prop_assert_eq!(slot.word(0) == stamp, is_unused);
    }
}
