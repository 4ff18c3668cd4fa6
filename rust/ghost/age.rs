// SPDX-License-Identifier: GPL-2.0

//! In which order pages leave the pools for another device: that in which they came, with a second
//! chance.
//!
//! A hand goes around over the clusters, as that of a clock: see `clock.rs`. A page is new when it is
//! stored or loaded, and no longer so once the hand has passed; what the hand finds to be old goes. So a page that was loaded, and keeps its slot among
//! older ones, is not written back with them. There is one order for all pools, as it is the order of
//! the slots.
//!
//! The age is the mark in the descriptor of an object. Pages without one take no memory, so the hand
//! passes over them.
//!
//! This file uses nothing but `core`; it is also built and tested on the host.

/// The age of a page that was just stored or loaded.
pub(crate) const NEW: u8 = 1;

/// The age of a page once the hand has passed, or `None` if it was old already.
pub(crate) fn passed(age: u8) -> Option<u8> {
    age.checked_sub(1)
}

/// Whether a page goes, by the age that the hand found.
pub(crate) fn goes(found: Option<u8>) -> bool {
    found == Some(0)
}
