// SPDX-License-Identifier: GPL-2.0

//! The module's parameters, which `helpers/params.c` declares.

use super::driver::Driver;
use crate::bindings;
use core::slice;
use kernel::{
    error::from_result,
    prelude::*,
    str::CString, //
};

/// Which parameter.
pub(crate) enum Param {
    Size,
    Compressor,
    Recompressor,
    RecompressAfter,
    MaxPoolPercent,
    AcceptThresholdPercent,
    ShrinkerEnabled,
    PackWriteback,
}

impl Param {
    fn from_index(index: c_uint) -> Result<Self> {
        Ok(match index {
            bindings::vswap_param_VSWAP_PARAM_SIZE => Self::Size,
            bindings::vswap_param_VSWAP_PARAM_COMPRESSOR => Self::Compressor,
            bindings::vswap_param_VSWAP_PARAM_RECOMPRESSOR => Self::Recompressor,
            bindings::vswap_param_VSWAP_PARAM_RECOMPRESS_AFTER => Self::RecompressAfter,
            bindings::vswap_param_VSWAP_PARAM_MAX_POOL_PERCENT => Self::MaxPoolPercent,
            bindings::vswap_param_VSWAP_PARAM_ACCEPT_PERCENT => Self::AcceptThresholdPercent,
            bindings::vswap_param_VSWAP_PARAM_SHRINKER_ENABLED => Self::ShrinkerEnabled,
            bindings::vswap_param_VSWAP_PARAM_PACK_WRITEBACK => Self::PackWriteback,
            _ => return Err(EINVAL),
        })
    }
}

/// A driver with parameters. They can be set before it is published, as insmod does: there is no
/// driver then. The kernel's parameter lock is held; both may sleep.
pub(crate) trait Parameters: Driver {
    /// Sets a parameter to the value that `text` has.
    fn set(driver: Option<&Self>, param: Param, text: &str) -> Result;
    /// A parameter's value as text, with a newline.
    fn get(driver: Option<&Self>, param: Param) -> Result<CString>;
}

/// Sets a parameter to the text `val`.
///
/// # Safety
///
/// `val` must be null or a valid string, and the parameter lock must be held.
pub(super) unsafe extern "C" fn set<T: Parameters>(index: c_uint, val: *const c_char) -> c_int {
    from_result(|| {
        if val.is_null() {
            return Err(EINVAL);
        }
        // SAFETY: The caller promises a valid string. `Published` takes the parameter lock before it
        // is gone.
        let (text, driver) = unsafe { (CStr::from_char_ptr(val), T::instance().as_ptr().as_ref()) };
        let text = text.to_str().map_err(|_| EINVAL)?;
        T::set(driver, Param::from_index(index)?, text)?;
        Ok(0)
    })
}

/// Writes a parameter's value to `buf`.
///
/// # Safety
///
/// `buf` must have room for `size` bytes, and the parameter lock must be held.
pub(super) unsafe extern "C" fn get<T: Parameters>(
    index: c_uint,
    buf: *mut c_char,
    size: usize,
) -> c_int {
    from_result(|| {
        // SAFETY: The caller promises that the buffer is valid, and the kernel gave it for writing:
        // it is initialized memory of the page that sysfs shows. As to the driver, see `set()`.
        let (buf, driver) = unsafe {
            (
                slice::from_raw_parts_mut(buf.cast::<u8>(), size),
                T::instance().as_ptr().as_ref(),
            )
        };
        let text = T::get(driver, Param::from_index(index)?)?;
        let text = text.to_bytes_with_nul();
        buf.get_mut(..text.len())
            .ok_or(EINVAL)?
            .copy_from_slice(text);
        Ok(text.len() as c_int - 1)
    })
}
