// SPDX-License-Identifier: GPL-2.0

//! How much memory there is.

use crate::bindings::safe;

/// How many pages of RAM the kernel manages.
pub(crate) fn total_pages() -> usize {
    safe::vswap_totalram_pages()
}

/// How many of them are free, or on LRU lists from which they can be reclaimed: neither locked nor
/// huge pages, nor what the kernel uses for itself. Changes all the time.
pub(crate) fn usable_pages() -> usize {
    safe::vswap_usable_pages()
}
