// SPDX-License-Identifier: GPL-2.0

//! The module's files in debugfs, which keep it loaded while they are open.
//!
//! The files of [`kernel::debugfs`] have no owner and do not.
//!
//! C header: `include/linux/debugfs.h`

use super::{
    driver::{
        Driver,
        Published, //
    },
    number::Number, //
};
use crate::bindings;
use kernel::{
    prelude::*,
    seq_file::SeqFile,
    seq_print, //
};

/// A file that shows something of a driver.
pub(crate) struct File<T> {
    /// Its name.
    pub(crate) name: &'static CStr,
    /// Prints what it shows. May sleep.
    pub(crate) show: fn(&T, &SeqFile),
}

/// A driver with files in debugfs.
pub(crate) trait Files: Driver {
    /// Those that show a number.
    const NUMBERS: &'static [Number<Self>];
    /// The others.
    const FILES: &'static [File<Self>];
}

/// Makes the files of a driver, in `/sys/kernel/debug/vswap`. They stay until it is published no
/// more. May sleep.
///
/// From here on a file may be open, which does not keep the module if its initialization fails. So
/// that should be the last step.
pub(crate) fn add_files<T: Files>(_driver: &Published<T>) {
    let numbers = T::NUMBERS.iter().map(|number| number.name);
    let files = T::FILES.iter().map(|file| file.name);
    for (i, name) in Iterator::chain(numbers, files).enumerate() {
        // SAFETY: The name is a string. `Published` removes the files, before the module goes.
        unsafe { bindings::vswap_debugfs_add(name.as_char_ptr(), i as u32) };
    }
}

/// Prints what a file shows.
///
/// # Safety
///
/// For a file of [`add_files`] that is being read: `seq` must be valid, and nobody else may use it.
pub(super) unsafe extern "C" fn show<T: Files>(file: c_uint, seq: *mut bindings::seq_file) {
    // SAFETY: The caller promises a valid `seq`. `Published` removes the file before it is gone, which
    // waits for this.
    let (driver, seq) = unsafe { (T::instance().as_ptr().as_ref(), SeqFile::from_raw(seq)) };
    let Some(driver) = driver else {
        return;
    };
    let file = file as usize;
    match T::NUMBERS.get(file) {
        Some(number) => seq_print!(seq, "{}\n", (number.value)(driver)),
        None => {
            if let Some(file) = T::FILES.get(file - T::NUMBERS.len()) {
                (file.show)(driver, seq);
            }
        }
    }
}
