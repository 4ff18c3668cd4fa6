// SPDX-License-Identifier: GPL-2.0

//! Memory cgroups.
//!
//! C header: `include/linux/memcontrol.h`

use crate::bindings;
use core::{marker::PhantomData, ptr::NonNull};

/// A memory cgroup other than the root.
///
/// # Invariants
///
/// It stays valid for `'a`.
#[derive(Clone, Copy)]
pub(crate) struct MemCgroup<'a>(NonNull<bindings::mem_cgroup>, PhantomData<&'a ()>);

impl MemCgroup<'_> {
    /// Wraps a cgroup; `None` for the root, or null.
    ///
    /// # Safety
    ///
    /// `memcg` must be null or valid for `'a`.
    pub(super) unsafe fn from_raw(memcg: *mut bindings::mem_cgroup) -> Option<Self> {
        let memcg = NonNull::new(memcg)?;
        // SAFETY: The caller promises that it is valid.
        match unsafe { bindings::vswap_mem_cgroup_is_root(memcg.as_ptr()) } {
            true => None,
            // INVARIANT: The caller promises it.
            false => Some(Self(memcg, PhantomData)),
        }
    }

    /// The cgroup.
    pub(crate) fn as_ptr(&self) -> *mut bindings::mem_cgroup {
        self.0.as_ptr()
    }
}
