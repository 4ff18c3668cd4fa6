// SPDX-License-Identifier: GPL-2.0

//! A compression pool: one compressor, with memory for what it makes.

use crate::{
    compress::{
        codec::Codec,
        sample, //
    },
    mm::{
        folio::FolioPage,
        zsmalloc::{
            FreeBatch,
            Object,
            ObjectBytes,
            ZsPool, //
        }, //
    },
    swap::descriptor::MAX_POOLS, //
};
use kernel::{
    cpu::{
        nr_cpu_ids,
        CpuId, //
    },
    new_mutex,
    page::PAGE_SIZE,
    prelude::*,
    str::CString,
    sync::Mutex, //
};

/// The output buffer has room for whatever a compressor makes of a page.
const BUFFER_SIZE: usize = 2 * PAGE_SIZE;

/// What one compression at a time needs.
struct Context {
    codec: Codec,
    buffer: KVec<u8>,
}

/// Why a page could not be stored.
pub(crate) enum StoreError {
    /// The compressor failed.
    Compress(Error),
    /// There was no memory for the object.
    Alloc(Error),
    /// There was no memory to keep it whole.
    AllocWhole,
    /// It does not shrink, and there are too many such pages.
    TooManyWhole,
}

/// A compression pool.
pub(crate) struct Pool {
    name: CString,
    zs: ZsPool,
    /// One for each CPU. A task keeps its context when it is moved to another CPU, hence the lock.
    contexts: KVec<Pin<KBox<Mutex<Context>>>>,
}

impl Pool {
    /// Makes a pool for the compressor `name`. May sleep.
    pub(crate) fn new(name: &CStr) -> Result<Self> {
        let zs = ZsPool::new(name, MAX_POOLS)?;
        let mut contexts = KVec::with_capacity(nr_cpu_ids() as usize, GFP_KERNEL)?;
        for _ in 0..nr_cpu_ids() {
            let context = Context {
                codec: Codec::new(name)?,
                buffer: KVec::from_elem(0, BUFFER_SIZE, GFP_KERNEL)?,
            };
            let context = KBox::pin_init(new_mutex!(context, "vswap_context"), GFP_KERNEL)?;
            contexts.push(context, GFP_KERNEL)?;
        }
        Ok(Self {
            name: CString::try_from(name)?,
            zs,
            contexts,
        })
    }

    /// The compressor's name.
    pub(crate) fn name(&self) -> &CStr {
        &self.name
    }

    /// The number by which descriptors name the pool.
    pub(crate) fn id(&self) -> usize {
        self.zs.id()
    }

    /// How many pages of memory its objects take.
    pub(crate) fn total_pages(&self) -> usize {
        self.zs.total_pages()
    }

    /// Moves its objects together, so that memory becomes free. May sleep.
    pub(crate) fn compact(&self) {
        self.zs.compact();
    }

    fn context(&self) -> &Mutex<Context> {
        &self.contexts[CpuId::current().as_u32() as usize]
    }

    /// Stores a page compressed, if that makes it smaller. May sleep, does not reclaim.
    pub(crate) fn store(&self, page: &FolioPage, nid: i32) -> Result<Option<Object>, StoreError> {
        if sample::is_random(page.bytes()) {
            return Ok(None);
        }
        self.store_if(page, nid, |_| true)
    }

    /// Stores a page compressed, if it then takes less memory than an object of `len` bytes. May sleep, does
    /// not reclaim.
    ///
    /// Tries it with each page: those that look random to the faster compressors may be text that is encoded.
    pub(crate) fn store_tighter(
        &self,
        page: &FolioPage,
        nid: i32,
        len: usize,
    ) -> Result<Option<Object>, StoreError> {
        self.store_if(page, nid, |new| {
            self.zs.size_class(new) < self.zs.size_class(len)
        })
    }

    /// Stores a page compressed, if that makes it smaller and `is_right` says so of its length.
    #[inline(always)]
    fn store_if(
        &self,
        page: &FolioPage,
        nid: i32,
        is_right: impl FnOnce(usize) -> bool,
    ) -> Result<Option<Object>, StoreError> {
        let mut context = self.context().lock();
        let Context { codec, buffer } = &mut *context;
        // What is longer takes a page anyway.
        let limit = self.zs.whole_page_len() - 1;
        let len = codec.compress(page, buffer, limit);
        let len = len.map_err(StoreError::Compress)?;
        let Some(len) = len.filter(|len| is_right(*len)) else {
            return Ok(None);
        };
        let object = self.zs.store(&buffer[..len], nid);
        object.map(Some).map_err(StoreError::Alloc)
    }

    /// Compresses a page into `out`, which has room for whatever a compressor makes of one; returns how many bytes
    /// that took, or `None` if it does not shrink. May sleep.
    pub(crate) fn compress(&self, page: &FolioPage, out: &mut KVec<u8>) -> Result<Option<usize>> {
        let limit = self.zs.whole_page_len() - 1;
        self.context().lock().codec.compress(page, out, limit)
    }

    /// Stores a page as it is. Does not sleep.
    pub(crate) fn store_whole(&self, page: &FolioPage, nid: i32) -> Result<Object, StoreError> {
        let object = self.zs.store(page.bytes(), nid);
        object.map_err(|_| StoreError::AllocWhole)
    }

    /// Reads a page back. May sleep.
    ///
    /// `EIO`: the object is no compressed page, and `page` has garbage now.
    pub(crate) fn load(&self, object: &Object, page: &mut FolioPage) -> Result {
        let mut context = self.context().lock();
        let Context { codec, buffer } = &mut *context;
        self.zs.read(object, buffer, |data| {
            if object.is_whole_page() {
                page.bytes_mut().copy_from_slice(data.bytes());
                Ok(())
            } else {
                codec.decompress(data, page)
            }
        })?
    }

    /// Copies an object as it is in the pool; returns the memory node where it is, if that is known. `scratch`
    /// has room for it. Does not sleep.
    pub(crate) fn copy_out(
        &self,
        object: &Object,
        scratch: &mut KVec<u8>,
        copy: &mut FolioPage,
    ) -> Result<i32> {
        let scratch_at = scratch.as_ptr();
        self.zs.read(object, scratch, |data| {
            let room = copy.bytes_mut().get_mut(..data.bytes().len());
            room.ok_or(EINVAL)?.copy_from_slice(data.bytes());
            Ok(data.nid(scratch_at))
        })?
    }

    /// Decompresses the copy of an object of this pool, of `len` bytes. May sleep.
    ///
    /// `EIO`: it is no compressed page, and `page` has garbage now.
    pub(crate) fn unpack(&self, copy: &FolioPage, len: usize, page: &mut FolioPage) -> Result {
        if len == PAGE_SIZE {
            page.bytes_mut().copy_from_slice(copy.bytes());
            return Ok(());
        }
        let data = ObjectBytes::of_copy(copy, len)?;
        self.context().lock().codec.decompress(&data, page)
    }

    /// Frees an object. Does not sleep.
    pub(crate) fn free(&self, object: Object) {
        self.zs.free(object);
    }

    /// For objects of this pool that are to be freed together. Does not sleep.
    #[inline(always)]
    pub(crate) fn free_batch(&self) -> FreeBatch<'_> {
        self.zs.free_batch()
    }
}
