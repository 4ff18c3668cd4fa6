// SPDX-License-Identifier: GPL-2.0
//! A disk that supports discard reuses a freed cluster only after it was
//! discarded. The disk is full, its pages are freed, and as many new ones are to
//! go there while discards are slow: they wait for the discards, and fit.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::disk::{Disk, Faulty};
use crate::ghost::Ghost;
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::threads::{each, Shared};
use crate::worker::{Board, Worker};
use crate::{sys, PAGE};

const OWNER: u32 = 290;
/// Pages in a cluster.
const CLUSTER: usize = 512;
/// The disk goes on when no page has come for so many ms.
const QUIET: u64 = 2000;
/// Numbers on the board: how often the disk was stopped, and went on.
const STOPPED: usize = 0;
const WENT_ON: usize = 1;

/// See above.
pub fn run(env: &Env) -> Outcome {
    kernel::write("/proc/sys/vm/page-cluster", 0)?;
    let clusters = env.count(12, 5);
    let (slow, disk) = Faulty::new()?;
    disk.shrink(clusters * CLUSTER * PAGE)?;
    let ghost = Ghost::start("shrinker_enabled=N max_pool_percent=0")?;
    disk.on_discarding()?;
    let (group, board) = (Cgroup::new("discard")?, Board::new()?);
    // The header has a page, and all that is left free is a part of a cluster.
    let pages = clusters * CLUSTER - 64;
    let worker = Worker::start(|| {
        group.enter()?;
        // No other pages shall need room on the disk.
        sys::lock_all().doing("mlockall")?;
        for number in 0..env.count(3, 2) as u32 {
            refill(number, pages, (&slow, &disk), &group, &board)?;
        }
        Ok(())
    })?;
    worker.join_watched(|_| {
        if board.get(STOPPED) > board.get(WENT_ON) {
            let mut used = 0;
            while used != disk.used()? {
                used = disk.used()?;
                sys::pause_ms(QUIET);
            }
            slow.go_on()?;
            board.step(WENT_ON);
        }
        Ok(board.get(WENT_ON))
    })?;
    disk.off()?;
    ghost.stop()
}

fn refill(
    number: u32,
    pages: usize,
    (slow, disk): (&Faulty, &Disk),
    group: &Cgroup,
    board: &Board,
) -> Outcome {
    let filled = |generation| -> Outcome<Mapping> {
        let mut map = Mapping::private(pages)?;
        map.fill(map.all(), Kind::Random, OWNER, generation);
        Ok(map)
    };
    let old = filled(2 * number)?;
    group.reclaim(&old)?;
    let new = Shared::new(filled(2 * number + 1)?);
    sys::drain_lru().doing("draining per-CPU batches of pages")?;
    let before = disk.used()?;
    slow.pause()?;
    drop(old);
    let left = disk.used()?;
    board.step(STOPPED);
    let half = |thread| thread * pages / 2..(thread + 1) * pages / 2;
    each(2, |thread| {
        new.advise(half(thread), libc::MADV_PAGEOUT)
            .doing("MADV_PAGEOUT")
    })?;
    let used = disk.used()? - left;
    println!("# {before} pages on the disk, {left} when freed, then {used} of {pages} more");
    board.wait_for(WENT_ON, board.get(STOPPED), &[])?;
    // Who finds all discards begun by others, one cluster each, does not wait.
    ensure!(
        used as usize + 2 * CLUSTER + 64 >= pages,
        "{used} of {pages} pages went to the disk, where {before} had been"
    );
    group.reclaim(&new)?;
    each(2, |thread| {
        new.check(half(thread), Kind::Random, OWNER, 2 * number + 1)
    })
}
