// SPDX-License-Identifier: GPL-2.0
//! What the storm's threads do with pages. An operation says whether it was
//! done; the kernel may refuse some of them.

use super::area::{Area, Backing, PAGES};
use super::process::Thread;
use super::sharing::{fork, other, pin, splice};
use crate::data::{Kind, Rng};
use crate::outcome::{Doing, Outcome};
use crate::{sys, PAGE};

/// An operation.
pub struct Operation {
    /// Its name.
    pub name: &'static str,
    weight: usize,
    /// Does it once.
    pub run: fn(&mut Thread) -> Outcome<bool>,
}

macro_rules! operations {
    ($($name:ident: $weight:literal,)*) => {
        /// All of them.
        pub const ALL: &[Operation] = &[
            $(Operation { name: stringify!($name), weight: $weight, run: $name },)*
        ];
    };
}

operations! {
    read: 40,
    write: 40,
    dirty: 12,
    pageout: 30,
    willneed: 8,
    cold: 4,
    dontneed: 14,
    free: 8,
    hole: 6,
    collapse: 3,
    hugepage: 2,
    nohugepage: 1,
    mergeable: 2,
    unmergeable: 1,
    lock: 6,
    protect: 6,
    relocate: 3,
    fork: 3,
    pin: 6,
    splice: 6,
    watch: 8,
    other: 6,
}

/// The next one to do.
pub fn pick(rng: &mut Rng) -> usize {
    let mut left = rng.below(ALL.iter().map(|operation| operation.weight).sum());
    for (number, operation) in ALL.iter().enumerate() {
        if left < operation.weight {
            return number;
        }
        left -= operation.weight;
    }
    unreachable!("weights")
}

/// For messages.
pub fn name(number: usize) -> &'static str {
    ALL.get(number).map_or("?", |operation| operation.name)
}

fn kind(rng: &mut Rng) -> Kind {
    match rng.below(10) {
        0 => Kind::Zero,
        1 => Kind::Word(0x1234_5678),
        2 => Kind::Heap,
        3 => Kind::Random,
        4 => Kind::Real,
        _ => Kind::Mixed,
    }
}

/// What the kernel may refuse: memory is short, or pages are in use, locked, or
/// of a kind for which there is no such advice.
pub fn may_refuse(result: std::io::Result<()>, what: &str) -> Outcome<bool> {
    const REFUSALS: [i32; 5] = [
        libc::ENOMEM,
        libc::EAGAIN,
        libc::EBUSY,
        libc::EINVAL,
        libc::EINTR,
    ];
    match result {
        Ok(()) => Ok(true),
        Err(e) if REFUSALS.contains(&sys::errno(&e)) => Ok(false),
        Err(e) => Err(e).doing(what),
    }
}

fn any(_: &Area) -> bool {
    true
}

fn read(thread: &mut Thread) -> Outcome<bool> {
    let (area, pages) = (thread.area(any), thread.pages(PAGES));
    thread.hold(area, pages).check_all().map(|()| true)
}

fn write(thread: &mut Thread) -> Outcome<bool> {
    let (area, pages) = (thread.area(any), thread.pages(PAGES));
    let kind = kind(&mut thread.rng);
    let mut hold = thread.hold(area, pages);
    for index in hold.range() {
        hold.write(index, kind)?;
    }
    hold.check_all().map(|()| true)
}

fn dirty(thread: &mut Thread) -> Outcome<bool> {
    let (area, pages) = (thread.area(any), thread.pages(16));
    let mut hold = thread.hold(area, pages);
    for index in hold.range() {
        if hold.is_known(index) {
            hold.dirty(index)?;
        }
    }
    hold.check_all().map(|()| true)
}

/// Advice that leaves contents as they are: others work on the pages meanwhile.
fn advise(thread: &mut Thread, advice: i32, whole: bool, fits: fn(&Area) -> bool) -> Outcome<bool> {
    let area = thread.area(fits);
    let pages = match whole {
        true => 0..PAGES,
        false => thread.pages(PAGES),
    };
    let mut hold = thread.touch(area, pages.clone());
    let done = may_refuse(area.advise(pages.clone(), advice), "madvise")?;
    hold.check(pages.start)?;
    Ok(done)
}

fn pageout(thread: &mut Thread) -> Outcome<bool> {
    advise(thread, libc::MADV_PAGEOUT, false, any)
}

fn willneed(thread: &mut Thread) -> Outcome<bool> {
    advise(thread, libc::MADV_WILLNEED, false, any)
}

fn cold(thread: &mut Thread) -> Outcome<bool> {
    advise(thread, libc::MADV_COLD, false, any)
}

fn collapse(thread: &mut Thread) -> Outcome<bool> {
    advise(thread, libc::MADV_COLLAPSE, true, Area::is_anonymous)
}

fn hugepage(thread: &mut Thread) -> Outcome<bool> {
    advise(thread, libc::MADV_HUGEPAGE, true, any)
}

fn nohugepage(thread: &mut Thread) -> Outcome<bool> {
    advise(thread, libc::MADV_NOHUGEPAGE, true, any)
}

fn mergeable(thread: &mut Thread) -> Outcome<bool> {
    advise(thread, libc::MADV_MERGEABLE, true, Area::is_anonymous)
}

fn unmergeable(thread: &mut Thread) -> Outcome<bool> {
    advise(thread, libc::MADV_UNMERGEABLE, true, Area::is_anonymous)
}

fn dontneed(thread: &mut Thread) -> Outcome<bool> {
    let (area, pages) = (thread.area(any), thread.pages(64));
    let mut hold = thread.hold(area, pages);
    area.advise(hold.range(), libc::MADV_DONTNEED)
        .doing("MADV_DONTNEED")?;
    if !matches!(area.backing, Backing::Shared(_)) {
        hold.range().for_each(|index| hold.discarded(index));
    }
    hold.check_all().map(|()| true)
}

fn free(thread: &mut Thread) -> Outcome<bool> {
    let (area, pages) = (thread.area(Area::is_anonymous), thread.pages(64));
    let mut hold = thread.hold(area, pages);
    area.advise(hold.range(), libc::MADV_FREE)
        .doing("MADV_FREE")?;
    hold.range().for_each(|index| hold.freed(index));
    hold.check_all().map(|()| true)
}

fn hole(thread: &mut Thread) -> Outcome<bool> {
    let area = thread.area(|area| matches!(area.backing, Backing::Shared(_)));
    let pages = thread.pages(64);
    let mut hold = thread.hold(area, pages);
    if let Backing::Shared(file) = &area.backing {
        let range = hold.range();
        sys::punch_hole(file, range.start * PAGE, range.len() * PAGE).doing("making a hole")?;
        range.for_each(|index| hold.discarded(index));
    }
    hold.check_all().map(|()| true)
}

fn lock(thread: &mut Thread) -> Outcome<bool> {
    let (area, pages) = (thread.area(any), thread.pages(64));
    let mut hold = thread.hold(area, pages);
    let done = may_refuse(area.mlock(hold.range()), "mlock")?;
    hold.check_all()?;
    area.munlock(hold.range()).doing("munlock")?;
    Ok(done)
}

fn protect(thread: &mut Thread) -> Outcome<bool> {
    let (area, pages) = (thread.area(any), thread.pages(64));
    let kind = kind(&mut thread.rng);
    let mut hold = thread.hold(area, pages);
    let range = hold.range();
    area.protect(range.clone(), libc::PROT_READ)
        .doing("mprotect")?;
    // Others may have it go out meanwhile.
    let _ = area.advise(range.clone(), libc::MADV_PAGEOUT);
    hold.check_all()?;
    area.protect(range.clone(), libc::PROT_READ | libc::PROT_WRITE)
        .doing("mprotect")?;
    hold.write(range.start, kind)?;
    hold.check_all().map(|()| true)
}

fn relocate(thread: &mut Thread) -> Outcome<bool> {
    // A watched area would not be watched any more.
    let area = thread.area(|area| !matches!(area.backing, Backing::Watched(..)));
    let mut hold = thread.hold(area, 0..PAGES);
    // EFAULT: kernels may not move what is of several parts.
    let done = match area.relocate()? {
        Err(e) if sys::errno(&e) == libc::EFAULT => false,
        other => may_refuse(other, "mremap")?,
    };
    thread.process.publish(area);
    hold.check(thread.rng.below(PAGES))?;
    Ok(done)
}

/// Protects pages against writes: userfaultfd(2).
fn watch(thread: &mut Thread) -> Outcome<bool> {
    let area = thread.area(|area| matches!(area.backing, Backing::Watched(..)));
    let pages = thread.pages(64);
    let mut hold = thread.hold(area, pages);
    if let Backing::Watched(uffd, map) = &area.backing {
        uffd.protect(map, hold.range(), true)?;
    }
    hold.check_all()?;
    // The others are left for those who come later.
    hold.write(hold.range().start, Kind::Mixed)?;
    hold.check_all().map(|()| true)
}
