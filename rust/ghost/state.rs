// SPDX-License-Identifier: GPL-2.0

//! The ghost's state, and whether it is on.

use super::{
    block_cache::BlockCache,
    block_writer::BlockWriter,
    clock::Hand,
    credit::Credit,
    gone::Gone,
    packer::Packer,
    recompressor::Recompressor,
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
        Mutex,
        SetOnce, //
    },
    time::{
        Instant,
        Monotonic, //
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
    #[pin]
    pub(super) recompressor: Recompressor,
    /// Memory to pack pages with, once that was needed. Who holds it packs.
    #[pin]
    pub(super) packer: Mutex<Option<Packer>>,
    /// Blocks that are being filled, once pages are to be packed on disks. Taken by who has `packer`.
    #[pin]
    pub(super) writer: Mutex<Option<BlockWriter>>,
    blocks: SetOnce<BlockCache>,
    pub(super) gone: Gone,
    /// What packing has saved when memory had run out. Only then it is taken.
    #[pin]
    pub(super) credit: Mutex<Credit>,
    /// When memory had last run out, while new pages go to the tight pool.
    #[pin]
    pub(super) short_since: Mutex<Option<Instant<Monotonic>>>,
    pub(super) work: WorkItems,
    /// The clock's hand for the machine.
    pub(super) hand: Hand<Atomic<usize>>,
    /// Its hand for cgroups.
    pub(super) cgroups_hand: Hand<Atomic<usize>>,
    /// The hand that goes around when nobody wants a processor.
    pub(super) idle_hand: Hand<Atomic<usize>>,
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
    /// Makes the ghost, with a pool for the compressor `name`, and a recompressor or `None` for the default.
    /// May sleep.
    pub(crate) fn new<'a>(
        name: &'a CStr,
        recompressor: Option<&'a CStr>,
    ) -> impl PinInit<Self, Error> + 'a {
        try_pin_init!(Self {
            pools <- Pools::new(name),
            stats: Stats::new()?,
            tiers: Tiers::new(),
            full: Atomic::new(false),
            whole_limit: Atomic::new(0),
            recompressor <- Recompressor::new(recompressor),
            packer <- new_mutex!(None, "vswap_packer"),
            writer <- new_mutex!(None, "vswap_writer"),
            blocks: SetOnce::new(),
            gone: Gone::new(),
            credit <- new_mutex!(Credit::default(), "vswap_credit"),
            short_since <- new_mutex!(None, "vswap_short"),
            work: WorkItems::new()?,
            hand: Hand::new(Atomic::new(0)),
            cgroups_hand: Hand::new(Atomic::new(0)),
            idle_hand: Hand::new(Atomic::new(0)),
            on <- new_mutex!(false, "vswap_on"),
        })
    }

    /// Makes sure that there is memory to pack pages on disks. May sleep.
    pub(super) fn prepare_blocks(&self) -> Result {
        self.prepare_to_pack()?;
        if self.blocks.as_ref().is_none() {
            // Another may have been quicker.
            self.blocks.populate(BlockCache::new()?);
        }
        if self.writer.lock().is_none() {
            let new = BlockWriter::new()?;
            self.writer.lock().get_or_insert(new);
        }
        Ok(())
    }

    /// What blocks are read with, if there may be any.
    pub(super) fn block_cache(&self) -> Option<&BlockCache> {
        self.blocks.as_ref()
    }

    /// The ghost is being turned on; returns its size in pages. May sleep.
    pub(super) fn turn_on(&self) -> u64 {
        *self.on.lock() = true;
        settings::size_for_core()
    }

    /// The ghost was turned off, and all its slots are free; or it could not be turned on. May sleep.
    pub(super) fn turn_off(&self) {
        *self.on.lock() = false;
        self.give_up_tight_pool();
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
