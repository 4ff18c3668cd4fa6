// SPDX-License-Identifier: GPL-2.0
//! The device: what reading it returns, and what it refuses.

use crate::data::Kind;
use crate::ghost::{swap_line, Counters, Ghost, DEVICE, MODULE};
use crate::harness::Env;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::sys::{self, expect_errno};
use crate::worker::Worker;
use crate::PAGE;
use std::fs::File;
use std::io::{Error, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

const OWNER: u32 = 130;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::load("")?;
    header()?;
    mode()?;
    refused(false)?;
    expect_errno(sys::swapoff(DEVICE), &[libc::EINVAL], "swapoff when off")?;
    unprivileged(&[libc::EPERM])?;

    ghost.on()?;
    let mut map = Mapping::private(env.pages(4))?;
    map.fill(map.all(), Kind::Mixed, OWNER, 0);
    map.page_out(map.all())?;
    let before = (Counters::read()?, format!("{:?}", swap_line()?));
    header()?;
    refused(true)?;
    twice()?;
    unprivileged(&[libc::EPERM])?;
    expect_errno(sys::rmmod(MODULE), &[libc::EWOULDBLOCK], "rmmod while on")?;
    let after = (Counters::read()?, format!("{:?}", swap_line()?));
    ensure_eq!(
        after,
        before,
        "counters and /proc/swaps after calls that were refused"
    );
    map.check(map.all(), Kind::Mixed, OWNER, 0)?;
    ghost.off()?;
    expect_errno(
        sys::swapoff(DEVICE),
        &[libc::EINVAL],
        "swapoff when off again",
    )?;
    busy_file()?;
    ghost.unload()
}

/// What swapon(8) and blkid(8) look for.
fn header() -> Outcome {
    let mut bytes = Vec::new();
    let mut file = File::open(DEVICE).doing("opening the device")?;
    file.read_to_end(&mut bytes).doing("reading the device")?;
    ensure_eq!(bytes.len(), PAGE, "bytes of the device");
    ensure_eq!(&bytes[PAGE - 10..], b"SWAPSPACE2", "the end of the header");
    ensure_eq!(
        bytes[1024..1028],
        1u32.to_ne_bytes(),
        "the header's version"
    );
    Ok(())
}

fn mode() -> Outcome {
    let meta = std::fs::metadata(DEVICE).doing("the device")?;
    ensure!(
        meta.file_type().is_char_device(),
        "{DEVICE} is no character device"
    );
    ensure_eq!(meta.mode() & 0o7777, 0o600, "the device's mode");
    ensure_eq!((meta.uid(), meta.gid()), (0, 0), "the device's owner");
    Ok(())
}

fn refused(on: bool) -> Outcome {
    let open = || {
        File::options()
            .read(true)
            .write(true)
            .open(DEVICE)
            .doing("opening the device")
    };
    let mut file = open()?;
    expect_errno(
        file.write(&[0; PAGE]),
        &[libc::EINVAL],
        "write to the device",
    )?;
    for access in [libc::PROT_READ, libc::PROT_READ | libc::PROT_WRITE] {
        for kind in [libc::MAP_SHARED, libc::MAP_PRIVATE] {
            let nowhere = std::ptr::null_mut();
            // SAFETY: A new mapping, which is refused.
            let map = unsafe { libc::mmap(nowhere, PAGE, access, kind, file.as_raw_fd(), 0) };
            let result = if map == libc::MAP_FAILED {
                Err(Error::last_os_error())
            } else {
                Ok(())
            };
            // The first one: as for all files that are swap.
            let wanted = match (kind, access & libc::PROT_WRITE) {
                (libc::MAP_SHARED, 1..) if on => libc::ETXTBSY,
                _ => libc::ENODEV,
            };
            expect_errno(result, &[wanted], "mmap of the device")?;
        }
    }
    // BLKGETSIZE64, TCGETS, and one of no meaning.
    for request in [0x8008_1272, libc::TCGETS, 0x7654_0001] {
        let mut room = [0u64; 16];
        // SAFETY: Room for the answer of any of these.
        let result = unsafe { libc::ioctl(file.as_raw_fd(), request, room.as_mut_ptr()) };
        let result = sys::check(result.into());
        expect_errno(
            result,
            &[libc::ENOTTY],
            &format!("ioctl {request:#x} of the device"),
        )?;
    }
    Ok(())
}

/// swapon of what is on, by the same and by another node.
fn twice() -> Outcome {
    expect_errno(sys::swapon(DEVICE, None), &[libc::EBUSY], "swapon twice")?;
    let other = "/dev/shm/vswap-other-node";
    let device = std::fs::metadata(DEVICE).doing("the device")?.rdev();
    let _ = std::fs::remove_file(other);
    // A file system where nodes are devices.
    let other = if sys::mknod_char(other, 0o600, device).is_ok() && File::open(other).is_ok() {
        other
    } else {
        let _ = std::fs::remove_file(other);
        sys::mknod_char("/dev/vswap-other-node", 0o600, device).doing("mknod")?;
        "/dev/vswap-other-node"
    };
    let result = sys::swapon(other, None);
    std::fs::remove_file(other).doing("removing the other node")?;
    expect_errno(result, &[libc::EBUSY], "swapon by a second node")
}

/// A user other than root can do nothing.
fn unprivileged(swap: &'static [i32]) -> Outcome {
    Worker::start(|| {
        // SAFETY: Plain system calls.
        let result = unsafe {
            libc::setgroups(0, std::ptr::null()) | libc::setgid(65534) | libc::setuid(65534)
        };
        sys::check(result.into()).doing("becoming nobody")?;
        expect_errno(
            File::open(DEVICE),
            &[libc::EACCES],
            "opening the device as nobody",
        )?;
        expect_errno(sys::swapon(DEVICE, None), swap, "swapon as nobody")?;
        expect_errno(sys::swapoff(DEVICE), swap, "swapoff as nobody")
    })?
    .join()
}

/// The module stays while the device is open.
fn busy_file() -> Outcome {
    let file = File::open(DEVICE).doing("opening the device")?;
    expect_errno(
        sys::rmmod(MODULE),
        &[libc::EWOULDBLOCK],
        "rmmod while the device is open",
    )?;
    ensure!(
        Path::new(DEVICE).exists(),
        "the device is gone after rmmod failed"
    );
    drop(file);
    Ok(())
}
