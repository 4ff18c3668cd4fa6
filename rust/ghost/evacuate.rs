// SPDX-License-Identifier: GPL-2.0

//! Pages that come back from a physical device that is turned off.

use super::{
    state::Ghost,
    stats::Counter,
    tally::Tally,
    value::Value, //
};
use crate::{
    module::log,
    swap::slots::{
        Backing,
        Slots, //
    }, //
};
use kernel::prelude::*;

impl Ghost {
    /// Frees the physical slot `entry` if that is what the first of `slots` has; returns whether it
    /// did. The page is in the locked folio of the slot, or it is lost.
    pub(super) fn evacuate_page(
        &self,
        slots: &mut Slots<'_, Value>,
        entry: u64,
        lost: bool,
    ) -> bool {
        if slots.physical(0) != Some(entry) {
            return false;
        }
        let reader = self.pools.read();
        let mut tally = Tally::default();
        let backing = if lost {
            Backing::Value(Value::Lost)
        } else {
            Backing::Empty
        };
        let done = self
            .put(&reader, slots.slot(0), backing, &mut tally)
            .is_ok();
        self.stats.add(Counter::Evacuated, 1);
        tally.account(&self.stats);
        if lost && log::may_log() {
            pr_alert!("a page could not be read from a device that is turned off: it is lost\n");
        }
        done
    }
}
