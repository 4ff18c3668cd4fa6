// SPDX-License-Identifier: GPL-2.0

//! How much goes into the kernel's log.

use crate::bindings;

/// Whether another message about a lost page would not be too many. May be called anywhere.
pub(crate) fn may_log() -> bool {
    // SAFETY: May be called at any time.
    unsafe { bindings::vswap_may_log() }
}
