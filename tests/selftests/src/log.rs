// SPDX-License-Identifier: GPL-2.0
//! The kernel's log, from a given moment on.

use crate::outcome::{Doing, Outcome};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;

/// Reads the messages that come after it was made.
pub struct Log(File);

impl Log {
    /// Starts at the end of the log.
    pub fn from_now() -> Outcome<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open("/dev/kmsg")
            .doing("opening /dev/kmsg")?;
        file.seek(SeekFrom::End(0))
            .doing("going to the end of /dev/kmsg")?;
        Ok(Self(file))
    }

    /// The messages since the last call.
    pub fn lines(&mut self) -> Outcome<Vec<String>> {
        let (mut lines, mut record) = (Vec::new(), [0; 8192]);
        loop {
            match self.0.read(&mut record) {
                Ok(0) => return Ok(lines),
                Ok(n) => {
                    let text = String::from_utf8_lossy(&record[..n]);
                    let message = text.split_once(';').map_or("", |(_, message)| message);
                    lines.push(message.lines().next().unwrap_or("").to_string());
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(lines),
                // Messages were overwritten before they were read.
                Err(e) if e.raw_os_error() == Some(libc::EPIPE) => {}
                Err(e) => return Err(e).doing("reading /dev/kmsg"),
            }
        }
    }

    /// The messages of the module itself: not what the kernel says about every
    /// module out of its tree, or about every bad parameter.
    pub fn module_lines(&mut self) -> Outcome<Vec<String>> {
        let mut lines = self.lines()?;
        lines.retain(|line| {
            line.starts_with("vswap:")
                && !line.contains("taint")
                && !line.contains("invalid for parameter")
        });
        Ok(lines)
    }
}
