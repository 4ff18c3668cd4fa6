// SPDX-License-Identifier: GPL-2.0

//! Shrinkers: what reclaim asks for memory.
//!
//! C header: `include/linux/shrinker.h`

use super::memcg::MemCgroup;
use crate::bindings::{
    self,
    safe, //
};
use core::ptr::NonNull;
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// What reclaim wants.
///
/// # Invariants
///
/// It is reclaim's, which has a reference to its memcg for `'a`, unless that is null.
pub(crate) struct ShrinkControl<'a>(&'a mut bindings::shrink_control);

impl ShrinkControl<'_> {
    /// Whether reclaim may start I/O.
    pub(crate) fn may_do_io(&self) -> bool {
        safe::vswap_shrink_may_do_io(self.0)
    }

    /// Whose memory it is, and that of its children; `None` where it is anybody's.
    pub(crate) fn memcg(&self) -> Option<MemCgroup<'_>> {
        // SAFETY: By the type invariant it is null, or reclaim has a reference to it.
        unsafe { MemCgroup::from_raw(self.0.memcg) }
    }

    /// How many objects to scan.
    pub(crate) fn nr_to_scan(&self) -> usize {
        self.0.nr_to_scan
    }
}

/// What most shrinkers say of [`Shrinker::SEEKS`].
pub(crate) const DEFAULT_SEEKS: u32 = bindings::DEFAULT_SEEKS;

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
        // SAFETY: The name is a string. The shrinker was just allocated, and nobody else has it before it
        // is registered, which is done once.
        let shrinker = unsafe {
            let mut shrinker = NonNull::new(bindings::vswap_shrinker_alloc(T::NAME.as_char_ptr()))
                .ok_or(ENOMEM)?;
            let fields = shrinker.as_mut();
            fields.count_objects = Some(count::<T>);
            fields.scan_objects = Some(scan::<T>);
            fields.batch = T::BATCH as c_long;
            fields.seeks = T::SEEKS as c_int;
            fields.private_data = Arc::as_ptr(&data).cast_mut().cast();
            bindings::shrinker_register(shrinker.as_ptr());
            shrinker
        };
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
/// `shrinker` must be that of a [`ShrinkerRegistration<T>`] which is not gone before this returns, and
/// `sc` reclaim's, for this call alone.
unsafe extern "C" fn count<T: Shrinker>(
    shrinker: *mut bindings::shrinker,
    sc: *mut bindings::shrink_control,
) -> c_ulong {
    // SAFETY: By the invariant of `ShrinkerRegistration` the shrinker has a `T`, which it shares. The
    // caller promises that nobody else uses `sc`.
    // INVARIANT: Reclaim has a reference to the memcg in its control.
    let (data, sc) = unsafe {
        let data = &*(*shrinker).private_data.cast::<T>();
        (data, ShrinkControl(&mut *sc))
    };
    data.count(&sc)
}

/// # Safety
///
/// As for [`count`].
unsafe extern "C" fn scan<T: Shrinker>(
    shrinker: *mut bindings::shrinker,
    sc: *mut bindings::shrink_control,
) -> c_ulong {
    // SAFETY: As in `count()`.
    // INVARIANT: As in `count()`.
    let (data, sc) = unsafe {
        let data = &*(*shrinker).private_data.cast::<T>();
        (data, ShrinkControl(&mut *sc))
    };
    let scanned = data.scan(&sc);
    if scanned.looked == 0 {
        return bindings::SHRINK_STOP as c_ulong;
    }
    sc.0.nr_scanned = scanned.looked.max(sc.0.nr_to_scan);
    scanned.freed
}

/// Whether this is kswapd.
pub(crate) fn current_is_kswapd() -> bool {
    safe::vswap_current_is_kswapd()
}
