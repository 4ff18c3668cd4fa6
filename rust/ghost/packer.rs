// SPDX-License-Identifier: GPL-2.0

//! What it takes to pack pages: see `recompress.rs`.

use crate::{
    mm::folio::FolioPage,
    swap::slots::Stamp, //
};
use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};

/// How many pages are copied at a time.
pub(super) const BATCH: usize = 16;

/// A page that is being packed.
pub(super) struct Job {
    pub(super) slot: usize,
    /// What the slot has, while nobody has used the page.
    pub(super) stamp: Stamp,
    /// Where the object is that was copied, and how long it is.
    pub(super) pool: usize,
    pub(super) len: usize,
    pub(super) nid: i32,
    /// Whose page it is.
    pub(super) owner: u32,
}

/// Memory to pack pages with.
pub(super) struct Packer {
    /// Copies of objects: that of job `i` is copy `i`.
    pub(super) copies: KVec<KBox<FolioPage>>,
    pub(super) jobs: KVec<Job>,
    /// How many of a turn were tried.
    pub(super) tries: usize,
    /// A copy is decompressed to this.
    pub(super) page: KBox<FolioPage>,
    /// A page that is packed tighter, for a block.
    pub(super) tighter: KVec<u8>,
    /// For copying objects that cross a page.
    pub(super) scratch: KVec<u8>,
}

impl Packer {
    /// May sleep.
    pub(super) fn new() -> Result<Self> {
        let mut copies = KVec::with_capacity(BATCH, GFP_KERNEL)?;
        for _ in 0..BATCH {
            copies.push(FolioPage::new()?, GFP_KERNEL)?;
        }
        Ok(Self {
            copies,
            jobs: KVec::with_capacity(BATCH, GFP_KERNEL)?,
            tries: 0,
            page: FolioPage::new()?,
            tighter: KVec::from_elem(0, 2 * PAGE_SIZE, GFP_KERNEL)?,
            scratch: KVec::from_elem(0, PAGE_SIZE, GFP_KERNEL)?,
        })
    }
}
