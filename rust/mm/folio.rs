// SPDX-License-Identifier: GPL-2.0

//! Folios on their way out of memory or back.

use crate::bindings;
use core::{
    marker::PhantomData,
    ptr::{self, NonNull},
};
use kernel::page::PAGE_SIZE;

/// The contents of a page, in words.
pub(crate) type PageWords = [u64; PAGE_SIZE / 8];

/// The contents of a page, in bytes.
pub(crate) type PageBytes = [u8; PAGE_SIZE];

/// The contents of a page of a folio.
///
/// # Invariants
///
/// It is in the direct map: there are none but those which [`SwapFolio`] lends.
#[repr(transparent)]
pub(crate) struct FolioPage(PageWords);

impl FolioPage {
    /// Its words.
    pub(crate) fn words(&self) -> &PageWords {
        &self.0
    }

    /// Its words, for writing.
    pub(crate) fn words_mut(&mut self) -> &mut PageWords {
        &mut self.0
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> &PageBytes {
        // SAFETY: Each byte of the array is initialized, and bytes have no alignment to keep.
        unsafe { &*ptr::from_ref(&self.0).cast() }
    }

    /// Its bytes, for writing.
    pub(crate) fn bytes_mut(&mut self) -> &mut PageBytes {
        // SAFETY: As in `bytes()`; any bytes make valid words.
        unsafe { &mut *ptr::from_mut(&mut self.0).cast() }
    }
}

/// A folio whose contents nobody else touches: locked, in the swap cache and mapped nowhere, it is
/// being written out, or is not uptodate yet and being read in.
///
/// # Invariants
///
/// `folio` points to such a folio, and it stays so for `'a`. It has `len` pages, the first of which
/// is at `pages`.
pub(crate) struct SwapFolio<'a> {
    folio: NonNull<bindings::folio>,
    pages: *mut FolioPage,
    len: usize,
    _lock: PhantomData<&'a mut ()>,
}

impl SwapFolio<'_> {
    /// Wraps a folio that the swap core passes to one of the ghost's operations.
    ///
    /// # Safety
    ///
    /// `folio` must be locked and in the swap cache, nobody else may access its contents, and both
    /// must stay so until the returned value is dropped.
    pub(crate) unsafe fn from_raw(folio: *mut bindings::folio) -> Option<Self> {
        let folio = NonNull::new(folio)?;
        // SAFETY: The caller promises that the folio is valid.
        let len = unsafe { bindings::vswap_folio_nr_pages(folio.as_ptr()) };
        // SAFETY: As above; as the kernel is a 64-bit one, the folio's memory is in the direct map and
        // so has an address.
        let pages = unsafe { bindings::vswap_folio_address(folio.as_ptr()) };
        // INVARIANT: The caller promises what the invariant asks for.
        Some(Self {
            folio,
            pages: pages.cast(),
            len,
            _lock: PhantomData,
        })
    }

    /// The folio.
    pub(super) fn as_ptr(&self) -> *mut bindings::folio {
        self.folio.as_ptr()
    }

    /// How many pages it has.
    #[inline]
    pub(crate) fn nr_pages(&self) -> usize {
        self.len
    }

    /// The memory node it is on.
    pub(crate) fn nid(&self) -> i32 {
        // SAFETY: The folio is valid by the type invariant.
        unsafe { bindings::vswap_folio_nid(self.folio.as_ptr()) }
    }

    #[inline]
    fn page_ptr(&self, i: usize) -> *mut FolioPage {
        assert!(i < self.len);
        // SAFETY: The pages of a folio are contiguous in the direct map, and `i` is one of them.
        unsafe { self.pages.add(i) }
    }

    /// The contents of page `i`.
    pub(crate) fn page(&self, i: usize) -> &FolioPage {
        // SAFETY: The page is in the direct map, so it is readable and aligned, and by the type
        // invariant nobody writes to it while `self` is borrowed.
        // INVARIANT: It is in the direct map.
        unsafe { &*self.page_ptr(i) }
    }

    /// The contents of page `i`, for writing.
    pub(crate) fn page_mut(&mut self, i: usize) -> &mut FolioPage {
        // SAFETY: As in `page()`, and as `self` is borrowed mutably there is no other reference.
        // INVARIANT: It is in the direct map.
        unsafe { &mut *self.page_ptr(i) }
    }
}

/// How many pages of RAM the kernel manages.
pub(crate) fn totalram_pages() -> usize {
    // SAFETY: May be called at any time.
    unsafe { bindings::vswap_totalram_pages() }
}
