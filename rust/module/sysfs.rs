// SPDX-License-Identifier: GPL-2.0

//! The module's files in sysfs, which anyone may read: one value each, in directories that come and
//! go below the one of a device.
//!
//! An open file does not keep the module. Once its directory is gone reading it fails with `ENODEV`.
//!
//! C header: `include/linux/sysfs.h`

use super::{
    driver::{
        Driver,
        Published, //
    },
    number::Number, //
};
use crate::bindings::{
    self,
    safe, //
};
use core::{
    ptr,
    slice, //
};
use kernel::{
    error::{
        from_result,
        to_result, //
    },
    fmt::Write,
    miscdevice::{
        MiscDevice,
        MiscDeviceRegistration, //
    },
    prelude::*,
    str::Formatter, //
};

/// A file of a directory that has a number.
pub(crate) struct File<T> {
    /// Its name.
    pub(crate) name: &'static CStr,
    /// Writes its value, of the directory with this number. May sleep.
    ///
    /// `ENODEV`: what it is about is gone.
    pub(crate) show: fn(&T, usize, &mut Formatter<'_>) -> Result,
}

/// A directory, or several of a kind.
pub(crate) struct Directory<T: 'static> {
    /// Its name. Where there can be several their number follows.
    pub(crate) name: &'static CStr,
    /// How many there can be, up to [`MAX_OF_A_KIND`].
    pub(crate) most: usize,
    /// Whether the one with this number is to be there. May sleep.
    pub(crate) exists: fn(&T, usize) -> bool,
    /// Its files that show numbers of the driver as a whole, in lists.
    pub(crate) numbers: &'static [&'static [Number<T>]],
    /// Its other files.
    pub(crate) files: &'static [File<T>],
}

impl<T: 'static> Directory<T> {
    fn numbers(&self) -> impl Iterator<Item = &Number<T>> {
        self.numbers.iter().flat_map(|list| list.iter())
    }
}

/// How many directories of a kind there can be.
pub(crate) const MAX_OF_A_KIND: usize = 32;

/// A driver with files in sysfs.
pub(crate) trait Directories: Driver {
    /// The directories.
    const DIRECTORIES: &'static [Directory<Self>];
}

/// Makes the directories of a driver that are to be there now. They stay until it is published no
/// more, but for what [`update`] changes. May sleep.
///
/// `device` must be dropped later than the driver.
pub(crate) fn start<T: Directories, D: MiscDevice>(
    _driver: &Published<T>,
    device: &MiscDeviceRegistration<D>,
) -> Result {
    const { assert!(T::DIRECTORIES.len() * MAX_OF_A_KIND <= bindings::VSWAP_SYSFS_DIRS as usize) };
    // SAFETY: The device is registered, so `this_device` is valid; C takes a reference to it.
    // `Published` removes the files, before the module goes.
    to_result(unsafe { bindings::vswap_sysfs_start((*device.as_raw()).this_device) })
}

/// Makes and removes directories, so that those are there that are to be. May sleep, and waits for who
/// reads files of those that go.
///
/// `ENOMEM`: there was no memory for one. The others are there.
pub(crate) fn update() -> Result {
    to_result(safe::vswap_sysfs_update())
}

/// The kind of the directory that C knows by `dir`, and its number among these.
fn find<T: Directories>(dir: c_uint) -> Option<(&'static Directory<T>, usize)> {
    let (kind, number) = (dir as usize / MAX_OF_A_KIND, dir as usize % MAX_OF_A_KIND);
    let directory = T::DIRECTORIES.get(kind)?;
    (number < directory.most).then_some((directory, number))
}

/// How many files a directory is to have, or 0 if it is not to be there. Writes its name to `name`.
///
/// # Safety
///
/// `name` must have room for `size` bytes. To be called by `vswap_sysfs_update()` between
/// `vswap_sysfs_start()` and `vswap_sysfs_remove()`.
pub(super) unsafe extern "C" fn directory<T: Directories>(
    dir: c_uint,
    name: *mut c_char,
    size: usize,
) -> c_uint {
    let count = || {
        let (directory, number) = find::<T>(dir)?;
        // SAFETY: The caller promises it: `Published` removes the files before the driver is gone, which
        // waits for this.
        let driver = unsafe { T::instance().as_ptr().as_ref() }?;
        if !(directory.exists)(driver, number) {
            return None;
        }
        // SAFETY: The caller promises that there is room.
        let buf = unsafe { Buffer::new(name, size) };
        let name = directory.name.to_str().ok()?;
        buf.fill(|text| match directory.most {
            1 => Ok(text.write_fmt(fmt!("{}\0", name))?),
            _ => Ok(text.write_fmt(fmt!("{}{}\0", name, number))?),
        })
        .ok()?;
        Some((directory.numbers().count() + directory.files.len()) as c_uint)
    };
    count().unwrap_or(0)
}

/// The name of a file, or null if there is none.
pub(super) extern "C" fn file<T: Directories>(dir: c_uint, file: c_uint) -> *const c_char {
    let name = || {
        let (directory, _) = find::<T>(dir)?;
        let numbers = directory.numbers().map(|number| number.name);
        let files = directory.files.iter().map(|file| file.name);
        Iterator::chain(numbers, files).nth(file as usize)
    };
    name().map_or(ptr::null(), CStr::as_char_ptr)
}

/// Writes a file's value to `buf`; returns its length, or a negative errno.
///
/// # Safety
///
/// `buf` must have room for `size` bytes. For a file of [`start`] that is being read.
pub(super) unsafe extern "C" fn show<T: Directories>(
    dir: c_uint,
    file: c_uint,
    buf: *mut c_char,
    size: usize,
) -> isize {
    from_result(|| {
        let (directory, number) = find::<T>(dir).ok_or(ENODEV)?;
        // SAFETY: The caller promises that the file is read. `Published` removes it before the driver is
        // gone, which waits for this.
        let driver = unsafe { T::instance().as_ptr().as_ref() }.ok_or(ENODEV)?;
        // SAFETY: The caller promises that there is room.
        let buf = unsafe { Buffer::new(buf, size) };
        buf.fill(|text| {
            let (file, nr_numbers) = (file as usize, directory.numbers().count());
            match directory.numbers().nth(file) {
                Some(number) => text.write_fmt(fmt!("{}", (number.value)(driver)))?,
                None => {
                    let file = directory.files.get(file - nr_numbers);
                    (file.ok_or(ENODEV)?.show)(driver, number, text)?;
                }
            }
            Ok(text.write_char('\n')?)
        })
    })
}

/// What C gives to be written to.
struct Buffer<'a>(&'a mut [u8]);

impl Buffer<'_> {
    /// # Safety
    ///
    /// There must be `size` bytes of initialized memory at `buf` that nobody else accesses while this
    /// lives.
    unsafe fn new(buf: *mut c_char, size: usize) -> Self {
        // SAFETY: The caller promises it.
        Self(unsafe { slice::from_raw_parts_mut(buf.cast::<u8>(), size) })
    }

    /// Has `f` write to it; returns how much it wrote.
    fn fill(self, f: impl FnOnce(&mut Formatter<'_>) -> Result) -> Result<isize> {
        let mut text = Formatter::new(self.0);
        f(&mut text)?;
        Ok(text.bytes_written() as isize)
    }
}
