// SPDX-License-Identifier: GPL-2.0

//! The counters' files in debugfs.

use super::{state::Ghost, stats::Counter};
use kernel::{
    debugfs::{Scope, ScopedDir},
    fmt,
    prelude::*,
    sync::Arc,
};

type Files = Scope<Arc<Ghost>>;

/// Makes `/sys/kernel/debug/vswap` with a file for each counter, and one for the pools.
pub(crate) fn files(ghost: Arc<Ghost>) -> impl PinInit<Files> {
    Scope::dir(ghost, c"vswap", |ghost: &Arc<Ghost>, dir| {
        macro_rules! file {
            ($name:literal, $value:expr) => {
                file(
                    dir,
                    $name,
                    ghost,
                    &|ghost: &Arc<Ghost>, f: &mut fmt::Formatter<'_>| {
                        let value: fn(&Ghost) -> i64 = $value;
                        writeln!(f, "{}", value(ghost))
                    },
                )
            };
        }

        file!(c"stored_pages", Ghost::stored_pages);
        file!(c"same_filled_pages", |g| g.stats.sum(Counter::SameFilled));
        file!(c"compressed_pages", |g| g.stats.sum(Counter::Compressed));
        file!(c"incompressible_pages", |g| g
            .stats
            .sum(Counter::Incompressible));
        file!(c"physical_pages", |g| g.stats.sum(Counter::Physical));
        file!(c"pool_total_size", Ghost::pool_total_size);
        file!(c"metadata_size", Ghost::metadata_size);
        file!(c"written_back_pages", |g| g.stats.sum(Counter::WrittenBack));
        file!(c"evacuated_pages", |g| g.stats.sum(Counter::Evacuated));
        file!(c"pool_limit_hit", |g| g.stats.sum(Counter::PoolLimitHit));
        file!(c"reject_compress_fail", |g| g
            .stats
            .sum(Counter::RejectCompressFail));
        file!(c"reject_alloc_fail", |g| g
            .stats
            .sum(Counter::RejectAllocFail));
        file!(c"decompress_fail", |g| g.stats.sum(Counter::DecompressFail));
        file(
            dir,
            c"pools",
            ghost,
            &|ghost: &Arc<Ghost>, f: &mut fmt::Formatter<'_>| ghost.pools.list(f),
        );
    })
}

fn file<'data, F>(dir: &ScopedDir<'data, '_>, name: &CStr, ghost: &'data Arc<Ghost>, f: &'static F)
where
    F: Fn(&Arc<Ghost>, &mut fmt::Formatter<'_>) -> fmt::Result + Send + Sync,
{
    dir.read_callback_file(name, ghost, f);
}
