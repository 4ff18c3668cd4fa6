// SPDX-License-Identifier: GPL-2.0
//! The module stays while a file of it in debugfs is open, and the file can be read on.

use crate::data::Kind;
use crate::ghost::{Ghost, COUNTERS, MODULE};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::sys::{self, expect_errno};
use std::fs::File;
use std::io::{Read, Seek};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const OWNER: u32 = 300;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::load("")?;
    for path in files()? {
        let mut file = open(&path)?;
        refused()?;
        compare(&mut file, &path)?;
    }

    let mut open: Vec<_> = files()?
        .into_iter()
        .map(|path| Ok((open(&path)?, path)))
        .collect::<Outcome<_>>()?;
    // What was read so far is kept with the open file.
    let mut first = [0];
    for (file, path) in &mut open {
        file.read_exact(&mut first)
            .doing(format_args!("reading {}", path.display()))?;
    }
    refused()?;
    ghost.on()?;
    let mut map = Mapping::private(env.pages(4))?;
    map.fill(map.all(), Kind::Mixed, OWNER, 0);
    map.page_out(map.all())?;
    for (file, path) in &mut open {
        compare(file, path)?;
    }
    map.check(map.all(), Kind::Mixed, OWNER, 0)?;
    ghost.off()?;
    refused()?;
    for (file, path) in &mut open {
        compare(file, path)?;
    }
    drop(open);

    ghost.unload()?;
    ensure!(
        !Path::new(COUNTERS).exists(),
        "{COUNTERS} is there after rmmod"
    );
    Ghost::start("")?.stop()
}

/// The files, which root may read.
fn files() -> Outcome<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(COUNTERS).doing(COUNTERS)? {
        let path = entry.doing(COUNTERS)?.path();
        let meta = std::fs::metadata(&path).doing(path.display())?;
        ensure_eq!(meta.mode() & 0o7777, 0o400, "mode of {}", path.display());
        files.push(path);
    }
    ensure_eq!(files.len(), 21, "files in {COUNTERS}");
    Ok(files)
}

fn open(path: &Path) -> Outcome<File> {
    File::open(path).doing(format_args!("opening {}", path.display()))
}

fn refused() -> Outcome {
    expect_errno(
        sys::rmmod(MODULE),
        &[libc::EWOULDBLOCK],
        "rmmod while a file in debugfs is open",
    )
}

/// An open file shows the same as one that is opened now.
fn compare(file: &mut File, path: &Path) -> Outcome {
    let mut text = String::new();
    file.rewind()
        .and_then(|()| file.read_to_string(&mut text))
        .doing(format_args!("reading {}", path.display()))?;
    let now = kernel::read(path)?;
    if path.ends_with("recompress_cpu_usec") {
        let usec = |text: &str| text.trim().parse::<u64>().doing(path.display());
        ensure!(usec(&text)? <= usec(&now)?, "{text} us are {now} by now");
    } else {
        ensure_eq!(text.trim(), now, "{}", path.display());
    }
    Ok(())
}
