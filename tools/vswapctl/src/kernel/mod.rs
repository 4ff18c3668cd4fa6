// SPDX-License-Identifier: GPL-2.0
//! The kernel's files, one kind a module, and what they say. What is missing is `None` or empty: an
//! older module has fewer files, and a kernel without the patches none.

pub mod cgroups;
pub mod fields;
pub mod ghost;
pub mod parameters;
pub mod pressure;
pub mod swaps;
