// SPDX-License-Identifier: GPL-2.0

//! What slots get, and what becomes of what they had.

use super::{
    state::Ghost,
    stats::Counter,
    tally::Tally,
    value::Value, //
};
use crate::{
    mm::{
        folio::SwapFolio,
        zsmalloc::{
            FreeBatch,
            Object, //
        }, //
    },
    module::log,
    pools::PoolReader,
    swap::{
        descriptor::Invalid,
        physical::PhysicalSlot,
        slots::{
            Backing,
            PutError,
            Slot,
            Slots, //
        }, //
    }, //
};
use kernel::prelude::*;

impl Ghost {
    /// As [`Slot::alloc_physical`]; the first slot of a device makes that a tier. May sleep.
    pub(super) fn alloc_physical<'a>(
        &self,
        slot: &Slot<'a, Value>,
        folio: &SwapFolio<'_>,
    ) -> Option<PhysicalSlot<'a>> {
        let physical = slot.alloc_physical(folio)?;
        self.use_tier(physical.device());
        Some(physical)
    }

    // Out of line, so that without a disk it costs nothing to ask for a slot.
    #[inline(never)]
    pub(super) fn use_tier(&self, device: usize) {
        if !self.tiers.has_been(device) {
            self.tiers.set(device);
            // Not here: this is reclaim.
            self.work.update_directories_soon();
        }
    }

    /// Gives a slot something to hold, and frees what it had.
    ///
    /// `ENOMEM`: no descriptor can name the object, which was freed.
    pub(super) fn put<'a>(
        &self,
        reader: &PoolReader<'_>,
        slot: Slot<'a, Value>,
        backing: Backing<'a, Value>,
        tally: &mut Tally,
    ) -> Result {
        tally.count(&self.stats, &backing, 1);
        match slot.put(backing) {
            Ok(old) => {
                self.release(reader, old, tally);
                Ok(())
            }
            Err(PutError::NoRoom(backing)) => {
                self.release(reader, backing, tally);
                self.stats.add(Counter::RejectAllocFail, 1);
                Err(ENOMEM)
            }
            Err(PutError::Invalid(word)) => {
                report(word);
                Ok(())
            }
        }
    }

    /// Frees what slots hold. Does not sleep.
    #[inline(always)]
    pub(super) fn empty(
        &self,
        reader: &PoolReader<'_>,
        slots: &mut Slots<'_, Value>,
        tally: &mut Tally,
    ) {
        match slots.len() {
            1 => self.empty_slot(reader, slots, 0, tally),
            _ => self.empty_slots(reader, slots, tally),
        }
    }

    #[inline(never)]
    fn empty_slots(
        &self,
        reader: &PoolReader<'_>,
        slots: &mut Slots<'_, Value>,
        tally: &mut Tally,
    ) {
        let mut batch: Option<FreeBatch<'_>> = None;
        for i in 0..slots.len() {
            let backing = match slots.take(i) {
                Ok(backing) => backing,
                Err(word) => {
                    report(word);
                    continue;
                }
            };
            tally.count(&self.stats, &backing, -1);
            let Backing::Object(object) = backing else {
                continue;
            };
            match &mut batch {
                Some(batch) if batch.takes(&object) => batch.add(object),
                _ => match reader.get(object.pool()) {
                    Some(pool) => batch.insert(pool.free_batch()).add(object),
                    None => report_lost(),
                },
            }
        }
    }

    #[inline(always)]
    fn empty_slot(
        &self,
        reader: &PoolReader<'_>,
        slots: &mut Slots<'_, Value>,
        i: usize,
        tally: &mut Tally,
    ) {
        self.empty_one(reader, &mut slots.slot(i), tally);
    }

    #[inline(always)]
    fn empty_one(&self, reader: &PoolReader<'_>, slot: &mut Slot<'_, Value>, tally: &mut Tally) {
        match slot.take() {
            Ok(backing) => self.release(reader, backing, tally),
            Err(word) => report(word),
        }
    }

    /// Frees what a slot holds, which most likely is nothing. Does not sleep.
    #[inline(always)]
    pub(super) fn empty_unused(
        &self,
        reader: &PoolReader<'_>,
        slot: &mut Slot<'_, Value>,
        tally: &mut Tally,
    ) {
        if !slot.is_empty() {
            self.empty_used(reader, slot, tally);
        }
    }

    #[inline(never)]
    fn empty_used(&self, reader: &PoolReader<'_>, slot: &mut Slot<'_, Value>, tally: &mut Tally) {
        self.empty_one(reader, slot, tally);
    }

    #[inline(always)]
    fn release(&self, reader: &PoolReader<'_>, backing: Backing<'_, Value>, tally: &mut Tally) {
        tally.count(&self.stats, &backing, -1);
        if let Backing::Object(object) = backing {
            self.free(reader, object);
        }
    }

    #[inline(always)]
    fn free(&self, reader: &PoolReader<'_>, object: Object) {
        match reader.get(object.pool()) {
            Some(pool) => pool.free(object),
            None => report_lost(),
        }
    }
}

#[cold]
#[inline(never)]
pub(super) fn report(Invalid(word): Invalid) {
    if log::may_log() {
        pr_alert!("{:#018x} is no descriptor: memory was overwritten\n", word);
    }
}

#[cold]
#[inline(never)]
fn report_lost() {
    if log::may_log() {
        pr_alert!("an object of a pool that is gone: memory is lost\n");
    }
}
