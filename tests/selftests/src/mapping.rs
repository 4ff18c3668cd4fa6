// SPDX-License-Identifier: GPL-2.0
//! Memory where a test knows what is in each page, and where the page is.

use crate::data::{Kind, Stamp};
use crate::outcome::{Doing, Outcome, Stop};
use crate::{sys, PAGE};
use std::fs::File;
use std::io::{Error, Result};
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

/// How often to ask for pages that did not go out: a page may be in use by the
/// kernel just when it is asked for.
const TRIES: usize = 40;

/// Mapped memory, unmapped when dropped.
pub struct Mapping {
    address: *mut u8,
    pages: usize,
}

impl Mapping {
    fn map(pages: usize, flags: i32, file: Option<&File>) -> Result<Self> {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let fd = file.map_or(-1, AsRawFd::as_raw_fd);
        // SAFETY: A new mapping at an address of the kernel's choice.
        let address =
            unsafe { libc::mmap(std::ptr::null_mut(), pages * PAGE, access, flags, fd, 0) };
        if address == libc::MAP_FAILED {
            return Err(Error::last_os_error());
        }
        Ok(Self {
            address: address.cast(),
            pages,
        })
    }

    /// Private memory, in pages of the base size.
    pub fn private(pages: usize) -> Outcome<Self> {
        let map = Self::map(pages, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, None)
            .doing("mapping private memory")?;
        map.advise(0..pages, libc::MADV_NOHUGEPAGE)
            .doing("asking for base pages")?;
        Ok(map)
    }

    /// Private memory that starts at a multiple of `align` pages, in pages of
    /// the sizes that the system's settings give.
    pub fn aligned(pages: usize, align: usize) -> Outcome<Self> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let mut map = Self::map(pages + align, flags, None).doing("mapping private memory")?;
        let before =
            (map.address as usize / PAGE).next_multiple_of(align) - map.address as usize / PAGE;
        map.unmap(0..before)?;
        map.unmap(before + pages..pages + align)?;
        map.address = map.address.wrapping_add(before * PAGE);
        map.pages = pages;
        Ok(map)
    }

    /// Private memory in huge pages of 2 MiB, as many as are reserved for that:
    /// vm.nr_hugepages.
    pub fn huge(pages: usize) -> Outcome<Self> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_HUGETLB;
        Self::map(pages, flags, None).doing("mapping huge pages")
    }

    /// Memory that children share.
    pub fn shared(pages: usize) -> Outcome<Self> {
        Self::map(pages, libc::MAP_SHARED | libc::MAP_ANONYMOUS, None)
            .doing("mapping shared memory")
    }

    /// A file's pages, shared.
    pub fn file(file: &File, pages: usize) -> Outcome<Self> {
        Self::map(pages, libc::MAP_SHARED, Some(file)).doing("mapping a file")
    }

    /// A file's pages, with changes that stay in the mapping.
    pub fn file_private(file: &File, pages: usize) -> Outcome<Self> {
        Self::map(pages, libc::MAP_PRIVATE, Some(file)).doing("mapping a file")
    }

    /// A file's pages, shared, from a multiple of `align` pages on.
    pub fn file_aligned(file: &File, pages: usize, align: usize) -> Outcome<Self> {
        let place = Self::aligned(pages, align)?;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let (flags, fd) = (libc::MAP_SHARED | libc::MAP_FIXED, file.as_raw_fd());
        let from = place.address.cast();
        // SAFETY: It replaces memory of this mapping's own.
        let address = unsafe { libc::mmap(from, pages * PAGE, access, flags, fd, 0) };
        if address == libc::MAP_FAILED {
            return Err(Error::last_os_error()).doing("mapping a file");
        }
        Ok(place)
    }

    /// Number of pages.
    pub fn pages(&self) -> usize {
        self.pages
    }

    /// All its pages.
    pub fn all(&self) -> Range<usize> {
        0..self.pages
    }

    /// Where it starts.
    pub fn address(&self) -> *mut u8 {
        self.address
    }

    fn at(&self, pages: &Range<usize>) -> *mut libc::c_void {
        assert!(
            pages.start <= pages.end && pages.end <= self.pages,
            "pages {pages:?} of {}",
            self.pages
        );
        // SAFETY: Inside of the mapping, by the assertion.
        unsafe { self.address.add(pages.start * PAGE).cast() }
    }

    /// The bytes of a page. It must be mapped readable.
    pub fn page(&self, index: usize) -> &[u8] {
        // SAFETY: Mapped as long as `self`. Who shares memory with another
        // process writes to pages of its own only.
        unsafe { std::slice::from_raw_parts(self.at(&(index..index + 1)).cast(), PAGE) }
    }

    /// The bytes of a page, to write to.
    pub fn page_mut(&mut self, index: usize) -> &mut [u8] {
        // SAFETY: As in `page`; borrowed for as long as the slice lives.
        unsafe { std::slice::from_raw_parts_mut(self.at(&(index..index + 1)).cast(), PAGE) }
    }

    /// Reads a byte of each page.
    pub fn touch(&self, pages: Range<usize>) {
        for index in pages {
            // SAFETY: The page is mapped and readable.
            unsafe { self.page(index).as_ptr().read_volatile() };
        }
    }

    /// Writes the content of pages.
    pub fn fill(&mut self, pages: Range<usize>, kind: Kind, owner: u32, generation: u32) {
        for index in pages {
            let stamp = Stamp {
                owner,
                index: index as u32,
                generation,
            };
            kind.fill(self.page_mut(index), stamp);
        }
    }

    /// Compares every byte of pages with what they must be.
    pub fn check(&self, pages: Range<usize>, kind: Kind, owner: u32, generation: u32) -> Outcome {
        for index in pages {
            let stamp = Stamp {
                owner,
                index: index as u32,
                generation,
            };
            kind.check(self.page(index), stamp).map_err(Stop::Fail)?;
        }
        Ok(())
    }

    /// Fails unless pages are all zero.
    pub fn check_zero(&self, pages: Range<usize>) -> Outcome {
        self.check(pages, Kind::Zero, 0, 0)
    }

    /// madvise(2).
    pub fn advise(&self, pages: Range<usize>, advice: i32) -> Result<()> {
        let length = (pages.end - pages.start) * PAGE;
        // SAFETY: The range is mapped and this test's own. Advice that changes
        // the content is given by tests that expect it.
        sys::check(unsafe { libc::madvise(self.at(&pages), length, advice) }.into()).map(drop)
    }

    /// Collapses pages into a huge one. EAGAIN is for the caller to come again: a page
    /// was on its way to a list of another processor, or is looked at by someone.
    pub fn collapse(&self, pages: Range<usize>) -> Outcome {
        let mut result = Ok(());
        for _ in 0..10 {
            sys::drain_lru().doing("draining per-CPU batches of pages")?;
            result = self.advise(pages.clone(), libc::MADV_COLLAPSE);
            match &result {
                Err(e) if sys::errno(e) == libc::EAGAIN => sys::pause_ms(10),
                _ => break,
            }
        }
        result.doing(format_args!("MADV_COLLAPSE of pages {pages:?}"))
    }

    /// mprotect(2).
    pub fn protect(&self, pages: Range<usize>, access: i32) -> Outcome {
        let length = (pages.end - pages.start) * PAGE;
        // SAFETY: The range is mapped and this test's own.
        sys::check(unsafe { libc::mprotect(self.at(&pages), length, access) }.into())
            .map(drop)
            .doing(format_args!("mprotect of pages {pages:?}"))
    }

    /// Unmaps pages; they must not be used any more.
    pub fn unmap(&self, pages: Range<usize>) -> Outcome {
        if pages.is_empty() {
            return Ok(());
        }
        let length = (pages.end - pages.start) * PAGE;
        // SAFETY: The range is this test's own.
        sys::check(unsafe { libc::munmap(self.at(&pages), length) }.into())
            .map(drop)
            .doing(format_args!("munmap of pages {pages:?}"))
    }

    /// Moves the memory to another place, and may change its size.
    pub fn remap(&mut self, pages: usize) -> Outcome {
        let place = Self::map(
            pages.max(self.pages),
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            None,
        )
        .doing("reserving a place")?;
        let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
        let (from, to) = (self.address.cast(), place.address);
        // SAFETY: Both ranges are this test's own; `place` is given up.
        let moved = unsafe { libc::mremap(from, self.pages * PAGE, pages * PAGE, flags, to) };
        if moved == libc::MAP_FAILED {
            return Err(Error::last_os_error()).doing("mremap");
        }
        if place.pages > pages {
            place.unmap(pages..place.pages)?;
        }
        std::mem::forget(place);
        (self.address, self.pages) = (to, pages);
        Ok(())
    }

    /// Locks the memory.
    pub fn lock(&self) -> Outcome {
        // SAFETY: The range is mapped.
        sys::check(unsafe { libc::mlock(self.address.cast(), self.pages * PAGE) }.into())
            .map(drop)
            .doing("mlock")
    }

    /// The entries of /proc/self/pagemap.
    pub fn pagemap(&self, pages: Range<usize>) -> Outcome<Vec<u64>> {
        let mut bytes = vec![0; 8 * (pages.end - pages.start)];
        let from = (self.address as usize / PAGE + pages.start) * 8;
        File::open("/proc/self/pagemap")
            .and_then(|file| file.read_exact_at(&mut bytes, from as u64))
            .doing("reading /proc/self/pagemap")?;
        let entry = |c: &[u8]| {
            c.iter()
                .rev()
                .fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
        };
        Ok(bytes.chunks_exact(8).map(entry).collect())
    }

    /// For each page, whether it is out: its place is taken by a swap slot, and
    /// it is not in the swap cache either. Of shared memory, kernels with the
    /// patches tell.
    pub fn which_out(&self, pages: Range<usize>) -> Outcome<Vec<bool>> {
        let entries = self.pagemap(pages.clone())?;
        let here = self.in_memory(pages)?;
        Ok(entries
            .iter()
            .zip(here)
            .map(|(entry, here)| entry >> 62 == 1 && !here)
            .collect())
    }

    /// Number of pages that are out.
    pub fn out(&self, pages: Range<usize>) -> Outcome<usize> {
        Ok(self.which_out(pages)?.iter().filter(|out| **out).count())
    }

    /// Number of pages that are not in memory. For shared memory.
    pub fn absent(&self, pages: Range<usize>) -> Outcome<usize> {
        Ok(self.in_memory(pages)?.iter().filter(|here| !**here).count())
    }

    /// For each page, whether it is mapped or in a cache.
    fn in_memory(&self, pages: Range<usize>) -> Outcome<Vec<bool>> {
        let count = pages.end - pages.start;
        let mut here = vec![0u8; count];
        let room = here.as_mut_ptr();
        // SAFETY: The range is mapped, and the vector has a byte for each page.
        let result = unsafe { libc::mincore(self.at(&pages), count * PAGE, room) };
        sys::check(result.into()).doing("mincore")?;
        Ok(here.iter().map(|byte| *byte & 1 == 1).collect())
    }

    /// Asks for pages to go out, once.
    pub fn try_page_out(&self, pages: Range<usize>) -> Outcome {
        sys::drain_lru().doing("draining per-CPU batches of pages")?;
        self.advise(pages, libc::MADV_PAGEOUT).doing("MADV_PAGEOUT")
    }

    /// Maps pages that are in a cache: those which were not taken when they
    /// should have gone out. Only pages that are mapped can be asked for.
    pub fn map_cached(&self, pages: Range<usize>) -> Outcome {
        for (index, here) in pages.clone().zip(self.in_memory(pages)?) {
            if here {
                self.touch(index..index + 1);
            }
        }
        Ok(())
    }

    /// Makes all of these pages go out. Fails if one of them stays.
    pub fn page_out(&self, pages: Range<usize>) -> Outcome {
        self.page_out_until(pages, Self::out)
    }

    /// Makes all of these pages of shared memory go out.
    pub fn page_out_shared(&self, pages: Range<usize>) -> Outcome {
        self.page_out_until(pages, Self::absent)
    }

    fn page_out_until(
        &self,
        pages: Range<usize>,
        count: fn(&Self, Range<usize>) -> Outcome<usize>,
    ) -> Outcome {
        let wanted = pages.end - pages.start;
        let mut out = 0;
        for round in 0..TRIES {
            self.try_page_out(pages.clone())?;
            out = count(self, pages.clone())?;
            if out == wanted {
                return Ok(());
            }
            sys::pause_ms(round as u64);
            self.map_cached(pages.clone())?;
        }
        fail!("only {out} of {wanted} pages went out")
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: The range is this mapping's own, and nobody has a reference.
        unsafe { libc::munmap(self.address.cast(), self.pages * PAGE) };
    }
}
