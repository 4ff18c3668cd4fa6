// SPDX-License-Identifier: GPL-2.0

//! Shrinkers: what reclaim asks for memory.
//!
//! C header: `include/linux/shrinker.h`

use super::memcg::MemCgroup;
use crate::bindings::{self, safe};
use core::{marker::PhantomData, ptr::NonNull};
use kernel::{prelude::*, sync::Arc};

/// What reclaim wants.
///
/// # Invariants
///
/// `sc` points to a `struct shrink_control` that is valid for `'a` and only accessed by this.
pub(crate) struct ShrinkControl<'a> {
    sc: NonNull<bindings::shrink_control>,
    _sc: PhantomData<&'a mut ()>,
}

impl ShrinkControl<'_> {
    /// # Safety
    ///
    /// `sc` must be valid for `'a`, and nobody else may access it.
    unsafe fn from_raw(sc: *mut bindings::shrink_control) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            // SAFETY: It is valid, so not null.
            sc: unsafe { NonNull::new_unchecked(sc) },
            _sc: PhantomData,
        }
    }

    /// Whether reclaim may start I/O.
    pub(crate) fn may_do_io(&self) -> bool {
        // SAFETY: It is valid by the type invariant.
        unsafe { bindings::vswap_shrink_may_do_io(self.sc.as_ptr()) }
    }

    /// Whose memory it is, and that of its children; `None` where it is anybody's.
    pub(crate) fn memcg(&self) -> Option<MemCgroup<'_>> {
        // SAFETY: `sc` is valid by the type invariant, and reclaim has a reference to its memcg.
        unsafe { MemCgroup::from_raw(self.sc.as_ref().memcg) }
    }

    /// How many objects to scan.
    pub(crate) fn nr_to_scan(&self) -> usize {
        // SAFETY: `sc` is valid by the type invariant.
        unsafe { self.sc.as_ref() }.nr_to_scan
    }
}

/// What a scan did.
pub(crate) struct Scanned {
    /// How many objects it looked at. Reclaim gives up for now if none.
    pub(crate) looked: usize,
    /// How many it freed.
    pub(crate) freed: usize,
}

/// Something that can give memory back.
pub(crate) trait Shrinker: Send + Sync + 'static {
    /// Its name, in debugfs.
    const NAME: &'static CStr;
    /// How many objects a scan is for, at most.
    const BATCH: usize;
    /// What it takes to have an object again, where 2 is a seek of a disk.
    const SEEKS: u32;

    /// How many objects could be freed, about. May sleep.
    fn count(&self, sc: &ShrinkControl<'_>) -> usize;

    /// Frees objects. May sleep.
    fn scan(&self, sc: &ShrinkControl<'_>) -> Scanned;
}

/// A shrinker that reclaim asks, of cgroups too, until this is dropped.
///
/// # Invariants
///
/// `shrinker` is registered, and its `private_data` points to what `_data` has.
pub(crate) struct ShrinkerRegistration<T: Shrinker> {
    shrinker: NonNull<bindings::shrinker>,
    _data: Arc<T>,
}

// SAFETY: What the shrinker shares is `T`, which is `Sync`, and dropping this may be done anywhere.
unsafe impl<T: Shrinker> Send for ShrinkerRegistration<T> {}
// SAFETY: As above; methods only read a pointer.
unsafe impl<T: Shrinker> Sync for ShrinkerRegistration<T> {}

impl<T: Shrinker> ShrinkerRegistration<T> {
    /// Registers a shrinker. May sleep.
    pub(crate) fn new(data: Arc<T>) -> Result<Self> {
        // SAFETY: The name is a string.
        let shrinker = unsafe { bindings::vswap_shrinker_alloc(T::NAME.as_char_ptr()) };
        let shrinker = NonNull::new(shrinker).ok_or(ENOMEM)?;
        // SAFETY: It was just allocated, and nobody else has it.
        let fields = unsafe { &mut *shrinker.as_ptr() };
        fields.count_objects = Some(count::<T>);
        fields.scan_objects = Some(scan::<T>);
        fields.batch = T::BATCH as c_long;
        fields.seeks = T::SEEKS as c_int;
        fields.private_data = Arc::as_ptr(&data).cast_mut().cast();
        // SAFETY: It was allocated, and is registered once.
        unsafe { bindings::shrinker_register(shrinker.as_ptr()) };
        // INVARIANT: It was just registered, with the data of the `Arc`.
        Ok(Self {
            shrinker,
            _data: data,
        })
    }

    /// The shrinker.
    pub(crate) fn as_ptr(&self) -> *mut bindings::shrinker {
        self.shrinker.as_ptr()
    }
}

impl<T: Shrinker> Drop for ShrinkerRegistration<T> {
    fn drop(&mut self) {
        // SAFETY: It is registered by the type invariant. This waits for the callbacks.
        unsafe { bindings::shrinker_free(self.shrinker.as_ptr()) };
    }
}

/// # Safety
///
/// For reclaim, as the callback of a shrinker of [`ShrinkerRegistration<T>`].
unsafe extern "C" fn count<T: Shrinker>(
    shrinker: *mut bindings::shrinker,
    sc: *mut bindings::shrink_control,
) -> c_ulong {
    // SAFETY: By the invariant of `ShrinkerRegistration`, which is not gone before this returns, the
    // shrinker is valid and has a `T`. Reclaim passes a control of its own.
    let (data, sc) = unsafe {
        let data = &*(*shrinker).private_data.cast::<T>();
        (data, ShrinkControl::from_raw(sc))
    };
    data.count(&sc)
}

/// # Safety
///
/// For reclaim, as the callback of a shrinker of [`ShrinkerRegistration<T>`].
unsafe extern "C" fn scan<T: Shrinker>(
    shrinker: *mut bindings::shrinker,
    sc: *mut bindings::shrink_control,
) -> c_ulong {
    // SAFETY: As in `count()`.
    let (data, mut sc) = unsafe {
        let data = &*(*shrinker).private_data.cast::<T>();
        (data, ShrinkControl::from_raw(sc))
    };
    let scanned = data.scan(&sc);
    if scanned.looked == 0 {
        return bindings::SHRINK_STOP as c_ulong;
    }
    // SAFETY: It is valid by the type invariant.
    let control = unsafe { sc.sc.as_mut() };
    control.nr_scanned = scanned.looked.max(control.nr_to_scan);
    scanned.freed
}

/// Whether this is kswapd.
pub(crate) fn current_is_kswapd() -> bool {
    safe::vswap_current_is_kswapd()
}
