// SPDX-License-Identifier: GPL-2.0
//! Switches of memory cgroups. There is always room: either the storm's group has
//! no limit, or nothing keeps pages from going out.

use super::swaps;
use super::switches::State;
use crate::ghost::set_parameter;
use crate::outcome::Outcome;
use crate::sys;

/// Takes away limits, before something that may leave no room.
pub fn relax(state: &State) -> Outcome {
    state.top.set("memory.high", "max")?;
    state.top.set("memory.max", "max")
}

/// Makes room, before a limit.
pub fn widen(state: &mut State) -> Outcome {
    state.top.set("memory.zswap.max", "max")?;
    state.top.set("memory.swap.max", "max")?;
    state.top.set("memory.zswap.writeback", 1)?;
    set_parameter("max_pool_percent", 50)?;
    swaps::all_on(state)
}

/// Bytes of a process that are no pages of its areas, and locked.
const OWN: usize = 2 << 20;

/// Of what the processes have, so many percent.
fn share(state: &State, percent: usize) -> usize {
    state.need / 100 * percent + state.processes.len() * OWN
}

/// A limit that holds all the time.
pub fn tighten(state: &State) -> Outcome {
    state.top.set("memory.high", share(state, 45))?;
    state.top.set("memory.max", share(state, 50))
}

/// Has pages go out.
pub fn reclaim(state: &mut State) -> Outcome<bool> {
    let percent = 1 + state.rng.below(50);
    let bytes = format!("{} swappiness=max", share(state, percent));
    let result = state.top.try_set("memory.reclaim", &bytes);
    let done = result.is_ok();
    // EAGAIN says that less was reclaimed than was asked for.
    sys::expect_errno(result, &[0, libc::EAGAIN, libc::EINTR], "memory.reclaim")?;
    Ok(done)
}

/// A limit, or none.
pub fn memory_max(state: &mut State) -> Outcome<bool> {
    widen(state)?;
    let percent = 50 + state.rng.below(40);
    let limit = share(state, percent);
    state.top.set("memory.max", limit).map(|()| true)
}

/// The same of the limit beyond which processes have to wait.
pub fn memory_high(state: &mut State) -> Outcome<bool> {
    widen(state)?;
    let percent = 50 + state.rng.below(40);
    let limit = share(state, percent);
    state.top.set("memory.high", limit).map(|()| true)
}

fn set_limit(state: &mut State, file: &str) -> Outcome<bool> {
    relax(state)?;
    let percent = state.rng.below(20);
    let limit = match state.rng.below(3) {
        0 => "0".to_string(),
        1 => share(state, percent).to_string(),
        _ => "max".to_string(),
    };
    state.top.set(file, limit).map(|()| true)
}

/// Limits what is kept compressed.
pub fn zswap_max(state: &mut State) -> Outcome<bool> {
    set_limit(state, "memory.zswap.max")
}

/// Limits what is on disks.
pub fn swap_max(state: &mut State) -> Outcome<bool> {
    set_limit(state, "memory.swap.max")
}

/// Keeps pages off the disks.
pub fn zswap_writeback(state: &mut State) -> Outcome<bool> {
    relax(state)?;
    let on = state.rng.below(2);
    state.top.set("memory.zswap.writeback", on).map(|()| true)
}

/// Moves a process to a new group, and removes the one it was in.
pub fn group(state: &mut State) -> Outcome<bool> {
    let number = state.rng.below(state.processes.len());
    state.made += 1;
    let new = state.top.child(&format!("moved-{}", state.made))?;
    let (pid, old) = &mut state.processes[number];
    new.set("cgroup.procs", *pid)?;
    // Children that the process made are in the old one until they end.
    if let Some(old) = old.replace(new) {
        let _ = old.remove();
    }
    Ok(true)
}
