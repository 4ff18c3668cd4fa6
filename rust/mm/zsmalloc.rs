// SPDX-License-Identifier: GPL-2.0

//! Memory for compressed pages.
//!
//! C header: `include/linux/zsmalloc.h`

use super::folio::FolioPage;
use crate::bindings;
use core::{
    mem::{
        self,
        ManuallyDrop,
        MaybeUninit, //
    },
    ptr::{
        self,
        NonNull, //
    },
    slice, //
};
use kernel::{
    page::PAGE_SIZE,
    prelude::*,
    sync::atomic::{
        ordering::{
            Full,
            Relaxed, //
        },
        Atomic, //
    },
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

/// An object in a [`ZsPool`].
///
/// It keeps the pool: one that has objects is never freed, nor its number given to another. Dropping an
/// object leaks it, and in the end the pool, as freeing it takes the pool: see [`ZsPool::free`].
///
/// # Invariants
///
/// `handle` was returned by `zs_malloc()` of the pool with the number `pool`, for `len` bytes which
/// have all been written, and was not freed yet. So that pool exists.
#[must_use = "an object that is dropped is memory lost"]
pub(crate) struct Object {
    handle: usize,
    len: usize,
    pool: usize,
}

/// The bytes of an object while it is read.
///
/// # Invariants
///
/// They are in the direct map: there are none but those which [`ZsPool::read`] lends.
pub(crate) struct ObjectBytes<'a>(&'a [u8]);

impl<'a> ObjectBytes<'a> {
    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0
    }

    /// The bytes of an object of which `copy` is a copy.
    ///
    /// `EINVAL`: it is not as long as `len`.
    pub(crate) fn of_copy(copy: &'a FolioPage, len: usize) -> Result<Self> {
        // INVARIANT: Each `FolioPage` is in the direct map.
        copy.bytes().get(..len).map(Self).ok_or(EINVAL)
    }

    /// The memory node where they are, unless they are a copy in `scratch`. May be called anywhere.
    pub(crate) fn nid(&self, scratch: *const u8) -> i32 {
        if ptr::eq(self.0.as_ptr(), scratch) {
            return bindings::NUMA_NO_NODE;
        }
        // SAFETY: By the type invariant there is a page for the address.
        unsafe { bindings::vswap_address_nid(self.0.as_ptr().cast()) }
    }
}

impl Object {
    /// The number of the pool it is in.
    pub(crate) fn pool(&self) -> usize {
        self.pool
    }

    /// How many bytes it has.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether the page was kept as it was.
    pub(crate) fn is_whole_page(&self) -> bool {
        self.len == PAGE_SIZE
    }

    /// Gives the object away as numbers.
    #[inline]
    pub(crate) fn into_raw(self) -> RawObject {
        RawObject {
            handle: self.handle,
            len: self.len,
            pool: self.pool,
        }
    }

    /// The object of these numbers.
    ///
    /// # Safety
    ///
    /// `raw` must come from [`Object::into_raw`], with the object not freed since, and there may be
    /// no second `Object` of it that is freed.
    #[inline]
    pub(crate) unsafe fn from_raw(raw: RawObject) -> Self {
        // INVARIANT: It is the object that was made into `raw`.
        Self {
            handle: raw.handle,
            len: raw.len,
            pool: raw.pool,
        }
    }
}

/// What names an object.
pub(crate) struct RawObject {
    /// A multiple of 8, in the direct map.
    pub(crate) handle: usize,
    /// From 1 to `PAGE_SIZE`.
    pub(crate) len: usize,
    pub(crate) pool: usize,
}

/// The number of a pool. No two exist with the same.
struct PoolId(usize);

/// A bit for each number that is taken.
static POOL_IDS: Atomic<u32> = Atomic::new(0);

impl PoolId {
    /// A number below `max` that is free, or `EBUSY`.
    fn new(max: usize) -> Result<Self> {
        loop {
            let taken = POOL_IDS.load(Relaxed);
            let id = taken.trailing_ones();
            if id as usize >= max.min(u32::BITS as usize) {
                return Err(EBUSY);
            }
            if POOL_IDS.cmpxchg(taken, taken | 1 << id, Full).is_ok() {
                return Ok(Self(id as usize));
            }
        }
    }
}

impl Drop for PoolId {
    fn drop(&mut self) {
        loop {
            let taken = POOL_IDS.load(Relaxed);
            if POOL_IDS
                .cmpxchg(taken, taken & !(1 << self.0), Full)
                .is_ok()
            {
                return;
            }
        }
    }
}

/// A pool of objects.
///
/// # Invariants
///
/// `pool` is a valid zsmalloc pool. It stays one, and `id` its number, as long as it has objects.
pub(crate) struct ZsPool {
    pool: NonNull<bindings::zs_pool>,
    id: ManuallyDrop<PoolId>,
    whole_page_len: usize,
}

// SAFETY: zsmalloc pools are not tied to a thread, and do their own locking.
unsafe impl Send for ZsPool {}
// SAFETY: As above.
unsafe impl Sync for ZsPool {}

impl ZsPool {
    /// Makes a pool. May sleep.
    ///
    /// `EBUSY`: there are `max` already.
    pub(crate) fn new(name: &CStr, max: usize) -> Result<Self> {
        let id = PoolId::new(max)?;
        // SAFETY: `name` is a valid string. The pool whose class sizes are asked for was just made.
        let (pool, whole_page_len) = unsafe {
            let pool = NonNull::new(bindings::zs_create_pool(name.as_char_ptr())).ok_or(ENOMEM)?;
            (pool, bindings::zs_huge_class_size(pool.as_ptr()))
        };
        // INVARIANT: The pool was just made.
        Ok(Self {
            pool,
            id: ManuallyDrop::new(id),
            whole_page_len,
        })
    }

    /// The number of the pool, below the `max` of [`ZsPool::new`].
    pub(crate) fn id(&self) -> usize {
        self.id.0
    }

    /// From this length on an object takes a page of memory.
    pub(crate) fn whole_page_len(&self) -> usize {
        self.whole_page_len
    }

    /// The number of the class for objects of this length, the same in all pools: of two classes the one with
    /// the smaller number takes less memory for an object.
    pub(crate) fn size_class(&self, len: usize) -> u32 {
        // SAFETY: The pool is valid by the type invariant; any length will do.
        unsafe { bindings::zs_lookup_class_index(self.pool.as_ptr(), len as u32) }
    }

    /// Stores a copy of `data`, at most a page. Does not enter reclaim.
    ///
    /// `ENOMEM`: there is no memory left for it.
    pub(crate) fn store(&self, data: &[u8], nid: i32) -> Result<Object> {
        if data.is_empty() || data.len() > PAGE_SIZE {
            return Err(EINVAL);
        }
        // SAFETY: The pool is valid by the type invariant, and the C function only reads `data.len()`
        // bytes from `data`.
        let handle = unsafe {
            bindings::vswap_zs_store(self.pool.as_ptr(), data.as_ptr().cast(), data.len(), nid)
        };
        // What is no handle is an errno.
        if handle > usize::MAX - kernel::bindings::MAX_ERRNO as usize {
            return Err(Error::from_errno(handle as isize as i32));
        }
        // INVARIANT: It was allocated and written just now.
        Ok(Object {
            handle,
            len: data.len(),
            pool: self.id.0,
        })
    }

    /// Calls `f` with the bytes of an object. `scratch`, at least as long, is used for a copy where
    /// the object crosses a page. The object cannot be moved meanwhile; `f` may sleep, this does not.
    pub(crate) fn read<R>(
        &self,
        object: &Object,
        scratch: &mut KVec<u8>,
        f: impl FnOnce(&ObjectBytes<'_>) -> R,
    ) -> Result<R> {
        if object.pool != self.id.0 || scratch.len() < object.len {
            return Err(EINVAL);
        }
        // SAFETY: The handle is one of this pool's by the invariant of `Object`, and the scratch
        // buffer has room for the object. What is returned has `object.len` bytes, in the pool or in
        // `scratch`, until `zs_obj_read_end()`; nobody writes to an object once it is made, and
        // `scratch` is borrowed.
        let data: &[u8] = unsafe {
            let data = bindings::zs_obj_read_begin(
                self.pool.as_ptr(),
                object.handle,
                object.len,
                scratch.as_mut_ptr().cast(),
            );
            slice::from_raw_parts(data.cast(), object.len)
        };
        // INVARIANT: The pool's pages are in the direct map, as all of a 64-bit kernel are, and so is
        // what kmalloc() gave for `scratch`.
        let ret = f(&ObjectBytes(data));
        // SAFETY: The same arguments as at the beginning.
        unsafe {
            bindings::zs_obj_read_end(
                self.pool.as_ptr(),
                object.handle,
                object.len,
                data.as_ptr().cast_mut().cast(),
            )
        };
        Ok(ret)
    }

    /// Frees an object. Does not sleep.
    pub(crate) fn free(&self, object: Object) {
        if kernel::warn_on!(object.pool != self.id.0) {
            return;
        }
        // SAFETY: By the invariant of `Object` the handle is this pool's and was not freed yet; as
        // the object was passed by value, nobody can free it again.
        unsafe { bindings::zs_free(self.pool.as_ptr(), object.handle) };
    }

    /// For objects of this pool that are to be freed together.
    #[inline(always)]
    pub(crate) fn free_batch(&self) -> FreeBatch<'_> {
        // INVARIANT: There are none.
        FreeBatch {
            zs: self,
            handles: [const { MaybeUninit::uninit() }; FREE_BATCH],
            len: 0,
        }
    }

    /// Moves objects together, so that pages become free. May sleep.
    pub(crate) fn compact(&self) {
        // SAFETY: The pool is valid by the type invariant.
        unsafe { bindings::zs_compact(self.pool.as_ptr()) };
    }

    /// How many pages of memory the pool takes.
    pub(crate) fn total_pages(&self) -> usize {
        // SAFETY: The pool is valid by the type invariant.
        unsafe { bindings::zs_get_total_pages(self.pool.as_ptr()) }
    }
}

/// How many objects are freed at a time.
const FREE_BATCH: usize = 32;

/// A batch of objects of one pool, freed when it is full or dropped, which costs less than freeing
/// them one by one. Does not sleep.
///
/// # Invariants
///
/// The first `len` handles are those of objects of the pool which belong to this.
pub(crate) struct FreeBatch<'a> {
    zs: &'a ZsPool,
    handles: [MaybeUninit<usize>; FREE_BATCH],
    len: usize,
}

impl FreeBatch<'_> {
    /// Whether the object is of the same pool.
    #[inline(always)]
    pub(crate) fn takes(&self, object: &Object) -> bool {
        object.pool == self.zs.id.0
    }

    /// Adds an object. One of another pool is lost.
    #[inline(always)]
    pub(crate) fn add(&mut self, object: Object) {
        if kernel::warn_on!(!self.takes(&object)) {
            return;
        }
        // Looked at once: the compiler does not know that flush() leaves nothing.
        let len = match self.len {
            FREE_BATCH.. => {
                self.flush();
                0
            }
            len => len,
        };
        self.handles[len].write(object.handle);
        // INVARIANT: The object is of this pool, was passed by value and is forgotten.
        self.len = len + 1;
    }

    fn flush(&mut self) {
        // INVARIANT: There are none left.
        let nr = mem::take(&mut self.len);
        // SAFETY: By the type invariants these many handles were written, are the pool's and were not
        // freed yet; nobody can free them again. The pool is valid by its invariant.
        unsafe {
            bindings::zs_free_bulk(
                self.zs.pool.as_ptr(),
                self.handles.as_mut_ptr().cast(),
                nr as u32,
            )
        };
    }
}

impl Drop for FreeBatch<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.len > 0 {
            self.flush();
        }
    }
}

impl Drop for ZsPool {
    /// May sleep.
    fn drop(&mut self) {
        // A page whose objects were all freed is there for a little longer while it is migrated.
        for _ in 0..100 {
            if self.total_pages() == 0 {
                // SAFETY: The pool is valid by the type invariant, and nobody uses it after this: it has
                // no objects.
                unsafe { bindings::zs_destroy_pool(self.pool.as_ptr()) };
                // The number is free again.
                drop(PoolId(self.id.0));
                return;
            }
            fsleep(Delta::from_millis(10));
        }
        // INVARIANT: An `Object` or a descriptor may still name it, so it stays, and so does its number.
        pr_err!("a pool is not freed, as it has objects\n");
    }
}
