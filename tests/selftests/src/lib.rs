// SPDX-License-Identifier: GPL-2.0
//! What the selftests, the demonstration and the measuring tool share.
//!
//! From the bottom up: [`outcome`] (how a test ends), [`sys`] (system calls),
//! [`kernel`] (the kernel's files), [`data`] and [`corpus`] (pages whose contents
//! are known), [`mapping`] (memory), [`pagemap`] and [`uffd`] (what programs learn
//! about it), [`worker`] (processes), [`threads`], [`cgroup`], [`disk`] (below the
//! ghost, also one that fails), [`ghost`] (the module and its device), [`pools`],
//! [`sysfs`] (its statistics), [`log`] (the kernel's), [`inject`] (allocations that fail),
//! [`vswapctl`] (the tool), [`shortage`] (of memory), [`harness`] (running tests, TAP)
//! and the [`tests`].

#[macro_use]
pub mod outcome;
pub mod cgroup;
pub mod corpus;
pub mod data;
pub mod disk;
pub mod ghost;
pub mod harness;
pub mod inject;
pub mod kernel;
pub mod log;
pub mod mapping;
pub mod old_pages;
pub mod pagemap;
pub mod pools;
pub mod shortage;
pub mod sys;
pub mod sysfs;
pub mod tests;
pub mod threads;
pub mod uffd;
pub mod vswapctl;
pub mod worker;

/// Bytes in a page.
pub const PAGE: usize = 4096;
