// SPDX-License-Identifier: GPL-2.0
//! Loading, swapping on, data, swapping off, unloading, several times: with
//! everything read back before swapoff, and with everything still out.

use crate::data::Kind;
use crate::ghost::{Counters, Ghost};
use crate::harness::Env;
use crate::mapping::Mapping;
use crate::outcome::Outcome;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let mut map = Mapping::private(env.pages(16))?;
    for cycle in 0..env.count(6, 4) as u32 {
        let ghost = Ghost::start("")?;
        Counters::read()?.ensure_nothing_stored()?;
        map.fill(map.all(), Kind::Mixed, 1, cycle);
        map.page_out(map.all())?;
        ensure_eq!(
            Counters::read()?.stored,
            map.pages() as u64,
            "stored_pages with all out"
        );
        if cycle % 2 == 0 {
            map.check(map.all(), Kind::Mixed, 1, cycle)?;
        }
        ghost.stop()?;
        ensure_eq!(map.out(map.all())?, 0, "pages out after swapoff");
        map.check(map.all(), Kind::Mixed, 1, cycle)?;
    }
    Ok(())
}
