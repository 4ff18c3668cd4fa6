// SPDX-License-Identifier: GPL-2.0

//! That the ghost stays on while something is done with it.

use crate::bindings;
use core::{
    marker::PhantomData,
    ptr, //
};
use kernel::prelude::*;

/// That the ghost stays on, and one may sleep.
///
/// # Invariants
///
/// It is so for `'a`.
pub(crate) struct GhostOn<'a>(PhantomData<&'a mut ()>);

impl GhostOn<'_> {
    /// Says that it is so.
    ///
    /// # Safety
    ///
    /// It has to be, for the lifetime of what is returned.
    pub(super) unsafe fn new() -> Self {
        // INVARIANT: The caller promises it.
        Self(PhantomData)
    }
}

/// How much memory may be used for what is to make some.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// As usual.
    Idle,
    /// All there is: it has run out. Nobody may wait for reclaim.
    OutOfMemory,
}

/// Calls `f` if the ghost is on. Process context; may sleep.
pub(crate) fn while_on<F: FnOnce(GhostOn<'_>)>(urgency: Urgency, f: F) {
    /// # Safety
    ///
    /// The ghost must stay on, and `data` must point to an `Option<F>` that nobody else accesses, until this
    /// returns.
    unsafe extern "C" fn call<F: FnOnce(GhostOn<'_>)>(data: *mut c_void) {
        // SAFETY: The caller promises all of this.
        let (f, on) = unsafe { ((*data.cast::<Option<F>>()).take(), GhostOn::new()) };
        if let Some(f) = f {
            f(on);
        }
    }

    let mut f = Some(f);
    // SAFETY: `call()` gets what it asks for: `data`, and a ghost that the core keeps on.
    unsafe {
        bindings::vswap_while_on(
            Some(call::<F>),
            ptr::from_mut(&mut f).cast(),
            urgency == Urgency::OutOfMemory,
        )
    };
}
