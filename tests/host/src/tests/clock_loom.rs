// SPDX-License-Identifier: GPL-2.0

//! Every interleaving of two turns of a hand: no page is passed by both, and none is left out.

use crate::ghost::clock::{Face, Failure, Hand, Limits, Shared, SlotSet, CLUSTER_SLOTS};
use loom::{
    sync::{
        atomic::{
            AtomicUsize,
            Ordering::{AcqRel, Relaxed},
        },
        Arc, Mutex,
    },
    thread,
};

impl Shared for AtomicUsize {
    fn get(&self) -> usize {
        self.load(Relaxed)
    }

    fn replace(&self, old: usize, new: usize) -> bool {
        self.compare_exchange(old, new, AcqRel, Relaxed).is_ok()
    }
}

/// How many pages each cluster has, in its first slots.
const PAGES: usize = 2;

/// Clusters with a lock, under which it counts how often each page was passed.
struct World {
    hand: Hand<AtomicUsize>,
    clusters: [Mutex<[usize; PAGES]>; 2],
}

impl Face for &World {
    fn scan(
        &mut self,
        from: usize,
        pick: impl FnOnce(usize, &mut SlotSet, &mut dyn FnMut(usize) -> bool),
    ) -> Option<(usize, SlotSet)> {
        let mut passed = self.clusters.get(from / CLUSTER_SLOTS)?.lock().unwrap();
        let first = from / CLUSTER_SLOTS * CLUSTER_SLOTS;
        let mut set = SlotSet::default();
        for i in from - first..PAGES {
            set[0] |= 1 << i;
        }
        pick(first, &mut set, &mut |i| {
            passed[i] += 1;
            true
        });
        Some((first, set))
    }

    fn write(&mut self, _slot: usize) -> Result<(), Failure> {
        Ok(())
    }

    fn has_failed(&self) -> bool {
        false
    }

    fn has_room(&self) -> bool {
        true
    }
}

fn world() -> World {
    World {
        hand: Hand::new(AtomicUsize::new(0)),
        clusters: [const { [0; PAGES] }; 2].map(Mutex::new),
    }
}

fn turn(world: &World, written: usize) -> usize {
    let limits = Limits {
        clusters: 8,
        pages: usize::MAX,
        written,
    };
    world.hand.turn(limits, &mut &*world)
}

fn turns(written: [usize; 2], wanted: [usize; 2 * PAGES]) {
    let [mine, others] = written;
    loom::model(move || {
        let world = Arc::new(world());
        let other = world.clone();
        let thread = thread::spawn(move || turn(&other, others));
        let passed = turn(&world, mine) + thread.join().unwrap();
        let counts: Vec<usize> = world
            .clusters
            .iter()
            .flat_map(|cluster| *cluster.lock().unwrap())
            .collect();
        assert_eq!(counts, wanted);
        assert_eq!(passed, wanted.iter().sum::<usize>());
    });
}

#[test]
fn within_a_cluster() {
    turns([1, 1], [1, 1, 0, 0]);
}

#[test]
fn over_the_end_of_a_cluster() {
    turns([2, 1], [1, 1, 1, 0]);
}

#[test]
fn all_of_them() {
    turns([1, 3], [1, 1, 1, 1]);
}

#[test]
fn each_a_cluster() {
    turns([2, 2], [1, 1, 1, 1]);
}
