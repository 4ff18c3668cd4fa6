// SPDX-License-Identifier: GPL-2.0

//! The ghost's state, and whether it is on.

use super::{
    clock::Hand,
    settings,
    stats::Stats,
    tiers::Tiers, //
};
use crate::{
    module::{
        driver::{
            Driver,
            Instance, //
        },
        work::WorkItems, //
    },
    pools::Pools,
    swap::slots, //
};
use kernel::{
    new_mutex,
    page::PAGE_SIZE,
    prelude::*,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        Mutex, //
    }, //
};

/// The ghost device's state.
#[pin_data]
pub(crate) struct Ghost {
    #[pin]
    pub(super) pools: Pools,
    pub(super) stats: Stats,
    pub(super) tiers: Tiers,
    /// The pool was full, and is not yet far enough below its limit.
    pub(super) full: Atomic<bool>,
    /// How many pages that do not shrink may be kept: as of swapon, or the last reclaim.
    pub(super) whole_limit: Atomic<usize>,
    pub(super) work: WorkItems,
    /// The clock's hand for the machine.
    pub(super) hand: Hand<Atomic<usize>>,
    /// Its hand for cgroups.
    pub(super) cgroups_hand: Hand<Atomic<usize>>,
    /// Whether the ghost is swapped on.
    #[pin]
    on: Mutex<bool>,
}

static INSTANCE: Instance<Ghost> = Instance::new();

impl Driver for Ghost {
    #[inline(always)]
    fn instance() -> &'static Instance<Self> {
        &INSTANCE
    }
}

impl Ghost {
    /// Makes the ghost, with a pool for the compressor `name`. May sleep.
    pub(crate) fn new(name: &CStr) -> impl PinInit<Self, Error> + '_ {
        try_pin_init!(Self {
            pools <- Pools::new(name),
            stats: Stats::new()?,
            tiers: Tiers::new(),
            full: Atomic::new(false),
            whole_limit: Atomic::new(0),
            work: WorkItems::new()?,
            hand: Hand::new(Atomic::new(0)),
            cgroups_hand: Hand::new(Atomic::new(0)),
            on <- new_mutex!(false, "vswap_on"),
        })
    }

    /// The ghost is being turned on; returns its size in pages. May sleep.
    pub(super) fn turn_on(&self) -> u64 {
        *self.on.lock() = true;
        settings::size_for_core()
    }

    /// The ghost was turned off, and all its slots are free; or it could not be turned on. May sleep.
    pub(super) fn turn_off(&self) {
        *self.on.lock() = false;
    }

    /// Sets the size in bytes, which is not 0. May sleep.
    ///
    /// `EBUSY`: more is swapped out, or the ghost is just being turned on or off. Nothing is changed.
    pub(super) fn resize(&self, size: u64) -> Result {
        let on = self.on.lock();
        if *on {
            slots::resize(size.div_ceil(PAGE_SIZE as u64))?;
        }
        settings::SIZE.store(size, Relaxed);
        Ok(())
    }
}
