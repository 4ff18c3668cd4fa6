// SPDX-License-Identifier: GPL-2.0

//! Every interleaving of threads that meet at a slot: each object is freed once, by one of them.
//!
//! `Word` promises that taking synchronizes with putting. Here it is no stronger than that, so loom
//! also finds code that relies on more.

use crate::{
    ghost::{age, value::Value},
    swap::{
        descriptor::{self, Location},
        table::{self, Word},
    },
};
use loom::{
    cell::UnsafeCell,
    sync::{
        atomic::{AtomicU64, Ordering::AcqRel, Ordering::Acquire},
        Arc,
    },
    thread,
};

impl Word for AtomicU64 {
    fn load(&self) -> u64 {
        AtomicU64::load(self, Acquire)
    }

    fn exchange(&self, new: u64) -> u64 {
        self.swap(new, AcqRel)
    }

    fn replace(&self, old: u64, new: u64) -> bool {
        self.compare_exchange(old, new, AcqRel, Acquire).is_ok()
    }
}

const OBJECTS: usize = 3;

pub(super) type Descriptor = descriptor::Descriptor<Value>;
pub(super) type Table<'a> = table::Table<'a, AtomicU64, Value>;

/// A slot, and the contents of the objects: 0 not stored, or the object's number, or `FREED`.
struct World {
    words: [AtomicU64; 1],
    objects: [UnsafeCell<usize>; OBJECTS],
}

const FREED: usize = usize::MAX;

impl World {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            words: [AtomicU64::new(0)],
            objects: [const { 0 }; OBJECTS].map(UnsafeCell::new),
        })
    }

    /// Writes an object, then puts it into the slot; frees what was there.
    fn store(&self, object: usize) {
        // SAFETY: loom lends a valid pointer, and fails where another thread has one meanwhile.
        self.objects[object].with_mut(|p| unsafe { *p = object + 1 });
        let at = Location {
            handle: object as u64,
            len: 1,
            pool: 0,
            mark: age::NEW,
        };
        let old = Table::new(&self.words).put(0, Descriptor::Object(at));
        self.free(old.unwrap().unwrap());
    }

    /// The clock's hand passes: it changes the age of what is there, and brings nothing back.
    fn visit(&self) {
        let _ = Table::new(&self.words).update_mark(0, age::passed).unwrap();
    }

    /// Whoever loads the page makes it new: that brings nothing back either.
    fn renew(&self) {
        Table::new(&self.words).set_mark(0, age::NEW);
    }

    fn invalidate(&self) {
        self.free(Table::new(&self.words).take(0).unwrap());
    }

    /// Fails if the object was freed before; loom fails if this is not ordered after its writing.
    fn free(&self, desc: Descriptor) {
        if let Descriptor::Object(at) = desc {
            let object = at.handle as usize;
            // SAFETY: As in `store()`.
            self.objects[object].with_mut(|p| unsafe {
                assert_eq!(*p, object + 1, "freed twice, or before it was written");
                *p = FREED;
            });
        }
    }

    fn assert_all_freed(&self, objects: usize) {
        self.invalidate();
        for object in &self.objects[..objects] {
            // SAFETY: As in `store()`; here others may read, too.
            object.with(|p| assert_eq!(unsafe { *p }, FREED, "leaked"));
        }
    }
}

fn race(fs: &[fn(&World)], objects: usize) {
    let fs = fs.to_vec();
    loom::model(move || {
        let world = World::new();
        let threads: Vec<_> = fs
            .iter()
            .map(|&f| {
                let world = world.clone();
                thread::spawn(move || f(&world))
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        world.assert_all_freed(objects);
    });
}

#[test]
fn store_against_invalidate() {
    race(&[|w| w.store(0), |w| w.invalidate()], 1);
}

#[test]
fn store_against_store() {
    race(&[|w| w.store(0), |w| w.store(1)], 2);
}

#[test]
fn two_invalidate_what_a_third_stores() {
    race(&[|w| w.store(0), |w| w.invalidate(), |w| w.invalidate()], 1);
}

#[test]
fn visit_against_store_and_invalidate() {
    race(
        &[
            |w| w.visit(),
            |w| {
                w.store(0);
                w.store(1);
            },
            |w| w.invalidate(),
        ],
        2,
    );
}

#[test]
fn renew_against_visit_and_invalidate() {
    race(
        &[
            |w| {
                w.store(0);
                w.renew();
            },
            |w| w.visit(),
            |w| w.invalidate(),
        ],
        1,
    );
}

#[test]
fn replace_against_invalidate() {
    race(
        &[
            |w| {
                w.store(0);
                w.store(1);
            },
            |w| w.invalidate(),
        ],
        2,
    );
}
