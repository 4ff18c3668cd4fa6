// SPDX-License-Identifier: GPL-2.0

//! Writeback of old pages as they are in the pools, several in one physical slot: a block. See `block.rs`.
//!
//! No folio is needed for it, as in `recompress.rs`: an object is copied under the lock of its cluster, and its
//! slot marked. Once the block is written the slot gets its share of it, under the lock again, if nobody has used
//! the page meanwhile. So until then the page is where it was, whatever becomes of the device.
//!
//! What would leave no room for another page goes to a slot of its own, as it was before it was compressed.

use super::{
    age,
    block::Packed,
    block_writer::BlockWriter,
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
    writeback::pass, //
};
use crate::{
    mm::memcg::MemCgroup,
    pools::{
        pool::Pool,
        PoolReader, //
    },
    swap::{
        cluster::Aim,
        writeback::{
            self,
            Writeback, //
        }, //
    }, //
};
use kernel::{
    page::PAGE_SIZE,
    prelude::*,
    sync::atomic::Atomic, //
};

/// Pages that are longer have a slot of their own.
const LONGEST: usize = PAGE_SIZE / 16 * 15;

/// What a hand goes over: old pages, of a cgroup or all.
pub(super) struct PackedPages<'a> {
    pub(super) ghost: &'a Ghost,
    pub(super) writeback: &'a mut Writeback,
    pub(super) memcg: Option<MemCgroup<'a>>,
    pub(super) reader: &'a PoolReader<'a>,
    /// The pool of the recompressor, if there is one.
    pub(super) tight: Option<&'a Pool>,
    pub(super) packer: &'a mut Packer,
    pub(super) writer: &'a mut BlockWriter,
    /// How many pages have gone to blocks.
    pub(super) written: usize,
    /// The turn ends, as a block was not written, or blocks are to be compacted first.
    pub(super) ends: bool,
}

impl Face for PackedPages<'_> {
    fn scan(
        &mut self,
        from: usize,
        pick: impl FnOnce(usize, &mut SlotSet, &mut dyn FnMut(usize) -> bool),
    ) -> Option<(usize, SlotSet)> {
        // All of those have been put into blocks.
        self.packer.jobs.clear();
        let Self {
            writeback,
            memcg,
            reader,
            packer,
            writer,
            ..
        } = self;
        let mut set = SlotSet::default();
        let first = writeback.ghost_on().scan_cluster::<Ghost, _>(
            from,
            memcg.as_ref(),
            Aim::ToDevice,
            &mut set,
            |first, slots, set| {
                pick(first, set, &mut |i| {
                    if !age::goes(pass(slots.shared(), i)) {
                        return false;
                    }
                    // The hand may have been here before, in this turn.
                    let slot = slots.slot(i);
                    if slot.is_some_and(|slot| writer.has(first + i, slot.stamp(0))) {
                        return false;
                    }
                    writer.forget(first + i);
                    packer.copy(reader, slots, first, i, |_| true).is_ok()
                });
            },
        )?;
        Some((first, set))
    }

    fn write(&mut self, slot: usize) -> Result<(), Failure> {
        let found = self.packer.jobs.iter().position(|job| job.slot == slot);
        let Some(i) = found else {
            return Err(Failure::Other);
        };
        if self.place(i).is_some() {
            return Ok(());
        }
        // It would be found to be packed already.
        self.packer
            .leave(&mut self.writeback.ghost_on(), i, age::LOOSE);
        self.writeback.write(slot).map_err(|e| match e {
            ENOMEM => Failure::NoMemory,
            ENOSPC => Failure::NoSlot,
            _ => Failure::Other,
        })
    }

    fn has_failed(&self) -> bool {
        self.ends || self.writeback.has_failed()
    }

    fn has_room(&self) -> bool {
        writeback::has_room(None)
    }

    // Of so many there are copies.
    fn most(&self) -> usize {
        BATCH
    }
}

impl PackedPages<'_> {
    /// Puts a page that was copied into a block; `None` if it is to have a slot of its own.
    fn place(&mut self, i: usize) -> Option<()> {
        let tighter = self.tighten(i);
        let len = tighter.map_or(self.packer.jobs[i].len, |(len, _)| len);
        if len > LONGEST {
            return None;
        }
        if !self.add(i, tighter) {
            self.flush(self.writer.most_room());
            return self.add(i, tighter).then_some(());
        }
        Some(())
    }

    /// Packs a page that was copied tighter, if that can be done; returns how long it is then, and for which pool.
    fn tighten(&mut self, i: usize) -> Option<(usize, usize)> {
        let Packer {
            copies,
            jobs,
            page,
            tighter,
            ..
        } = &mut *self.packer;
        let (job, copy) = (&jobs[i], &copies[i]);
        let tight = self.tight.filter(|tight| tight.id() != job.pool)?;
        let loose = self.reader.get(job.pool)?;
        loose.unpack(copy, job.len, page).ok()?;
        let len = tight.compress(page, tighter).ok()??;
        (len < job.len).then_some((len, tight.id()))
    }

    fn add(&mut self, i: usize, tighter: Option<(usize, usize)>) -> bool {
        let job = &self.packer.jobs[i];
        let (pool, data) = match tighter {
            Some((len, pool)) => (pool, &self.packer.tighter[..len]),
            None => (job.pool, &self.packer.copies[i].bytes()[..job.len]),
        };
        let page = Packed {
            slot: job.slot as u64,
            pool: pool as u8,
            data,
        };
        self.writer.add(page, job.stamp, job.owner)
    }

    /// Has blocks written that have not more room left than `most`.
    fn flush(&mut self, most: usize) {
        let on = &mut self.writeback.ghost_on();
        let flushed = self.writer.flush(self.ghost, on, self.reader, most);
        self.ghost.gone.put(flushed.moved);
        self.ghost
            .stats
            .add(Counter::WrittenBack, flushed.moved as i64);
        self.written += flushed.moved;
        // While there are slots to do it with.
        self.ends |= flushed.has_failed || self.ghost.has_to_compact();
    }
}

impl Ghost {
    /// Lets a hand go as far as the limits say, and has the old pages that it finds put into blocks. Returns how
    /// many it has passed, and how many are in blocks now. May sleep.
    ///
    /// One does so at a time. Others wait, or do nothing if they may not `may_wait`.
    pub(super) fn turn_packed(
        &self,
        writeback: &mut Writeback,
        hand: &Hand<Atomic<usize>>,
        limits: Limits,
        memcg: Option<MemCgroup<'_>>,
        may_wait: bool,
    ) -> (usize, usize) {
        let mut packer = match may_wait {
            true => self.packer.lock(),
            false => match self.packer.try_lock() {
                Some(packer) => packer,
                None => return (0, 0),
            },
        };
        let mut writer = self.writer.lock();
        let (Some(packer), Some(writer)) = (&mut *packer, &mut *writer) else {
            return (0, 0);
        };
        if !self.pools.has_tight() {
            self.look_for_tight_pool_idly();
        }
        let reader = self.pools.read();
        let mut pages = PackedPages {
            ghost: self,
            writeback,
            memcg,
            reader: &reader,
            tight: self.pools.tight(&reader),
            packer,
            writer,
            written: 0,
            ends: false,
        };
        let passed = hand.turn(limits, &mut pages);
        pages.flush(usize::MAX);
        // Those that were not tried.
        for i in 0..pages.packer.jobs.len() {
            pages
                .packer
                .leave(&mut pages.writeback.ghost_on(), i, age::LOOSE);
        }
        pages.packer.jobs.clear();
        if self.has_to_compact() {
            self.work.write_back_soon();
        }
        (passed, pages.written)
    }
}
