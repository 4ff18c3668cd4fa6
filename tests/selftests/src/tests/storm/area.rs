// SPDX-License-Identifier: GPL-2.0
//! A stretch of a process's memory, in pages and in folios of all sizes up to
//! the largest, and the system calls on it.

use super::model::Slot;
use crate::data::{Kind, Stamp};
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::uffd::{self, Uffd};
use crate::{sys, PAGE};
use std::fs::File;
use std::io::{Error, Result};
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Pages of an area: as many as the largest folio has.
pub const PAGES: usize = 512;

/// What is behind an area.
pub enum Backing {
    /// Nothing.
    Anonymous,
    /// Nothing, and a thread is asked before protected pages are written to.
    Watched(Uffd, Mapping),
    /// A file in memory, shared.
    Shared(File),
    /// A file in memory, whose pages are copied before they are written to.
    Private(File),
}

/// An area. Its address changes only while all its pages are held.
pub struct Area {
    /// Which of the process's.
    pub number: usize,
    /// Owner in the stamps of its pages.
    pub owner: u32,
    pub backing: Backing,
    address: AtomicUsize,
    pub slots: Vec<Slot>,
}

// SAFETY: The mapping of a watched area is used for its address only.
unsafe impl Sync for Area {}

impl Area {
    /// Makes an area. The n-th is of another kind than the one before.
    pub fn new(number: usize, owner: u32) -> Outcome<Self> {
        let backing = match number % 8 {
            1 => {
                let map = Mapping::aligned(PAGES, PAGES)?;
                let uffd = Uffd::new(0)?;
                uffd.register(&map, uffd::WP)?;
                Backing::Watched(uffd, map)
            }
            3 => Backing::Shared(file(None)?),
            5 => Backing::Private(file(Some(owner))?),
            _ => Backing::Anonymous,
        };
        let address = match &backing {
            Backing::Watched(_, map) => map.address() as usize,
            Backing::Anonymous => map_at(place()?, libc::MAP_PRIVATE, None)?,
            Backing::Shared(file) => map_at(place()?, libc::MAP_SHARED, Some(file))?,
            Backing::Private(file) => map_at(place()?, libc::MAP_PRIVATE, Some(file))?,
        };
        let base = match backing {
            Backing::Private(_) => Kind::Real,
            _ => Kind::Zero,
        };
        let area = Self {
            number,
            owner,
            backing,
            address: address.into(),
            slots: (0..PAGES).map(|_| Slot::new(base)).collect(),
        };
        // All that the process has is locked, but for the areas.
        area.munlock(0..PAGES).doing("munlock")?;
        Ok(area)
    }

    /// Where it is.
    pub fn address(&self) -> usize {
        self.address.load(Ordering::SeqCst)
    }

    /// Number of pages.
    pub fn pages(&self) -> usize {
        self.slots.len()
    }

    /// Whether it is private memory without a file.
    pub fn is_anonymous(&self) -> bool {
        matches!(self.backing, Backing::Anonymous | Backing::Watched(..))
    }

    /// Where a page is. The caller holds a page of the area, so that it stays.
    pub fn page(&self, index: usize) -> *mut u8 {
        assert!(index < self.pages(), "page {index} of an area");
        (self.address() + index * PAGE) as *mut u8
    }

    /// madvise(2). Where it changes contents, the pages must be held.
    pub fn advise(&self, pages: Range<usize>, advice: i32) -> Result<()> {
        let (from, length) = (self.page(pages.start).cast(), pages.len() * PAGE);
        // SAFETY: The range is the storm's own.
        sys::check(unsafe { libc::madvise(from, length, advice) }.into()).map(drop)
    }

    /// mprotect(2).
    pub fn protect(&self, pages: Range<usize>, access: i32) -> Result<()> {
        let (from, length) = (self.page(pages.start).cast(), pages.len() * PAGE);
        // SAFETY: The range is the storm's own, and its pages are held.
        sys::check(unsafe { libc::mprotect(from, length, access) }.into()).map(drop)
    }

    /// mlock(2).
    pub fn mlock(&self, pages: Range<usize>) -> Result<()> {
        let (from, length) = (self.page(pages.start).cast(), pages.len() * PAGE);
        // SAFETY: The range is mapped.
        sys::check(unsafe { libc::mlock(from, length) }.into()).map(drop)
    }

    /// munlock(2).
    pub fn munlock(&self, pages: Range<usize>) -> Result<()> {
        let (from, length) = (self.page(pages.start).cast(), pages.len() * PAGE);
        // SAFETY: The range is mapped.
        sys::check(unsafe { libc::munlock(from, length) }.into()).map(drop)
    }

    /// Moves to another place. All its pages must be held.
    pub fn relocate(&self) -> Outcome<Result<()>> {
        let (from, to, length) = (self.page(0).cast(), place()?, PAGES * PAGE);
        let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
        let new = to as *mut libc::c_void;
        // SAFETY: Both ranges are the storm's, and nobody uses them meanwhile.
        let moved = unsafe { libc::mremap(from, length, length, flags, new) };
        if moved == libc::MAP_FAILED {
            let error = Error::last_os_error();
            // SAFETY: Nobody knows of the place.
            unsafe { libc::munmap(new, length) };
            return Ok(Err(error));
        }
        self.address.store(to, Ordering::SeqCst);
        Ok(Ok(()))
    }
}

/// A file in memory, with pages of its owner or empty.
fn file(owner: Option<u32>) -> Outcome<File> {
    let file = sys::memfd("vswap-storm").doing("memfd_create")?;
    file.set_len((PAGES * PAGE) as u64)
        .doing("setting a file's length")?;
    if let Some(owner) = owner {
        let mut page = [0; PAGE];
        for index in 0..PAGES {
            let stamp = Stamp {
                owner,
                index: index as u32,
                generation: 0,
            };
            Kind::Real.fill(&mut page, stamp);
            std::os::unix::fs::FileExt::write_all_at(&file, &page, (index * PAGE) as u64)
                .doing("writing a file")?;
        }
    }
    Ok(file)
}

/// A place for an area, at a multiple of its size.
fn place() -> Outcome<usize> {
    let size = PAGES * PAGE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: A new mapping at an address of the kernel's choice.
    let found = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            2 * size,
            libc::PROT_NONE,
            flags,
            -1,
            0,
        )
    };
    if found == libc::MAP_FAILED {
        return Err(Error::last_os_error()).doing("reserving a place");
    }
    let found = found as usize;
    let start = found.next_multiple_of(size);
    for (from, to) in [(found, start), (start + size, found + 2 * size)] {
        if from < to {
            // SAFETY: Nobody knows of the place.
            unsafe { libc::munmap(from as *mut _, to - from) };
        }
    }
    Ok(start)
}

/// Maps an area to its place.
fn map_at(place: usize, flags: i32, file: Option<&File>) -> Outcome<usize> {
    let access = libc::PROT_READ | libc::PROT_WRITE;
    let flags = flags | libc::MAP_FIXED | file.map_or(libc::MAP_ANONYMOUS, |_| 0);
    let (fd, length) = (file.map_or(-1, AsRawFd::as_raw_fd), PAGES * PAGE);
    // SAFETY: The place is reserved for it.
    let address = unsafe { libc::mmap(place as *mut _, length, access, flags, fd, 0) };
    if address == libc::MAP_FAILED {
        return Err(Error::last_os_error()).doing("mapping an area");
    }
    Ok(place)
}
