// SPDX-License-Identifier: GPL-2.0

//! The files in debugfs: the numbers that sysfs has, and the pools in one file.

use super::{
    numbers::NUMBERS,
    state::Ghost, //
};
use crate::module::{
    debugfs::{
        File,
        Files, //
    },
    number::Number, //
};

impl Files for Ghost {
    const NUMBERS: &'static [Number<Self>] = NUMBERS;
    const FILES: &'static [File<Self>] = &[File {
        name: c"pools",
        show: |ghost, seq| ghost.pools.show(seq),
    }];
}
