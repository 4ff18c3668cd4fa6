// SPDX-License-Identifier: GPL-2.0
//! The ghost's statistics in sysfs, and what Documentation/ABI says of them.

use crate::ghost::{project, DEVICE};
use crate::kernel;
use crate::outcome::{Doing, Outcome, Stop};
use crate::sys::errno;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The device's directory.
pub const DIRECTORY: &str = "/sys/class/misc/ghostswap";
/// Where the files are documented.
const ABI: &str = "Documentation/ABI/testing/sysfs-class-misc-ghostswap";

/// A file that is there.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path.
    pub path: PathBuf,
    /// Its path below the device's directory, with <N> for a number: as it is documented.
    pub form: String,
}

/// The files that are documented, with <N> for a number.
pub fn documented() -> Outcome<BTreeSet<String>> {
    let path = project().join(ABI);
    let text = std::fs::read_to_string(&path).doing(path.display())?;
    let mut forms = BTreeSet::new();
    for what in text.lines().filter_map(|line| line.strip_prefix("What:")) {
        let form = what.trim().strip_prefix(&format!("{DIRECTORY}/"));
        let form = form.ok_or_else(|| Stop::Fail(format!("{ABI} has {what}")))?;
        ensure!(forms.insert(form.to_string()), "{ABI} has {what} twice");
    }
    ensure!(!forms.is_empty(), "{ABI} names no file");
    Ok(forms)
}

fn names(directory: &Path) -> Outcome<Vec<String>> {
    let entries = std::fs::read_dir(directory).doing(directory.display())?;
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        Ok(entry
            .doing(directory.display())?
            .file_name()
            .to_string_lossy()
            .into_owned())
    };
    let mut names: Vec<_> = entries.map(name).collect::<Outcome<_>>()?;
    names.sort();
    Ok(names)
}

/// The directories of the ghost's that are there: all but those that each device has.
pub fn directories() -> Outcome<Vec<String>> {
    const OF_EACH_DEVICE: [&str; 4] = ["dev", "power", "subsystem", "uevent"];
    let mut names = names(Path::new(DIRECTORY))?;
    names.retain(|name| !OF_EACH_DEVICE.contains(&&name[..]));
    Ok(names)
}

/// The numbers of the directories of a kind.
pub fn numbers(kind: &str) -> Outcome<Vec<usize>> {
    let mut numbers: Vec<usize> = directories()?
        .iter()
        .filter_map(|name| name.strip_prefix(kind)?.parse().ok())
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// The files that are there.
pub fn files() -> Outcome<Vec<File>> {
    let mut files = Vec::new();
    for directory in directories()? {
        let path = Path::new(DIRECTORY).join(&directory);
        let kind = directory.trim_end_matches(|c: char| c.is_ascii_digit());
        let number = if kind == directory { "" } else { "<N>" };
        files.extend(names(&path)?.iter().map(|name| File {
            path: path.join(name),
            form: format!("{kind}{number}/{name}"),
        }));
    }
    Ok(files)
}

/// The number in a file.
pub fn number(file: &str) -> Outcome<u64> {
    kernel::number(Path::new(DIRECTORY).join(file))
}

/// What a file has, without the newline.
pub fn text(file: &str) -> Outcome<String> {
    kernel::read(Path::new(DIRECTORY).join(file))
}

/// What a file has, without the newline; `None` if it goes meanwhile, as a pool does with its last page.
pub fn text_if_there(path: &Path) -> Outcome<Option<String>> {
    match std::fs::read_to_string(path) {
        Err(e) if matches!(errno(&e), libc::ENOENT | libc::ENODEV) => Ok(None),
        text => Ok(Some(text.doing(path.display())?.trim().to_string())),
    }
}

/// The sum of the numbers in the files of this name, one of each directory of a kind. What goes
/// meanwhile has nothing.
pub fn sum(kind: &str, file: &str) -> Outcome<u64> {
    let mut sum = 0;
    for n in numbers(kind)? {
        let path = Path::new(DIRECTORY).join(format!("{kind}{n}/{file}"));
        if let Some(text) = text_if_there(&path)? {
            sum += text.parse::<u64>().doing(path.display())?;
        }
    }
    Ok(sum)
}

/// Fails if the device is not there, or is not the one in sysfs.
pub fn ensure_device() -> Outcome {
    ensure!(
        Path::new(DEVICE).exists() && Path::new(DIRECTORY).exists(),
        "{DEVICE} or {DIRECTORY} is missing"
    );
    Ok(())
}
