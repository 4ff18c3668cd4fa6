// SPDX-License-Identifier: GPL-2.0
//! Allocations that fail, injected: while pages are stored, where the page then
//! stays in memory; while they go to a disk and come back; and, one after the
//! other, in insmod and swapon, which then fail as a whole or do without.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::disk::Disk;
use crate::ghost::{self, counter, Counters, Ghost, DEVICE, MODULE};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::sys;
use crate::worker::Worker;
use crate::PAGE;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

const OWNER: u32 = 120;
const INJECTORS: [&str; 2] = [
    "/sys/kernel/debug/failslab",
    "/sys/kernel/debug/fail_page_alloc",
];
/// No call makes more allocations.
const MOST: usize = 4000;

/// See above.
pub fn run(env: &Env) -> Outcome {
    for injector in INJECTORS {
        ensure!(
            Path::new(injector).exists(),
            "this kernel has no {injector}"
        );
    }
    storing(env)?;
    tier(env)?;
    insmod()?;
    swapon()
}

/// Sets up the injectors: for tasks that ask for it, `percent` of what may not
/// wait for memory, or of all.
fn arm(percent: usize, all: bool) -> Outcome {
    for injector in INJECTORS {
        kernel::write(format!("{injector}/verbose"), 0)?;
        kernel::write(format!("{injector}/task-filter"), "Y")?;
        kernel::write(format!("{injector}/interval"), 1)?;
        kernel::write(format!("{injector}/times"), -1)?;
        kernel::write(
            format!("{injector}/ignore-gfp-wait"),
            if all { "N" } else { "Y" },
        )?;
        kernel::write(format!("{injector}/probability"), percent)?;
    }
    kernel::write(format!("{}/min-order", INJECTORS[1]), 0)?;
    kernel::write(format!("{}/ignore-gfp-highmem", INJECTORS[1]), "N")
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

/// The count after which an allocation of this process fails. The file is kept
/// open: opening it makes allocations too.
struct Nth(File);

impl Nth {
    fn open() -> Outcome<Self> {
        let path = "/proc/thread-self/fail-nth";
        Ok(Self(
            File::options()
                .read(true)
                .write(true)
                .open(path)
                .doing(path)?,
        ))
    }

    /// Calls, with the n-th allocation failing. Gives the error number, and
    /// whether there were so many allocations.
    fn fail(&self, nth: usize, call: &impl Fn() -> i32) -> Outcome<(i32, bool)> {
        let text = nth.to_string();
        self.0
            .write_at(text.as_bytes(), 0)
            .doing("setting fail-nth")?;
        let errno = call();
        let mut left = [0; 16];
        let length = self.0.read_at(&mut left, 0);
        self.0.write_at(b"0", 0).doing("setting fail-nth")?;
        let length = length.doing("reading fail-nth")?;
        Ok((errno, left[..length].trim_ascii() == b"0"))
    }
}

/// Makes the n-th allocation of a call fail, for each n until all succeed.
/// `call` returns an error number.
fn each_allocation(what: &str, call: impl Fn() -> i32, undo: impl Fn() -> Outcome) -> Outcome {
    arm(0, true)?;
    let counter = Nth::open()?;
    let (mut nth, mut failed, mut without) = (1, 0, 0);
    loop {
        let (errno, came) = counter.fail(nth, &call)?;
        if errno == 0 {
            undo()?;
        }
        if !came {
            ensure_eq!(errno, 0, "error number of {what} without a fault");
            break;
        }
        ensure!(
            [0, libc::ENOMEM].contains(&errno),
            "{what}, allocation {nth} failed: expected success or ENOMEM, got {}",
            sys::errno_name(errno)
        );
        failed += usize::from(errno != 0);
        without += usize::from(errno == 0);
        // The first ones are of most interest; later ones are much the same.
        nth += 1 + nth / 24;
        ensure!(nth < MOST, "{what} makes more than {MOST} allocations");
    }
    println!(
        "# {what}: {failed} faults made it fail, with {without} it did without, to the {nth}th"
    );
    ensure!(failed > 0, "no fault made {what} fail");
    Ok(())
}

fn insmod() -> Outcome {
    let path = ghost::file(&ghost::flavor());
    let file = File::open(&path).doing(path.display())?;
    let call = || sys::insmod(&file, "").err().map_or(0, |e| sys::errno(&e));
    each_allocation("insmod", call, || {
        ensure!(
            Path::new(DEVICE).exists(),
            "insmod succeeded, but there is no {DEVICE}"
        );
        sys::rmmod(MODULE).doing("rmmod")
    })?;
    ensure!(
        !ghost::is_loaded(),
        "the module is there, where insmod failed"
    );
    works()
}

fn swapon() -> Outcome {
    let ghost = Ghost::load("")?;
    let call = || {
        sys::swapon(DEVICE, None)
            .err()
            .map_or(0, |e| sys::errno(&e))
    };
    each_allocation("swapon", call, || ghost.off())?;
    ghost.unload()?;
    works()
}

/// After all that, data goes out and comes back.
fn works() -> Outcome {
    let ghost = Ghost::start("")?;
    Worker::start(|| {
        let mut map = Mapping::private(256)?;
        map.fill(map.all(), Kind::Mixed, OWNER, 9);
        map.page_out(map.all())?;
        map.check(map.all(), Kind::Mixed, OWNER, 9)
    })?
    .join()?;
    ghost.stop()
}
