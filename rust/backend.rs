// SPDX-License-Identifier: GPL-2.0

//! What can hold a page.

pub(crate) mod compressed;
pub(crate) mod same_filled;
