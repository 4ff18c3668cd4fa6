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
//! This file uses nothing but `core`; it is also built and tested on the host.

use crate::descriptor::{Descriptor, Location};

/// The age of a page that was just stored.
pub(crate) const NEW: u8 = 1;

/// What the hand does to a page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing: it takes no memory.
    Pass,
    /// It stays for this time, with this descriptor.
    Spare(Descriptor),
    /// It goes.
    Take,
}

/// The descriptor of a page that was used just now, if it is to be another one.
#[inline]
pub(crate) fn renew(desc: Descriptor) -> Option<Descriptor> {
    match desc {
        Descriptor::Compressed(at) if at.age != NEW => {
            Some(Descriptor::Compressed(Location { age: NEW, ..at }))
        }
        _ => None,
    }
}

/// What the hand does when it comes to this page.
pub(crate) fn visit(desc: Descriptor) -> Verdict {
    match desc {
        Descriptor::Compressed(Location { age: 0, .. }) => Verdict::Take,
        Descriptor::Compressed(at) => Verdict::Spare(Descriptor::Compressed(Location {
            age: at.age - 1,
            ..at
        })),
        Descriptor::Empty
        | Descriptor::SameFilled(_)
        | Descriptor::Physical(_)
        | Descriptor::Lost => Verdict::Pass,
    }
}
