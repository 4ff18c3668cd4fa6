// SPDX-License-Identifier: GPL-2.0
//! Allocations fail while old pages are packed tighter: those pages stay as they are, and are packed later.

use crate::ghost::{counter, set_parameter, Counters, Ghost};
use crate::harness::Env;
use crate::inject::ThreadFault;
use crate::old_pages::{until, OldPages};
use crate::outcome::Outcome;
use crate::sys;

const OWNER: u32 = 357;
/// The first to the so manieth from a moment on fail in turn.
const MOST: usize = 12;
/// How many do.
const FAULTS: usize = 2 * MOST;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::start("size=4G recompress_after=0")?;
    let pages = OldPages::fill(env, OWNER)?;
    let old = counter("compressed_pages")?;
    let tried = || Ok(counter("recompressed_pages")? + counter("recompress_rejected")?);
    let before = tried()?;
    let fault = ThreadFault::new("vswapd")?;
    set_parameter("recompress_after", 1)?;
    let mut faults = 0;
    for nth in (1..=MOST).cycle().take(FAULTS) {
        fault.set(nth)?;
        while !fault.came()? && tried()? - before < old / 3 {
            sys::pause_ms(1);
        }
        if !fault.came()? {
            break;
        }
        faults += 1;
    }
    fault.set(0)?;
    println!(
        "# {faults} allocations failed, {} pages packed",
        tried()? - before
    );
    ensure_eq!(faults, FAULTS, "allocations that failed");
    until("half of the pages are packed", || {
        Ok(tried()? - before >= old / 2)
    })?;
    // While pages move from pool to pool, the sums are of no one moment.
    set_parameter("recompress_after", 0)?;
    until("stored_pages is the sum of its kinds", || {
        Ok(Counters::read()?.ensure_sum().is_ok())
    })?;
    pages.check()?;
    ghost.stop()
}
