// SPDX-License-Identifier: GPL-2.0

//! The counters' files in debugfs, and one for the pools.

use super::{
    state::Ghost,
    stats::Counter, //
};
use crate::module::debugfs::{
    File,
    Files, //
};
use kernel::seq_print;

macro_rules! number {
    ($name:literal, $value:expr) => {
        File {
            name: $name,
            show: |ghost, seq| {
                let value: fn(&Ghost) -> i64 = $value;
                seq_print!(seq, "{}\n", value(ghost));
            },
        }
    };
}

macro_rules! counter {
    ($name:literal, $counter:ident) => {
        number!($name, |ghost| ghost.stats.sum(Counter::$counter))
    };
}

impl Files for Ghost {
    const FILES: &'static [File<Self>] = &[
        number!(c"stored_pages", Ghost::stored_pages),
        counter!(c"same_filled_pages", SameFilled),
        counter!(c"compressed_pages", Compressed),
        counter!(c"incompressible_pages", Incompressible),
        counter!(c"physical_pages", Physical),
        number!(c"pool_total_size", Ghost::pool_total_size),
        number!(c"metadata_size", Ghost::metadata_size),
        counter!(c"written_back_pages", WrittenBack),
        counter!(c"evacuated_pages", Evacuated),
        counter!(c"pool_limit_hit", PoolLimitHit),
        counter!(c"reject_compress_fail", RejectCompressFail),
        counter!(c"reject_alloc_fail", RejectAllocFail),
        counter!(c"decompress_fail", DecompressFail),
        File {
            name: c"pools",
            show: |ghost, seq| ghost.pools.show(seq),
        },
    ];
}
