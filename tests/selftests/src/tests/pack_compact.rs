// SPDX-License-Identifier: GPL-2.0
//! Pages in blocks are freed here and there, so that the disk is full of blocks with little in them. When it runs
//! short their pages are moved together, for more to fit; all come back.

use super::pack_writeback::set_limit;
use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::disk::Disk;
use crate::ghost::{counter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::old_pages::until;
use crate::outcome::{Doing, Outcome};
use crate::worker::Worker;

const OWNER: u32 = 361;
/// Of the disk.
const SLOTS: u64 = 2048;
/// More than fit on the disk.
const PAGES: usize = 8192;

/// See above.
pub fn run(_: &Env) -> Outcome {
    kernel::write("/proc/sys/vm/page-cluster", 0)?;
    let disk = Disk::new()?;
    // The first has the header.
    disk.shrink((SLOTS as usize + 1) * 4096)?;
    let ghost = Ghost::start("shrinker_enabled=N pack_writeback=Y compressor=zstd")?;
    disk.on()?;
    let group = Cgroup::new("compact")?;
    Worker::start(|| {
        group.enter()?;
        compact(&group)
    })?
    .join()?;
    disk.off()?;
    ghost.stop()
}

fn compact(group: &Cgroup) -> Outcome {
    let mut first = Mapping::private(PAGES)?;
    first.fill(first.all(), Kind::Real, OWNER, 0);
    group.reclaim(&first)?;
    set_limit(1)?;
    until("the disk is full", || {
        Ok(counter("physical_slots")? >= SLOTS - 32)
    })?;
    let full = counter("physical_pages")?;
    // Where two pages are in a block, one of them is left in about half of the blocks.
    let gone = |i: &usize| i % 5 < 2;
    for i in first.all().filter(gone) {
        let result = first.advise(i..i + 1, libc::MADV_DONTNEED);
        result.doing("MADV_DONTNEED")?;
    }
    let (slots, left) = (counter("physical_slots")?, counter("physical_pages")?);
    // The group could not be reclaimed, with no room anywhere.
    set_limit(20)?;
    let mut second = Mapping::private(PAGES / 2)?;
    second.fill(second.all(), Kind::Real, OWNER, 1);
    group.reclaim(&second)?;
    set_limit(1)?;
    until("pages are moved together", || {
        Ok(counter("compacted_pages")? >= 256)
    })?;
    until("the disk is full again", || {
        Ok(counter("physical_slots")? >= SLOTS / 10 * 9)
    })?;
    set_limit(20)?;
    println!(
        "# {full} pages filled the disk; {left} of them were left in {slots} slots; now it has {} pages in {}, {} were \
         moved together",
        counter("physical_pages")?,
        counter("physical_slots")?,
        counter("compacted_pages")?
    );
    for i in first.all().filter(|i| !gone(i)) {
        first.check(i..i + 1, Kind::Real, OWNER, 0)?;
    }
    second.check(second.all(), Kind::Real, OWNER, 1)
}
