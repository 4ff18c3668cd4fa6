// SPDX-License-Identifier: GPL-2.0
//! The marker of shared memory that is out shares its PTE with what userfaultfd
//! keeps there: write protection, poison, and missing pages.

use crate::data::Kind;
use crate::ghost::Ghost;
use crate::harness::Env;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::pagemap::{self, expect, NOTHING, PRESENT, SWAPPED};
use crate::sys;
use crate::uffd::{self, Uffd};
use std::io::Write;

const KIND: Kind = Kind::Mixed;
const OWNER: u32 = 110;
const PAGES: usize = 16;
const HALF: usize = PAGES / 2;

/// See above.
pub fn run(_env: &Env) -> Outcome {
    let ghost = Ghost::start("")?;
    protected()?;
    moved()?;
    unregistered()?;
    minor()?;
    poisoned()?;
    ghost.stop()
}

fn shared(generation: u32) -> Outcome<Mapping> {
    let mut map = Mapping::shared(PAGES)?;
    map.fill(map.all(), KIND, OWNER, generation);
    Ok(map)
}

/// Fails unless these pages, and no others, are protected against writes and
/// told as not written.
fn expect_protected(map: &Mapping, which: fn(usize) -> bool, step: &str) -> Outcome {
    let wanted: Vec<_> = map.all().map(which).collect();
    ensure_eq!(pagemap::protected(map)?, wanted, "{step}: protected pages");
    let not: Vec<_> = wanted.iter().map(|protected| !protected).collect();
    ensure_eq!(pagemap::written(map)?, not, "{step}: written pages");
    Ok(())
}

/// Protection stays while pages go out and come in, and changes meanwhile.
fn protected() -> Outcome {
    let uffd = Uffd::new(uffd::WP_ASYNC | uffd::WP_UNPOPULATED)?;
    let mut map = shared(0)?;
    uffd.register(&map, uffd::WP)?;
    uffd.protect(&map, 0..HALF, true)?;
    map.page_out_shared(map.all())?;
    expect(&map, SWAPPED, "protected and out")?;
    expect_protected(&map, |page| page < HALF, "out")?;
    uffd.protect(&map, HALF..PAGES, true)?;
    expect(&map, SWAPPED, "protected while out")?;
    expect_protected(&map, |_| true, "all")?;
    uffd.protect(&map, 0..4, false)?;
    expect(&map, SWAPPED, "no more protected while out")?;
    expect_protected(&map, |page| page >= 4, "not all")?;

    // Reading brings pages back as they are, writing takes protection off.
    map.check(map.all(), KIND, OWNER, 0)?;
    expect(&map, PRESENT, "read")?;
    expect_protected(&map, |page| page >= 4, "read")?;
    map.page_out_shared(map.all())?;
    map.fill(0..HALF, KIND, OWNER, 1);
    expect_protected(&map, |page| page >= HALF, "half written")?;
    map.check(0..HALF, KIND, OWNER, 1)?;
    map.check(HALF..PAGES, KIND, OWNER, 0)?;

    // Unmapping keeps protection; nobody tells then that the page is out.
    map.page_out_shared(map.all())?;
    map.advise(map.all(), libc::MADV_DONTNEED)
        .doing("MADV_DONTNEED")?;
    expect_protected(&map, |page| page >= HALF, "unmapped")?;
    let files = pagemap::by_pagemap(&map)?;
    let files = files.iter().filter(|told| told.file).count();
    ensure_eq!(files, 0, "pages that are told to be of a file, unmapped");
    map.check(0..HALF, KIND, OWNER, 1)?;
    map.check(HALF..PAGES, KIND, OWNER, 0)?;
    expect_protected(&map, |page| page >= HALF, "read again")?;

    map.page_out_shared(map.all())?;
    map.advise(map.all(), libc::MADV_REMOVE)
        .doing("MADV_REMOVE")?;
    map.check_zero(map.all())
}

/// mremap leaves protection behind, and takes along that pages are out.
fn moved() -> Outcome {
    let uffd = Uffd::new(uffd::WP_UNPOPULATED)?;
    let mut map = shared(2)?;
    uffd.register(&map, uffd::WP)?;
    uffd.protect(&map, map.all(), true)?;
    map.page_out_shared(map.all())?;
    map.remap(PAGES)?;
    expect(&map, SWAPPED, "mremap of protected pages")?;
    ensure_eq!(
        pagemap::protected(&map)?,
        [false; PAGES],
        "protection after mremap"
    );
    map.check(map.all(), KIND, OWNER, 2)?;
    map.fill(map.all(), KIND, OWNER, 3);
    map.check(map.all(), KIND, OWNER, 3)
}

/// Unregistering takes protection off, and keeps that pages are out.
fn unregistered() -> Outcome {
    let uffd = Uffd::new(uffd::WP_UNPOPULATED)?;
    let mut map = shared(4)?;
    uffd.register(&map, uffd::WP)?;
    uffd.protect(&map, map.all(), true)?;
    map.page_out_shared(map.all())?;
    uffd.unregister(&map)?;
    expect(&map, SWAPPED, "unregistered")?;
    ensure_eq!(
        pagemap::protected(&map)?,
        [false; PAGES],
        "protection after that"
    );
    map.check(map.all(), KIND, OWNER, 4)?;
    map.fill(map.all(), KIND, OWNER, 5);
    map.check(map.all(), KIND, OWNER, 5)
}

/// Where a page is out, a fault is told like where there is nothing, once, and
/// waits to be resolved.
fn minor() -> Outcome {
    let uffd = Uffd::new(uffd::MINOR_SHMEM)?;
    let map = shared(6)?;
    // In this order: from then on this thread must not touch the pages.
    map.page_out_shared(map.all())?;
    uffd.register(&map, uffd::MINOR)?;
    expect(&map, SWAPPED, "registered for minor faults")?;
    let first = map.address() as usize;
    let reader = std::thread::spawn(move || {
        // SAFETY: The mapping lives until this thread has been joined, or the
        // process ends.
        unsafe { (first as *const u8).read_volatile() }
    });
    let mut page = None;
    for _ in 0..1000 {
        page = uffd.fault(&map)?;
        if page.is_some() {
            break;
        }
        sys::pause_ms(10);
    }
    ensure_eq!(page, Some(0), "the page of a minor fault");
    // A reader that does not wait comes again at once.
    sys::pause_ms(100);
    ensure_eq!(uffd.fault(&map)?, None, "the same fault, told again");
    ensure!(!reader.is_finished(), "the fault was not waited for");
    uffd.resume(&map, map.all())?;
    let byte = reader.join().ok();
    ensure_eq!(byte, Some(map.page(0)[0]), "what the reader got");
    map.check(map.all(), KIND, OWNER, 6)
}

/// Poison takes the place of what is told of a page that is out, but not of
/// protection.
fn poisoned() -> Outcome {
    let uffd = Uffd::new(uffd::POISON | uffd::WP_UNPOPULATED)?;
    let map = shared(7)?;
    uffd.register(&map, uffd::MISSING | uffd::WP)?;
    map.page_out_shared(map.all())?;
    expect(&map, SWAPPED, "registered for missing pages")?;
    uffd.protect(&map, 1..2, true)?;
    uffd.poison(&map, 0..1)?;
    let refused = uffd.try_poison(&map, 1..2);
    sys::expect_errno(refused, &[libc::EEXIST], "poisoning a protected page")?;
    // The kernel reads it, so that this process gets an error and no signal.
    let mut file = sys::memfd("vswap-selftest").doing("memfd_create")?;
    let read = file.write_all(map.page(0));
    sys::expect_errno(read, &[libc::EFAULT], "reading a poisoned page")?;
    map.check(1..PAGES, KIND, OWNER, 7)?;
    map.page_out_shared(1..PAGES)?;
    map.advise(map.all(), libc::MADV_REMOVE)
        .doing("MADV_REMOVE")?;
    let told = pagemap::by_pagemap(&map)?;
    ensure_eq!(told[2..], [NOTHING; PAGES - 2], "what was removed");
    Ok(())
}
