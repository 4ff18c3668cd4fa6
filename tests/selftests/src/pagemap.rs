// SPDX-License-Identifier: GPL-2.0
//! What the kernel reports about pages: /proc/self/pagemap, and the PAGEMAP_SCAN
//! ioctl on it.

use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::{sys, PAGE};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

/// What is told of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// It is mapped.
    pub present: bool,
    /// It is in swap.
    pub swapped: bool,
    /// It is a file's, or of shared memory. Told of pages that are somewhere.
    pub file: bool,
}

/// Told of a page that was never there.
pub const NOTHING: Told = Told {
    present: false,
    swapped: false,
    file: false,
};
/// Told of shared memory that is mapped.
pub const PRESENT: Told = Told {
    present: true,
    swapped: false,
    file: true,
};
/// Told of shared memory that is in swap.
pub const SWAPPED: Told = Told {
    present: false,
    swapped: true,
    file: true,
};

/// Protected against writes by userfaultfd.
const PM_UFFD_WP: u64 = 1 << 57;
/// A guard region.
const PM_GUARD_REGION: u64 = 1 << 58;
const PM_FILE: u64 = 1 << 61;
const PM_SWAP: u64 = 1 << 62;
const PM_PRESENT: u64 = 1 << 63;
/// Where the page is, in memory or in swap.
const PM_FRAME: u64 = (1 << 55) - 1;

/// What pagemap tells of each page.
pub fn by_pagemap(map: &Mapping) -> Outcome<Vec<Told>> {
    let told = |entry: u64| Told {
        present: entry & PM_PRESENT != 0,
        swapped: entry & PM_SWAP != 0,
        file: entry & PM_FILE != 0,
    };
    Ok(map.pagemap(map.all())?.into_iter().map(told).collect())
}

/// For each page, whether userfaultfd protects it against writes.
pub fn protected(map: &Mapping) -> Outcome<Vec<bool>> {
    bits(map, PM_UFFD_WP)
}

/// For each page, whether it is of a guard region.
pub fn guarded(map: &Mapping) -> Outcome<Vec<bool>> {
    bits(map, PM_GUARD_REGION)
}

fn bits(map: &Mapping, bit: u64) -> Outcome<Vec<bool>> {
    let entries = map.pagemap(map.all())?;
    Ok(entries.iter().map(|entry| entry & bit != 0).collect())
}

/// Where each page is.
pub fn places(map: &Mapping) -> Outcome<Vec<u64>> {
    let entries = map.pagemap(map.all())?;
    Ok(entries.iter().map(|entry| entry & PM_FRAME).collect())
}

/// A bit of /proc/kpageflags.
const KPF_WRITEBACK: u64 = 1 << 8;

/// Whether a page is mapped, and is being written to a device.
pub fn under_writeback(map: &Mapping, index: usize) -> Outcome<bool> {
    let entry = map.pagemap(index..index + 1)?[0];
    if entry & PM_PRESENT == 0 {
        return Ok(false);
    }
    let mut flags = [0; 8];
    File::open("/proc/kpageflags")
        .and_then(|file| file.read_exact_at(&mut flags, 8 * (entry & PM_FRAME)))
        .doing("reading /proc/kpageflags")?;
    Ok(u64::from_ne_bytes(flags) & KPF_WRITEBACK != 0)
}

/// struct page_region of linux/fs.h.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Region {
    start: u64,
    end: u64,
    categories: u64,
}

/// struct pm_scan_arg of linux/fs.h.
#[repr(C)]
#[derive(Default)]
struct Scan {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    regions: u64,
    region_count: u64,
    max_pages: u64,
    inverted: u64,
    mask: u64,
    any_of: u64,
    wanted: u64,
}

const PAGEMAP_SCAN: libc::Ioctl = 0xc060_6610_u32 as libc::Ioctl;
const PAGE_IS_WRITTEN: u64 = 1 << 1;
const PAGE_IS_FILE: u64 = 1 << 2;
const PAGE_IS_PRESENT: u64 = 1 << 3;
const PAGE_IS_SWAPPED: u64 = 1 << 4;

/// What PAGEMAP_SCAN tells of each page.
pub fn by_scan(map: &Mapping) -> Outcome<Vec<Told>> {
    let told = |categories: u64| Told {
        present: categories & PAGE_IS_PRESENT != 0,
        swapped: categories & PAGE_IS_SWAPPED != 0,
        file: categories & PAGE_IS_FILE != 0,
    };
    let found = scan(map, PAGE_IS_PRESENT | PAGE_IS_SWAPPED | PAGE_IS_FILE)?;
    Ok(found.into_iter().map(told).collect())
}

/// For each page, whether PAGEMAP_SCAN tells that it was written since it was
/// protected by userfaultfd.
pub fn written(map: &Mapping) -> Outcome<Vec<bool>> {
    let found = scan(map, PAGE_IS_WRITTEN)?;
    Ok(found
        .into_iter()
        .map(|categories| categories != 0)
        .collect())
}

/// Those of `categories` that each page is in.
fn scan(map: &Mapping, categories: u64) -> Outcome<Vec<u64>> {
    let mut regions = vec![Region::default(); map.pages()];
    let start = map.address() as u64;
    let mut scan = Scan {
        size: size_of::<Scan>() as u64,
        start,
        end: start + (map.pages() * PAGE) as u64,
        regions: regions.as_mut_ptr() as u64,
        region_count: regions.len() as u64,
        any_of: categories,
        wanted: categories,
        ..Scan::default()
    };
    let file = File::open("/proc/self/pagemap").doing("opening /proc/self/pagemap")?;
    let fd = file.as_raw_fd();
    // SAFETY: The argument is as the ioctl wants it, and there is room for as
    // many regions as it says.
    let found = sys::check(unsafe { libc::ioctl(fd, PAGEMAP_SCAN, &mut scan) }.into())
        .doing("PAGEMAP_SCAN")?;
    let mut of_page = vec![0; map.pages()];
    for region in &regions[..found as usize] {
        let page = |address: u64| (address - start) as usize / PAGE;
        of_page[page(region.start)..page(region.end)].fill(region.categories);
    }
    Ok(of_page)
}

/// Fails unless the same is told of all pages, by pagemap and by PAGEMAP_SCAN.
pub fn expect(map: &Mapping, wanted: Told, step: &str) -> Outcome {
    for (told, by) in [
        (by_pagemap(map)?, "pagemap"),
        (by_scan(map)?, "PAGEMAP_SCAN"),
    ] {
        if let Some(page) = told.iter().position(|told| *told != wanted) {
            fail!(
                "{step}: {by} tells {:?} of page {page}, not {wanted:?}",
                told[page]
            );
        }
    }
    Ok(())
}
