// SPDX-License-Identifier: GPL-2.0

//! Memory has run out, and somebody is about to be killed: the last chance to give some back.
//!
//! C header: `include/linux/oom.h`

use super::driver::{
    Driver,
    Published, //
};
use crate::bindings::safe;
use kernel::{
    error::to_result,
    prelude::*,
    time::{
        delay::fsleep,
        Delta,
        Instant,
        Monotonic, //
    }, //
};

/// A driver that can give memory back.
pub(crate) trait OutOfMemory: Driver {
    /// Returns how many pages were freed: if there are any, nobody is killed now, and whoever needs memory
    /// tries once more.
    ///
    /// `oom_lock` is held, and whatever else may be held where memory is allocated. May sleep, may not enter
    /// reclaim.
    fn make_memory(&self, deadline: &Deadline) -> usize;
}

/// Until when memory may be made: others wait.
pub(crate) struct Deadline(Instant<Monotonic>);

impl Deadline {
    const MAX: Delta = Delta::from_secs(1);

    /// Whether there was a second for it, or the task is to end.
    pub(crate) fn is_over(&self) -> bool {
        self.0.elapsed() >= Self::MAX || safe::vswap_current_is_dying()
    }

    /// Asks `f` until it has something, or the time is over. Sleeps in between.
    pub(crate) fn wait_for<T>(&self, mut f: impl FnMut() -> Option<T>) -> Option<T> {
        loop {
            let found = f();
            if found.is_some() || self.is_over() {
                return found;
            }
            fsleep(Delta::from_millis(1));
        }
    }
}

/// Has a driver asked until it is published no more.
pub(crate) fn start<T: OutOfMemory>(_driver: &Published<T>) -> Result {
    to_result(safe::vswap_oom_start())
}

/// Asks the driver.
///
/// # Safety
///
/// To be called by the notifier of `helpers/oom.c`, which `vswap_oom_stop()` waits for.
pub(super) unsafe extern "C" fn make_memory<T: OutOfMemory>() -> c_ulong {
    // SAFETY: `Published` stops the notifier before it is gone, which waits for this.
    let driver = unsafe { T::instance().as_ptr().as_ref() };
    driver.map_or(0, |driver| driver.make_memory(&Deadline(Instant::now())))
}
