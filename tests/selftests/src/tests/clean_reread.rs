// SPDX-License-Identifier: GPL-2.0
//! Pages that came from the disk and were only read keep their slots there, and
//! go out again without being written. Those that were modified get others.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::disk::Disk;
use crate::ghost::{counter, swap_line, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::threads::{each, Shared};
use crate::worker::Worker;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

const OWNER: u32 = 250;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let disk = Disk::new()?;
    let ghost = Ghost::start("shrinker_enabled=N")?;
    disk.on()?;
    // Without readahead, and with it.
    for cluster in [0, 3] {
        kernel::write("/proc/sys/vm/page-cluster", cluster)?;
        let group = Cgroup::new("reread")?;
        Worker::start(|| {
            group.enter()?;
            reread(env.pages(16), &group)
        })?
        .join()?;
    }
    rewrite(env.pages(16))?;
    disk.off()?;
    ghost.stop()
}

/// All that the ghost has is on the disk, and pages that go out once more still have
/// their old slots there. What the ghost uses must not count below zero meanwhile, as
/// what the kernel keeps of full devices does not stand that.
fn rewrite(pages: usize) -> Outcome {
    let map = Shared::new(Mapping::private(pages)?);
    let done = AtomicBool::new(false);
    let again = || {
        map.fill(map.all(), Kind::Random, OWNER, 0);
        map.page_out(map.all())?;
        for generation in 1..4 {
            map.check(map.all(), Kind::Random, OWNER, generation - 1)?;
            map.fill(map.all(), Kind::Random, OWNER, generation);
            map.page_out(map.all())?;
        }
        map.check(map.all(), Kind::Random, OWNER, 3)
    };
    each(2, |thread| {
        if thread == 0 {
            let result = again();
            done.store(true, Relaxed);
            return result;
        }
        while !done.load(Relaxed) {
            let Some(line) = swap_line()? else {
                fail!("/proc/swaps does not show the ghost")
            };
            ensure!(
                line.used <= line.size,
                "the ghost uses {} of {} KiB",
                line.used,
                line.size
            );
        }
        Ok(())
    })
}

fn reread(pages: usize, group: &Cgroup) -> Outcome {
    let mut map = Mapping::private(pages)?;
    map.fill(map.all(), Kind::Random, OWNER, 0);
    group.reclaim(&map)?;
    let physical = counter("physical_pages")?;
    ensure!(
        physical >= pages as u64,
        "{physical} of {pages} pages are on the disk"
    );
    let map = Shared::new(map);
    // More may be those of the process itself.
    let few = pages as u64 / 32 + 64;
    for round in 0..3 {
        let read = kernel::vmstat("pswpin")?;
        each(2, |thread| {
            let half = thread * pages / 2..(thread + 1) * pages / 2;
            map.check(half, Kind::Random, OWNER, 0)
        })?;
        let read = kernel::vmstat("pswpin")? - read;
        ensure!(
            read >= pages as u64,
            "{read} of {pages} pages came from the disk, round {round}"
        );
        let kept = counter("physical_pages")?;
        let written = kernel::vmstat("pswpout")?;
        group.reclaim(&map)?;
        let written = kernel::vmstat("pswpout")? - written;
        println!(
            "# of {pages} pages that were read, {kept} kept their slots, {written} were written"
        );
        ensure!(
            kept + few >= physical,
            "physical_pages is {kept} after reading, {physical} before"
        );
        ensure!(
            written <= few,
            "{written} of {pages} pages were written again, that were only read"
        );
    }
    // One that is changed is written.
    each(2, |thread| {
        map.fill(thread..thread + 1, Kind::Random, OWNER, 1);
        Ok(())
    })?;
    let written = kernel::vmstat("pswpout")?;
    group.reclaim(&map)?;
    let written = kernel::vmstat("pswpout")? - written;
    ensure!(written >= 2, "{written} of 2 pages were written");
    map.check(0..2, Kind::Random, OWNER, 1)?;
    map.check(2..pages, Kind::Random, OWNER, 0)
}
