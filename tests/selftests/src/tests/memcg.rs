// SPDX-License-Identifier: GPL-2.0
//! Memory control groups: memory.max makes pages go out, what is kept of them is
//! charged as zswap's, memory.zswap.max limits that, and all charges are gone at the end.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::ghost::{counter, Counters, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::worker::{End, Worker};
use crate::PAGE;

const OWNER: u32 = 80;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::start("")?;
    max(env)?;
    charged(env)?;
    zswap_max(env)?;
    out_of_memory(env)?;
    ghost.stop()
}

fn nothing_left(group: &Cgroup) -> Outcome {
    ensure_eq!(
        counter("stored_pages")?,
        0,
        "stored_pages after the process ended"
    );
    group.eventually(|group| {
        for file in ["memory.swap.current", "memory.zswap.current"] {
            ensure_eq!(group.number(file)?, 0, "{file} after the process ended");
        }
        ensure_eq!(
            group.field("memory.stat", "zswapped")?,
            0,
            "zswapped after the process ended"
        );
        Ok(())
    })
}

/// A process with two and a half times the memory of its group. Of three times, what is kept of them takes 0.84.
fn max(env: &Env) -> Outcome {
    let pages = env.pages(24);
    let group = Cgroup::new("max")?;
    group.set("memory.max", pages * 2 / 5 * PAGE)?;
    let worker = Worker::start(|| {
        group.enter()?;
        let mut map = Mapping::private(pages)?;
        for generation in 0..2 {
            map.fill(map.all(), Kind::Mixed, OWNER, generation);
            map.check(map.all(), Kind::Mixed, OWNER, generation)?;
        }
        let out = map.out(map.all())?;
        ensure!(out >= pages / 2, "only {out} of {pages} pages are out");
        ensure!(
            counter("stored_pages")? > 0,
            "pages are out, but none is stored"
        );
        Ok(())
    })?;
    group.join_all(vec![worker])?;
    nothing_left(&group)
}

/// The counts of the group are those of the module. A slot of the ghost is no space on a
/// device, so a limit of one page for these keeps nothing from going out.
fn charged(env: &Env) -> Outcome {
    let pages = env.pages(8);
    let group = Cgroup::new("charged")?;
    group.set("memory.swap.max", PAGE)?;
    Worker::start(|| {
        group.enter()?;
        let mut map = Mapping::private(pages)?;
        map.fill(map.all(), Kind::Mixed, OWNER, 2);
        map.page_out(map.all())?;
        let counters = Counters::read()?;
        let wanted = counters.compressed + counters.incompressible;
        group.eventually(|group| {
            let bytes = group.number("memory.zswap.current")?;
            ensure!(
                bytes > counters.incompressible * PAGE as u64 && bytes <= counters.pool,
                "memory.zswap.current is {bytes}, with {counters:?}"
            );
            let events = group.field("memory.stat", "zswpout")?;
            ensure!(
                events >= wanted,
                "zswpout in memory.stat is {events}, {wanted} pages went out"
            );
            let kept = group.field("memory.stat", "zswapped")?;
            ensure!(
                kept >= wanted,
                "zswapped in memory.stat is {kept}, {wanted} pages are kept"
            );
            ensure_eq!(
                group.field("memory.stat", "zswap_incomp")?,
                counters.incompressible * PAGE as u64,
                "zswap_incomp in memory.stat, and incompressible_pages in bytes"
            );
            ensure_eq!(
                group.number("memory.swap.current")?,
                0,
                "memory.swap.current"
            );
            Ok(())
        })?;
        map.check(map.all(), Kind::Mixed, OWNER, 2)?;
        group.eventually(|group| {
            ensure_eq!(
                group.number("memory.zswap.current")?,
                0,
                "memory.zswap.current with all in"
            );
            Ok(())
        })
    })?
    .join()?;
    nothing_left(&group)
}

/// No more is kept than memory.zswap.max allows; other pages stay in memory.
fn zswap_max(env: &Env) -> Outcome {
    let pages = env.pages(8);
    let group = Cgroup::new("zswap-max")?;
    group.set("memory.zswap.max", pages / 4 * PAGE)?;
    Worker::start(|| {
        group.enter()?;
        let mut map = Mapping::private(pages)?;
        map.fill(map.all(), Kind::Random, OWNER, 3);
        map.try_page_out(map.all())?;
        let out = map.out(map.all())?;
        ensure!(
            out > pages / 8 && out <= pages / 4,
            "{out} pages went out, memory.zswap.max allows {}",
            pages / 4
        );
        map.check(map.all(), Kind::Random, OWNER, 3)
    })?
    .join()?;
    nothing_left(&group)
}

/// Where what is kept of the pages does not fit either, the process is ended,
/// and only it.
fn out_of_memory(env: &Env) -> Outcome {
    let pages = env.pages(16);
    let group = Cgroup::new("oom")?;
    group.set("memory.max", pages / 4 * PAGE)?;
    let worker = Worker::start(|| {
        group.enter()?;
        kernel::write("/proc/self/oom_score_adj", 1000)?;
        let mut map = Mapping::private(pages)?;
        map.fill(map.all(), Kind::Random, OWNER, 4);
        Ok(())
    })?;
    match worker.end()? {
        End::Killed(libc::SIGKILL) => {}
        other => fail!("with four times the memory it may have: expected SIGKILL, got {other:?}"),
    }
    ensure!(
        group.field("memory.events", "oom_kill")? >= 1,
        "memory.events has no oom_kill"
    );
    nothing_left(&group)
}
