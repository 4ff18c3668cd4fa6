// SPDX-License-Identifier: GPL-2.0

//! What `helpers/` calls: a table of functions for a driver.

use super::{
    debugfs::{
        self,
        Files, //
    },
    idle::{
        self,
        IdleWork, //
    },
    oom::{
        self,
        OutOfMemory, //
    },
    params::{
        self,
        Parameters, //
    },
    sysfs::{
        self,
        Directories, //
    },
    work::{
        self,
        Work, //
    }, //
};
use crate::bindings;

/// As `helpers/callbacks.h` declares it.
pub(crate) type Callbacks = bindings::vswap_callbacks;

/// The table for a driver.
pub(crate) const fn table<T>() -> Callbacks
where
    T: Parameters + Files + Directories + Work + OutOfMemory + IdleWork,
{
    Callbacks {
        param_set: Some(params::set::<T>),
        param_get: Some(params::get::<T>),
        show: Some(debugfs::show::<T>),
        sysfs_dir: Some(sysfs::directory::<T>),
        sysfs_file: Some(sysfs::file::<T>),
        sysfs_show: Some(sysfs::show::<T>),
        work: Some(work::run::<T>),
        make_memory: Some(oom::make_memory::<T>),
        work_idly: Some(idle::work::<T>),
    }
}

/// Defines the table of the module's driver, `vswap_callbacks`. To be used once.
macro_rules! define {
    ($driver:ty) => {
        #[no_mangle]
        #[allow(non_upper_case_globals)]
        static vswap_callbacks: $crate::module::callbacks::Callbacks =
            $crate::module::callbacks::table::<$driver>();
    };
}
pub(crate) use define;
