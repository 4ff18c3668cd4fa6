// SPDX-License-Identifier: GPL-2.0
//! Large folios of 64 KiB and 2 MiB go out whole and come back, whatever is in
//! their pages.

use crate::data::{Kind, PLAIN};
use crate::ghost::{counter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Outcome, Stop};
use crate::worker::Worker;

const THP: &str = "/sys/kernel/mm/transparent_hugepage";
const OWNER: u32 = 60;
/// Pages in the largest folio.
const HUGE: usize = 512;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::start("")?;
    let (small, large) = ("hugepages-64kB", "hugepages-2048kB");
    for (size, other) in [(small, large), (large, small)] {
        kernel::write(format!("{THP}/{other}/enabled"), "never")?;
        kernel::write(format!("{THP}/{size}/enabled"), "always")?;
        for kind in [Kind::Mixed].into_iter().chain(PLAIN) {
            round(env, size, kind).map_err(|stop| match stop {
                Stop::Fail(text) => Stop::Fail(format!("{size}, {kind:?} data: {text}")),
                skip => skip,
            })?;
        }
        parts(env, size)?;
    }
    ensure_eq!(counter("stored_pages")?, 0, "stored_pages at the end");
    ghost.stop()
}

fn stat(size: &str, name: &str) -> Outcome<u64> {
    kernel::number(format!("{THP}/{size}/stats/{name}"))
}

fn folio_pages(size: &str) -> usize {
    if size == "hugepages-64kB" {
        16
    } else {
        HUGE
    }
}

fn filled(env: &Env, size: &str, kind: Kind, generation: u32) -> Outcome<Mapping> {
    let faults = stat(size, "anon_fault_alloc")?;
    let mut map = Mapping::aligned(env.count(4, 1) * HUGE, HUGE)?;
    map.fill(map.all(), kind, OWNER, generation);
    let got = (stat(size, "anon_fault_alloc")? - faults) as usize;
    let wanted = map.pages() / folio_pages(size);
    ensure!(
        got >= wanted / 2,
        "only {got} of {wanted} large folios were allocated"
    );
    Ok(map)
}

fn round(env: &Env, size: &str, kind: Kind) -> Outcome {
    let whole = stat(size, "zswpout")? + stat(size, "swpout")?;
    let mut map = filled(env, size, kind, 0)?;
    map.page_out(map.all())?;
    let went = stat(size, "zswpout")? + stat(size, "swpout")? - whole;
    let wanted = (map.pages() / folio_pages(size)) as u64;
    ensure!(
        went >= wanted / 2,
        "only {went} of {wanted} large folios went out whole"
    );
    ensure_eq!(
        counter("stored_pages")?,
        map.pages() as u64,
        "stored_pages with all out"
    );
    map.check(map.all(), kind, OWNER, 0)?;
    // What came back, in whatever sizes, is written and goes out again.
    map.fill(map.all(), kind, OWNER, 1);
    map.page_out(map.all())?;
    map.check(map.all(), kind, OWNER, 1)
}

/// Parts of large folios that are out are read, unmapped, thrown away, forked.
fn parts(env: &Env, size: &str) -> Outcome {
    let mut map = filled(env, size, Kind::Mixed, 2)?;
    map.page_out(map.all())?;
    for index in (0..map.pages()).step_by(7) {
        map.check(index..index + 1, Kind::Mixed, OWNER, 2)?;
    }
    let gone = 5..HUGE / 2 + 3;
    map.advise(gone.clone(), libc::MADV_DONTNEED)
        .map_err(|e| Stop::Fail(format!("MADV_DONTNEED: {e}")))?;
    map.check_zero(gone.clone())?;
    let pages = map.pages();
    Worker::start(|| {
        map.check(0..gone.start, Kind::Mixed, OWNER, 2)?;
        map.check(gone.end..pages, Kind::Mixed, OWNER, 2)?;
        map.fill(map.all(), Kind::Mixed, OWNER, 3);
        map.page_out(map.all())?;
        map.check(map.all(), Kind::Mixed, OWNER, 3)
    })?
    .join()?;
    map.check_zero(gone.clone())?;
    map.check(gone.end..pages, Kind::Mixed, OWNER, 2)?;
    map.check(0..gone.start, Kind::Mixed, OWNER, 2)
}
