// SPDX-License-Identifier: GPL-2.0
//! memory.swap.max=0 says that a group is not swapped: no page of it goes out, not to
//! the ghost either, whatever is in it and whatever it is a page of. Where that leaves no
//! memory, the group is out of it. What was out before can be read, and does not go
//! to the disk meanwhile. With any other limit pages go out.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::disk::Disk;
use crate::ghost::{counter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Outcome, Stop};
use crate::worker::{End, Worker};
use crate::PAGE;

const OWNER: u32 = 320;
const THP: &str = "/sys/kernel/mm/transparent_hugepage";
/// Pages in the largest folio.
const HUGE: usize = 512;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::start("")?;
    all(env)?;
    let disk = Disk::new()?;
    disk.on()?;
    all(env)?;
    disk.off()?;
    ghost.stop()
}

fn all(env: &Env) -> Outcome {
    nothing_goes(env)?;
    of_the_parent(env)?;
    out_of_memory(env)?;
    set_while_out(env)
}

/// Runs something in a process of the group.
fn within(group: &Cgroup, f: impl FnOnce() -> Outcome) -> Outcome {
    Worker::start(|| {
        group.enter()?;
        f()
    })?
    .join()
}

/// What a group has gone out: now, and how often since it was made.
fn went_out(group: &Cgroup) -> Outcome<u64> {
    let mut sum = group.number("memory.swap.current")? + group.number("memory.zswap.current")?;
    for name in ["zswapped", "zswpout", "swpout_zero", "zswpwb"] {
        sum += group.field("memory.stat", name)?;
    }
    Ok(sum)
}

/// Asks for all of a mapping to go out in the ways there are, and fails if a page does.
fn stays(group: &Cgroup, map: &Mapping, count: fn(&Mapping) -> Outcome<usize>) -> Outcome {
    let before = counter("stored_pages")?;
    for _ in 0..3 {
        map.try_page_out(map.all())?;
        group.try_reclaim(map.pages() * PAGE)?;
    }
    ensure_eq!(count(map)?, 0, "pages that are out with memory.swap.max=0");
    ensure_eq!(went_out(group)?, 0, "what the group's counts have gone out");
    ensure_eq!(counter("stored_pages")?, before, "stored_pages");
    // As with any swap device: whoever asks why sees that it is the limit.
    let refused = group.field("memory.swap.events", "max")?;
    ensure!(refused > 0, "memory.swap.events has no max");
    Ok(())
}

fn private_out(map: &Mapping) -> Outcome<usize> {
    map.out(map.all())
}

fn shared_out(map: &Mapping) -> Outcome<usize> {
    map.absent(map.all())
}

fn about(kind: Kind, what: &str, result: Outcome) -> Outcome {
    result.map_err(|stop| match stop {
        Stop::Fail(text) => Stop::Fail(format!("{what}, {kind:?} data: {text}")),
        skip => skip,
    })
}

/// Of small folios and huge ones, of private memory and shared; then the limit goes, and
/// all of it goes out.
fn nothing_goes(env: &Env) -> Outcome {
    let pages = env.pages(4);
    for kind in [
        Kind::Zero,
        Kind::Word(0x5a5a_5a5a),
        Kind::Heap,
        Kind::Random,
    ] {
        let group = Cgroup::new("no-swap")?;
        group.set("memory.swap.max", 0)?;
        let small = || small_folios(&group, pages, kind);
        about(kind, "small folios", within(&group, small))?;
        let huge = || huge_folios(&group, kind);
        about(kind, "huge folios", within(&group, huge))?;
        let shared = || shared_memory(&group, pages, kind);
        about(kind, "shared memory", within(&group, shared))?;
        // Any other limit is one for disks, which only random pages go to.
        match kind {
            Kind::Random => group.set("memory.swap.max", "max")?,
            _ => group.set("memory.swap.max", PAGE)?,
        }
        let out = || {
            let mut map = Mapping::private(pages)?;
            map.fill(map.all(), kind, OWNER, 3);
            group.reclaim(&map)?;
            ensure!(went_out(&group)? > 0, "pages are out, but not counted");
            map.check(map.all(), kind, OWNER, 3)
        };
        about(kind, "with the limit raised", within(&group, out))?;
    }
    Ok(())
}

fn small_folios(group: &Cgroup, pages: usize, kind: Kind) -> Outcome {
    let mut map = Mapping::private(pages)?;
    map.fill(map.all(), kind, OWNER, 0);
    stays(group, &map, private_out)?;
    map.check(map.all(), kind, OWNER, 0)
}

fn huge_folios(group: &Cgroup, kind: Kind) -> Outcome {
    let size = format!("{THP}/hugepages-2048kB");
    kernel::write(format!("{size}/enabled"), "always")?;
    let faults = || kernel::number(format!("{size}/stats/anon_fault_alloc"));
    let before = faults()?;
    let mut map = Mapping::aligned(2 * HUGE, HUGE)?;
    map.fill(map.all(), kind, OWNER, 1);
    ensure!(faults()? > before, "no huge folio was allocated");
    stays(group, &map, private_out)?;
    kernel::write(format!("{size}/enabled"), "never")?;
    map.check(map.all(), kind, OWNER, 1)
}

fn shared_memory(group: &Cgroup, pages: usize, kind: Kind) -> Outcome {
    let mut map = Mapping::shared(pages)?;
    map.fill(map.all(), kind, OWNER, 2);
    stays(group, &map, shared_out)?;
    map.check(map.all(), kind, OWNER, 2)
}

/// The limit of a group holds for those inside of it.
fn of_the_parent(env: &Env) -> Outcome {
    let pages = env.pages(4);
    let parent = Cgroup::new("no-swap-parent")?;
    parent.set("memory.swap.max", 0)?;
    let group = parent.child("inside")?;
    within(&group, || small_folios(&group, pages, Kind::Heap))?;
    within(&group, || small_folios(&group, pages, Kind::Zero))
}

/// What fits into memory.max can be had, and what would only fit into less is too much:
/// the process is ended, and nothing of it was stored.
fn out_of_memory(env: &Env) -> Outcome {
    let pages = env.pages(16);
    for kind in [Kind::Zero, Kind::Heap] {
        let group = Cgroup::new("no-swap-oom")?;
        group.set("memory.swap.max", 0)?;
        // Something is for the kernel.
        group.set("memory.max", pages * PAGE + (1 << 20))?;
        let use_pages = |count: usize| {
            let group = &group;
            Worker::start(move || {
                group.enter()?;
                kernel::write("/proc/self/oom_score_adj", 1000)?;
                let mut map = Mapping::private(count)?;
                map.fill(map.all(), kind, OWNER, 4);
                map.check(map.all(), kind, OWNER, 4)
            })
        };
        use_pages(pages / 2)?.join()?;
        ensure_eq!(
            group.field("memory.events", "oom_kill")?,
            0,
            "oom_kill where half of memory.max was used"
        );
        match use_pages(2 * pages)?.end()? {
            End::Killed(libc::SIGKILL) => {}
            other => fail!("twice the memory of memory.max, {kind:?}: {other:?}, not SIGKILL"),
        }
        ensure_eq!(
            group.field("memory.events", "oom_kill")?,
            1,
            "oom_kill with twice of memory.max"
        );
        ensure_eq!(
            went_out(&group)?,
            0,
            "what the group's counts have gone out"
        );
    }
    Ok(())
}

/// Pages that are out when the limit is set: they stay where they are until they are read,
/// with each byte, and do not go out again.
fn set_while_out(env: &Env) -> Outcome {
    let pages = env.pages(4);
    let group = Cgroup::new("no-swap-late")?;
    within(&group, || {
        let mut map = Mapping::private(pages)?;
        map.fill(map.all(), Kind::Mixed, OWNER, 5);
        group.reclaim(&map)?;
        group.set("memory.swap.max", 0)?;
        let before = counter("physical_pages")?;
        // Whoever asks for more finds that none of it may go further.
        group.try_reclaim(pages * PAGE)?;
        ensure_eq!(map.out(map.all())?, pages, "pages that are still out");
        let now = counter("physical_pages")?;
        ensure!(now <= before, "{now} pages are on the disk, {before} were");
        map.check(map.all(), Kind::Mixed, OWNER, 5)?;
        for _ in 0..3 {
            map.try_page_out(map.all())?;
            group.try_reclaim(pages * PAGE)?;
        }
        ensure_eq!(map.out(map.all())?, 0, "pages that went out again");
        map.check(map.all(), Kind::Mixed, OWNER, 5)
    })?;
    group.eventually(|group| {
        // What was being written when the process ended stays until it is reclaimed.
        group.try_reclaim(pages * PAGE)?;
        for file in ["memory.swap.current", "memory.zswap.current"] {
            ensure_eq!(group.number(file)?, 0, "{file} after the process ended");
        }
        Ok(())
    })
}
