// SPDX-License-Identifier: GPL-2.0
//! The module's compression pools, as its file in debugfs shows them.

use crate::ghost::COUNTERS;
use crate::kernel;
use crate::outcome::{Doing, Outcome, Stop};
use crate::sys;

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// The number by which descriptors name it.
    pub number: usize,
    /// The compressor's name.
    pub compressor: String,
    /// Pages of memory that it takes.
    pub pages: usize,
    /// Whether it takes new pages while memory is not short.
    pub current: bool,
    /// Whether old pages are packed into it.
    pub tight: bool,
}

/// The pools that live.
pub fn list() -> Outcome<Vec<Pool>> {
    kernel::read(format!("{COUNTERS}/pools"))?
        .lines()
        .map(|line| {
            parse(line).ok_or_else(|| Stop::Fail(format!("pools has an odd line: '{line}'")))
        })
        .collect()
}

fn parse(line: &str) -> Option<Pool> {
    let [number, compressor, pages, state] = line.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    Some(Pool {
        number: number.parse().ok()?,
        compressor: compressor.to_string(),
        pages: pages.parse().ok()?,
        current: match state {
            "current" => true,
            "tight" | "old" => false,
            _ => return None,
        },
        tight: state == "tight",
    })
}

/// The pool of a compressor.
pub fn of(compressor: &str) -> Outcome<Pool> {
    let pools = list()?;
    match pools.iter().find(|pool| pool.compressor == compressor) {
        Some(pool) => Ok(pool.clone()),
        None => fail!("there is no pool for {compressor}, but {pools:?}"),
    }
}

/// Gives pools the time they need to go away by themselves.
fn until(what: &str, holds: impl Fn(&[Pool]) -> bool) -> Outcome {
    for _ in 0..200 {
        if holds(&list()?) {
            return Ok(());
        }
        sys::pause_ms(100);
    }
    let pools = list()?;
    ensure!(holds(&pools), "{what}, but these pools live: {pools:?}");
    Ok(())
}

/// Waits until there is a pool that old pages are packed into.
pub fn until_tight() -> Outcome {
    until("old pages can be packed", |pools| {
        pools.iter().any(|pool| pool.tight)
    })
}

/// Waits until only one pool is left, which has no pages.
pub fn until_idle() -> Outcome {
    until("no page is stored", |pools| {
        pools.len() == 1 && pools[0].current && pools[0].pages == 0
    })
}

/// Waits until there are only pools for these compressors, one for each.
pub fn until_only(compressors: &[&str]) -> Outcome {
    let what = format!("only {} compressors should have pools", compressors.len());
    until(&what, |pools| {
        pools.len() == compressors.len()
            && pools
                .iter()
                .all(|pool| compressors.contains(&&pool.compressor[..]))
    })
}

/// Removes a compressor's module, whose pool is listed no more. The pool lets go of it when nobody
/// can be reading the pool any longer, which is a little later.
pub fn remove_compressor(name: &str) -> Outcome {
    for _ in 0..200 {
        if sys::rmmod(name).is_ok() {
            return Ok(());
        }
        sys::pause_ms(100);
    }
    sys::rmmod(name).doing(format_args!("rmmod {name}, whose pool has gone"))
}
