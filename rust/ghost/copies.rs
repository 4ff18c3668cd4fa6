// SPDX-License-Identifier: GPL-2.0

//! Copies of objects that are to be packed, made under the locks of their clusters: see `recompress.rs`.

use super::{
    age,
    packer::{
        Job,
        Packer,
        BATCH, //
    },
    release::report,
    state::Ghost,
    value::Value, //
};
use crate::{
    mm::zsmalloc::Object,
    pools::PoolReader,
    swap::{
        cluster::ClusterSlots,
        ghost_on::GhostOn,
        slots::Backing, //
    }, //
};
use kernel::prelude::*;

impl Packer {
    /// Copies the object of slot `first + i`, if it is one that `wants` says; marks the slot with
    /// [`age::PACKING`], and makes a job of it. Under the lock of the cluster.
    ///
    /// `ENOMEM`: there is no room for another copy. `EAGAIN`: it is no object that is wanted. `EIO`: it cannot be
    /// read.
    pub(super) fn copy(
        &mut self,
        reader: &PoolReader<'_>,
        slots: &mut ClusterSlots<'_, Value>,
        first: usize,
        i: usize,
        wants: impl FnOnce(&Object) -> bool,
    ) -> Result {
        let place = self.jobs.len();
        let owner = slots.owner(i);
        if place >= BATCH {
            return Err(ENOMEM);
        }
        let copy = self.copies.get_mut(place).ok_or(ENOMEM)?;
        let slots = slots.slot(i).ok_or(EAGAIN)?;
        let copied = slots.peek(0, |backing| match backing {
            Backing::Object(object) if wants(object) => {
                let pool = reader.get(object.pool()).ok_or(EIO)?;
                let nid = pool.copy_out(object, &mut self.scratch, copy)?;
                Ok((object.pool(), object.len(), nid))
            }
            _ => Err(EAGAIN),
        });
        let (pool, len, nid) = copied.unwrap_or_else(|word| {
            report(word);
            Err(EIO)
        })?;
        slots.set_mark(0, age::PACKING);
        let job = Job {
            slot: first + i,
            stamp: slots.stamp(0),
            pool,
            len,
            nid,
            owner,
        };
        self.jobs.push_within_capacity(job).map_err(|_| ENOMEM)
    }

    /// Gives the page of job `i` another mark, if nobody has used it meanwhile.
    pub(super) fn leave(&self, on: &mut GhostOn<'_>, i: usize, mark: u8) {
        let job = &self.jobs[i];
        on.change_slot::<Ghost, _>(job.slot, |slot, _| {
            let slots = slot.slots();
            if slots.stamp(0) == job.stamp {
                slots.set_mark(0, mark);
            }
        });
    }
}
