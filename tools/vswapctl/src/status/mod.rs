// SPDX-License-Identifier: GPL-2.0
//! `vswapctl status`: what the ghost keeps, where, and how well.

pub mod columns;
pub mod json;
pub mod metrics;
pub mod rows;
pub mod table;

use crate::cli::StatusArgs;
use crate::error::{Error, Result};
use crate::rates::Rates;
use crate::root::Root;
use crate::snapshot::Snapshot;
use rows::Row;

/// Gives what is to be printed.
pub fn run(root: &Root, args: &StatusArgs) -> Result<String> {
    let first = Snapshot::read(root);
    let (now, rates) = match args.interval {
        Some(interval) => {
            std::thread::sleep(interval.0);
            let now = Snapshot::read(root);
            let rates = Rates::between(&first, &now);
            (now, rates)
        }
        None => {
            let rates = Rates::since_boot(&first);
            (first, rates)
        }
    };
    if args.metrics {
        // The collector wants to be told that it is off, too.
        return Ok(metrics::text(&now));
    }
    if args.json {
        return json::text(&now, &rates);
    }
    ensure_ghost(&now)?;
    Ok(table::text(&args.columns(), &Row::all(&now), &rates, args))
}

/// Fails with what is missing, and what to do.
pub fn ensure_ghost(now: &Snapshot) -> Result {
    if now.ghost.is_some() {
        return Ok(());
    }
    Err(match now.module {
        None => Error::new("the module vswap is not loaded")
            .advise("Load it with 'modprobe vswap'; if that fails 'vswapctl check' says what is missing."),
        Some(_) => Error::new("the module vswap is loaded, but has no statistics in /sys/class/misc/ghostswap")
            .advise("It is older than this program, or /sys is not mounted: 'modinfo vswap' shows its version."),
    })
}
