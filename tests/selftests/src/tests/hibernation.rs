// SPDX-License-Identifier: GPL-2.0
//! Hibernation looks for a swap device to write to and skips the ghost, which is
//! the first one but has no storage: it finds the disk, the second one by number,
//! and allocates slots there.

use crate::data::Kind;
use crate::disk::Disk;
use crate::ghost::{Ghost, DEVICE};
use crate::harness::Env;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::sys::{self, expect_errno};
use std::fs::{metadata, File};
use std::io::Result;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;

/// Where user space can hibernate.
const SNAPSHOT: &str = "/dev/snapshot";
const FREE_SWAP_PAGES: u32 = 0x3309;
const SET_SWAP_AREA: u32 = 0x400c_330d;
const ALLOC_SWAP_PAGE: u32 = 0x8008_3314;
const SLOTS: usize = 40;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::start("")?;
    let disk = Disk::new()?;
    disk.on()?;
    // Some go to the disk, among whose slots hibernation takes others.
    let mut map = Mapping::private(env.pages(2))?;
    map.fill(map.all(), Kind::Mixed, 170, 0);
    map.page_out(map.all())?;

    let snapshot = Snapshot(File::open(SNAPSHOT).doing(SNAPSHOT)?);
    // Nothing was chosen when the kernel was booted.
    expect_errno(snapshot.slot(), &[libc::ENODEV], "a slot of no device")?;
    let place = |path: &str| Ok(metadata(path).doing(path)?.rdev());
    let (own, other) = (place(DEVICE)?, place(disk.path())?);
    let root = metadata("/").doing("/")?.dev();
    for (device, offset, errno) in [
        (0, 0, libc::EINVAL),
        (own, 0, libc::ENODEV),
        (own, 1, libc::ENODEV),
        (root, 0, libc::ENODEV),
        (other, 1, libc::ENODEV),
        (other, 0, 0),
    ] {
        let what = format!("choosing device {device:#x}, offset {offset}");
        expect_errno(snapshot.choose(device, offset), &[errno], &what)?;
    }
    taken(&snapshot, &disk, other)?;
    drop(snapshot);
    disk.off()?;
    map.check(map.all(), Kind::Mixed, 170, 0)?;
    ghost.stop()
}

/// Slots of the disk, which is chosen, are taken and given back.
fn taken(snapshot: &Snapshot, disk: &Disk, device: u64) -> Outcome {
    expect_errno(disk.try_off(), &[libc::EBUSY], "swapoff of what is chosen")?;
    let before = disk.used()?;
    let mut slots = Vec::new();
    for _ in 0..SLOTS {
        slots.push(snapshot.slot().doing("SNAPSHOT_ALLOC_SWAP_PAGE")?);
    }
    slots.sort_unstable();
    slots.dedup();
    ensure!(
        slots.len() == SLOTS && slots[0] > 0,
        "{SLOTS} slots for hibernation are {slots:?}"
    );
    ensure_eq!(
        disk.used()?,
        before + SLOTS as u64,
        "used pages of the disk"
    );
    let chosen = snapshot.choose(device, 0);
    expect_errno(chosen, &[libc::EPERM], "choosing while slots are taken")?;
    snapshot.free().doing("SNAPSHOT_FREE_SWAP_PAGES")?;
    ensure_eq!(disk.used()?, before, "used pages of the disk, given back");
    Ok(())
}

struct Snapshot(File);

impl Snapshot {
    fn ioctl(&self, request: u32, argument: *mut u8) -> Result<()> {
        let fd = self.0.as_raw_fd();
        // SAFETY: What is passed has room for what the request reads or writes.
        sys::check(unsafe { libc::ioctl(fd, request as libc::Ioctl, argument) }.into()).map(drop)
    }

    /// Takes a slot of the chosen device; gives its place there, in bytes.
    fn slot(&self) -> Result<u64> {
        let mut place = 0u64;
        self.ioctl(ALLOC_SWAP_PAGE, (&raw mut place).cast())?;
        Ok(place)
    }

    /// Gives all of them back.
    fn free(&self) -> Result<()> {
        self.ioctl(FREE_SWAP_PAGES, std::ptr::null_mut())
    }

    /// Chooses a device, whose area starts at a page.
    fn choose(&self, device: u64, offset: u64) -> Result<()> {
        let (major, minor) = (libc::major(device), libc::minor(device));
        let number = (minor & 0xff) | (major << 8) | ((minor & !0xff) << 12);
        // A packed structure: the offset, then the device.
        let mut area = [0u8; 12];
        area[..8].copy_from_slice(&offset.to_ne_bytes());
        area[8..].copy_from_slice(&number.to_ne_bytes());
        self.ioctl(SET_SWAP_AREA, area.as_mut_ptr())
    }
}
