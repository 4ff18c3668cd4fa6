// SPDX-License-Identifier: GPL-2.0
//! Memory is short: a group's, then the whole machine's. Pages leave the pool
//! for the disk long before it is at its limit; a group's own pages, if the
//! group is short.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::disk::Disk;
use crate::ghost::{counter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::shortage;
use crate::worker::{join_all, Board, Worker};
use crate::PAGE;

const OWNER: u32 = 130;
/// Numbers on the board: a process has its pages out; it shall end.
const OUT: usize = 0;
const END: usize = 1;

/// See above.
pub fn run(env: &Env) -> Outcome {
    kernel::write("/proc/sys/vm/page-cluster", 0)?;
    let disk = Disk::new()?;
    let ghost = Ghost::start("size=2G max_pool_percent=90")?;
    disk.on()?;
    all_of_it(env)?;
    ensure_eq!(counter("pool_limit_hit")?, 0, "pool_limit_hit");
    disk.off()?;
    ghost.stop()
}

/// Has a process, which may be of a group, write and read more than there is
/// memory for. Returns how many pages were written back meanwhile.
fn too_much(group: Option<&Cgroup>, pages: usize, generation: u32) -> Outcome<u64> {
    let before = counter("written_back_pages")?;
    Worker::start(|| {
        match group {
            Some(group) => group.enter()?,
            None => kernel::write("/proc/self/oom_score_adj", 500)?,
        }
        let mut map = Mapping::private(pages)?;
        for i in 0..pages {
            map.fill(i..i + 1, Kind::Real, OWNER, generation);
        }
        map.check(map.all(), Kind::Real, OWNER, generation)
    })?
    .join()?;
    Ok(counter("written_back_pages")? - before)
}

/// All that a group may have would be compressed pages, and that not enough, if
/// they stayed. Pages of others do.
fn all_of_it(env: &Env) -> Outcome {
    let mut others = Mapping::private(env.count(4096, 1024))?;
    others.fill(others.all(), Kind::Heap, OWNER, 0);
    others.page_out(others.all())?;
    // Nor do those of who may have none on the disk, although they are older.
    let kept = Cgroup::new("tier-kept")?;
    let board = Board::new()?;
    let keeper = [Worker::start(|| {
        kept.enter()?;
        let mut map = Mapping::private(256)?;
        map.fill(map.all(), Kind::Heap, OWNER, 3);
        map.page_out(map.all())?;
        board.set(OUT, 1);
        board.wait_for(END, 1, &[])?;
        map.check(map.all(), Kind::Heap, OWNER, 3)
    })?];
    board.wait_for(OUT, 1, &keeper)?;
    kept.set("memory.swap.max", 0)?;
    let group = Cgroup::new("tier-pressure")?;
    let limit = env.count(2048, 512);
    group.set("memory.max", limit * PAGE)?;
    let written = too_much(Some(&group), 6 * limit, 1)?;
    println!("# {written} pages of a group of {limit} were written back");
    ensure!(
        written >= limit as u64,
        "{written} pages of {} were written back",
        6 * limit
    );
    let before = kernel::vmstat("pswpin")?;
    others.check(others.all(), Kind::Heap, OWNER, 0)?;
    let read = kernel::vmstat("pswpin")? - before;
    ensure_eq!(read, 0, "pages of others that were read from the disk");
    if !env.is_debug() {
        // A debug kernel needs too much for itself, and too long.
        of_the_machine()?;
    }
    let swapped = kept.number("memory.swap.current")?;
    ensure_eq!(
        swapped,
        0,
        "memory.swap.current of a group with memory.swap.max=0"
    );
    board.set(END, 1);
    join_all(keeper.into())
}

/// The same for the machine, of which a locked block leaves little.
fn of_the_machine() -> Outcome {
    let (_block, left) = shortage::leave(48 * 256)?;
    let written = too_much(None, 3 * left, 2)?;
    println!(
        "# {written} pages of {} were written back, with memory for {left}",
        3 * left
    );
    ensure!(
        written >= left as u64 / 8,
        "{written} pages of {} were written back",
        3 * left
    );
    Ok(())
}
