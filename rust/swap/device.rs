// SPDX-License-Identifier: GPL-2.0

//! Swap devices.

use crate::bindings;
use kernel::{
    error::to_result,
    page::PAGE_SIZE,
    prelude::*, //
};

/// Calls `f` with the path of the swap device with this type, as `/proc/swaps` has it. May sleep.
///
/// `ENODEV`: it is off.
pub(crate) fn with_path<R>(device: usize, f: impl FnOnce(&CStr) -> Result<R>) -> Result<R> {
    let mut path = KVec::from_elem(0u8, PAGE_SIZE, GFP_KERNEL)?;
    let (buf, size) = (path.as_mut_ptr(), path.len() as c_int);
    // SAFETY: The vector has so many bytes.
    let len = unsafe { bindings::vswap_device_path(device as c_uint, buf.cast(), size) };
    to_result(len)?;
    f(CStr::from_bytes_until_nul(&path).map_err(|_| EINVAL)?)
}
