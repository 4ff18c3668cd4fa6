// SPDX-License-Identifier: GPL-2.0

//! The module's work items: a delayed one, one with a queue of its own that makes progress when
//! memory is short, and two that are neither.
//!
//! C header: `include/linux/workqueue.h`

use super::driver::Driver;
use crate::bindings::{
    self,
    safe, //
};
use kernel::{
    error::to_result,
    prelude::*, //
};

/// A driver with work to do. They run in process context and may sleep.
pub(crate) trait Work: Driver {
    /// Frees pools that are not used any more; returns in how many seconds to run again, or 0.
    fn retire_pools(&self) -> u32;
    /// Makes the pool that old pages are packed into.
    fn make_tight_pool(&self);
    /// Writes pages back until there is room.
    fn make_room(&self);
    /// Makes and removes directories in sysfs.
    fn update_directories(&self);
}

/// Does what a work item is for; returns in how many seconds to run it again, or 0.
///
/// # Safety
///
/// To be called by the work items of `helpers/work.c`, which `vswap_work_cancel()` waits for.
pub(super) unsafe extern "C" fn run<T: Work>(work: c_uint) -> c_uint {
    // SAFETY: `Published` cancels the work items before it is gone, which waits for this.
    let Some(driver) = (unsafe { T::instance().as_ptr().as_ref() }) else {
        return 0;
    };
    match work {
        bindings::vswap_work_VSWAP_WORK_RETIRE => return driver.retire_pools(),
        bindings::vswap_work_VSWAP_WORK_WRITE_BACK => driver.make_room(),
        bindings::vswap_work_VSWAP_WORK_TIGHT_POOL => driver.make_tight_pool(),
        bindings::vswap_work_VSWAP_WORK_SYSFS => driver.update_directories(),
        _ => (),
    }
    0
}

/// Has the work items run.
///
/// # Invariants
///
/// The queue for [`Work::make_room`] exists. There is one of these at a time.
pub(crate) struct WorkItems(());

impl WorkItems {
    /// May sleep.
    ///
    /// `ENOMEM`, or `EBUSY` where there is one already.
    pub(crate) fn new() -> Result<Self> {
        to_result(safe::vswap_work_init())?;
        // INVARIANT: The queue was just made.
        Ok(Self(()))
    }

    /// Runs [`Work::retire_pools`] a while from now. May be called anywhere.
    pub(crate) fn retire_later(&self) {
        self.queue(bindings::vswap_work_VSWAP_WORK_RETIRE);
    }

    /// Runs [`Work::make_room`] soon. May be called anywhere.
    pub(crate) fn write_back_soon(&self) {
        self.queue(bindings::vswap_work_VSWAP_WORK_WRITE_BACK);
    }

    /// Runs [`Work::make_tight_pool`] soon. May be called anywhere.
    pub(crate) fn make_tight_pool_soon(&self) {
        self.queue(bindings::vswap_work_VSWAP_WORK_TIGHT_POOL);
    }

    /// Runs [`Work::update_directories`] soon. May be called anywhere.
    pub(crate) fn update_directories_soon(&self) {
        self.queue(bindings::vswap_work_VSWAP_WORK_SYSFS);
    }

    fn queue(&self, work: bindings::vswap_work) {
        // SAFETY: The queue exists by the type invariant, and dropping this cancels the work item, so
        // that it does not run in a module that is gone.
        unsafe { bindings::vswap_work_queue(work) };
    }
}

impl Drop for WorkItems {
    fn drop(&mut self) {
        // SAFETY: The queue exists by the type invariant, and nobody uses it after this.
        unsafe { bindings::vswap_work_exit() };
    }
}
