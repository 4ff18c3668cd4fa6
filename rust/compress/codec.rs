// SPDX-License-Identifier: GPL-2.0

//! Compressors: this module's own code for the LZ4 format, and those of the crypto API.

use super::lz4;
use crate::{
    crypto::acomp::Acomp,
    mm::{
        folio::FolioPage,
        zsmalloc::ObjectBytes, //
    }, //
};
use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};

/// The name of the own code. The kernel's for the same format goes by its other name, `lz4-scomp`.
const LZ4: &CStr = c"lz4";

/// A compressor, with what one compression at a time needs.
pub(crate) enum Codec {
    /// The module's own, with its table.
    Lz4(KVVec<u16>),
    /// One of the crypto API's.
    Acomp(Acomp),
}

impl Codec {
    /// Makes sure that there is a compressor of this name. May sleep, and may load a module.
    ///
    /// `ENOENT`: there is none. Other errors: it is not known.
    pub(crate) fn find(name: &CStr) -> Result {
        Self::new(name).map(drop)
    }

    /// Makes the compressor `name`. May sleep.
    ///
    /// `ENOENT`: there is no such compressor.
    pub(crate) fn new(name: &CStr) -> Result<Self> {
        Ok(if name == LZ4 {
            Self::Lz4(KVVec::from_elem(0, lz4::ENTRIES, GFP_KERNEL)?)
        } else {
            Self::Acomp(Acomp::new(name)?)
        })
    }

    /// Compresses a page into `out`; returns how many bytes of it were used, or `None` if these are
    /// more than `limit`. May sleep.
    ///
    /// `out` has room for the largest output of any compressor, so that those which are faster when
    /// they need not check for its end do not.
    pub(crate) fn compress(
        &mut self,
        page: &FolioPage,
        out: &mut KVec<u8>,
        limit: usize,
    ) -> Result<Option<usize>> {
        match self {
            Self::Lz4(table) => {
                let table = table.first_chunk_mut().ok_or(EINVAL)?;
                let out = out.get_mut(..limit).ok_or(EINVAL)?;
                Ok(lz4::encode(page.bytes(), out, table))
            }
            Self::Acomp(acomp) => {
                let len = acomp.compress(page, out)?;
                Ok((len <= limit).then_some(len))
            }
        }
    }

    /// Decompresses a page. May sleep.
    ///
    /// `EIO`: `data` is no compressed page, and `page` has garbage now.
    pub(crate) fn decompress(&mut self, data: &ObjectBytes<'_>, page: &mut FolioPage) -> Result {
        match self {
            Self::Lz4(_) => lz4::decode(data.bytes(), page.bytes_mut()).ok_or(EIO),
            Self::Acomp(acomp) => match acomp.decompress(data, page)? {
                PAGE_SIZE => Ok(()),
                _ => Err(EIO),
            },
        }
    }
}
