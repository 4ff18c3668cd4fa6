// SPDX-License-Identifier: GPL-2.0

//! In which order pages leave the pools for another device: that in which they came, with a second
//! chance.
//!
//! A hand goes around over the clusters, as that of a clock: see `clock.rs`. A page is new when it is
//! stored or loaded, and no longer so once a hand has passed; what a hand finds to be old goes. So each
//! page is spared once, used or not, and one that was loaded, and keeps its slot among older ones, is
//! not written back with them. There is one order for all pools, as it is the order of the slots.
//!
//! The age is the mark in the descriptor of an object, which has two bits for it. `Slots::put()` sets
//! it when a page is stored, to `Value::MARK`, and `Ghost::load_folio()` sets it again; hands lower it.
//! Pages without an object have no age and stay: they take no memory.
//!
//! This file uses nothing but `core`; it is also built and tested on the host.

/// The age of a page that was just stored or loaded: how often it is spared. `Limits::to_make_room()`
/// goes around once more than that.
pub(crate) const NEW: u8 = 1;

/// The age of a page once a hand has passed, or `None` if that changes nothing: it was old already.
pub(crate) fn passed(age: u8) -> Option<u8> {
    age.checked_sub(1)
}

/// Whether a page goes, by the age that the hand found; `None` where the slot has no object.
pub(crate) fn goes(found: Option<u8>) -> bool {
    found == Some(0)
}
