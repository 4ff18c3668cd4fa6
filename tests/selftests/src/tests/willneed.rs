// SPDX-License-Identifier: GPL-2.0
//! What MADV_WILLNEED brings in, from the pool and from the disk, goes out again
//! when the group is reclaimed, although it was not used. Two threads ask for it
//! at once.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::disk::Disk;
use crate::ghost::Ghost;
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::sys;
use crate::threads::{each, Shared};
use crate::worker::{Board, Worker};

const OWNER: u32 = 240;
const ROUNDS: usize = 4;

/// See above.
pub fn run(env: &Env) -> Outcome {
    kernel::write("/proc/sys/vm/page-cluster", 0)?;
    let ghost = Ghost::start("shrinker_enabled=N")?;
    within(env.pages(16))?;
    let disk = Disk::new()?;
    disk.on()?;
    within(env.pages(16))?;
    disk.off()?;
    ghost.stop()
}

fn within(pages: usize) -> Outcome {
    let (group, board) = (Cgroup::new("willneed")?, Board::new()?);
    Worker::start(|| {
        group.enter()?;
        rounds(&group, pages, &board)
    })?
    .join_watched(|_| Ok(board.get(0)))
}

fn rounds(group: &Cgroup, pages: usize, board: &Board) -> Outcome {
    let mut map = Mapping::private(pages)?;
    map.fill(map.all(), Kind::Mixed, OWNER, 0);
    group.reclaim(&map)?;
    let map = Shared::new(map);
    for number in 0..ROUNDS {
        each(2, |thread| {
            let part = pages / 16;
            for step in 0..16 {
                // From both ends: first different pages, then the same.
                let start = part * if thread == 0 { step } else { 15 - step };
                map.advise(start..start + part, libc::MADV_WILLNEED)
                    .doing("MADV_WILLNEED")?;
            }
            Ok(())
        })?;
        // Those from the disk are there once they were read.
        let mut came = 0;
        for _ in 0..100 {
            came = pages - map.out(map.all())?;
            if came == pages {
                break;
            }
            sys::pause_ms(20);
        }
        ensure!(
            came >= pages * 9 / 10,
            "MADV_WILLNEED brought {came} of {pages} pages in"
        );
        let mapped = map.pagemap(map.all())?;
        let mapped = mapped.iter().filter(|entry| *entry >> 63 == 1).count();
        ensure_eq!(mapped, 0, "pages that MADV_WILLNEED mapped");
        group.reclaim(&map)?;
        board.step(0);
        println!("# {came} pages came in and went out again, round {number}");
    }
    each(2, |thread| {
        let half = thread * pages / 2..(thread + 1) * pages / 2;
        map.check(half, Kind::Mixed, OWNER, 0)
    })
}
