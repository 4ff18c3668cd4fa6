// SPDX-License-Identifier: GPL-2.0

//! In which order pages leave the pools for another device: that in which they came, with a second
//! chance.
//!
//! A hand goes around over the clusters, as that of a clock: see `clock.rs`. A page is new when it is
//! stored or loaded, and no longer so once a hand has passed; what a hand finds to be old goes. So each
//! page is spared once, used or not, and one that was loaded, and keeps its slot among older ones, is
//! not written back with them. There is one order for all pools, as it is the order of the slots.
//!
//! The age is in the mark of the descriptor of an object, which has two bits. `Slots::put()` sets it when a
//! page is stored, to `Value::MARK`, and `Ghost::load_folio()` sets it again; hands lower it. The other bit
//! says that the page is old and will not be packed any tighter: see `recompress.rs`. Both say that it is
//! being packed; that is left where it was being brought in meanwhile, and did not come. Pages without an
//! object have no age and stay: they take no memory.
//!
//! This file uses nothing but `core`; it is also built and tested on the host.

/// The mark of a page that was just stored or loaded. It is spared once: `Limits::to_make_room()` goes around
/// once more than that.
pub(crate) const NEW: u8 = 1;

/// The mark of an old page that is packed as tight as it gets.
pub(crate) const PACKED: u8 = 2;

/// The mark of an old page that is being packed. Whoever uses the page makes it [`NEW`].
pub(crate) const PACKING: u8 = NEW | PACKED;

/// The mark of an old page that was not packed.
pub(crate) const LOOSE: u8 = 0;

/// The mark of a page once a hand has passed, or `None` if that changes nothing: it was old already.
pub(crate) fn passed(mark: u8) -> Option<u8> {
    (mark == NEW).then_some(LOOSE)
}

/// Whether a page goes, by the mark that the hand found; `None` where the slot has no object. One that is
/// being packed may: who packs it finds another mark then, or nothing.
pub(crate) fn goes(found: Option<u8>) -> bool {
    found.is_some_and(|mark| mark != NEW)
}

/// Whether a page is old and could be packed tighter, by the mark that the hand found. Who packs pages has
/// ended with one before it looks for others, so [`PACKING`] is stale.
pub(crate) fn is_loose(found: Option<u8>) -> bool {
    matches!(found, Some(LOOSE | PACKING))
}
