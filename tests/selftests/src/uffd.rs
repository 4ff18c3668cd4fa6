// SPDX-License-Identifier: GPL-2.0
//! userfaultfd(2): faults that user space is notified of and resolves.

use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::{sys, PAGE};
use std::fs::File;
use std::io::{ErrorKind, Read, Result};
use std::ops::Range;
use std::os::fd::{AsRawFd, FromRawFd};

/// Protected pages become writable by being written to, and are told as written.
pub const WP_ASYNC: u64 = 1 << 15;
/// Pages can be protected that are not there.
pub const WP_UNPOPULATED: u64 = 1 << 13;
/// Shared memory can be registered for [`MINOR`].
pub const MINOR_SHMEM: u64 = 1 << 10;
/// Pages can be made to fail.
pub const POISON: u64 = 1 << 14;

/// Faults where there is no page.
pub const MISSING: u64 = 1 << 0;
/// Writes to protected pages.
pub const WP: u64 = 1 << 1;
/// Faults on pages that the file has.
pub const MINOR: u64 = 1 << 2;

const API: u64 = 0xaa;
const READ: u32 = 2;
const BOTH: u32 = 3;

/// A userfaultfd.
pub struct Uffd(File);

impl Uffd {
    /// Opens one.
    pub fn new(features: u64) -> Outcome<Self> {
        let flags = libc::O_CLOEXEC | libc::O_NONBLOCK;
        // SAFETY: A plain system call.
        let fd = sys::check(unsafe { libc::syscall(libc::SYS_userfaultfd, flags) })
            .doing("userfaultfd")?;
        // SAFETY: The descriptor is new, nobody else owns it.
        let uffd = Self(unsafe { File::from_raw_fd(fd as i32) });
        uffd.ioctl(BOTH, 0x3f, [API, features, 0])
            .doing("UFFDIO_API")?;
        Ok(uffd)
    }

    /// All arguments are structures of 64-bit numbers.
    fn ioctl<const N: usize>(&self, access: u32, number: u32, mut words: [u64; N]) -> Result<()> {
        let size = size_of_val(&words) as u32;
        let request = (access << 30) | (size << 16) | ((API as u32) << 8) | number;
        let fd = self.0.as_raw_fd();
        // SAFETY: The size of the argument is part of the request; what memory
        // it is about, is the test's own.
        sys::check(unsafe { libc::ioctl(fd, request as libc::Ioctl, words.as_mut_ptr()) }.into())
            .map(drop)
    }

    /// Is told of faults on a mapping.
    pub fn register(&self, map: &Mapping, mode: u64) -> Outcome {
        let [start, length] = range(map, map.all());
        self.ioctl(BOTH, 0x00, [start, length, mode, 0])
            .doing("UFFDIO_REGISTER")
    }

    /// Is told no more.
    pub fn unregister(&self, map: &Mapping) -> Outcome {
        self.ioctl(READ, 0x01, range(map, map.all()))
            .doing("UFFDIO_UNREGISTER")
    }

    /// Protects pages against writes, or no more.
    pub fn protect(&self, map: &Mapping, pages: Range<usize>, on: bool) -> Outcome {
        let [start, length] = range(map, pages);
        self.ioctl(BOTH, 0x06, [start, length, u64::from(on)])
            .doing("UFFDIO_WRITEPROTECT")
    }

    /// Maps pages that the file has.
    pub fn resume(&self, map: &Mapping, pages: Range<usize>) -> Outcome {
        let [start, length] = range(map, pages);
        self.ioctl(BOTH, 0x07, [start, length, 0, 0])
            .doing("UFFDIO_CONTINUE")
    }

    /// Makes accesses to pages fail.
    pub fn poison(&self, map: &Mapping, pages: Range<usize>) -> Outcome {
        self.try_poison(map, pages).doing("UFFDIO_POISON")
    }

    /// The same, where an error is of interest.
    pub fn try_poison(&self, map: &Mapping, pages: Range<usize>) -> Result<()> {
        let [start, length] = range(map, pages);
        self.ioctl(BOTH, 0x08, [start, length, 0, 0])
    }

    /// Waits for a fault.
    pub fn wait(&self) -> Outcome {
        let mut event = libc::pollfd {
            fd: self.0.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: The argument outlives the call.
        sys::check(unsafe { libc::poll(&mut event, 1, -1) }.into())
            .map(drop)
            .doing("waiting for a userfaultfd")
    }

    /// Number of the page with a fault that has not been told yet.
    pub fn fault(&self, map: &Mapping) -> Outcome<Option<usize>> {
        let mut message = [0; 32];
        match (&self.0).read(&mut message) {
            Ok(32) => {}
            Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(None),
            other => fail!("reading a userfaultfd gave {other:?}"),
        }
        let mut address = [0; 8];
        address.copy_from_slice(&message[16..24]);
        let offset = usize::from_ne_bytes(address).wrapping_sub(map.address() as usize);
        // 0x12: a fault.
        ensure!(
            message[0] == 0x12 && offset < map.pages() * PAGE,
            "a userfaultfd told {message:?}"
        );
        Ok(Some(offset / PAGE))
    }
}

fn range(map: &Mapping, pages: Range<usize>) -> [u64; 2] {
    let start = map.address() as usize + pages.start * PAGE;
    [start as u64, (pages.len() * PAGE) as u64]
}
