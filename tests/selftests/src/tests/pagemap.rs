// SPDX-License-Identifier: GPL-2.0
//! What pagemap and the PAGEMAP_SCAN ioctl report about shared memory that is
//! out: with the patches, that it is swapped; without, nothing. On any swap
//! device.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::ghost::{self, counter, Ghost};
use crate::harness::Env;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome, Stop};
use crate::pagemap::{self, expect, Told, NOTHING, PRESENT, SWAPPED};
use crate::worker::Worker;
use crate::{kernel, sys, PAGE};
use std::fs::File;
use std::process::Command;

const KIND: Kind = Kind::Mixed;
const OWNER: u32 = 100;
const PAGES: usize = 16;

/// See above.
pub fn run(_env: &Env) -> Outcome {
    let marked = ghost::flavor() != "vanilla";
    // A disk in RAM stands for all other devices.
    let disk = RamDisk::start()?;
    tables(marked)?;
    anonymous()?;
    across_swapoff(|| disk.off(), marked)?;
    disk.stop()?;
    if !marked {
        return Ok(());
    }
    let ghost = Ghost::start("")?;
    tables(true)?;
    anonymous()?;
    forked()?;
    // Reclaim may take other memory of the process, too.
    Worker::start(elsewhere)?.join()?;
    places()?;
    guarded()?;
    large()?;
    ensure_eq!(counter("stored_pages")?, 0, "stored_pages after the tables");
    across_swapoff(|| ghost.off(), true)?;
    ghost.unload()
}

/// A swap device other than the ghost. The harness turns swap off that a test
/// leaves on.
struct RamDisk;

impl RamDisk {
    const DEVICE: &str = "/dev/ram0";

    fn start() -> Outcome<Self> {
        let command = format!(
            "modprobe brd rd_nr=1 rd_size=16384 && mkswap {}",
            Self::DEVICE
        );
        let output = Command::new("sh")
            .args(["-c", &command])
            .output()
            .doing("sh")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "{command}: {}, {said}",
            output.status
        );
        sys::swapon(Self::DEVICE, None).doing("swapon of a RAM disk")?;
        Ok(Self)
    }

    fn off(&self) -> Outcome {
        sys::swapoff(Self::DEVICE).doing("swapoff of a RAM disk")
    }

    fn stop(self) -> Outcome {
        sys::rmmod("brd").doing("rmmod brd")
    }
}

fn sized(file: File) -> Outcome<File> {
    file.set_len((PAGES * PAGE) as u64)
        .doing("setting a file's length")?;
    Ok(file)
}

fn memfd() -> Outcome<File> {
    sized(sys::memfd("vswap-selftest").doing("memfd_create")?)
}

fn in_tmpfs() -> Outcome<File> {
    let path = "/dev/shm/vswap-selftest";
    let file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(path)
        .doing(path)?;
    std::fs::remove_file(path).doing(path)?;
    sized(file)
}

fn tables(marked: bool) -> Outcome {
    let out = if marked { SWAPPED } else { NOTHING };
    let (memfd, file) = (memfd()?, in_tmpfs()?);
    table("memfd", Mapping::file(&memfd, PAGES)?, Some(&memfd), out)?;
    table("tmpfs", Mapping::file(&file, PAGES)?, Some(&file), out)?;
    table("shared memory", Mapping::shared(PAGES)?, None, out)
}

/// Where a page is at each step, with what is told of pages that are out.
fn table(name: &str, mut map: Mapping, file: Option<&File>, out: Told) -> Outcome {
    steps(&mut map, file, out).map_err(|stop| match stop {
        Stop::Fail(text) => Stop::Fail(format!("{name}: {text}")),
        skip => skip,
    })
}

fn steps(map: &mut Mapping, file: Option<&File>, out: Told) -> Outcome {
    let advise = |map: &Mapping, advice| map.advise(map.all(), advice).doing("madvise");
    expect(map, NOTHING, "before the first fault")?;
    map.fill(map.all(), KIND, OWNER, 0);
    expect(map, PRESENT, "FAULT1")?;
    map.page_out_shared(map.all())?;
    expect(map, out, "PAGEOUT")?;
    map.check(map.all(), KIND, OWNER, 0)?;
    expect(map, PRESENT, "FAULT2")?;
    advise(map, libc::MADV_REMOVE)?;
    expect(map, NOTHING, "REMOVE")?;
    map.fill(map.all(), KIND, OWNER, 1);
    map.page_out_shared(map.all())?;
    expect(map, out, "PAGEOUT after REMOVE")?;
    advise(map, libc::MADV_REMOVE)?;
    expect(map, NOTHING, "REMOVE of what is out")?;
    map.check_zero(map.all())?;

    // What only unmaps, moves or protects does not lose data either.
    map.fill(map.all(), KIND, OWNER, 2);
    map.page_out_shared(map.all())?;
    map.protect(map.all(), libc::PROT_READ)?;
    map.protect(map.all(), libc::PROT_READ | libc::PROT_WRITE)?;
    map.remap(map.pages())?;
    expect(map, out, "mprotect and mremap")?;
    advise(map, libc::MADV_DONTNEED)?;
    expect(map, NOTHING, "MADV_DONTNEED")?;
    map.check(map.all(), KIND, OWNER, 2)?;
    expect(map, PRESENT, "FAULT3")?;

    let Some(file) = file else { return Ok(()) };
    map.page_out_shared(map.all())?;
    sys::punch_hole(file, 0, PAGES * PAGE).doing("making a hole")?;
    expect(map, NOTHING, "a hole")?;
    map.check_zero(map.all())?;
    map.fill(map.all(), KIND, OWNER, 3);
    map.page_out_shared(map.all())?;
    file.set_len(0).doing("emptying the file")?;
    expect(map, NOTHING, "truncation")
}

/// For anonymous memory nothing changes, not even after fork.
fn anonymous() -> Outcome {
    let own = |told: Told| Told {
        file: false,
        ..told
    };
    let mut map = Mapping::private(PAGES)?;
    map.fill(map.all(), KIND, OWNER, 4);
    expect(&map, own(PRESENT), "anonymous, FAULT1")?;
    map.page_out(map.all())?;
    expect(&map, own(SWAPPED), "anonymous, PAGEOUT")?;
    Worker::start(|| {
        expect(&map, own(SWAPPED), "anonymous, in a child")?;
        map.check(map.all(), KIND, OWNER, 4)
    })?
    .join()?;
    expect(&map, own(SWAPPED), "anonymous, after a child read it")?;
    map.check(map.all(), KIND, OWNER, 4)?;
    expect(&map, own(PRESENT), "anonymous, FAULT2")?;
    map.page_out(map.all())?;
    map.advise(map.all(), libc::MADV_DONTNEED)
        .doing("MADV_DONTNEED")?;
    expect(&map, NOTHING, "anonymous, MADV_DONTNEED")
}

/// Each process is told of its own mapping, and not of pages that are back.
fn forked() -> Outcome {
    let mut map = Mapping::shared(PAGES)?;
    map.fill(map.all(), KIND, OWNER, 5);
    map.page_out_shared(map.all())?;
    Worker::start(|| {
        expect(&map, NOTHING, "in a child that has not accessed it")?;
        map.check(map.all(), KIND, OWNER, 5)?;
        expect(&map, PRESENT, "in a child that has")
    })?
    .join()?;
    expect(&map, NOTHING, "after a child brought it back")?;
    map.check(map.all(), KIND, OWNER, 5)?;
    expect(&map, PRESENT, "at the end")
}

/// Both mappings of a file are told; a private one also after it was forked,
/// and it keeps the pages of its own.
fn elsewhere() -> Outcome {
    let group = Cgroup::new("pagemap")?;
    group.enter()?;
    let file = memfd()?;
    let mut shared = Mapping::file(&file, PAGES)?;
    let mut private = Mapping::file_private(&file, PAGES)?;
    shared.fill(shared.all(), KIND, OWNER, 6);
    private.touch(private.all());
    private.fill(0..1, KIND, OWNER, 7);
    group.reclaim(&shared)?;
    group.leave()?;
    expect(&shared, SWAPPED, "a file that is mapped twice")?;
    // The private mapping's first page is anonymous.
    let wanted = [SWAPPED; PAGES - 1];
    ensure_eq!(
        pagemap::by_pagemap(&private)?[1..],
        wanted,
        "the private mapping"
    );
    Worker::start(|| {
        ensure_eq!(pagemap::by_pagemap(&private)?[1..], wanted, "a copy of it");
        private.check(0..1, KIND, OWNER, 7)?;
        private.check(1..PAGES, KIND, OWNER, 6)
    })?
    .join()?;
    private.fill(1..2, KIND, OWNER, 7);
    private.check(0..2, KIND, OWNER, 7)?;
    private.check(2..PAGES, KIND, OWNER, 6)?;
    shared.check(shared.all(), KIND, OWNER, 6)
}

/// Pages are told to be in places of their own.
fn places() -> Outcome {
    let mut map = Mapping::shared(PAGES)?;
    map.fill(map.all(), KIND, OWNER, 8);
    map.page_out_shared(map.all())?;
    let mut places = pagemap::places(&map)?;
    places.sort_unstable();
    places.dedup();
    ensure!(
        places.len() == PAGES && places[0] != 0,
        "{PAGES} pages are told to be in {places:?}"
    );
    Ok(())
}

/// Guard regions take the place of pages that are out, and give it back empty.
fn guarded() -> Outcome {
    const MADV_GUARD_INSTALL: i32 = 102;
    const MADV_GUARD_REMOVE: i32 = 103;
    let mut map = Mapping::shared(PAGES)?;
    map.fill(map.all(), KIND, OWNER, 9);
    map.page_out_shared(map.all())?;
    map.advise(0..PAGES / 2, MADV_GUARD_INSTALL)
        .doing("MADV_GUARD_INSTALL")?;
    let (first, second) = ([true; PAGES / 2], [false; PAGES / 2]);
    ensure_eq!(
        pagemap::guarded(&map)?,
        [first, second].concat(),
        "guard regions"
    );
    map.advise(0..PAGES / 2, MADV_GUARD_REMOVE)
        .doing("MADV_GUARD_REMOVE")?;
    let told = pagemap::by_pagemap(&map)?;
    ensure_eq!(told[..PAGES / 2], [NOTHING; PAGES / 2], "what was guarded");
    ensure_eq!(told[PAGES / 2..], [SWAPPED; PAGES / 2], "the others");
    map.check(map.all(), KIND, OWNER, 9)
}

/// Large folios that are mapped page by page are told page by page; one that is
/// mapped as a whole is not told. Data is right in any case.
fn large() -> Outcome {
    const HUGE: usize = 512;
    let directory = "/sys/kernel/mm/transparent_hugepage/hugepages-64kB";
    kernel::write(format!("{directory}/shmem_enabled"), "always")?;
    let mut map = Mapping::shared(4 * PAGES)?;
    map.fill(map.all(), KIND, OWNER, 10);
    map.page_out_shared(map.all())?;
    expect(&map, SWAPPED, "folios of 64 KiB, PAGEOUT")?;
    map.check(map.all(), KIND, OWNER, 10)?;
    expect(&map, PRESENT, "folios of 64 KiB, FAULT")?;
    kernel::write(format!("{directory}/shmem_enabled"), "never")?;

    let file = sys::memfd("vswap-selftest").doing("memfd_create")?;
    file.set_len((HUGE * PAGE) as u64)
        .doing("setting a file's length")?;
    let mut map = Mapping::file_aligned(&file, HUGE, HUGE)?;
    map.fill(map.all(), KIND, OWNER, 11);
    map.page_out_shared(map.all())?;
    expect(&map, SWAPPED, "what shall be collapsed")?;
    map.collapse(map.all())?;
    expect(&map, PRESENT, "MADV_COLLAPSE")?;
    map.page_out_shared(map.all())?;
    map.check(map.all(), KIND, OWNER, 11)?;
    expect(&map, PRESENT, "a huge page that was out")
}

/// A device that is turned off brings back what is out, without being mapped.
fn across_swapoff(off: impl FnOnce() -> Outcome, marked: bool) -> Outcome {
    let mut map = Mapping::shared(PAGES)?;
    map.fill(map.all(), KIND, OWNER, 12);
    map.page_out_shared(map.all())?;
    expect(&map, if marked { SWAPPED } else { NOTHING }, "PAGEOUT")?;
    off()?;
    expect(&map, NOTHING, "swapoff")?;
    map.check(map.all(), KIND, OWNER, 12)?;
    expect(&map, PRESENT, "after swapoff")
}
