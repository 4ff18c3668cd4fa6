// SPDX-License-Identifier: GPL-2.0

//! Old pages that stay in memory are packed tighter, by a compressor that takes more time.
//!
//! When that is done is in `idle.rs` and `out_of_memory.rs`, which pool takes them in `tight_pool.rs`. Which
//! pages are old, and in which order they go, is as for writeback: see `age.rs` and `clock.rs`.
//!
//! No folio is needed for it. A hand that finds an old page copies its object, under the lock of the cluster,
//! and marks the slot with [`age::PACKING`]. Without the lock the copy is then packed into an object of its
//! own. That replaces the first, under the lock again, if the slot has what it had and no folio: a page that
//! was used is [`age::NEW`], and of one that was freed, or written to a device, nothing is left. As one packs at
//! a time, nobody else can have set that mark again meanwhile.

use super::{
    age,
    clock::{
        Face,
        Failure,
        Hand,
        Limits,
        SlotSet, //
    },
    packer::{
        Packer,
        BATCH, //
    },
    state::Ghost,
    stats::Counter,
    tally::Tally,
    value::Value,
    writeback::pass, //
};
use crate::{
    mm::zsmalloc::Object,
    pools::{
        pool::{
            Pool,
            StoreError, //
        },
        PoolReader, //
    },
    swap::{
        cluster::{
            Aim,
            ClusterSlots, //
        },
        ghost_on::{
            while_on,
            GhostOn,
            Urgency, //
        },
        slots::Backing, //
    }, //
};
use kernel::{
    prelude::*,
    sync::atomic::Atomic, //
};

/// What was done.
#[derive(Clone, Copy, Default)]
pub(super) struct Done {
    /// How many pages the hand has passed, in how many clusters.
    pub(super) passed: usize,
    pub(super) clusters: usize,
    /// How many it was tried to pack.
    pub(super) tries: usize,
    /// By how many bytes they are shorter now.
    pub(super) saved: usize,
    /// There is no memory to do it with.
    pub(super) is_stuck: bool,
}

/// What the hand goes over: old pages that were not packed yet.
struct Loose<'a> {
    ghost: &'a Ghost,
    on: GhostOn<'a>,
    reader: &'a PoolReader<'a>,
    tight: &'a Pool,
    packer: &'a mut Packer,
    done: Done,
}

impl Face for Loose<'_> {
    fn scan(
        &mut self,
        from: usize,
        pick: impl FnOnce(usize, &mut SlotSet, &mut dyn FnMut(usize) -> bool),
    ) -> Option<(usize, SlotSet)> {
        let Self {
            on,
            reader,
            tight,
            packer,
            done,
            ..
        } = self;
        // All of those were tried.
        packer.jobs.clear();
        let mut set = SlotSet::default();
        let first =
            on.scan_cluster::<Ghost, _>(from, None, Aim::Pack, &mut set, |first, slots, set| {
                pick(first, set, &mut |i| {
                    packer.begin(reader, tight, slots, first, i)
                });
            })?;
        done.clusters += 1;
        Some((first, set))
    }

    fn write(&mut self, slot: usize) -> Result<(), Failure> {
        self.done.tries += 1;
        self.packer.tries += 1;
        let found = self.packer.jobs.iter().position(|job| job.slot == slot);
        let Some(i) = found else {
            return Err(Failure::Other);
        };
        let new = match self.pack(i) {
            Ok(Some(new)) => new,
            Ok(None) => {
                self.ghost.stats.add(Counter::RecompressRejected, 1);
                self.packer.leave(&mut self.on, i, age::PACKED);
                return Err(Failure::Other);
            }
            Err(ENOMEM) => {
                self.done.is_stuck = true;
                return Err(Failure::NoMemory);
            }
            // Who loads it will hear of it.
            Err(_) => {
                self.packer.leave(&mut self.on, i, age::PACKED);
                return Err(Failure::Other);
            }
        };
        self.end(i, new).ok_or(Failure::Other)
    }

    // As many as that were tried, whatever became of them.
    fn has_failed(&self) -> bool {
        self.packer.tries >= BATCH
    }

    fn has_room(&self) -> bool {
        true
    }
}

impl Packer {
    /// Copies the object of a slot, if it is an old one that could be packed; returns whether it has. Under
    /// the lock of the cluster.
    fn begin(
        &mut self,
        reader: &PoolReader<'_>,
        tight: &Pool,
        slots: &mut ClusterSlots<'_, Value>,
        first: usize,
        i: usize,
    ) -> bool {
        if !age::is_loose(pass(slots.shared(), i)) || self.jobs.len() >= BATCH {
            return false;
        }
        let copied = self.copy(reader, slots, first, i, |object| {
            object.pool() != tight.id() || object.is_whole_page()
        });
        // What is in that pool already was packed, but for pages that looked as if they could not be.
        if copied.is_err() {
            if let Some(slots) = slots.slot(i) {
                slots.set_mark(0, age::PACKED);
            }
        }
        copied.is_ok()
    }
}

impl Loose<'_> {
    /// Makes a tighter object of what was copied, if it can be.
    fn pack(&mut self, i: usize) -> Result<Option<Object>> {
        let Packer {
            copies, jobs, page, ..
        } = &mut *self.packer;
        let (job, copy) = (&jobs[i], &copies[i]);
        let pool = self.reader.get(job.pool).ok_or(EIO)?;
        pool.unpack(copy, job.len, page)?;
        self.tight
            .store_tighter(page, job.nid, job.len)
            .map_err(|e| match e {
                StoreError::Compress(e) | StoreError::Alloc(e) => e,
                StoreError::AllocWhole | StoreError::TooManyWhole => ENOMEM,
            })
    }

    /// Gives the object to the slot if nobody has used the page meanwhile; returns whether it has.
    fn end(&mut self, i: usize, new: Object) -> Option<()> {
        let Self {
            ghost,
            on,
            reader,
            tight,
            packer,
            done,
        } = self;
        let job = &packer.jobs[i];
        let saved = job.len - new.len();
        let mut new = Some(new);
        let mut is_packed = false;
        on.change_slot::<Ghost, _>(job.slot, |slot, sum| {
            let slots = slot.slots();
            if slots.stamp(0) != job.stamp {
                return;
            }
            let Some(new) = new.take() else {
                return;
            };
            let mut tally = Tally::default();
            let put = ghost.put(reader, slots.slot(0), Backing::Object(new), &mut tally);
            is_packed = put.is_ok();
            slots.set_mark(0, age::PACKED);
            tally.account(&ghost.stats);
            tally.tell(sum);
        });
        if let Some(new) = new {
            tight.free(new);
        }
        is_packed.then(|| {
            ghost.stats.add(Counter::Recompressed, 1);
            ghost.stats.add(Counter::RecompressSaved, saved as i64);
            done.saved += saved;
        })
    }
}

impl Ghost {
    /// Makes sure that there is memory to pack pages with. May sleep.
    pub(super) fn prepare_to_pack(&self) -> Result {
        if self.packer.lock().is_some() {
            return Ok(());
        }
        // Without the mutex, as memory may run out by it.
        let new = Packer::new()?;
        self.packer.lock().get_or_insert(new);
        Ok(())
    }

    /// Packs old pages that a hand finds, and tries at most [`BATCH`] at a time, as long as `next` says how far it goes
    /// when it is told what was done. Does nothing until there is memory to do it with. May sleep.
    pub(super) fn pack(
        &self,
        packer: &mut Option<Packer>,
        hand: &Hand<Atomic<usize>>,
        urgency: Urgency,
        mut next: impl FnMut(&Done) -> Option<Limits>,
    ) -> Done {
        let mut done = Done::default();
        let Some(packer) = packer else {
            return done;
        };
        while_on(urgency, |on| {
            let reader = self.pools.read();
            let Some(tight) = self.pools.tight(&reader) else {
                return;
            };
            let mut pages = Loose {
                ghost: self,
                on,
                reader: &reader,
                tight,
                packer,
                done,
            };
            while let Some(limits) = next(&pages.done) {
                let passed = hand.turn(limits, &mut pages);
                pages.done.passed += passed;
                // Those that were not tried.
                for i in 0..pages.packer.jobs.len() {
                    pages.packer.leave(&mut pages.on, i, age::LOOSE);
                }
                pages.packer.jobs.clear();
                pages.packer.tries = 0;
                if pages.done.is_stuck || passed == 0 {
                    break;
                }
            }
            done = pages.done;
        });
        done
    }
}
