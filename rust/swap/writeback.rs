// SPDX-License-Identifier: GPL-2.0

//! Writeback of pages to the devices below the ghost: what the swap core offers for it.

use crate::bindings::safe;

/// Whether there are physical slots that pages could go to.
pub(crate) fn has_room() -> bool {
    safe::vswap_may_write_back()
}

/// Has the oldest pages written to other devices, about `nr` of them; returns how many.
///
/// Process context; may sleep.
pub(crate) fn write_back(nr: usize) -> usize {
    safe::vswap_write_back(nr)
}
