// SPDX-License-Identifier: GPL-2.0

//! In which order pages leave the pools for another device: that in which they came, with a second
//! chance.
//!
//! The core goes through the clusters in the order in which they filled up, around and around, as the
//! hand of a clock. A page is new when it is stored or loaded, and no longer so once the hand has
//! passed; what the hand finds to be old goes. So a page that was used, and is back in its old place
//! among older ones, is not taken for one of them. It is one order for all pools: it is the slots
//! that are in order, whichever pool has their pages.
//!
//! The age is the mark in the descriptor of an object. Pages without one take no memory, so the hand
//! passes over them.
//!
//! This file uses nothing but `core`; it is also built and tested on the host.

/// The age of a page that was just stored or loaded.
pub(crate) const NEW: u8 = 1;

/// The age of a page when the hand has passed. `None` if it is old.
pub(crate) fn passed(age: u8) -> Option<u8> {
    age.checked_sub(1)
}

/// Whether a page with the age that the hand found goes.
pub(crate) fn goes(found: Option<u8>) -> bool {
    found == Some(0)
}
