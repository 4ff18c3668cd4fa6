// SPDX-License-Identifier: GPL-2.0

//! A table against a model of it: what is put is there, once, until it is taken.

use super::descriptor::{descriptor, Descriptor};
use crate::{
    ghost::value::Value,
    swap::{
        descriptor::{Invalid, Location},
        table::{self, Word},
    },
};
use proptest::{collection::vec, prelude::*};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

impl Word for AtomicU64 {
    fn load(&self) -> u64 {
        AtomicU64::load(self, SeqCst)
    }

    fn exchange(&self, new: u64) -> u64 {
        self.swap(new, SeqCst)
    }

    fn replace(&self, old: u64, new: u64) -> bool {
        self.compare_exchange(old, new, SeqCst, SeqCst).is_ok()
    }
}

pub(super) type Table<'a> = table::Table<'a, AtomicU64, Value>;

const SLOTS: usize = 512;

#[derive(Clone, Debug)]
enum Op {
    Put(usize, Descriptor),
    Take(usize),
    Peek(usize),
}

fn op() -> impl Strategy<Value = Op> {
    // Few slots, so that they meet.
    let slot = prop_oneof![0..4usize, Just(SLOTS - 1)];
    prop_oneof![
        (slot.clone(), descriptor()).prop_map(|(i, desc)| Op::Put(i, desc)),
        slot.clone().prop_map(Op::Take),
        slot.prop_map(Op::Peek),
    ]
}

pub(super) fn words() -> Vec<AtomicU64> {
    (0..SLOTS).map(|_| AtomicU64::new(0)).collect()
}

proptest! {
    #[test]
    fn behaves_as_an_array(ops in vec(op(), 0..100)) {
        let words = words();
        let table = Table::new(&words);
        let mut model = vec![Descriptor::Empty; SLOTS];
        prop_assert_eq!(table.len(), SLOTS);
        for op in ops {
            match op {
                Op::Put(i, desc) => {
                    prop_assert_eq!(table.put(i, desc), Ok(Ok(model[i])));
                    model[i] = desc;
                }
                Op::Take(i) => {
                    prop_assert_eq!(table.take(i), Ok(model[i]));
                    model[i] = Descriptor::Empty;
                }
                Op::Peek(i) => prop_assert_eq!(table.peek(i), Ok(model[i])),
            }
        }
        for (i, desc) in model.iter().enumerate() {
            prop_assert_eq!(table.peek(i), Ok(*desc));
        }
    }
}

#[test]
fn what_does_not_fit_comes_back_and_changes_nothing() {
    let words = words();
    let table = Table::new(&words);
    let wrong = Descriptor::Object(Location {
        handle: u64::MAX,
        len: 1,
        pool: 0,
        mark: 0,
    });
    assert_eq!(
        table.put(3, Descriptor::Value(Value::SameFilled(5))),
        Ok(Ok(Descriptor::Empty))
    );
    assert_eq!(table.put(3, wrong), Err(wrong));
    assert_eq!(table.peek(3), Ok(Descriptor::Value(Value::SameFilled(5))));
}

#[test]
fn an_overwritten_word_is_told_once() {
    let words = words();
    let table = Table::new(&words);
    words[7].store(7, SeqCst);
    assert_eq!(table.peek(7), Err(Invalid(7)));
    assert_eq!(table.take(7), Err(Invalid(7)));
    assert_eq!(table.take(7), Ok(Descriptor::Empty));
}
