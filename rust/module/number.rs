// SPDX-License-Identifier: GPL-2.0

//! Numbers of a driver that files show.

use kernel::str::CStr;

/// A number that a file shows, in debugfs, in sysfs or in both.
pub(crate) struct Number<T> {
    /// The file's name.
    pub(crate) name: &'static CStr,
    /// What it shows. May sleep.
    pub(crate) value: fn(&T) -> i64,
}
