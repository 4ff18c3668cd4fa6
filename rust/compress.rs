// SPDX-License-Identifier: GPL-2.0

//! How a page is made smaller, and how to tell that it cannot be.

pub(crate) mod codec;
mod lz4;
pub(crate) mod sample;
