// SPDX-License-Identifier: GPL-2.0

//! The checksum CRC-32C.
//!
//! C header: `include/linux/crc32.h`

use crate::bindings;

/// Goes on with a checksum. May be called anywhere.
pub(crate) fn crc32c(sum: u32, data: &[u8]) -> u32 {
    // SAFETY: `data` is a slice, so so many bytes can be read.
    unsafe { bindings::crc32c(sum, data.as_ptr().cast(), data.len()) }
}
