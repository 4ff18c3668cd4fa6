// SPDX-License-Identifier: GPL-2.0
//! `status --json`: all of it, in exact numbers; `schema/status.schema.json` has its form.

use super::rows::Row;
use crate::error::{Doing, Result};
use crate::kernel::ghost::Stats;
use crate::kernel::parameters::{Module, PoolLimit};
use crate::rates::Rates;
use crate::snapshot::Snapshot;
use serde::Serialize;

/// Of the form. It grows by fields; one that is renamed or goes makes it another.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Status<'a> {
    format: u32,
    module: Option<OfModule<'a>>,
    ghost: Option<OfGhost<'a>>,
    tiers: Vec<Row>,
    total: Option<Row>,
    counters: Option<&'a Stats>,
    rates: &'a Rates,
}

#[derive(Serialize)]
struct OfModule<'a> {
    version: Option<&'a str>,
    size_bytes: Option<u64>,
    compressor: Option<&'a str>,
    recompressor: Option<&'a str>,
    recompress_after: Option<u64>,
    max_pool_percent: Option<Percent>,
    accept_threshold_percent: Option<u64>,
    shrinker_enabled: Option<bool>,
    pack_writeback: Option<bool>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Percent {
    Auto(&'static str),
    Number(u64),
}

#[derive(Serialize)]
struct OfGhost<'a> {
    device: &'a str,
    size_bytes: u64,
    used_bytes: u64,
    priority: i64,
}

/// The text, with a newline at its end.
pub fn text(now: &Snapshot, rates: &Rates) -> Result<String> {
    let mut rows = Row::all(now);
    let status = Status {
        format: FORMAT,
        module: now.module.as_ref().map(of_module),
        ghost: now.ghost_swap().map(|swap| OfGhost {
            device: &swap.path,
            size_bytes: swap.size,
            used_bytes: swap.used,
            priority: swap.priority,
        }),
        total: rows.pop(),
        tiers: rows,
        counters: now.ghost.as_ref().map(|ghost| &ghost.stats),
        rates,
    };
    let text = serde_json::to_string_pretty(&status).doing("writing JSON")?;
    Ok(text + "\n")
}

fn of_module(module: &Module) -> OfModule<'_> {
    OfModule {
        version: module.version.as_deref(),
        size_bytes: module.size,
        compressor: module.compressor.as_deref(),
        recompressor: module.recompressor.as_deref(),
        recompress_after: module.recompress_after,
        max_pool_percent: module.max_pool.map(|limit| match limit {
            PoolLimit::Auto => Percent::Auto("auto"),
            PoolLimit::Percent(percent) => Percent::Number(percent),
        }),
        accept_threshold_percent: module.accept_threshold,
        shrinker_enabled: module.shrinker,
        pack_writeback: module.pack_writeback,
    }
}
