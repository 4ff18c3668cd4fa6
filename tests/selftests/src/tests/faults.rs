// SPDX-License-Identifier: GPL-2.0
//! A part of all allocations fails, by injection: while pages are stored, which
//! then stay in memory, and while they go to a disk and come back.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::disk::Disk;
use crate::ghost::{counter, Counters, Ghost};
use crate::harness::Env;
use crate::inject::arm;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::sys;
use crate::worker::Worker;
use crate::PAGE;
use std::fs::File;
use std::os::unix::fs::FileExt;

const OWNER: u32 = 120;

/// See above.
pub fn run(env: &Env) -> Outcome {
    storing(env)?;
    tier(env)
}

fn storing(env: &Env) -> Outcome {
    let ghost = Ghost::start("")?;
    let mut map = Mapping::private(env.pages(32))?;
    let mut failed = 0;
    for (generation, percent) in [5, 30, 80, 100].into_iter().enumerate() {
        let generation = generation as u32;
        map.fill(map.all(), Kind::Mixed, OWNER, generation);
        arm(percent, false)?;
        for _ in 0..4 {
            // The process that asks for pages to go out does it itself.
            kernel::write("/proc/self/make-it-fail", 1)?;
            let result = map.try_page_out(map.all());
            kernel::write("/proc/self/make-it-fail", 0)?;
            result?;
        }
        arm(0, false)?;
        let out = map.out(map.all())?;
        println!(
            "# {percent} % of allocations failed: {out} of {} pages out",
            map.pages()
        );
        failed += map.pages() - out;
        let counters = Counters::read()?;
        counters.ensure_sum()?;
        ensure_eq!(counters.stored, out as u64, "stored_pages");
        map.check(map.all(), Kind::Mixed, OWNER, generation)?;
        Counters::read()?.ensure_nothing_stored()?;
        // Without faults all is as ever.
        map.page_out(map.all())?;
        map.check(map.all(), Kind::Mixed, OWNER, generation)?;
    }
    ensure!(failed > 0, "no store failed");
    let counted = counter("reject_alloc_fail")? + counter("reject_compress_fail")?;
    ensure!(counted > 0, "stores failed, but no counter says so");
    ghost.stop()
}

/// Pages go to a disk and come back from it, and the disk is turned off.
fn tier(env: &Env) -> Outcome {
    let ghost = Ghost::start("")?;
    let disk = Disk::new()?;
    disk.on()?;
    let group = Cgroup::new("faults")?;
    Worker::start(|| {
        group.enter()?;
        let mut map = Mapping::private(env.pages(16))?;
        let mut failed = 0;
        // Kept open: opening it makes allocations too.
        let path = "/proc/self/make-it-fail";
        let switch = File::options().write(true).open(path).doing(path)?;
        let inject = |on: &str| switch.write_at(on.as_bytes(), 0).doing(path);
        for (generation, percent) in [10, 100].into_iter().enumerate() {
            let generation = generation as u32;
            map.fill(map.all(), Kind::Blend, OWNER, generation);
            arm(percent, false)?;
            inject("1")?;
            let out = map.try_page_out(map.all());
            // What was written leaves memory, and the oldest are written back.
            let bytes = format!("{} swappiness=max", 2 * map.pages() * PAGE);
            let _ = group.try_set("memory.reclaim", &bytes);
            inject("0")?;
            let (gone, on_disk) = (map.out(map.all())?, counter("physical_pages")?);
            // Here it is those that may wait that matter.
            arm(percent, true)?;
            inject("1")?;
            let off = disk.try_off().map_err(|e| sys::errno(&e));
            inject("0")?;
            arm(0, false)?;
            out?;
            println!(
                "# {percent} % of allocations failed: {gone} pages out, {on_disk} of them on the \
                 disk, of which swapoff left {}",
                counter("physical_pages")?
            );
            failed += usize::from(off.is_err());
            match off {
                Ok(()) => disk.on()?,
                Err(errno) => ensure_eq!(errno, libc::ENOMEM, "error number of swapoff"),
            }
            let counters = Counters::read()?;
            counters.ensure_sum()?;
            map.check(map.all(), Kind::Blend, OWNER, generation)?;
            group.reclaim(&map)?;
            map.check(map.all(), Kind::Blend, OWNER, generation)?;
        }
        ensure!(failed > 0, "no swapoff failed");
        Ok(())
    })?
    .join()?;
    disk.off()?;
    Counters::read()?.ensure_nothing_stored()?;
    ghost.stop()
}
