// SPDX-License-Identifier: GPL-2.0
//! memory.zswap.max has room for a part of a large folio only, and there is no
//! disk: that part goes out, page by page, up to the limit.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::ghost::Ghost;
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome, Stop};
use crate::worker::{Board, Worker};
use crate::{sys, PAGE};

const MTHP: &str = "/sys/kernel/mm/transparent_hugepage/hugepages-64kB";
const OWNER: u32 = 260;
/// Pages in a folio, and folios that each process has.
const FOLIO: usize = 16;
const FOLIOS: usize = 4;
/// How often to ask for all to be reclaimed.
const ROUNDS: usize = 20;
/// Numbers on the board: processes that are ready, all pages were reclaimed that
/// can be, processes that have counted, pages that are out of each, all have.
const READY: usize = 0;
const LOOK: usize = 1;
const LOOKED: usize = 2;
const PAGES_OUT: usize = 3;
const COUNTED: usize = 5;

/// See above.
pub fn run(_: &Env) -> Outcome {
    kernel::write(format!("{MTHP}/enabled"), "always")?;
    let ghost = Ghost::start("")?;
    for kind in [Kind::Random, Kind::Real] {
        // Less than the worst case for one folio, and for three.
        for limit in [FOLIO - 6, FOLIO * 5 / 2] {
            part(kind, limit).map_err(|stop| match stop {
                Stop::Fail(text) => Stop::Fail(format!("{kind:?}, {limit} pages: {text}")),
                skip => skip,
            })?;
        }
    }
    ghost.stop()
}

fn part(kind: Kind, limit: usize) -> Outcome {
    let (group, board) = (Cgroup::new("split")?, Board::new()?);
    group.set("memory.zswap.max", limit * PAGE)?;
    let mut workers = Vec::new();
    for number in 0..2 {
        workers.push(Worker::start(|| {
            group.enter()?;
            work(number, kind, &board)
        })?);
    }
    board.wait_for(READY, 2, &workers)?;
    let mut kept = 0;
    let mut rounds = 0;
    // What one page more might take is not used.
    let least = (limit - 2) * PAGE;
    while rounds < ROUNDS && kept <= least {
        group.try_reclaim(2 * FOLIOS * FOLIO * PAGE)?;
        kept = group.number("memory.zswap.current")? as usize;
        ensure!(
            kept <= limit * PAGE,
            "{kept} bytes are kept, {} are allowed",
            limit * PAGE
        );
        rounds += 1;
    }
    board.set(LOOK, 1);
    board.wait_for(LOOKED, 2, &workers)?;
    board.set(COUNTED, 1);
    let out = board.get(PAGES_OUT) + board.get(PAGES_OUT + 1);
    println!("# {kind:?}: {out} pages out, {kept} bytes for {limit} pages, {rounds} rounds");
    ensure!(
        kept > least,
        "after {rounds} rounds of reclaim {kept} bytes are kept, and {out} pages are out"
    );
    ensure!(
        out as usize >= limit - 2,
        "{out} pages are out, with room for {limit} that do not compress"
    );
    group.join_all(workers)
}

fn work(number: usize, kind: Kind, board: &Board) -> Outcome {
    let owner = OWNER + number as u32;
    // The room is for the folios.
    sys::lock_all().doing("mlockall")?;
    let faults = || kernel::number(format!("{MTHP}/stats/anon_fault_alloc"));
    let before = faults()?;
    let mut map = Mapping::aligned(FOLIOS * FOLIO, FOLIO)?;
    map.fill(map.all(), kind, owner, 0);
    let got = faults()? - before;
    ensure!(
        got >= FOLIOS as u64,
        "{got} of {FOLIOS} large folios were allocated"
    );
    board.step(READY);
    board.wait_for(LOOK, 1, &[])?;
    board.set(PAGES_OUT + number, map.out(map.all())? as u64);
    board.step(LOOKED);
    board.wait_for(COUNTED, 1, &[])?;
    map.check(map.all(), kind, owner, 0)
}
