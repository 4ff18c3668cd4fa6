// SPDX-License-Identifier: GPL-2.0
//! The tree of files that all is read from: that of the machine, or another one of its form, as tests
//! and who looks at a machine that is not running have it.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// A tree of files.
#[derive(Clone, Debug)]
pub struct Root(PathBuf);

impl Default for Root {
    /// That of this machine.
    fn default() -> Self {
        Self::new("/")
    }
}

impl Root {
    /// The tree below a directory.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Whether it is that of this machine, so that commands act on what was read.
    pub fn is_machine(&self) -> bool {
        self.0 == Path::new("/")
    }

    /// Where a file of the tree is; `path` is absolute, as it is called within the tree.
    pub fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.0.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Whether there is something of this name, also if it is a link to nowhere.
    pub fn exists(&self, path: impl AsRef<Path>) -> bool {
        self.at(path).symlink_metadata().is_ok()
    }

    /// The text of a file. What is no UTF-8 becomes a replacement character: these files are the kernel's
    /// and the administrator's, and one odd byte, in a name, is no reason to show nothing.
    pub fn read(&self, path: impl AsRef<Path>) -> io::Result<String> {
        let bytes = std::fs::read(self.at(path))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The one value in a file, without the newline; `None` where it cannot be read.
    pub fn value(&self, path: impl AsRef<Path>) -> Option<String> {
        Some(self.read(path).ok()?.trim_end_matches('\n').to_string())
    }

    /// The number in a file; `None` where there is none.
    pub fn number(&self, path: impl AsRef<Path>) -> Option<u64> {
        self.value(path)?.trim().parse().ok()
    }

    /// The names in a directory, sorted; none where it does not exist or cannot be read.
    pub fn names(&self, path: impl AsRef<Path>) -> Vec<String> {
        let entries = std::fs::read_dir(self.at(path)).into_iter().flatten();
        let mut names: Vec<_> = entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Writes a file, at once or not at all: nobody finds a half of it.
    pub fn write(&self, path: impl AsRef<Path>, text: &str) -> io::Result<()> {
        let path = self.at(path);
        let directory = path.parent().ok_or(ErrorKind::InvalidInput)?;
        std::fs::create_dir_all(directory)?;
        let name = path.file_name().ok_or(ErrorKind::InvalidInput)?;
        let new = directory.join(format!(".{}.new", name.to_string_lossy()));
        let written = (|| {
            std::fs::write(&new, text)?;
            if let Ok(old) = std::fs::metadata(&path) {
                std::fs::set_permissions(&new, old.permissions())?;
            }
            std::fs::File::open(&new)?.sync_all()?;
            std::fs::rename(&new, &path)
        })();
        if written.is_err() {
            let _ = std::fs::remove_file(&new);
        }
        written
    }

    /// Gives a file another name in its file system.
    pub fn rename(&self, from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
        std::fs::rename(self.at(from), self.at(to))
    }
}
