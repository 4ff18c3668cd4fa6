// SPDX-License-Identifier: GPL-2.0

//! The driver that callbacks from C are for: they have no argument that would tell.

use crate::bindings::safe;
use core::ptr;
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            ordering::{
                Acquire,
                Full,
                Release, //
            },
            Atomic, //
        },
        Arc, //
    }, //
};

/// Where a driver is found, in a static of the driver's.
///
/// # Invariants
///
/// The pointer is null, or that of the `Arc` in a [`Published`] that lives.
pub(crate) struct Instance<T>(Atomic<*mut T>);

impl<T> Instance<T> {
    /// With no driver.
    pub(crate) const fn new() -> Self {
        // INVARIANT: It is null.
        Self(Atomic::new(ptr::null_mut()))
    }

    /// The driver, or null if none is published.
    ///
    /// It is valid until the [`Published`] is gone, which waits for callbacks of parameters, files, work
    /// items, the idle thread and the OOM killer when it is dropped.
    #[inline]
    pub(crate) fn as_ptr(&self) -> *const T {
        self.0.load(Acquire)
    }
}

/// A driver that is one of a kind, and says where it is found.
pub(crate) trait Driver: Send + Sync + Sized + 'static {
    /// The same static for every call.
    fn instance() -> &'static Instance<Self>;
}

/// Callbacks from C find the driver as long as this lives.
pub(crate) struct Published<T: Driver> {
    instance: &'static Instance<T>,
    _driver: Arc<T>,
}

impl<T: Driver> Published<T> {
    /// Publishes the driver.
    ///
    /// `EBUSY`: there is one already.
    pub(crate) fn new(driver: Arc<T>) -> Result<Self> {
        let instance = T::instance();
        let pointer = Arc::as_ptr(&driver).cast_mut();
        // INVARIANT: The `Arc` is in the `Published` that is returned, which takes the pointer away
        // before it drops it.
        match instance.0.cmpxchg(ptr::null_mut(), pointer, Full) {
            Ok(_) => Ok(Self {
                instance,
                _driver: driver,
            }),
            Err(_) => Err(EBUSY),
        }
    }
}

impl<T: Driver> Drop for Published<T> {
    fn drop(&mut self) {
        // First, so that the files show something to the end.
        safe::vswap_debugfs_remove();
        safe::vswap_sysfs_remove();
        // INVARIANT: It is null.
        self.instance.0.store(ptr::null_mut(), Release);
        safe::vswap_oom_stop();
        safe::vswap_idle_stop();
        // Who has found it is waited for. A parameter may queue work, so that comes last.
        safe::vswap_params_wait();
        safe::vswap_work_cancel();
    }
}
