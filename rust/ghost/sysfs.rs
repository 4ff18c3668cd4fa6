// SPDX-License-Identifier: GPL-2.0

//! The files in sysfs, below `/sys/class/misc/ghostswap`: `stats` for the ghost as a whole, `pool<N>`
//! for each pool that lives, and `tier<N>` for each other swap device that has had pages of the ghost.
//!
//! They are ABI, see `Documentation/ABI/testing/sysfs-class-misc-ghostswap`.

use super::{
    numbers::NUMBERS,
    state::Ghost,
    stats::{
        Counter,
        PoolCounts, //
    }, //
};
use crate::{
    module::{
        number::Number,
        sysfs::{
            self,
            Directories,
            Directory,
            File, //
        }, //
    },
    pools::pool::Pool,
    swap::{
        descriptor::{
            MAX_DEVICES,
            MAX_POOLS, //
        },
        device, //
    }, //
};
use kernel::{
    fmt::Write,
    page::PAGE_SIZE,
    prelude::*, //
};

fn in_bytes(pages: i64) -> i64 {
    pages * PAGE_SIZE as i64
}

/// What `stats` has beside the numbers that debugfs has, too.
const MORE: &[Number<Ghost>] = &[
    Number {
        name: c"original_bytes",
        value: |ghost| in_bytes(ghost.stats.pools().objects),
    },
    Number {
        name: c"compressed_bytes",
        value: |ghost| ghost.stats.pools().bytes,
    },
    Number {
        name: c"reject_incompressible",
        value: |ghost| ghost.stats.sum(Counter::RejectIncompressible),
    },
];

/// A pool that lives, with what is in it.
struct Living<'a> {
    pool: &'a Pool,
    is_current: bool,
    counts: PoolCounts,
}

impl Ghost {
    /// Calls `f` with the pool of this number.
    ///
    /// `ENODEV`: there is none.
    fn with_pool(&self, id: usize, f: impl FnOnce(Living<'_>) -> Result) -> Result {
        let reader = self.pools.read();
        f(Living {
            pool: reader.get(id).ok_or(ENODEV)?,
            is_current: self.pools.is_current(id),
            counts: self.stats.pool(id),
        })
    }
}

macro_rules! of_pool {
    ($name:literal, |$pool:ident| $value:expr) => {
        File {
            name: $name,
            show: |ghost, id, text| {
                ghost.with_pool(id, |$pool| Ok(text.write_fmt(fmt!("{}", $value))?))
            },
        }
    };
}

const POOL: &[File<Ghost>] = &[
    of_pool!(c"compressor", |at| at.pool.name()),
    of_pool!(c"current", |at| i32::from(at.is_current)),
    of_pool!(c"stored_pages", |at| at.counts.objects),
    of_pool!(c"original_bytes", |at| in_bytes(at.counts.objects)),
    of_pool!(c"compressed_bytes", |at| at.counts.bytes),
    of_pool!(c"pool_total_size", |at| in_bytes(
        at.pool.total_pages() as i64
    )),
];

macro_rules! of_tier {
    ($name:literal, |$pages:ident| $value:expr) => {
        File {
            name: $name,
            show: |ghost, device, text| {
                let $pages = ghost.stats.tier(device);
                Ok(text.write_fmt(fmt!("{}", $value))?)
            },
        }
    };
}

const TIER: &[File<Ghost>] = &[
    File {
        name: c"device",
        show: |_, device, text| match device::with_path(device, |path| {
            Ok(text.write_fmt(fmt!("{path}"))?)
        }) {
            Err(e) if e == ENODEV => Ok(text.write_str("none")?),
            other => other,
        },
    },
    of_tier!(c"stored_pages", |pages| pages),
    of_tier!(c"original_bytes", |pages| in_bytes(pages)),
    // They are written whole.
    of_tier!(c"compressed_bytes", |pages| in_bytes(pages)),
];

impl Directories for Ghost {
    const DIRECTORIES: &'static [Directory<Self>] = &[
        Directory {
            name: c"stats",
            most: 1,
            exists: |_, _| true,
            numbers: &[NUMBERS, MORE],
            files: &[],
        },
        Directory {
            name: c"pool",
            most: MAX_POOLS,
            exists: |ghost, id| ghost.pools.read().get(id).is_some(),
            numbers: &[],
            files: POOL,
        },
        Directory {
            name: c"tier",
            most: MAX_DEVICES,
            exists: |ghost, device| ghost.tiers.has_been(device),
            numbers: &[],
            files: TIER,
        },
    ];
}

impl Ghost {
    /// Makes directories for pools and tiers that are new, and removes those of pools that are gone.
    /// May sleep.
    pub(super) fn update_sysfs(&self) {
        if sysfs::update().is_err() {
            pr_warn!(
                "no memory for a directory in sysfs: set the compressor once more to try again\n"
            );
        }
    }
}
