// SPDX-License-Identifier: GPL-2.0

//! What can hold a page.

pub(crate) mod codec;
pub(crate) mod compressed;
mod lz4;
pub(crate) mod same_filled;
mod sample;
