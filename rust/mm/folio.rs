// SPDX-License-Identifier: GPL-2.0

//! Folios on their way out of memory or back.

use crate::bindings;
use core::{
    convert::Infallible,
    ptr::NonNull,
    slice, //
};
use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};
use zerocopy::{
    transmute_mut,
    transmute_ref, //
};

/// The contents of a page, in words.
pub(crate) type PageWords = [u64; PAGE_SIZE / 8];

/// The contents of a page, in bytes.
pub(crate) type PageBytes = [u8; PAGE_SIZE];

/// The contents of a page, of a folio or of memory for a copy.
///
/// # Invariants
///
/// It is in the direct map: there are none but those which [`SwapFolio`] lends, and those of
/// [`FolioPage::new`].
#[repr(transparent)]
pub(crate) struct FolioPage(PageWords);

impl FolioPage {
    /// Memory for a copy of a page. May sleep.
    pub(crate) fn new() -> Result<KBox<Self>> {
        let words = pin_init::init_zeroed::<PageWords>();
        // SAFETY: It has the layout of its words.
        // INVARIANT: kmalloc()'s memory is in the direct map.
        let page = unsafe { pin_init::cast_init::<_, Self, Infallible>(words) };
        KBox::init(page, GFP_KERNEL)
    }

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
        transmute_ref!(&self.0)
    }

    /// Its bytes, for writing.
    pub(crate) fn bytes_mut(&mut self) -> &mut PageBytes {
        transmute_mut!(&mut self.0)
    }
}

/// A folio whose contents nobody else accesses: locked, in the swap cache and not mapped. It is being
/// written out; or it is being read in, and not uptodate yet.
///
/// # Invariants
///
/// `folio` is such a folio, and it stays so for `'a`. `pages` are its pages.
pub(crate) struct SwapFolio<'a> {
    folio: NonNull<bindings::folio>,
    pages: &'a mut [FolioPage],
}

impl SwapFolio<'_> {
    /// Wraps a folio that the swap core passes to one of the ghost's operations.
    ///
    /// # Safety
    ///
    /// `folio` must be null, or locked and in the swap cache, and nobody else may access its
    /// contents; it must stay so until the returned value is dropped.
    #[inline]
    pub(crate) unsafe fn from_raw(folio: *mut bindings::folio) -> Option<Self> {
        // Not a reference: where it has one page only, it is smaller than its type.
        let folio = NonNull::new(folio)?;
        // SAFETY: The caller promises that the folio is valid and that nobody else accesses its pages. As
        // the kernel is a 64-bit one, they are in the direct map: they have an address, at which they are
        // contiguous. Any bytes are valid words.
        let pages = unsafe {
            slice::from_raw_parts_mut(
                bindings::vswap_folio_address(folio.as_ptr()).cast(),
                bindings::vswap_folio_nr_pages(folio.as_ptr()),
            )
        };
        // INVARIANT: The caller promises what the invariant asks for.
        Some(Self { folio, pages })
    }

    /// The folio.
    pub(crate) fn as_ptr(&self) -> *mut bindings::folio {
        self.folio.as_ptr()
    }

    /// How many pages it has.
    #[inline]
    pub(crate) fn nr_pages(&self) -> usize {
        self.pages.len()
    }

    /// The ghost's slot of page `i`.
    pub(crate) fn slot(&self, i: usize) -> usize {
        // SAFETY: The folio is valid, and in the swap cache, by the type invariant.
        unsafe { bindings::vswap_folio_slot(self.folio.as_ptr()) + i }
    }

    /// The memory node it is on.
    pub(crate) fn nid(&self) -> i32 {
        // SAFETY: The folio is valid by the type invariant.
        unsafe { bindings::vswap_folio_nid(self.folio.as_ptr()) }
    }

    /// The contents of page `i`.
    #[inline]
    pub(crate) fn page(&self, i: usize) -> &FolioPage {
        &self.pages[i]
    }

    /// The contents of page `i`, for writing.
    #[inline]
    pub(crate) fn page_mut(&mut self, i: usize) -> &mut FolioPage {
        &mut self.pages[i]
    }
}
