// SPDX-License-Identifier: GPL-2.0

//! How far a hand goes, where it stops, and where it begins again.

use crate::ghost::clock::{Face, Failure, Hand, Limits, Request, Shared, SlotSet, CLUSTER_SLOTS};
use proptest::prelude::*;
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

impl Shared for Cell<usize> {
    fn get(&self) -> usize {
        Cell::get(self)
    }

    fn replace(&self, old: usize, new: usize) -> bool {
        let is_old = Cell::get(self) == old;
        if is_old {
            self.set(new);
        }
        is_old
    }
}

impl Shared for &Cell<usize> {
    fn get(&self) -> usize {
        Cell::get(self)
    }

    fn replace(&self, old: usize, new: usize) -> bool {
        Shared::replace(*self, old, new)
    }
}

/// Slots with pages, by number, each with its age; and what was done to them.
#[derive(Default)]
struct Pages {
    ages: BTreeMap<usize, u8>,
    passed: Vec<usize>,
    written: Vec<usize>,
    failures: BTreeMap<usize, Failure>,
    /// Writing this one succeeds, and then one before is found to have failed.
    fails_at: Option<usize>,
    has_failed: bool,
    is_full: bool,
    /// How many go from one scan; `None` for all.
    most: Option<usize>,
}

impl Pages {
    fn new(ages: impl IntoIterator<Item = (usize, u8)>) -> Self {
        Self {
            ages: ages.into_iter().collect(),
            ..Self::default()
        }
    }

    fn old(slots: impl IntoIterator<Item = usize>) -> Self {
        Self::new(slots.into_iter().map(|slot| (slot, 0)))
    }
}

impl Face for Pages {
    fn scan(
        &mut self,
        from: usize,
        pick: impl FnOnce(usize, &mut SlotSet, &mut dyn FnMut(usize) -> bool),
    ) -> Option<(usize, SlotSet)> {
        // A cluster in use: slots on disks or in the swap cache are not in `ages`, but these are enough.
        let start = from / CLUSTER_SLOTS * CLUSTER_SLOTS;
        let first = self.ages.range(start..).next()?.0 / CLUSTER_SLOTS * CLUSTER_SLOTS;
        let mut set = SlotSet::default();
        for slot in self.ages.range(from.max(first)..first + CLUSTER_SLOTS) {
            let i = slot.0 - first;
            set[i / usize::BITS as usize] |= 1 << (i % usize::BITS as usize);
        }
        let mut left = self.most();
        pick(first, &mut set, &mut |i| {
            self.passed.push(first + i);
            let age = self
                .ages
                .get_mut(&(first + i))
                .expect("no page was offered there");
            let goes = *age == 0 && left > 0;
            left -= usize::from(goes);
            *age = age.saturating_sub(1);
            goes
        });
        Some((first, set))
    }

    fn write(&mut self, slot: usize) -> Result<(), Failure> {
        if let Some(failure) = self.failures.get(&slot) {
            return Err(*failure);
        }
        self.ages.remove(&slot).expect("it was written twice");
        self.written.push(slot);
        self.has_failed |= self.fails_at == Some(slot);
        Ok(())
    }

    fn has_failed(&self) -> bool {
        self.has_failed
    }

    fn has_room(&self) -> bool {
        !self.is_full
    }

    fn most(&self) -> usize {
        self.most.unwrap_or(usize::MAX)
    }
}

fn hand(at: usize) -> Hand<Cell<usize>> {
    Hand::new(Cell::new(at))
}

fn limits(written: usize) -> Limits {
    Limits {
        clusters: 100,
        pages: usize::MAX,
        written,
    }
}

const C: usize = CLUSTER_SLOTS;

#[test]
fn no_page_is_passed_that_cannot_go() {
    let mut pages = Pages::old(0..10);
    pages.most = Some(4);
    let hand = hand(0);
    assert_eq!(hand.turn(limits(6), &mut pages), 6);
    assert_eq!(pages.written, [0, 1, 2, 3, 4, 5]);
    assert_eq!(hand.turn(limits(100), &mut pages), 4);
    assert_eq!(pages.passed, (0..10).collect::<Vec<_>>());
    assert!(pages.ages.is_empty());
}

#[test]
fn a_turn_goes_on_in_the_midst_of_a_cluster() {
    let (hand, mut pages) = (hand(0), Pages::old(0..10));
    assert_eq!(hand.turn(limits(4), &mut pages), 4);
    assert_eq!(pages.written, [0, 1, 2, 3]);
    // What is before the hand has been passed for this time.
    pages.ages.insert(1, 0);
    assert_eq!(hand.turn(limits(3), &mut pages), 3);
    assert_eq!(pages.written[4..], [4, 5, 6]);
}

#[test]
fn turns_take_one_page_after_the_other() {
    let (hand, mut pages) = (hand(0), Pages::old([3, 4, C + 1, C + 2, 5 * C]));
    for wanted in [3, 4, C + 1, C + 2, 5 * C] {
        assert_eq!(hand.turn(limits(1), &mut pages), 1);
        assert_eq!(pages.written.pop(), Some(wanted));
    }
}

#[test]
fn a_hand_goes_around() {
    let (hand, mut pages) = (hand(7 * C + 5), Pages::old([2, C, 7 * C + 4, 7 * C + 5]));
    hand.turn(limits(3), &mut pages);
    assert_eq!(pages.written, [7 * C + 5, 2, C]);
}

#[test]
fn a_ghost_without_pages_ends_a_turn() {
    for at in [0, 3 * C + 1] {
        let mut pages = Pages::default();
        assert_eq!(hand(at).turn(limits(5), &mut pages), 0);
    }
}

#[test]
fn twice_around_takes_pages_that_had_a_second_chance() {
    let new = || Pages::new([(1, 1), (C + 1, 1)]);
    let mut pages = new();
    hand(0).turn(Limits::to_make_room(2, 2), &mut pages);
    assert_eq!(pages.written, [1, C + 1]);
    // Once around does not.
    let mut pages = new();
    assert_eq!(hand(0).turn(Limits::to_shrink(2, 2), &mut pages), 2);
    assert_eq!(pages.written, []);
}

#[test]
fn reclaim_is_not_let_wait_for_few_pages_among_many() {
    let all = || (0..1000).map(|i| (i * C, 1));
    let mut pages = Pages::new(all());
    hand(0).turn(Limits::to_shrink(500, 1000), &mut pages);
    assert_eq!(pages.passed.len(), 128);
    // Pages that are spared count: no other cluster is looked at.
    let mut pages = Pages::new(all());
    assert_eq!(hand(0).turn(Limits::to_shrink(64, 1000), &mut pages), 64);
    // No more are written than were asked for.
    let mut pages = Pages::old(0..100);
    assert_eq!(hand(0).turn(Limits::to_shrink(33, 1), &mut pages), 33);
    assert_eq!(pages.written.len(), 33);
}

#[test]
fn a_turn_ends_where_it_can_do_no_more() {
    for (failure, is_full, ends) in [
        (Failure::NoMemory, false, true),
        (Failure::NoSlot, true, true),
        (Failure::NoSlot, false, false),
        (Failure::Other, true, false),
    ] {
        let mut pages = Pages::old(0..5);
        pages.failures.insert(2, failure);
        pages.is_full = is_full;
        hand(0).turn(limits(5), &mut pages);
        let wanted: &[usize] = if ends { &[0, 1] } else { &[0, 1, 3, 4] };
        assert_eq!(pages.written, wanted, "{failure:?}");
    }
    let mut pages = Pages::old(0..5);
    pages.fails_at = Some(2);
    hand(0).turn(limits(5), &mut pages);
    assert_eq!(pages.written, [0, 1, 2], "a device that fails gets no more");
}

#[test]
fn a_hand_that_others_move_is_left_alone() {
    /// Between reading the hand and the lock of the cluster, another goes on.
    struct Overtaken<'a> {
        pages: Pages,
        at: &'a Cell<usize>,
        other: Option<usize>,
    }

    impl Face for Overtaken<'_> {
        fn scan(
            &mut self,
            from: usize,
            pick: impl FnOnce(usize, &mut SlotSet, &mut dyn FnMut(usize) -> bool),
        ) -> Option<(usize, SlotSet)> {
            if let Some(other) = self.other.take() {
                self.at.set(other);
            }
            self.pages.scan(from, pick)
        }

        fn write(&mut self, slot: usize) -> Result<(), Failure> {
            self.pages.write(slot)
        }

        fn has_failed(&self) -> bool {
            self.pages.has_failed()
        }

        fn has_room(&self) -> bool {
            self.pages.has_room()
        }
    }

    let at = Cell::new(0);
    let mut face = Overtaken {
        pages: Pages::old(0..20),
        at: &at,
        other: Some(10),
    };
    Hand::new(&at).turn(limits(5), &mut face);
    assert_eq!(face.pages.passed, [10, 11, 12, 13, 14]);
    assert_eq!(at.get(), 15);
}

#[test]
fn kswapd_gets_the_oldest_of_all() {
    let served = |may_do_io, is_kswapd, of_cgroup| {
        Request {
            may_do_io,
            is_kswapd,
            of_cgroup,
        }
        .is_served()
    };
    assert!(served(true, true, false));
    assert!(!served(true, true, true));
    assert!(served(true, false, true));
    assert!(served(true, false, false));
    for (is_kswapd, of_cgroup) in [(true, false), (false, true), (false, false)] {
        assert!(!served(false, is_kswapd, of_cgroup));
    }
}

proptest! {
    /// A round that is made of turns, each of any length, is like one in one go.
    #[test]
    fn each_page_is_passed_once_a_round(
        ages in prop::collection::btree_map(0..6 * C, 0u8..2, 1..60),
        turns in prop::collection::vec(1usize..20, 1..40),
    ) {
        let old: Vec<usize> = ages.iter().filter(|(_, age)| **age == 0).map(|(slot, _)| *slot).collect();
        let used = ages.keys().map(|slot| slot / C).collect::<BTreeSet<_>>().len();
        let (hand, mut pages) = (hand(0), Pages::new(ages.clone()));
        for written in turns {
            let left = old.len() - pages.written.len();
            if left == 0 {
                break;
            }
            hand.turn(limits(written.min(left)), &mut pages);
        }
        if pages.written.len() < old.len() {
            hand.turn(limits(old.len() - pages.written.len()), &mut pages);
        }
        prop_assert_eq!(&pages.written, &old);
        // And all before the last that went, once.
        let end = old.last().map_or(0, |slot| slot + 1);
        prop_assert_eq!(pages.passed, ages.range(..end).map(|(slot, _)| *slot).collect::<Vec<_>>());
        prop_assert!(used > 0);
    }

    #[test]
    fn no_more_is_written_or_visited_than_asked_for(
        ages in prop::collection::btree_map(0..40 * C, 0u8..3, 0..200),
        at in 0..40 * C,
        clusters in 0usize..50,
        pages in 0usize..100,
        written in 0usize..100,
    ) {
        let mut face = Pages::new(ages);
        let passed = hand(at).turn(Limits { clusters, pages, written }, &mut face);
        prop_assert_eq!(passed, face.passed.len());
        prop_assert!(face.written.len() <= written);
        let mut visited: Vec<usize> = face.passed.iter().map(|slot| slot / C).collect();
        visited.dedup();
        prop_assert!(visited.len() <= clusters);
        // No cluster is begun once enough was passed.
        let before = visited.last().map_or(0, |last| face.passed.iter().take_while(|slot| *slot / C != *last).count());
        prop_assert!(face.passed.is_empty() || before < pages || visited.len() == 1);
    }
}
