// SPDX-License-Identifier: GPL-2.0
//! The pool's limit: pages that find it full stay in memory, and it accepts pages
//! again when enough of it is free.

use crate::data::Kind;
use crate::ghost::{counter, Counters, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::PAGE;

const OWNER: u32 = 70;
/// max_pool_percent and accept_threshold_percent.
const MAX: usize = 1;
const ACCEPT: usize = 80;

/// See above.
pub fn run(_env: &Env) -> Outcome {
    let ghost = Ghost::start(&format!(
        "max_pool_percent={MAX} accept_threshold_percent={ACCEPT}"
    ))?;
    // The kernel counts pages it manages: MemTotal, or a little more.
    let limit = kernel::meminfo("MemTotal")? as usize * 1024 / PAGE * MAX / 100;
    let slack = limit / 8 + 64;
    let mut map = Mapping::private(2 * limit)?;
    map.fill(map.all(), Kind::Random, OWNER, 0);
    map.try_page_out(map.all())?;
    let full = stored()?;
    ensure!(
        (limit - slack..=limit + slack).contains(&full),
        "{full} incompressible pages are stored, the limit is {limit}"
    );
    ensure!(
        counter("pool_limit_hit")? > 0,
        "pool_limit_hit is 0 with the pool full"
    );
    let pool = Counters::read()?.pool as usize / PAGE;
    ensure!(
        pool <= limit + slack,
        "the pool has {pool} pages, the limit is {limit}"
    );
    ensure_eq!(map.out(map.all())?, full, "pages out");

    // Repeated words need no pool: they are taken all the time.
    let mut same = Mapping::private(256)?;
    same.fill(same.all(), Kind::Same, OWNER, 0);
    same.page_out(same.all())?;

    // A little room is not enough,
    give_up(&map, full - limit * (100 + ACCEPT) / 200)?;
    let before = stored()?;
    again_out(&map)?;
    let after = stored()?;
    ensure!(
        after <= before + slack / 4,
        "the pool took {} pages too early",
        after - before
    );
    // half of it is.
    give_up(&map, before - limit / 2)?;
    again_out(&map)?;
    let again = stored()?;
    ensure!(
        again > limit / 2 + slack,
        "with half of it free, the pool took no pages: {again}"
    );

    same.check(same.all(), Kind::Same, OWNER, 0)?;
    check_or_zero(&map)?;
    ghost.stop()
}

/// Asks for all pages to go out that were not taken before.
fn again_out(map: &Mapping) -> Outcome {
    map.map_cached(map.all())?;
    map.try_page_out(map.all())
}

/// Incompressible pages that are stored.
fn stored() -> Outcome<usize> {
    Ok(counter("incompressible_pages")? as usize)
}

/// Throws away some of the pages that are out.
fn give_up(map: &Mapping, mut count: usize) -> Outcome {
    for (index, out) in map.which_out(map.all())?.into_iter().enumerate() {
        if out && count > 0 {
            map.advise(index..index + 1, libc::MADV_DONTNEED)
                .doing("MADV_DONTNEED")?;
            count -= 1;
        }
    }
    ensure_eq!(count, 0, "pages that should have been out");
    Ok(())
}

/// Each page is what was written, or zero if it was given up; the number of
/// these is known to be the smaller part.
fn check_or_zero(map: &Mapping) -> Outcome {
    let mut zero = 0;
    for index in map.all() {
        if map.page(index).iter().all(|byte| *byte == 0) {
            zero += 1;
        } else {
            map.check(index..index + 1, Kind::Random, OWNER, 0)?;
        }
    }
    ensure!(
        zero < map.pages() / 2,
        "{zero} of {} pages are zero",
        map.pages()
    );
    Ok(())
}
