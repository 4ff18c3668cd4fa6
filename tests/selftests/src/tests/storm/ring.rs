// SPDX-License-Identifier: GPL-2.0
//! io_uring(7), for pinned pages: registered buffers, to which a device could
//! write at any time, and which therefore stay where they are.

use crate::outcome::{Doing, Outcome};
use crate::sys;
use std::fs::File;
use std::io::Result;
use std::os::fd::{AsRawFd, FromRawFd};

const REGISTER_BUFFERS: u32 = 0;
const UNREGISTER_BUFFERS: u32 = 1;

/// A ring without requests.
pub struct Ring(File);

impl Ring {
    /// Makes one.
    pub fn new() -> Outcome<Self> {
        // struct io_uring_params
        let mut parameters = [0u32; 30];
        // SAFETY: The parameters outlive the call.
        let fd = sys::check(unsafe {
            libc::syscall(libc::SYS_io_uring_setup, 1, parameters.as_mut_ptr())
        })
        .doing("io_uring_setup")?;
        // SAFETY: The descriptor is new, nobody else owns it.
        Ok(Self(unsafe { File::from_raw_fd(fd as i32) }))
    }

    fn register(&self, what: u32, argument: *const libc::iovec, count: u32) -> Result<()> {
        let fd = self.0.as_raw_fd();
        // SAFETY: The argument outlives the call; the buffers are the storm's.
        sys::check(unsafe { libc::syscall(libc::SYS_io_uring_register, fd, what, argument, count) })
            .map(drop)
    }

    /// Pins memory.
    pub fn pin(&self, from: *mut u8, length: usize) -> Result<()> {
        let buffer = libc::iovec {
            iov_base: from.cast(),
            iov_len: length,
        };
        self.register(REGISTER_BUFFERS, &buffer, 1)
    }

    /// Lets it go.
    pub fn unpin(&self) -> Result<()> {
        self.register(UNREGISTER_BUFFERS, std::ptr::null(), 0)
    }
}
