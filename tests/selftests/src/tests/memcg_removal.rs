// SPDX-License-Identifier: GPL-2.0
//! Groups that are removed: while their pages move, with pages that are out, and
//! 200 in turn. All data is right, and nothing is left of a group once its pages
//! are gone.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::ghost::{counter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::sys;
use crate::worker::{Board, Worker};
use crate::PAGE;

const OWNER: u32 = 200;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::start("")?;
    let top = Cgroup::new("removal")?;
    in_turn(env, &top)?;
    left_by_process(env, &top)?;
    left_by_file(env, &top)?;
    in_motion(env, &top)?;
    drop(top);
    ghost.stop()
}

/// Each group is filled, swapped and removed; some pages are read back before.
fn in_turn(env: &Env, top: &Cgroup) -> Outcome {
    let pages = env.count(48, 16);
    for number in 0..env.count(200, 60) {
        let group = top.child(&number.to_string())?;
        Worker::start(|| {
            group.enter()?;
            let owner = OWNER + number as u32;
            let mut map = Mapping::private(pages)?;
            map.fill(map.all(), Kind::Mixed, owner, 0);
            map.page_out(map.all())?;
            map.check(0..pages / 2, Kind::Mixed, owner, 0)
        })?
        .join()?;
        group.remove()?;
    }
    nothing_left(top)?;
    nothing_kept(top)
}

/// The process that has the pages has moved on to the group above.
fn left_by_process(env: &Env, top: &Cgroup) -> Outcome {
    let pages = env.pages(4);
    let group = top.child("process")?;
    let board = Board::new()?;
    let worker = [Worker::start(|| {
        group.enter()?;
        let mut map = Mapping::private(pages)?;
        map.fill(map.all(), Kind::Mixed, OWNER, 1);
        map.page_out(map.all())?;
        group.leave()?;
        board.set(0, 1);
        board.wait_for(1, 1, &[])?;
        map.check(0..pages / 2, Kind::Mixed, OWNER, 1)?;
        // Again, now without the group.
        map.page_out(0..pages / 2)?;
        map.check(map.all(), Kind::Mixed, OWNER, 1)
    })?];
    board.wait_for(0, 1, &worker)?;
    let kept = group.number("memory.zswap.current")?;
    ensure!(kept > 0, "pages are out, but memory.zswap.current is 0");
    group.remove()?;
    inherited(top, kept)?;
    board.set(1, 1);
    let [worker] = worker;
    worker.join()?;
    nothing_left(top)
}

/// A file in memory outlives the process that wrote it, and its group.
fn left_by_file(env: &Env, top: &Cgroup) -> Outcome {
    let pages = env.pages(4);
    let group = top.child("file")?;
    let file = sys::memfd("vswap-selftest").doing("memfd_create")?;
    file.set_len((pages * PAGE) as u64)
        .doing("setting a file's length")?;
    Worker::start(|| {
        group.enter()?;
        let mut map = Mapping::file(&file, pages)?;
        map.fill(map.all(), Kind::Mixed, OWNER, 2);
        map.page_out_shared(map.all())
    })?
    .join()?;
    let kept = group.number("memory.zswap.current")?;
    ensure!(kept > 0, "pages are out, but memory.zswap.current is 0");
    group.remove()?;
    inherited(top, kept)?;
    let map = Mapping::file(&file, pages)?;
    ensure_eq!(
        map.absent(map.all())?,
        pages,
        "pages of the file that are out"
    );
    map.check(map.all(), Kind::Mixed, OWNER, 2)?;
    drop((map, file));
    nothing_left(top)
}

/// What was charged to the group is the parent's now.
fn inherited(top: &Cgroup, kept: u64) -> Outcome {
    top.eventually(|top| {
        ensure_eq!(
            top.number("memory.zswap.current")?,
            kept,
            "memory.zswap.current of the parent"
        );
        ensure!(
            top.number("memory.current")? >= kept,
            "memory.current of the parent is less than {kept}"
        );
        Ok(())
    })
}

/// A process stores and loads all the time, and is moved on before its group is
/// removed.
fn in_motion(env: &Env, top: &Cgroup) -> Outcome {
    let pages = env.count(96, 24);
    let board = Board::new()?;
    let workers: Vec<_> = (0..2)
        .map(|n| {
            Worker::start(|| {
                let owner = OWNER + n;
                let mut map = Mapping::private(pages)?;
                let mut generation = 0;
                while board.get(0) == 0 {
                    map.fill(map.all(), Kind::Blend, owner, generation);
                    map.try_page_out(map.all())?;
                    map.check(map.all(), Kind::Blend, owner, generation)?;
                    generation += 1;
                    board.step(1);
                }
                Ok(())
            })
        })
        .collect::<Outcome<_>>()?;
    let mut last: Option<Cgroup> = None;
    for number in 0..env.count(40, 10) {
        let group = top.child(&format!("motion-{number}"))?;
        for worker in &workers {
            group.set("cgroup.procs", worker.pid())?;
        }
        if let Some(last) = last.replace(group) {
            last.remove()?;
        }
        let done = board.get(1);
        board.wait_for(1, done + 2, &workers)?;
    }
    board.set(0, 1);
    crate::worker::join_all(workers)?;
    if let Some(last) = last {
        last.remove()?;
    }
    nothing_left(top)
}

/// Of what 200 groups had, nothing is there any more, small or large.
fn nothing_kept(top: &Cgroup) -> Outcome {
    top.eventually(|top| {
        kernel::drop_caches()?;
        for field in [
            "anon",
            "file",
            "shmem",
            "swapcached",
            "zswap",
            "zswapped",
            "zswap_incomp",
            "slab",
            "percpu",
            "pagetables",
            "vmalloc",
        ] {
            ensure_eq!(
                top.field("memory.stat", field)?,
                0,
                "{field} in memory.stat of the parent"
            );
        }
        Ok(())
    })
}

/// No group waits for its last page, and nothing is charged to the parent. The
/// kernel charges whole pages for small things, and keeps what is left of them
/// for the next: some pages, but far fewer than one for each group.
fn nothing_left(top: &Cgroup) -> Outcome {
    ensure_eq!(counter("stored_pages")?, 0, "stored_pages at the end");
    let check = top.eventually(|top| {
        // Files of /proc that the processes looked at are in caches.
        kernel::drop_caches()?;
        // What processors have set aside for the group is charged as well.
        top.set("memory.max", 0)?;
        top.set("memory.max", "max")?;
        ensure_eq!(
            top.field("cgroup.stat", "nr_dying_descendants")?,
            0,
            "nr_dying_descendants"
        );
        for file in ["memory.swap.current", "memory.zswap.current"] {
            ensure_eq!(top.number(file)?, 0, "{file} of the parent");
        }
        let charged = top.number("memory.current")? as usize;
        ensure!(
            charged <= 16 * PAGE,
            "memory.current of the parent is {charged}"
        );
        Ok(())
    });
    if check.is_err() {
        println!(
            "# memory.stat: {}",
            top.read("memory.stat")?.replace('\n', ", ")
        );
    }
    check
}
