// SPDX-License-Identifier: GPL-2.0
//! The pool was full a moment ago and is not any more: because its limit was raised,
//! or because a process that had filled it has ended. A group whose memory.max then
//! falls below what it has is swapped out, and nobody in it is killed.
//! The storm found it: seed 1795321125.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::ghost::{counter, set_parameter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::worker::{Board, Worker};
use crate::PAGE;

const OWNER: u32 = 310;
/// What the group has; an eighth of it must go, beside what is kept of it compressed.
const PAGES: usize = 1024;
/// What refuses so many pages in a row is full for reclaim: SWAP_CLUSTER_MAX.
const IN_A_ROW: u64 = 32;

/// See above.
pub fn run(_env: &Env) -> Outcome {
    let ghost = Ghost::start("max_pool_percent=0")?;
    squeeze(
        "raised",
        || fill_pool(64),
        || set_parameter("max_pool_percent", 20),
    )?;
    set_parameter("max_pool_percent", 1)?;
    let limit = kernel::meminfo("MemTotal")? as usize * 1024 / PAGE / 100;
    squeeze("freed", || fill_pool(2 * limit), || Ok(()))?;
    ghost.stop()
}

/// A process has pages of the pool, and others that it refused, and ends.
fn fill_pool(pages: usize) -> Outcome {
    let before = counter("pool_limit_hit")?;
    Worker::start(|| {
        let mut map = Mapping::private(pages)?;
        map.fill(map.all(), Kind::Random, OWNER, 0);
        map.try_page_out(map.all())?;
        map.check(map.all(), Kind::Random, OWNER, 0)
    })?
    .join()?;
    let refused = counter("pool_limit_hit")? - before;
    ensure!(
        refused > IN_A_ROW,
        "only {refused} pages found the pool full"
    );
    Ok(())
}

fn squeeze(name: &str, no_room: impl Fn() -> Outcome, make_room: impl Fn() -> Outcome) -> Outcome {
    let group = Cgroup::new(name)?;
    let board = Board::new()?;
    let worker = Worker::start(|| {
        group.enter()?;
        let mut map = Mapping::private(PAGES)?;
        map.fill(map.all(), Kind::Blend, OWNER, 1);
        // Or reclaim would first look who uses them.
        map.advise(map.all(), libc::MADV_COLD).doing("MADV_COLD")?;
        board.set(0, 1);
        board.wait_for(1, 1, &[])?;
        map.check(map.all(), Kind::Blend, OWNER, 1)
    })?;
    board.wait_for(0, 1, std::slice::from_ref(&worker))?;
    let has = group.number("memory.current")?;
    let max = has - (PAGES * PAGE / 8) as u64;
    no_room()?;
    make_room()?;
    // For counts that are up to date: see Cgroup::join_all.
    group.read("memory.stat")?;
    group.set("memory.max", max)?;
    let now = group.number("memory.current")?;
    let killed = group.field("memory.events", "oom_kill")?;
    println!("# {name}: {has} bytes, at most {max}, {now} then; {killed} killed");
    ensure_eq!(
        killed,
        0,
        "processes that were killed with room in the pool"
    );
    ensure!(now <= max, "{now} bytes, where {max} are allowed");
    group.set("memory.max", "max")?;
    board.set(1, 1);
    worker.join()
}
