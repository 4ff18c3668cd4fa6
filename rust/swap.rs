// SPDX-License-Identifier: GPL-2.0

//! Wrappers of the swap core's interface for a ghost swap device.
//!
//! A driver implements [`backend::SwapBackend`], in which nothing is unsafe, and is registered with
//! [`ops::Registration`].
//!
//! C header: `include/linux/vswap.h`

pub(crate) mod backend;
pub(crate) mod block;
pub(crate) mod cluster;
pub(crate) mod descriptor;
pub(crate) mod device;
pub(crate) mod ghost_on;
pub(crate) mod ops;
pub(crate) mod physical;
pub(crate) mod slots;
mod table;
pub(crate) mod writeback;
