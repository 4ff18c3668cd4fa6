// SPDX-License-Identifier: GPL-2.0

//! How much goes into the kernel's log.

use crate::bindings::safe;

/// Whether the rate limit lets another message about lost pages through. May be called anywhere.
pub(crate) fn may_log() -> bool {
    safe::vswap_may_log()
}
