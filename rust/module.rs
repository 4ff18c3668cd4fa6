// SPDX-License-Identifier: GPL-2.0

//! Wrappers of what the kernel does for a module: parameters, files in debugfs and sysfs,
//! work items, the log.
//!
//! None of their callbacks from C has an argument for the driver's state: [`driver`] keeps it.

pub(crate) mod callbacks;
pub(crate) mod debugfs;
pub(crate) mod driver;
pub(crate) mod idle;
pub(crate) mod log;
pub(crate) mod number;
pub(crate) mod oom;
pub(crate) mod params;
pub(crate) mod sysfs;
pub(crate) mod work;
