// SPDX-License-Identifier: GPL-2.0

//! A model of how the kernel counts the slots of the ghost that are in use while their contents
//! move to another device and back (`mm/vswap_tier.c`, `swap_slots_in_use()`): if a slot is in use,
//! whoever asks, as swapoff does, finds one, with no more ordering than the barriers there give.

use loom::{
    sync::{
        atomic::{
            fence, AtomicUsize,
            Ordering::{Acquire, Relaxed, SeqCst},
        },
        Arc,
    },
    thread,
};

/// One slot in use, counted in at least one of `usage` and `physical`.
struct Counts {
    usage: AtomicUsize,
    physical: AtomicUsize,
    returned: AtomicUsize,
}

impl Counts {
    /// `vswap_alloc_slot()`
    fn leave(&self) {
        self.physical.fetch_add(1, Relaxed);
        fence(SeqCst);
        self.usage.fetch_sub(1, Relaxed);
    }

    /// `vswap_free_slot()`
    fn come_back(&self) {
        self.usage.fetch_add(1, Relaxed);
        fence(SeqCst);
        self.returned.fetch_add(1, Relaxed);
        fence(SeqCst);
        self.physical.fetch_sub(1, Relaxed);
    }

    /// `swap_slots_in_use()`
    fn any(&self) -> bool {
        loop {
            let returned = self.returned.load(Acquire);
            if self.usage.load(Relaxed) > 0 {
                return true;
            }
            fence(Acquire);
            if self.physical.load(Relaxed) > 0 {
                return true;
            }
            fence(Acquire);
            if self.returned.load(Relaxed) == returned {
                return false;
            }
        }
    }
}

fn never_none(physical: usize, moves: &'static [fn(&Counts)]) {
    loom::model(move || {
        let counts = Arc::new(Counts {
            usage: AtomicUsize::new(1 - physical),
            physical: AtomicUsize::new(physical),
            returned: AtomicUsize::new(0),
        });
        let other = counts.clone();
        let mover = thread::spawn(move || moves.iter().for_each(|step| step(&other)));
        assert!(counts.any(), "the slot was missed");
        mover.join().unwrap();
        assert!(counts.any(), "the slot was lost");
    });
}

#[test]
fn leaving() {
    never_none(0, &[Counts::leave]);
}

#[test]
fn coming_back() {
    never_none(1, &[Counts::come_back]);
}

#[test]
fn leaving_and_coming_back() {
    never_none(0, &[Counts::leave, Counts::come_back]);
}

#[test]
fn coming_back_and_leaving() {
    never_none(1, &[Counts::come_back, Counts::leave]);
}
