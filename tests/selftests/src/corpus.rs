// SPDX-License-Identifier: GPL-2.0
//! Real bytes: programs, libraries and texts of the guest, always the same.
//!
//! They are locked in memory, so that they are never swapped out themselves: a
//! page that comes back is compared with bytes that stayed.

use crate::PAGE;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Where the bytes come from, and how much of each place is taken.
const PLACES: [(&str, usize); 4] = [
    ("/usr/bin", 5 << 19),
    ("/usr/lib/x86_64-linux-gnu", 5 << 19),
    ("/usr/lib/python3", 3 << 19),
    ("/usr/share", 3 << 19),
];

/// At most so much of one file, to have many of them.
const OF_A_FILE: usize = 192 << 10;

/// The bytes, read at the first call.
pub fn bytes() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let mut bytes = Vec::new();
        for (place, size) in PLACES {
            let end = bytes.len() + size;
            take(Path::new(place), end, &mut bytes);
        }
        assert!(
            bytes.len() > 64 * PAGE,
            "no files with real data in this system"
        );
        // SAFETY: The vector is neither changed nor dropped any more.
        unsafe { libc::mlock(bytes.as_ptr().cast(), bytes.len()) };
        bytes
    })
}

/// The page of bytes that starts at a place given by `number`: at any byte,
/// so that the same page hardly comes twice.
pub fn page(number: u64) -> &'static [u8] {
    let bytes = bytes();
    let start = (number % (bytes.len() - PAGE) as u64) as usize;
    &bytes[start..start + PAGE]
}

/// Files below a directory, in an order that does not depend on the disk.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<_> = fs::read_dir(dir).into_iter().flatten().flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        match entry.file_type() {
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            Ok(kind) if kind.is_dir() => found.extend(files(&entry.path())),
            _ => {}
        }
    }
    found
}

fn take(place: &Path, end: usize, bytes: &mut Vec<u8>) {
    for path in files(place) {
        let Ok(size) = path.metadata().map(|m| m.len() as usize) else {
            continue;
        };
        if size < PAGE {
            continue;
        }
        let wanted = size.min(OF_A_FILE).min(end - bytes.len());
        let mut part = vec![0; wanted];
        let middle = ((size - wanted) / 2) as u64;
        if File::open(&path)
            .and_then(|f| f.read_exact_at(&mut part, middle))
            .is_ok()
        {
            bytes.extend_from_slice(&part);
        }
        if bytes.len() == end {
            return;
        }
    }
}
