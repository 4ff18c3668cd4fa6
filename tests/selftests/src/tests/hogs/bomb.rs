// SPDX-License-Identifier: GPL-2.0
//! A fork bomb: processes that fork as long as they can, and each writes memory of its
//! own. They are in a cgroup, which limits how many they are and what they have.

use super::{FULL, GO, KILLED};
use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::sys;
use crate::worker::Board;
use crate::PAGE;

const OWNER: u32 = 350;

/// Starts the bomb, and ends all of it when told to.
pub fn explode(env: &Env, board: &Board) -> Outcome {
    let processes = env.count(40, 20);
    // The kernel looks at each page of a group some twenty times before it kills a process.
    let limit = kernel::free_pages()? / 4;
    // All of them want half as much again as they may have together.
    let pages = 3 * limit / 2 / processes;
    let group = Cgroup::with_pids("bomb")?;
    group.set("pids.max", processes)?;
    group.set("memory.max", limit * PAGE)?;
    // Random pages that are kept whole are charged to the group, too. That frees none, but
    // counts as progress of reclaim, which goes on until all of them are out.
    group.set("memory.zswap.max", limit / 8 * PAGE)?;
    sys::adopt_orphans().doing("adopting orphans")?;
    // The first is born in the group.
    group.enter()?;
    if sys::fork().doing("fork")? == 0 {
        let _ = multiply(pages);
        sys::exit(1);
    }
    group.leave()?;
    while board.get(GO) == 0 {
        let crowded = group.field("pids.events", "max")? > 0;
        let killed = group.field("memory.events", "oom_kill")?;
        if crowded && killed > 0 {
            board.set(FULL, 1);
        }
        ensure!(
            group.field("cgroup.events", "populated")? == 1,
            "the fork bomb has died out"
        );
        sys::pause_ms(20);
    }
    group.set("cgroup.kill", 1)?;
    sys::wait_for_children().doing("waiting for the fork bomb's end")?;
    ensure_eq!(group.read("cgroup.procs")?, "", "processes left");
    let refused = group.field("pids.events", "max")?;
    println!("# {refused} forks were refused, of {processes} processes");
    board.set(KILLED, group.field("memory.events", "oom_kill")?);
    group.remove()
}

/// What each of them does, for ever.
fn multiply(pages: usize) -> Outcome {
    loop {
        // Or reading its own code again and again would count as progress of reclaim.
        sys::lock_all().doing("mlockall")?;
        let mut map = Mapping::private(pages)?;
        map.fill(map.all(), Kind::Random, OWNER, std::process::id());
        // A child goes on at once, with memory of its own.
        while !matches!(sys::fork(), Ok(0)) {
            sys::pause_ms(50);
        }
    }
}
