// SPDX-License-Identifier: GPL-2.0

//! The numbers that both debugfs and sysfs have. Their names are ABI, see
//! `Documentation/ABI/testing/sysfs-class-misc-ghostswap`.

use super::{
    state::Ghost,
    stats::Counter, //
};
use crate::module::{
    idle,
    number::Number, //
};

macro_rules! counter {
    ($name:literal, $counter:ident) => {
        Number {
            name: $name,
            value: |ghost| ghost.stats.sum(Counter::$counter),
        }
    };
}

macro_rules! number {
    ($name:literal, $value:expr) => {
        Number {
            name: $name,
            value: $value,
        }
    };
}

/// See above.
pub(super) const NUMBERS: &[Number<Ghost>] = &[
    number!(c"stored_pages", Ghost::stored_pages),
    counter!(c"same_filled_pages", SameFilled),
    number!(c"compressed_pages", Ghost::compressed_pages),
    counter!(c"incompressible_pages", Incompressible),
    number!(c"physical_pages", |ghost| ghost.stats.physical()),
    number!(c"packed_pages", |ghost| ghost.stats.packed()),
    number!(c"physical_slots", Ghost::physical_slots),
    number!(c"pool_total_size", Ghost::pool_total_size),
    number!(c"metadata_size", Ghost::metadata_size),
    counter!(c"written_back_pages", WrittenBack),
    counter!(c"evacuated_pages", Evacuated),
    counter!(c"compacted_pages", Compacted),
    counter!(c"recompressed_pages", Recompressed),
    counter!(c"recompress_saved_bytes", RecompressSaved),
    counter!(c"recompress_rejected", RecompressRejected),
    number!(c"recompress_cpu_usec", |_| idle::cpu_usec()),
    counter!(c"pool_limit_hit", PoolLimitHit),
    counter!(c"reject_compress_fail", RejectCompressFail),
    counter!(c"reject_alloc_fail", RejectAllocFail),
    counter!(c"decompress_fail", DecompressFail),
];
