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

    fn context(&self) -> &Mutex<Context> {
        &self.contexts[CpuId::current().as_u32() as usize]
    }

    /// Stores a page compressed, if that makes it smaller. May sleep, does not reclaim.
    pub(crate) fn store(&self, page: &FolioPage, nid: i32) -> Result<Option<Object>, StoreError> {
        if sample::is_random(page.bytes()) {
            return Ok(None);
        }
        let mut context = self.context().lock();
        let Context { codec, buffer } = &mut *context;
        // What is longer takes a page anyway.
        let limit = self.zs.whole_page_len() - 1;
        let len = codec.compress(page, buffer, limit);
        let Some(len) = len.map_err(StoreError::Compress)? else {
            return Ok(None);
        };
        let object = self.zs.store(&buffer[..len], nid);
        object.map(Some).map_err(StoreError::Alloc)
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
