// SPDX-License-Identifier: GPL-2.0

//! What `helpers/` calls: a table that the driver defines as the static `vswap_callbacks`.

use super::{
    debugfs::{self, Files},
    params::{self, Parameters},
    work::{self, Work},
};
use crate::bindings;

/// The type of that static.
pub(crate) type Callbacks = bindings::vswap_callbacks;

/// The table for a driver.
pub(crate) const fn table<T: Parameters + Files + Work>() -> Callbacks {
    Callbacks {
        param_set: Some(params::set::<T>),
        param_get: Some(params::get::<T>),
        show: Some(debugfs::show::<T>),
        work: Some(work::run::<T>),
    }
}
