// SPDX-License-Identifier: GPL-2.0
//! What swapoff of the disk brought into memory is not stuck there: reclaim takes
//! it like any other memory, also while swapoff is running, and also in a cgroup
//! that has no room for all of it.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::disk::Disk;
use crate::ghost::{counter, set_parameter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::worker::{join_all, Board, Worker};
use crate::{sys, PAGE};

const OWNER: u32 = 220;
/// Numbers on the board: processes whose pages are on the disk; they shall go
/// on; processes that have something in memory too; they shall check all.
const OUT: usize = 0;
const GO: usize = 1;
const READY: usize = 2;
const CHECK: usize = 3;

/// See above.
pub fn run(env: &Env) -> Outcome {
    kernel::write("/proc/sys/vm/page-cluster", 0)?;
    let disk = Disk::new()?;
    let ghost = Ghost::start("shrinker_enabled=N")?;
    // With room in the pool while swapoff goes on, and without.
    for percent in [50, 0] {
        after(env, &disk, percent)?;
    }
    meanwhile(env, &disk)?;
    ghost.stop()
}

/// Starts a process for each kind, with so many pages of it on the disk, and
/// `resident` pages in memory.
fn start(
    group: &Cgroup,
    board: &Board,
    kinds: [Kind; 2],
    pages: usize,
    resident: usize,
) -> Outcome<Vec<Worker>> {
    let work = |kind, owner| {
        group.enter()?;
        let mut map = Mapping::private(pages)?;
        map.fill(map.all(), kind, owner, 0);
        group.reclaim(&map)?;
        board.step(OUT);
        board.wait_for(GO, 1, &[])?;
        let mut here = Mapping::private(resident)?;
        here.fill(here.all(), Kind::Heap, owner, 1);
        board.step(READY);
        board.wait_for(CHECK, 1, &[])?;
        map.check(map.all(), kind, owner, 0)?;
        here.check(here.all(), Kind::Heap, owner, 1)
    };
    // Compressible pages go to the disk, too.
    set_parameter("max_pool_percent", 0)?;
    let before = counter("physical_pages")?;
    let mut workers = Vec::new();
    for (kind, owner) in kinds.into_iter().zip(OWNER..) {
        workers.push(Worker::start(|| work(kind, owner))?);
    }
    board.wait_for(OUT, 2, &workers)?;
    let physical = counter("physical_pages")? - before;
    ensure!(
        physical >= 2 * pages as u64,
        "{physical} of {} pages are on the disk",
        2 * pages
    );
    set_parameter("max_pool_percent", 50)?;
    board.set(GO, 1);
    board.wait_for(READY, 2, &workers)?;
    Ok(workers)
}

/// After swapoff, all that came from the disk goes out again, if it has not yet.
fn after(env: &Env, disk: &Disk, percent: u32) -> Outcome {
    let pages = env.count(4096, 1024);
    let (group, board) = (Cgroup::new("evacuated")?, Board::new()?);
    disk.on()?;
    let workers = start(&group, &board, [Kind::Real, Kind::Random], pages, 1)?;
    set_parameter("max_pool_percent", percent)?;
    disk.off()?;
    ensure_eq!(counter("physical_pages")?, 0, "physical_pages");
    let here = group.number("memory.current")?;
    set_parameter("max_pool_percent", 50)?;
    disk.on()?;
    let all = 2 * pages * PAGE;
    let cached = || group.field("memory.stat", "swapcached");
    let mut rounds = 0;
    while rounds < 20 && cached()? >= all as u64 / 16 {
        group.try_reclaim(all)?;
        rounds += 1;
    }
    let (now, cached) = (group.number("memory.current")?, cached()?);
    println!("# of {all} bytes {here} were in memory, {now} after {rounds} rounds of reclaim");
    ensure!(
        cached < all as u64 / 16,
        "{cached} of {all} bytes from the disk are still in the swap cache"
    );
    // Half of the pages do not compress, and may be kept as they are.
    ensure!(
        now < all as u64 * 7 / 8,
        "{now} of {all} bytes are still in memory"
    );
    board.set(CHECK, 1);
    join_all(workers)?;
    disk.off()
}

/// More comes from the disk than the cgroup may have, until it is compressed.
fn meanwhile(env: &Env, disk: &Disk) -> Outcome {
    let (pages, limit) = (env.count(22, 6) * 256, env.count(32, 9) << 20);
    let (group, board) = (Cgroup::new("evacuated")?, Board::new()?);
    disk.on()?;
    let workers = start(&group, &board, [Kind::Real; 2], pages, pages / 16)?;
    group.set("memory.max", limit)?;
    let off = disk.try_off();
    let error = off.as_ref().err().map_or(0, sys::errno);
    sys::expect_errno(off, &[0, libc::ENOMEM], "swapoff of the disk")?;
    println!(
        "# swapoff in a cgroup of {limit} bytes: {}",
        sys::errno_name(error)
    );
    let killed = group.field("memory.events", "oom_kill")?;
    ensure_eq!(killed, 0, "processes that the OOM killer ended");
    board.set(CHECK, 1);
    group.join_all(workers)?;
    let killed = group.field("memory.events", "oom_kill")?;
    ensure_eq!(killed, 0, "processes that the OOM killer ended later");
    if error != 0 {
        disk.off()?;
    }
    Ok(())
}
