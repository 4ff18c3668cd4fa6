// SPDX-License-Identifier: GPL-2.0
//! What the largest ghost costs: less than 256 KiB of RAM, for insmod and
//! swapon together.
//!
//! x86 reserves 2 MiB for the text of modules when it loads the first one, and
//! frees them with the last one. So that these do not count, another module is
//! loaded before.

use crate::ghost::{swap_line, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::outcome::{Doing, Outcome};
use crate::sys;
use std::process::Command;

const MOST_KIB: i64 = 256;

/// See above.
pub fn run(_env: &Env) -> Outcome {
    let loaded = Command::new("modprobe")
        .arg("loop")
        .status()
        .doing("modprobe loop")?;
    ensure!(loaded.success(), "modprobe loop: {loaded}");
    // Once before, for what only the first time takes.
    Ghost::start("size=16T")?.stop()?;
    let mut costs = Vec::new();
    for _ in 0..7 {
        let before = kernel::unused_memory()?;
        let ghost = Ghost::start("size=16T")?;
        let after = kernel::unused_memory()?;
        let size = swap_line()?.map_or(0, |line| line.size);
        ensure!(size > 1 << 30, "only {size} KiB of swap");
        costs.push((before - after) / 1024);
        ghost.stop()?;
    }
    sys::rmmod("loop").doing("rmmod loop")?;
    costs.sort_unstable();
    println!("# KiB taken by insmod and swapon of 16T: {costs:?}");
    // Other things in the machine take and give memory too.
    let middle = costs[costs.len() / 2];
    ensure!(
        middle < MOST_KIB,
        "insmod and swapon of 16T took {middle} KiB"
    );
    Ok(())
}
