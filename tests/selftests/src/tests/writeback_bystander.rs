// SPDX-License-Identifier: GPL-2.0
//! The pool is over its limit, and the oldest pages belong to cgroups that have
//! no room: no memory to bring a page into, or no swap to write it to. None of
//! their processes is killed for it, and the pages of others are written. The
//! disk is slow.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::disk::Faulty;
use crate::ghost::{counter, set_parameter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::worker::{join_all, Board, Worker};
use crate::{sys, PAGE};

const OWNER: u32 = 230;
/// Pages that stay in memory, locked.
const LOCKED: usize = 256;
/// Pages on the disk that one group may have.
const FEW: u64 = 64;
/// Numbers on the board: processes whose pages are out; they shall check all.
const OUT: usize = 0;
const CHECK: usize = 1;

/// See above.
pub fn run(env: &Env) -> Outcome {
    kernel::write("/proc/sys/vm/page-cluster", 0)?;
    let (slow, disk) = Faulty::new()?;
    let ghost = Ghost::start("shrinker_enabled=N max_pool_percent=50")?;
    disk.on()?;
    let pages = env.count(2048, 512);
    let groups = ["idle", "none", "few", "other"]
        .into_iter()
        .map(|name| Cgroup::new(&format!("bystander-{name}")))
        .collect::<Outcome<Vec<_>>>()?;
    let [idle, none, few, other] = &groups[..] else {
        unreachable!("four groups");
    };
    few.set("memory.swap.max", FEW * PAGE as u64)?;
    let board = Board::new()?;
    let mut workers = Vec::new();
    // One after the other, so that those of the first are the oldest.
    for (group, owner) in groups.iter().zip(OWNER..) {
        workers.push(Worker::start(|| work(group, &board, pages, owner))?);
        board.wait_for(OUT, workers.len() as u64, &workers)?;
    }
    // Of these some did not compress, and are there already.
    let on_disk = |group: &Cgroup| Ok(group.number("memory.swap.current")? / PAGE as u64);
    let had = on_disk(none)?;
    none.set("memory.swap.max", 0)?;
    let limit = idle.number("memory.current")?;
    idle.set("memory.max", limit)?;
    let before = counter("written_back_pages")?;
    // Now all of them are too many, and the next page finds out.
    set_parameter("max_pool_percent", 0)?;
    let mut more = Mapping::private(1)?;
    more.fill(more.all(), Kind::Heap, OWNER, 1);
    // What is being written is in memory until the disk has it.
    slow.pause()?;
    more.try_page_out(more.all())?;
    settle()?;
    slow.go_on()?;
    settle()?;
    let killed: Vec<_> = groups
        .iter()
        .map(|group| group.field("memory.events", "oom_kill"))
        .collect::<Outcome<_>>()?;
    println!(
        "# {} pages were written back; on the disk: {} of the idle group, {} of the one with {FEW}, \
         {} of the other, of {pages} each",
        counter("written_back_pages")? - before,
        on_disk(idle)?,
        on_disk(few)?,
        on_disk(other)?
    );
    ensure_eq!(killed, [0; 4], "processes that the OOM killer ended");
    idle.eventually(|idle| {
        let now = idle.number("memory.current")?;
        ensure!(now <= limit, "memory.current is {now}, of {limit} at most");
        Ok(())
    })?;
    ensure!(
        on_disk(other)? >= pages as u64 * 9 / 10,
        "of {pages} pages of a group with room {} were written",
        on_disk(other)?
    );
    ensure_eq!(
        on_disk(none)?,
        had,
        "pages on the disk, where no more may go"
    );
    ensure!(
        (FEW / 2..=FEW).contains(&on_disk(few)?),
        "{} pages are on the disk, of {FEW} that may be",
        on_disk(few)?
    );
    idle.set("memory.max", "max")?;
    set_parameter("max_pool_percent", 50)?;
    board.set(CHECK, 1);
    join_all(workers)?;
    more.check(more.all(), Kind::Heap, OWNER, 1)?;
    disk.off()?;
    ghost.stop()
}

fn work(group: &Cgroup, board: &Board, pages: usize, owner: u32) -> Outcome {
    group.enter()?;
    let mut locked = Mapping::private(LOCKED)?;
    locked.lock()?;
    locked.fill(locked.all(), Kind::Heap, owner, 0);
    let mut map = Mapping::private(pages)?;
    map.fill(map.all(), Kind::Real, owner, 0);
    group.reclaim(&map)?;
    board.step(OUT);
    board.wait_for(CHECK, 1, &[])?;
    map.check(map.all(), Kind::Real, owner, 0)?;
    locked.check(locked.all(), Kind::Heap, owner, 0)
}

/// Waits until no more is written back.
fn settle() -> Outcome {
    let mut quiet = 0;
    let mut last = counter("written_back_pages")?;
    while quiet < 40 {
        sys::pause_ms(50);
        let now = counter("written_back_pages")?;
        quiet = if now == last { quiet + 1 } else { 0 };
        last = now;
    }
    Ok(())
}
