// SPDX-License-Identifier: GPL-2.0
//! Pages that came from the disk and were only read keep their slots there, and
//! go out again without being written.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::disk::Disk;
use crate::ghost::{counter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::threads::{each, Shared};
use crate::worker::Worker;

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
    disk.off()?;
    ghost.stop()
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
