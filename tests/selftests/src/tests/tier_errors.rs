// SPDX-License-Identifier: GPL-2.0
//! The disk below the ghost fails: a page that cannot be read is SIGBUS for those
//! that read it only; one that cannot be written stays in memory.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::disk::{Disk, Faulty};
use crate::ghost::{counter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::worker::{End, Worker};

const OWNER: u32 = 120;
/// Pages that do not compress, and as many that do.
const PAGES: usize = 512;

/// See above.
pub fn run(_: &Env) -> Outcome {
    // A page that was read ahead in vain would not be tried again.
    kernel::write("/proc/sys/vm/page-cluster", 0)?;
    let (faulty, disk) = Faulty::new()?;
    let ghost = Ghost::start("shrinker_enabled=N")?;
    disk.on()?;
    let group = Cgroup::new("tier-errors")?;
    Worker::start(|| {
        group.enter()?;
        reads(&group, &faulty)?;
        writes(&group, &faulty)?;
        lost(&group, &faulty, &disk)
    })?
    .join()?;
    disk.off()?;
    ghost.stop()
}

/// Half of the pages are on the disk, the others in the pool.
fn out(group: &Cgroup, generation: u32) -> Outcome<(Mapping, Mapping)> {
    let mut there = Mapping::private(PAGES)?;
    there.fill(there.all(), Kind::Random, OWNER, generation);
    let mut here = Mapping::private(PAGES)?;
    here.fill(here.all(), Kind::Heap, OWNER, generation);
    group.reclaim(&there)?;
    group.reclaim(&here)?;
    let physical = counter("physical_pages")?;
    ensure!(
        physical >= PAGES as u64,
        "only {physical} of {PAGES} pages are on the disk"
    );
    Ok((there, here))
}

/// Reading the page ends a process by SIGBUS.
fn ensure_sigbus(map: &Mapping, index: usize, when: &str) -> Outcome {
    let reader = Worker::start(|| {
        map.touch(index..index + 1);
        Ok(())
    })?;
    match reader.end()? {
        End::Killed(libc::SIGBUS) => Ok(()),
        other => fail!("reading page {index} {when}: expected SIGBUS, got {other:?}"),
    }
}

fn reads(group: &Cgroup, faulty: &Faulty) -> Outcome {
    let (there, here) = out(group, 0)?;
    faulty.fail()?;
    for index in [0, 1, PAGES / 2, PAGES - 1] {
        ensure_sigbus(&there, index, "from a disk that fails")?;
    }
    here.check(here.all(), Kind::Heap, OWNER, 0)?;
    faulty.work()?;
    // Only of the pages that were asked for is it known that they cannot be had.
    there.check(2..PAGES / 2 - 1, Kind::Random, OWNER, 0)?;
    there.check(PAGES / 2 + 1..PAGES - 1, Kind::Random, OWNER, 0)
}

fn writes(group: &Cgroup, faulty: &Faulty) -> Outcome {
    let mut map = Mapping::private(PAGES)?;
    map.fill(map.all(), Kind::Random, OWNER, 1);
    faulty.fail()?;
    map.try_page_out(map.all())?;
    let out = map.out(map.all())?;
    ensure_eq!(out, 0, "pages that left memory with a disk that fails");
    map.check(map.all(), Kind::Random, OWNER, 1)?;
    faulty.work()?;
    group.reclaim(&map)?;
    map.check(map.all(), Kind::Random, OWNER, 1)
}

/// The disk is turned off and cannot be read: its pages are lost, no others.
fn lost(group: &Cgroup, faulty: &Faulty, disk: &Disk) -> Outcome {
    let (there, here) = out(group, 2)?;
    faulty.fail()?;
    disk.off()?;
    ensure_eq!(
        counter("physical_pages")?,
        0,
        "physical_pages after swapoff"
    );
    for index in [0, 1, PAGES / 2, PAGES - 1] {
        ensure_sigbus(&there, index, "after the disk was turned off")?;
    }
    here.check(here.all(), Kind::Heap, OWNER, 2)?;
    faulty.work()?;
    disk.on()?;
    // The slots are as good as new.
    drop(there);
    let (there, _here) = out(group, 3)?;
    there.check(there.all(), Kind::Random, OWNER, 3)
}
