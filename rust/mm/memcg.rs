// SPDX-License-Identifier: GPL-2.0

//! Memory cgroups.
//!
//! C header: `include/linux/memcontrol.h`

use crate::bindings::{
    self,
    safe, //
};
use kernel::types::Opaque;

/// A memory cgroup other than the root.
///
/// # Invariants
///
/// It is valid for `'a`.
#[derive(Clone, Copy)]
pub(crate) struct MemCgroup<'a>(&'a Opaque<bindings::mem_cgroup>);

impl<'a> MemCgroup<'a> {
    /// Wraps a cgroup; `None` for the root, or null.
    ///
    /// # Safety
    ///
    /// `memcg` must be null or valid for `'a`.
    pub(super) unsafe fn from_raw(memcg: *mut bindings::mem_cgroup) -> Option<Self> {
        // SAFETY: The caller promises that it is null or valid. `Opaque` has its layout.
        let memcg: &'a Opaque<_> = unsafe { memcg.cast::<Opaque<_>>().as_ref() }?;
        // INVARIANT: The caller promises it.
        (!safe::vswap_mem_cgroup_is_root(memcg)).then_some(Self(memcg))
    }

    /// The cgroup, for C functions.
    pub(crate) fn as_opaque(&self) -> &'a Opaque<bindings::mem_cgroup> {
        self.0
    }
}
