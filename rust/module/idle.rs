// SPDX-License-Identifier: GPL-2.0

//! A thread of the kernel's for what can wait until nobody else wants a processor.
//!
//! It is in the class SCHED_IDLE, and so may not get a processor for long. What others may wait for, locks
//! above all, it takes in [`Idle::work`] only.
//!
//! C headers: `include/linux/kthread.h`, `include/linux/sched.h`

use super::driver::{
    Driver,
    Published, //
};
use crate::bindings::{
    self,
    safe, //
};
use kernel::{
    error::to_result,
    prelude::*,
    types::NotThreadSafe, //
};

/// A driver with work that can wait.
pub(crate) trait IdleWork: Driver {
    /// Does some of it; returns in how many milliseconds to call it again, or 0 for not until [`wake`]. May
    /// sleep.
    fn work_idly(&self, idle: &Idle) -> u32;
}

/// What the thread may do.
///
/// # Invariants
///
/// The running thread is that of `helpers/idle.c`, and in its callback.
pub(crate) struct Idle(NotThreadSafe);

impl Idle {
    /// Does a piece of the work, a millisecond or so, as a thread like others. Then waits until nobody else
    /// wants the processor.
    pub(crate) fn work<R>(&self, f: impl FnOnce() -> R) -> R {
        // SAFETY: By the type invariant this thread may be moved to another class, and back.
        unsafe { bindings::vswap_idle_begin() };
        let done = f();
        // SAFETY: As above. It holds nothing that it has taken, as `f` has returned.
        unsafe { bindings::vswap_idle_end() };
        done
    }

    /// Whether nobody waits for the thread to stop. Waits while tasks are frozen.
    pub(crate) fn may_go_on(&self) -> bool {
        // SAFETY: By the type invariant it can be asked to stop.
        unsafe { bindings::vswap_idle_may_go_on() }
    }
}

/// Has a driver called until it is published no more.
pub(crate) fn start<T: IdleWork>(_driver: &Published<T>) -> Result {
    to_result(safe::vswap_idle_start())
}

/// Has [`IdleWork::work_idly`] called soon. May be called anywhere.
pub(crate) fn wake() {
    safe::vswap_idle_wake();
}

/// In which share of the last ten seconds some task waited for a processor, in percent; 0 if that is not
/// known. May be called anywhere.
pub(crate) fn cpu_pressure() -> u32 {
    safe::vswap_cpu_pressure()
}

/// How long the thread had a processor, in microseconds.
pub(crate) fn cpu_usec() -> i64 {
    (safe::vswap_idle_cpu_ns() / 1000) as i64
}

/// Calls the driver.
///
/// # Safety
///
/// To be called by the thread of `helpers/idle.c`, which `vswap_idle_stop()` waits for.
pub(super) unsafe extern "C" fn work<T: IdleWork>() -> c_uint {
    // SAFETY: `Published` stops the thread before it is gone.
    let driver = unsafe { T::instance().as_ptr().as_ref() };
    // INVARIANT: The caller promises it.
    let idle = Idle(NotThreadSafe);
    driver.map_or(0, |driver| driver.work_idly(&idle))
}
