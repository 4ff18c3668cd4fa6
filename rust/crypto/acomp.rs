// SPDX-License-Identifier: GPL-2.0

//! Compression by the kernel's crypto API.
//!
//! C header: `include/crypto/acompress.h`

use crate::{
    bindings,
    mm::{
        folio::FolioPage,
        zsmalloc::ObjectBytes, //
    }, //
};
use core::ptr::NonNull;
use kernel::{
    error::from_err_ptr,
    prelude::*, //
};

/// A compression context. One user at a time, as it has a single request.
///
/// # Invariants
///
/// `0` is what `vswap_acomp_alloc()` returned, not freed yet.
pub(crate) struct Acomp(NonNull<bindings::vswap_acomp>);

// SAFETY: A context is not tied to the thread or CPU that made it.
unsafe impl Send for Acomp {}

impl Acomp {
    /// Makes a context for the compressor `name`. May sleep.
    ///
    /// `ENOENT`: there is no such compressor.
    pub(crate) fn new(name: &CStr) -> Result<Self> {
        // SAFETY: `name` is a valid string.
        let acomp = from_err_ptr(unsafe { bindings::vswap_acomp_alloc(name.as_char_ptr()) })?;
        // INVARIANT: It was just allocated.
        Ok(Self(NonNull::new(acomp).ok_or(ENOMEM)?))
    }

    /// Compresses `src` into `dst`; returns how many bytes of it were used. May sleep.
    pub(crate) fn compress(&mut self, src: &FolioPage, dst: &mut KVec<u8>) -> Result<usize> {
        self.run(src.bytes(), dst, false)
    }

    /// Decompresses `src` into `dst`; returns how many bytes of it were used. May sleep.
    pub(crate) fn decompress(
        &mut self,
        src: &ObjectBytes<'_>,
        dst: &mut FolioPage,
    ) -> Result<usize> {
        self.run(src.bytes(), dst.bytes_mut(), true)
    }

    /// Both buffers are in the direct map: a folio's page and an object by their type invariants, and
    /// a `KVec` as kmalloc() gave it.
    fn run(&mut self, src: &[u8], dst: &mut [u8], decompress: bool) -> Result<usize> {
        // SAFETY: The context is valid by the type invariant and, being borrowed mutably, in no other
        // use. The buffers are valid for the lengths given, and the callers pass such as are in the
        // direct map.
        let ret = unsafe {
            bindings::vswap_acomp_run(
                self.0.as_ptr(),
                src.as_ptr().cast(),
                src.len() as u32,
                dst.as_mut_ptr().cast(),
                dst.len() as u32,
                decompress,
            )
        };
        kernel::error::to_result(ret)?;
        Ok(ret as usize)
    }
}

impl Drop for Acomp {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it is not freed yet, and nobody uses it after this.
        unsafe { bindings::vswap_acomp_free(self.0.as_ptr()) };
    }
}
