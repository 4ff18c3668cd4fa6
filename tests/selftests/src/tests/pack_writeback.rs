// SPDX-License-Identifier: GPL-2.0
//! Old pages go to a disk compressed, several in one slot; all of them come back, one by one or when the disk is
//! turned off.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::disk::Disk;
use crate::ghost::{counter, set_parameter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::sys;
use crate::worker::Worker;

const OWNER: u32 = 360;

/// See above.
pub fn run(env: &Env) -> Outcome {
    kernel::write("/proc/sys/vm/page-cluster", 0)?;
    let disk = Disk::new()?;
    let ghost = Ghost::start("shrinker_enabled=N pack_writeback=Y compressor=zstd")?;
    disk.on()?;
    let group = Cgroup::new("pack")?;
    Worker::start(|| {
        group.enter()?;
        packed(env, &disk, &group)
    })?
    .join()?;
    disk.off()?;
    ghost.stop()
}

fn packed(env: &Env, disk: &Disk, group: &Cgroup) -> Outcome {
    let pages = env.count(8192, 4096);
    let mut map = Mapping::private(pages)?;
    map.fill(map.all(), Kind::Real, OWNER, 0);
    group.reclaim(&map)?;
    write_back(pages / 2)?;
    let (on_disk, slots) = (counter("physical_pages")?, counter("physical_slots")?);
    println!(
        "# {on_disk} pages are in {slots} slots, {} of them in blocks",
        counter("packed_pages")?
    );
    ensure!(
        slots * 100 <= on_disk * 75,
        "{slots} slots for {on_disk} pages"
    );
    let reads = || kernel::vmstat("nrswpin");
    let before = reads()?;
    map.check(map.all(), Kind::Real, OWNER, 0)?;
    println!("# {} reads for all {pages} pages", reads()? - before);
    ensure_eq!(counter("decompress_fail")?, 0, "decompress_fail");
    group.reclaim(&map)?;
    let (on_disk, evacuated) = (counter("physical_pages")?, counter("evacuated_pages")?);
    disk.off()?;
    println!(
        "# {} of {on_disk} pages were brought back",
        counter("evacuated_pages")? - evacuated
    );
    ensure_eq!(counter("physical_pages")?, 0, "physical_pages");
    ensure_eq!(counter("physical_slots")?, 0, "physical_slots");
    map.check(map.all(), Kind::Real, OWNER, 0)?;
    disk.on()
}

/// Has so many pages written back at least, by the limit of the pools.
pub fn write_back(pages: usize) -> Outcome {
    let written = counter("written_back_pages")?;
    // What is left may be less than one percent.
    set_limit(0)?;
    for _ in 0..600 {
        if counter("written_back_pages")? - written >= pages as u64 {
            break;
        }
        sys::pause_ms(50);
    }
    set_limit(20)?;
    let written = counter("written_back_pages")? - written;
    ensure!(
        written >= pages as u64,
        "only {written} pages were written back"
    );
    Ok(())
}

/// Limits the pools; a page that goes out then has others written back, if it is less than they take.
pub fn set_limit(percent: usize) -> Outcome {
    set_parameter("max_pool_percent", percent)?;
    let mut more = Mapping::private(1)?;
    more.fill(more.all(), Kind::Real, OWNER, 1);
    more.try_page_out(more.all())
}
