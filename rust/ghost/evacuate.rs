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
    swap::{
        block::BlockRef,
        cluster::{
            Aim,
            SlotBits, //
        },
        ghost_on::GhostOn,
        slots::{
            Backing,
            Slots,
            CLUSTER_SLOTS, //
        }, //
    }, //
};
use kernel::prelude::*;

impl Ghost {
    /// The next slot after `after` that may share a block, if there is one. May sleep.
    ///
    /// That is what the block says itself, unless it cannot be read, or no slot that it names shares it: it was never
    /// written, and is an older one. Then it is what descriptors say.
    pub(super) fn slot_sharing(
        &self,
        on: &mut GhostOn<'_>,
        block: BlockRef<'_>,
        after: Option<usize>,
    ) -> Option<usize> {
        let named = self.block_cache()?.with_header(block, |header| {
            let named = || (0..header.len()).filter_map(|index| header.slot(index));
            let is_right = match after {
                None => named().any(|slot| next_sharing(on, block, slot as usize, 1).is_some()),
                // If it was found by its descriptor, so are the others.
                Some(after) => named().any(|slot| slot == after as u64),
            };
            let next = named().filter(|slot| after.is_none_or(|after| *slot > after as u64));
            is_right.then(|| next.min())
        });
        match named {
            Ok(Some(next)) => next.map(|slot| slot as usize),
            _ => next_sharing(on, block, after.map_or(0, |slot| slot + 1), usize::MAX),
        }
    }

    /// Frees the physical slot `entry` if that is what the first of `slots` has; returns whether it
    /// did. The page is in the locked folio of the slot, or it is lost.
    pub(super) fn evacuate_page(
        &self,
        slots: &mut Slots<'_, Value>,
        entry: u64,
        lost: bool,
    ) -> bool {
        if slots.physical_or_shared(0) != Some(entry) {
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

/// The first of `most` slots from `from` on that shares a block.
fn next_sharing(
    on: &mut GhostOn<'_>,
    block: BlockRef<'_>,
    from: usize,
    most: usize,
) -> Option<usize> {
    let (end, mut at) = (from.saturating_add(most), from);
    let mut found = None;
    let mut bits = SlotBits::default();
    while found.is_none() && at < end {
        let first =
            on.scan_cluster::<Ghost, _>(at, None, Aim::Pack, &mut bits, |first, slots, _| {
                let shares = |slot: &usize| {
                    let entry = slots.shared().physical_or_shared(slot - first);
                    (at..end).contains(slot) && entry == Some(block.entry())
                };
                found = (first..first + CLUSTER_SLOTS).find(shares);
            })?;
        at = first + CLUSTER_SLOTS;
    }
    found
}
