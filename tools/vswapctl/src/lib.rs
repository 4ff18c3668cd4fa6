// SPDX-License-Identifier: GPL-2.0
//! The tool for vswap, virtual swap for Linux.
//!
//! From the bottom up: [`error`], [`root`] (the tree of files that all is read from), [`units`],
//! [`kernel`] (the kernel's files and what they say), [`snapshot`] (all of it at one time),
//! [`rates`], and one module for each command: [`status`], [`top`], [`check`], [`migrate`]. [`cli`]
//! has the command line.

pub mod check;
pub mod cli;
pub mod error;
pub mod kernel;
pub mod migrate;
pub mod rates;
pub mod root;
pub mod snapshot;
pub mod status;
pub mod top;
pub mod units;

/// Bytes in a page: the module is for kernels with pages of this size only.
pub const PAGE: u64 = 4096;
/// The ghost's device.
pub const GHOST: &str = "/dev/ghostswap";
