// SPDX-License-Identifier: GPL-2.0
//! Cycles of insmod, swapon, data, swapoff and rmmod lose no memory.
//! Options: --cycles N, --mb N.

use crate::data::Kind;
use crate::ghost::Ghost;
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::sys;

/// What may be missing at the end.
const TOLERANCE_KIB: i64 = 1024;

/// How many more cycles there may be until memory is back.
const PATIENCE: u32 = 20;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let cycles = env.option("cycles").unwrap_or(env.count(10, 5));
    let pages = env.option("mb").map_or(env.pages(16), |mib| mib * 256);
    // The first cycles pay for what stays: code in the page cache, per-CPU
    // lists, slabs.
    for generation in 0..3 {
        cycle(pages, generation)?;
    }
    let before = available()?;
    for generation in 0..cycles {
        cycle(pages, generation as u32)?;
    }
    // The kernel keeps memory of modules in pieces of 2 MiB and gives it back late. More cycles have
    // it tidy up, and only make a leak larger.
    let mut after = available()?;
    for generation in 0..PATIENCE {
        if after + TOLERANCE_KIB >= before {
            break;
        }
        cycle(pages, generation)?;
        sys::pause_ms(1000);
        after = available()?;
    }
    println!("# MemAvailable: {before} KiB before, {after} KiB after {cycles} cycles");
    ensure!(
        after + TOLERANCE_KIB >= before,
        "MemAvailable fell from {before} KiB to {after} KiB in {cycles} cycles of {pages} pages"
    );
    Ok(())
}

fn cycle(pages: usize, generation: u32) -> Outcome {
    let ghost = Ghost::start("")?;
    let mut map = Mapping::private(pages)?;
    map.fill(map.all(), Kind::Mixed, 2, generation);
    map.page_out(map.all())?;
    // Half of it comes back by faults, half by swapoff.
    map.check(0..pages / 2, Kind::Mixed, 2, generation)?;
    ghost.off()?;
    map.check(map.all(), Kind::Mixed, 2, generation)?;
    drop(map);
    ghost.unload()
}

/// The most that is found in a few looks: some memory is given back late.
fn available() -> Outcome<i64> {
    let mut most = 0;
    for _ in 0..10 {
        most = most.max(kernel::available_memory()?);
        sys::pause_ms(50);
    }
    Ok(most)
}
