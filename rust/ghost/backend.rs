// SPDX-License-Identifier: GPL-2.0

//! What the swap core and the work items call.

use super::{
    settings,
    state::Ghost,
    tally::Tally,
    value::Value, //
};
use crate::{
    mm::folio::SwapFolio,
    module::work::Work,
    swap::{
        backend::{
            StoreFlags,
            Sum,
            SwapBackend, //
        },
        block::BlockRef,
        ghost_on::GhostOn,
        slots::Slots, //
    },
    sync::srcu_table::SpinLocked, //
};
use kernel::prelude::*;

impl SwapBackend for Ghost {
    type Value = Value;

    fn activate(&self) -> u64 {
        self.recompressor.try_again();
        self.look_at_memory();
        if settings::pack_writeback() && self.prepare_blocks().is_err() {
            pr_warn!("no memory to pack pages on disks: they go whole; set pack_writeback again\n");
        }
        self.turn_on()
    }

    fn deactivate(&self) {
        self.turn_off();
    }

    #[inline(always)]
    fn store(
        &self,
        folio: &SwapFolio<'_>,
        slots: &mut Slots<'_, Value>,
        flags: StoreFlags,
        sum: &mut Sum,
    ) -> Result {
        let mut tally = Tally::default();
        let stored = self.store_folio(folio, slots, flags, &mut tally);
        tally.tell(sum);
        stored
    }

    #[inline(always)]
    fn load(&self, folio: &mut SwapFolio<'_>, slots: &Slots<'_, Value>, sum: &mut Sum) -> Result {
        let mut tally = Tally::default();
        self.load_folio(folio, slots, &mut tally)?;
        tally.tell(sum);
        Ok(())
    }

    #[inline(always)]
    fn invalidate(&self, lock: &SpinLocked, slots: &mut Slots<'_, Value>, sum: &mut Sum) {
        let mut tally = Tally::default();
        self.empty(&self.pools.read_locked(lock), slots, &mut tally);
        tally.account(&self.stats);
        tally.tell(sum);
    }

    fn write_back(
        &self,
        folio: &mut SwapFolio<'_>,
        slots: &mut Slots<'_, Value>,
        sum: &mut Sum,
    ) -> Result {
        let mut tally = Tally::default();
        self.write_back_page(folio, slots, &mut tally)?;
        tally.tell(sum);
        Ok(())
    }

    fn sharer(
        &self,
        on: &mut GhostOn<'_>,
        block: BlockRef<'_>,
        after: Option<usize>,
    ) -> Option<usize> {
        self.slot_sharing(on, block, after)
    }

    fn evacuate(&self, slots: &mut Slots<'_, Value>, entry: u64, lost: bool) -> bool {
        self.evacuate_page(slots, entry, lost)
    }

    fn usage(&self) -> (usize, usize) {
        (self.pool_pages(), self.pages_in_memory() as usize)
    }

    fn capacity(&self, used: usize) -> usize {
        self.capacity_to_tell(used)
    }

    fn has_room(&self) -> bool {
        self.has_room_again()
    }
}

impl Work for Ghost {
    fn retire_pools(&self) -> u32 {
        self.look_at_memory();
        self.store_tight_no_more();
        let old = self.pools.retire(|id| self.stats.packed_by(id) == 0);
        if !old {
            // There is a number for another pool, if that was the reason.
            self.recompressor.try_again();
        }
        self.update_sysfs();
        match (old, self.pools.has_tight()) {
            (true, _) => 1,
            // Maybe nobody else looks whether it is still needed.
            (false, true) => 10,
            (false, false) => 0,
        }
    }

    fn make_room(&self) {
        self.write_back_until_room();
    }

    fn make_tight_pool(&self) {
        Ghost::make_tight_pool(self);
    }

    fn update_directories(&self) {
        self.update_sysfs();
    }
}
