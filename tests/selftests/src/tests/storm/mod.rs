// SPDX-License-Identifier: GPL-2.0
//! A storm: processes of several threads that share memory do everything that can
//! be done with pages, at random, while everything that can change does. The
//! contents of each page are known at any time, and every byte is compared.
//!
//! `--setup N` runs one of the set-ups, `--seconds N` (60) is for each of them,
//! and `--seed N` repeats what threads do, but not how they interleave.

mod area;
mod board;
mod history;
mod limits;
mod model;
mod operations;
mod process;
mod report;
mod ring;
mod setups;
mod sharing;
mod sigbus;
mod swaps;
mod switches;
mod watchdog;

use crate::harness::Env;
use crate::outcome::{Doing, Outcome};
use std::time::{SystemTime, UNIX_EPOCH};

/// See above.
pub fn run(env: &Env) -> Outcome {
    let seconds = env.option("seconds").unwrap_or(60) as u64;
    let seed = match env.option("seed") {
        Some(seed) => seed as u64,
        None => SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .doing("reading the clock")?
            .as_secs(),
    };
    println!("# seed {seed}");
    let one = env.option("setup");
    ensure!(
        one.is_none_or(|number| (1..=setups::ALL.len()).contains(&number)),
        "there is no set-up {one:?}"
    );
    // Processes begin with what this one has. No swap is on yet, so nothing is out.
    process::lock_self()?;
    let mut total = report::Total::default();
    for (number, setup) in (1..).zip(&setups::ALL) {
        if one.is_none_or(|one| one == number) {
            println!("# set-up {number}: {}", setup.name);
            setups::run(env, setup, seed, seconds, &mut total)?;
        }
    }
    total.ensure_all_done()
}
