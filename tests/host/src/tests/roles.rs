// SPDX-License-Identifier: GPL-2.0

use crate::pools::roles::Roles;
use proptest::prelude::*;

#[test]
fn new_pages_go_to_the_tight_pool_while_memory_is_short() {
    let roles = Roles::new(0).with_tight(Some(1));
    assert_eq!(roles.taking(), 0);
    let short = roles.with_shortage(true);
    assert_eq!(short.taking(), 1);
    assert_eq!(short.current(), 0);
    assert_eq!(short.with_shortage(false), roles);
    assert_eq!(Roles::new(0).with_shortage(true).taking(), 0);
}

#[test]
fn another_current_pool_does_not_end_the_shortage() {
    let short = Roles::new(0).with_tight(Some(1)).with_shortage(true);
    assert_eq!(short.with_current(2).taking(), 1);
    assert_eq!(short.with_current(2).with_shortage(false).taking(), 2);
    // But for this, as it cannot be told from memory that is not short.
    assert_eq!(short.with_current(1).with_current(2).taking(), 2);
}

#[test]
fn the_same_tight_pool_changes_nothing() {
    let short = Roles::new(0).with_tight(Some(1)).with_shortage(true);
    assert_eq!(short.with_tight(Some(1)), short);
    assert_eq!(short.with_tight(Some(2)).taking(), 0);
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Current(usize),
    Tight(Option<usize>),
    Shortage(bool),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        (0usize..16).prop_map(Change::Current),
        proptest::option::of(0usize..16).prop_map(Change::Tight),
        any::<bool>().prop_map(Change::Shortage),
    ];
    proptest::collection::vec(change, 0..30)
}

proptest! {
    // Pools that pages go to are not retired: they must be all that a reader may find.
    #[test]
    fn new_pages_go_to_a_pool_with_a_role(changes in changes()) {
        let (mut roles, mut current, mut tight) = (Roles::new(0), 0, None);
        for change in changes {
            roles = match change {
                Change::Current(id) => {
                    current = id;
                    roles.with_current(id)
                }
                Change::Tight(id) => {
                    tight = id;
                    roles.with_tight(id)
                }
                Change::Shortage(is_short) => roles.with_shortage(is_short),
            };
            prop_assert_eq!((roles.current(), roles.tight()), (current, tight));
            prop_assert!(roles.taking() == current || Some(roles.taking()) == tight);
            prop_assert_eq!(Roles::from_word(roles.to_word()), roles);
            for id in 0..16 {
                prop_assert_eq!(roles.has(id), id == current || Some(id) == tight);
            }
        }
    }
}
