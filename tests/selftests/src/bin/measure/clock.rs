// SPDX-License-Identifier: GPL-2.0
//! Nanoseconds, or instructions where the guest counts those.

use selftests::outcome::{Doing, Outcome};

/// Which time.
#[derive(Clone, Copy)]
pub enum Clock {
    /// All that passes.
    All,
    /// This process's own: waiting for a disk does not count.
    Own,
    /// Another process's own.
    Of(u32),
}

impl Clock {
    /// The time.
    pub fn now(self) -> u64 {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let clock = match self {
            Self::All => libc::CLOCK_MONOTONIC,
            Self::Own => libc::CLOCK_PROCESS_CPUTIME_ID,
            // As clock_getcpuclockid(3) does.
            Self::Of(process) => (!(process as i32) << 3) | 2,
        };
        // SAFETY: `time` outlives the call.
        unsafe { libc::clock_gettime(clock, &mut time) };
        time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
    }

    /// What a call takes.
    pub fn time(self, what: &str, call: impl FnOnce() -> std::io::Result<()>) -> Outcome<u64> {
        mark();
        let start = self.now();
        call().doing(what)?;
        let end = self.now();
        mark();
        Ok(end - start)
    }
}

/// A long nop, by which scripts/profile knows what is measured.
pub fn mark() {
    // SAFETY: A nop with an address: the processor does not access it, nor change registers or flags.
    unsafe {
        std::arch::asm!(
            ".byte 0x0f, 0x1f, 0x80, 0x76, 0x73, 0x77, 0x70",
            options(nomem, nostack, preserves_flags)
        )
    };
}
