// SPDX-License-Identifier: GPL-2.0
//! A disk below the ghost: what does not compress goes there, and so does what is
//! old; all of it comes back, one by one or when the disk is turned off.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::disk::Disk;
use crate::ghost::{counter, set_parameter, swap_line, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::sys;
use crate::worker::Worker;

const OWNER: u32 = 110;

/// See above.
pub fn run(env: &Env) -> Outcome {
    kernel::write("/proc/sys/vm/page-cluster", 0)?;
    for disk_first in [false, true] {
        let disk = Disk::new()?;
        // By the limit of the pool only: how a group reclaims decides nothing here.
        let ghost = Ghost::load("shrinker_enabled=N")?;
        if disk_first {
            disk.on()?;
        }
        ghost.on()?;
        if !disk_first {
            disk.on()?;
        }
        within("tier", |group| incompressible(env, &disk, group))?;
        if !(disk_first && env.is_debug()) {
            within("tier", |group| old(env, &disk, group))?;
        }
        limits(env, &disk)?;
        disk.off()?;
        ghost.stop()?;
    }
    Ok(())
}

/// Runs something in a process of its own, in a group of its own: pages that
/// were written to a disk leave memory when the group is reclaimed.
fn within(name: &str, f: impl FnOnce(&Cgroup) -> Outcome) -> Outcome {
    let group = Cgroup::new(name)?;
    Worker::start(|| {
        group.enter()?;
        f(&group)
    })?
    .join()
}

/// Fails unless a count is what it must be, or a few pages more: those of the
/// process itself.
fn about(name: &str, count: u64, wanted: u64) -> Outcome {
    ensure!(
        (wanted..wanted + 128).contains(&count),
        "{name}: expected {wanted} or a few more, got {count}"
    );
    Ok(())
}

/// Pages that do not compress are on the disk and nowhere else.
fn incompressible(env: &Env, disk: &Disk, group: &Cgroup) -> Outcome {
    let mut map = Mapping::private(env.pages(32))?;
    let pages = map.pages() as u64;
    let mut least_slab = u64::MAX;
    // Pages that were only read keep their slots, for the time they are out again.
    let free = kernel::meminfo("SwapFree")?;
    for generation in 0..2 {
        map.fill(map.all(), Kind::Random, OWNER, generation);
        let before = kernel::meminfo("Slab")?;
        group.reclaim(&map)?;
        // What bios in flight had may not have been given back yet, but pages on
        // the disk have nothing: zswap has 56 bytes for each.
        let slab = kernel::meminfo("Slab")?.saturating_sub(before) << 10;
        println!("# {slab} bytes of slab for {pages} pages on the disk");
        least_slab = least_slab.min(slab);
        about("physical_pages", counter("physical_pages")?, pages)?;
        ensure_eq!(counter("incompressible_pages")?, 0, "incompressible_pages");
        about("stored_pages", counter("stored_pages")?, pages)?;
        about("pages used on the disk", disk.used()?, pages)?;
        let ghost = swap_line()?.map_or(0, |line| line.used / 4);
        about("pages used of the ghost", ghost, 0)?;
        let fell = free - kernel::meminfo("SwapFree")?;
        about("pages that SwapFree fell by", fell / 4, pages)?;
        map.check(map.all(), Kind::Random, OWNER, generation)?;
    }
    ensure!(
        env.is_debug() || least_slab < 16 * pages,
        "{least_slab} bytes of slab for {pages} pages on the disk"
    );
    drop(map);
    about("stored_pages after munmap", counter("stored_pages")?, 0)?;
    about("pages used on the disk after munmap", disk.used()?, 0)
}

/// Over the limit of the pool, the oldest pages go to the disk, whichever pool
/// has them; turning the disk off brings them back into memory.
fn old(env: &Env, disk: &Disk, group: &Cgroup) -> Outcome {
    // More than the pool may have: 1 % of memory.
    let part = env.count(2048, 1536);
    let mut parts = Vec::new();
    for (i, compressor) in ["lz4", "zstd", "lz4"].iter().enumerate() {
        set_parameter("compressor", compressor)?;
        let mut map = Mapping::private(part)?;
        map.fill(map.all(), Kind::Real, OWNER, i as u32);
        group.reclaim(&map)?;
        parts.push(map);
    }
    let check = |i: usize, pages| parts[i].check(pages, Kind::Real, OWNER, i as u32);
    let before = counter("physical_pages")?;
    ensure!(
        before < part as u64 / 2,
        "{before} pages are on the disk, of which few do not compress"
    );
    let written = counter("written_back_pages")?;
    let events =
        || -> Outcome<[u64; 2]> { Ok([kernel::vmstat("pswpout")?, kernel::vmstat("nrswpout")?]) };
    let before = events()?;
    // The pool is far above its limit, and the next page finds out.
    set_parameter("max_pool_percent", 1)?;
    let mut more = Mapping::private(1)?;
    more.fill(more.all(), Kind::Real, OWNER, 3);
    more.try_page_out(more.all())?;
    for _ in 0..200 {
        if counter("written_back_pages")? - written >= part as u64 / 2 {
            break;
        }
        sys::pause_ms(50);
    }
    sys::pause_ms(200);
    set_parameter("max_pool_percent", 20)?;
    let now = events()?;
    let (pages, submissions) = (now[0] - before[0], now[1] - before[1]);
    let written = counter("written_back_pages")? - written;
    let physical = counter("physical_pages")?;
    ensure!(
        written >= part as u64 / 2 && physical >= written,
        "written_back_pages is {written}, physical_pages {physical}, of {}",
        3 * part
    );
    // Where they are is told by what has to be read.
    for map in &parts {
        group.reclaim(map)?;
    }
    let from_disk = |i, pages| -> Outcome<u64> {
        let before = kernel::vmstat("pswpin")?;
        check(i, pages)?;
        Ok(kernel::vmstat("pswpin")? - before)
    };
    let quarter = part / 4;
    let oldest = from_disk(0, 0..quarter)? as usize;
    ensure!(
        oldest >= quarter * 9 / 10,
        "of the {quarter} oldest pages only {oldest} came from the disk"
    );
    println!(
        "# {written} of {} pages were written back, {:.1} at a time",
        3 * part,
        pages as f64 / submissions as f64
    );
    ensure!(
        pages >= 24 * submissions,
        "{pages} pages were written in {submissions} submissions"
    );
    if written < 5 * part as u64 / 2 {
        let newest = from_disk(2, part - quarter..part)? as usize;
        ensure!(
            newest < quarter / 2,
            "of the {quarter} newest pages {newest} came from the disk"
        );
    }
    let physical = counter("physical_pages")?;
    let evacuated = counter("evacuated_pages")?;
    disk.off()?;
    ensure_eq!(
        counter("physical_pages")?,
        0,
        "physical_pages after swapoff"
    );
    let evacuated = counter("evacuated_pages")? - evacuated;
    ensure!(
        evacuated + 64 >= physical && evacuated <= physical,
        "evacuated_pages is {evacuated}, of {physical}"
    );
    for i in 0..parts.len() {
        check(i, 0..part)?;
    }
    more.check(more.all(), Kind::Real, OWNER, 3)?;
    disk.on()
}

/// A cgroup's limits: memory.swap.max counts the disk's slots, and with
/// memory.zswap.writeback=0 nothing goes there.
fn limits(env: &Env, disk: &Disk) -> Outcome {
    let pages = env.pages(4);
    for (file, value, most) in [
        ("memory.swap.max", pages / 2 * crate::PAGE, pages / 2),
        ("memory.zswap.writeback", 0, 0),
        ("memory.zswap.max", 0, pages),
    ] {
        let group = Cgroup::new("tier")?;
        group.set(file, value)?;
        Worker::start(|| {
            group.enter()?;
            let mut map = Mapping::private(pages)?;
            map.fill(map.all(), Kind::Random, OWNER, 4);
            if most == pages {
                group.reclaim(&map)?;
            } else {
                let _ = map.try_page_out(map.all());
            }
            let what = format!("physical_pages with {file}={value}");
            about(&what, counter("physical_pages")?, most as u64)?;
            about("pages used on the disk", disk.used()?, most as u64)?;
            let charged = group.number("memory.swap.current")? / crate::PAGE as u64;
            about("pages of memory.swap.current", charged, most as u64)?;
            map.check(map.all(), Kind::Random, OWNER, 4)
        })?
        .join()?;
        // What was being written when the process ended stays until it is reclaimed.
        group.eventually(|group| {
            group.try_reclaim(pages * crate::PAGE)?;
            let charged = group.number("memory.swap.current")?;
            ensure_eq!(charged, 0, "memory.swap.current after the process ended");
            Ok(())
        })?;
    }
    Ok(())
}
