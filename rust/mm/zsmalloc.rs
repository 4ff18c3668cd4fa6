// SPDX-License-Identifier: GPL-2.0

//! Memory for compressed pages.
//!
//! C header: `include/linux/zsmalloc.h`

use crate::{
    age, bindings,
    descriptor::{Location, MAX_POOLS, PAGE_LEN},
};
use core::{
    mem::{self, MaybeUninit},
    ptr::{self, NonNull},
    slice,
};
use kernel::{
    page::PAGE_SIZE,
    prelude::*,
    sync::atomic::{
        ordering::{Full, Relaxed},
        Atomic,
    },
};

// A descriptor has no room for longer objects.
const _: () = assert!(PAGE_SIZE == PAGE_LEN);

/// An object in a [`ZsPool`].
///
/// There is no destructor, as freeing it needs the pool: see [`ZsPool::free`].
///
/// # Invariants
///
/// `handle` was returned by `zs_malloc()` of the pool with the number `pool`, for `len` bytes which
/// have all been written, and was not freed yet.
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
#[repr(transparent)]
pub(crate) struct ObjectBytes([u8]);

impl ObjectBytes {
    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The address below which there are no handles, all of which are addresses in the direct map.
#[derive(Clone, Copy)]
pub(crate) struct HandleBase(usize);

impl HandleBase {
    /// It is the same as long as the kernel runs.
    #[inline]
    pub(crate) fn get() -> Self {
        // SAFETY: May be called at any time.
        Self(unsafe { bindings::vswap_direct_map_base() })
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

    /// What a descriptor needs to know of the object, which it is to own.
    #[inline]
    pub(crate) fn into_location(self, base: HandleBase) -> Location {
        Location {
            handle: (self.handle.wrapping_sub(base.0) / 8) as u64,
            len: self.len,
            pool: self.pool,
            age: age::NEW,
        }
    }

    /// The object of a descriptor.
    ///
    /// # Safety
    ///
    /// `at` must come from [`Object::into_location`], with the object not freed since, and there may
    /// be no second `Object` of it that is freed.
    #[inline]
    pub(crate) unsafe fn from_location(at: Location, base: HandleBase) -> Self {
        // INVARIANT: It is the object that was made into `at`.
        Self {
            handle: (at.handle as usize * 8).wrapping_add(base.0),
            len: at.len,
            pool: at.pool,
        }
    }
}

/// The number of a pool. No two exist with the same.
struct PoolId(usize);

/// A bit for each number that is taken.
static POOL_IDS: Atomic<u32> = Atomic::new(0);

impl PoolId {
    /// A number that is free, or `EBUSY`.
    fn new() -> Result<Self> {
        loop {
            let taken = POOL_IDS.load(Relaxed);
            let id = taken.trailing_ones();
            if id as usize >= MAX_POOLS {
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
/// `pool` is a valid zsmalloc pool.
pub(crate) struct ZsPool {
    pool: NonNull<bindings::zs_pool>,
    id: PoolId,
    whole_page_len: usize,
}

// SAFETY: zsmalloc pools are not tied to a thread, and do their own locking.
unsafe impl Send for ZsPool {}
// SAFETY: As above.
unsafe impl Sync for ZsPool {}

impl ZsPool {
    /// Makes a pool. May sleep.
    ///
    /// `EBUSY`: as many live as a descriptor can name.
    pub(crate) fn new(name: &CStr) -> Result<Self> {
        let id = PoolId::new()?;
        // SAFETY: `name` is a valid string.
        let pool = NonNull::new(unsafe { bindings::zs_create_pool(name.as_char_ptr()) });
        let pool = pool.ok_or(ENOMEM)?;
        // SAFETY: The pool was just made.
        let whole_page_len = unsafe { bindings::zs_huge_class_size(pool.as_ptr()) };
        // INVARIANT: The pool was just made.
        Ok(Self {
            pool,
            id,
            whole_page_len,
        })
    }

    /// The number by which descriptors name the pool, below [`MAX_POOLS`].
    pub(crate) fn id(&self) -> usize {
        self.id.0
    }

    /// From this length on an object takes a page of memory, however long it is.
    pub(crate) fn whole_page_len(&self) -> usize {
        self.whole_page_len
    }

    /// Stores a copy of `data`, at most a page. Does not enter reclaim.
    ///
    /// `ENOMEM`: there is no memory left for it.
    pub(crate) fn store(&self, data: &[u8], nid: i32) -> Result<Object> {
        if data.is_empty() || data.len() > PAGE_SIZE {
            return Err(EINVAL);
        }
        // SAFETY: The pool is valid by the type invariant.
        let handle = unsafe { bindings::vswap_zs_malloc(self.pool.as_ptr(), data.len(), nid) };
        // What is no handle is an errno.
        if handle > usize::MAX - kernel::bindings::MAX_ERRNO as usize {
            return Err(Error::from_errno(handle as isize as i32));
        }
        // SAFETY: The handle is for an object of this pool with `data.len()` bytes, and the C
        // function only reads from `data`.
        unsafe {
            bindings::zs_obj_write(
                self.pool.as_ptr(),
                handle,
                data.as_ptr().cast_mut().cast(),
                data.len(),
            )
        };
        // INVARIANT: It was allocated and written just now.
        Ok(Object {
            handle,
            len: data.len(),
            pool: self.id.0,
        })
    }

    /// Calls `f` with the bytes of an object. `scratch`, at least as long, is used for a copy where
    /// the object crosses a page. The object cannot be moved meanwhile; `f` may sleep.
    pub(crate) fn read<R>(
        &self,
        object: &Object,
        scratch: &mut KVec<u8>,
        f: impl FnOnce(&ObjectBytes) -> R,
    ) -> Result<R> {
        if object.pool != self.id.0 || scratch.len() < object.len {
            return Err(EINVAL);
        }
        // SAFETY: The handle is one of this pool's by the invariant of `Object`, and the scratch
        // buffer has room for the object.
        let data = unsafe {
            bindings::zs_obj_read_begin(
                self.pool.as_ptr(),
                object.handle,
                object.len,
                scratch.as_mut_ptr().cast(),
            )
        };
        // SAFETY: `data` has `object.len` bytes, in the pool or in `scratch`, until
        // `zs_obj_read_end()`; nobody writes to an object once it is made, and `scratch` is borrowed.
        let data_bytes: &[u8] = unsafe { slice::from_raw_parts(data.cast(), object.len) };
        // SAFETY: `ObjectBytes` has the layout of the slice.
        // INVARIANT: The pool's pages are in the direct map, as all of a 64-bit kernel are, and so is
        // what kmalloc() gave for `scratch`.
        let ret = f(unsafe { &*(ptr::from_ref(data_bytes) as *const ObjectBytes) });
        // SAFETY: The same arguments as at the beginning.
        unsafe { bindings::zs_obj_read_end(self.pool.as_ptr(), object.handle, object.len, data) };
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
    pub(crate) fn freeing(&self) -> Freeing<'_> {
        // INVARIANT: There are none.
        Freeing {
            zs: self,
            handles: [const { MaybeUninit::uninit() }; FREEING],
            len: 0,
        }
    }

    /// How many pages of memory the pool takes.
    pub(crate) fn total_pages(&self) -> usize {
        // SAFETY: The pool is valid by the type invariant.
        unsafe { bindings::zs_get_total_pages(self.pool.as_ptr()) }
    }
}

/// How many objects are freed at a time.
const FREEING: usize = 32;

/// Objects of a pool that are freed together, when there are enough of them or this is dropped. That
/// costs less than one by one, and does not sleep.
///
/// # Invariants
///
/// The first `len` handles are those of objects of the pool which belong to this.
pub(crate) struct Freeing<'a> {
    zs: &'a ZsPool,
    handles: [MaybeUninit<usize>; FREEING],
    len: usize,
}

impl Freeing<'_> {
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
        if self.len == FREEING {
            self.flush();
        }
        if let Some(handle) = self.handles.get_mut(self.len) {
            handle.write(object.handle);
            // INVARIANT: The object is of this pool, was passed by value and is forgotten.
            self.len += 1;
        }
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

impl Drop for Freeing<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.len > 0 {
            self.flush();
        }
    }
}

impl Drop for ZsPool {
    fn drop(&mut self) {
        // SAFETY: The pool is valid by the type invariant, and nobody uses it after this.
        unsafe { bindings::zs_destroy_pool(self.pool.as_ptr()) };
    }
}
