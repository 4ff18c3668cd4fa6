// SPDX-License-Identifier: GPL-2.0
//! Hibernation looks for a place to write to, and never takes the ghost, which
//! has no storage.

use crate::data::Kind;
use crate::ghost::{Ghost, DEVICE};
use crate::harness::Env;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::sys::{self, expect_errno};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Where user space can hibernate.
const SNAPSHOT: &str = "/dev/snapshot";
const ALLOC_SWAP_PAGE: u64 = 0x8008_3314;
const SET_SWAP_AREA: u64 = 0x400c_330d;

/// See above.
pub fn run(env: &Env) -> Outcome {
    if !Path::new(SNAPSHOT).exists() {
        skip!("this kernel has no {SNAPSHOT}");
    }
    let ghost = Ghost::start("")?;
    let mut map = Mapping::private(env.pages(2))?;
    map.fill(map.all(), Kind::Mixed, 170, 0);
    map.page_out(map.all())?;

    let snapshot = File::open(SNAPSHOT).doing(SNAPSHOT)?;
    // The default place.
    let mut page = 0u64;
    // SAFETY: Room for the answer.
    let result = unsafe { libc::ioctl(snapshot.as_raw_fd(), ALLOC_SWAP_PAGE, &mut page) };
    let none = [libc::ENODEV, libc::EINVAL, libc::ENOSPC];
    expect_errno(
        sys::check(result.into()),
        &none,
        "taking a page of the default swap",
    )?;
    // The ghost by its number, with its first pages as the place.
    let device = std::fs::metadata(DEVICE).doing("the device")?.rdev();
    let number = (libc::minor(device) & 0xff) | (libc::major(device) << 8);
    for offset in 0..4u64 {
        // A packed structure: the offset, then the device.
        let mut area = [0u8; 12];
        area[..8].copy_from_slice(&offset.to_ne_bytes());
        area[8..].copy_from_slice(&number.to_ne_bytes());
        // SAFETY: The structure outlives the call.
        let result = unsafe { libc::ioctl(snapshot.as_raw_fd(), SET_SWAP_AREA, area.as_ptr()) };
        expect_errno(
            sys::check(result.into()),
            &none,
            "choosing the ghost for hibernation",
        )?;
    }
    drop(snapshot);
    map.check(map.all(), Kind::Mixed, 170, 0)?;
    ghost.stop()
}
