// SPDX-License-Identifier: GPL-2.0
//! A tmpfs as large as memory that is full to the last page: much of its file is out.

use super::{reclaimed, FULL, GO, RECLAIMED};
use crate::data::{Kind, Rng, Stamp};
use crate::disk::command;
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::worker::Board;
use crate::PAGE;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;

const OWNER: u32 = 360;
/// Most of it shrinks, so all of it finds room.
const KIND: Kind = Kind::Blend;
/// Where it is mounted.
const TMPFS: &str = "/run/vswap-hogs";

/// A tmpfs, mounted.
pub struct Tmpfs(());

impl Tmpfs {
    /// Mounts it.
    pub fn mount() -> Outcome<Self> {
        fs::create_dir_all(TMPFS).doing(TMPFS)?;
        command("mount", &["-t", "tmpfs", "-o", "size=100%", "hogs", TMPFS])?;
        Ok(Self(()))
    }

    /// Unmounts it: nobody may use it any more.
    pub fn unmount(self) -> Outcome {
        std::mem::forget(self);
        command("umount", &[TMPFS])?;
        fs::remove_dir(TMPFS).doing(TMPFS)
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = command("umount", &["-l", TMPFS]);
        let _ = fs::remove_dir(TMPFS);
    }
}

/// Fills it, reads here and there until told to end, and then all of it.
pub fn fill(_env: &Env, board: &Board) -> Outcome {
    let path = format!("{TMPFS}/file");
    let mut options = File::options();
    let file = options.read(true).write(true).create_new(true).open(&path);
    let file = file.doing(&path)?;
    // It has no name, so that it is gone with the process.
    fs::remove_file(&path).doing(&path)?;
    let memory = kernel::meminfo("MemTotal")? as usize / 4;
    let before = reclaimed()?;
    let pages = write(&file).doing(&path)?;
    println!("# {pages} pages of a file, of {memory} of memory");
    ensure!(
        pages >= memory / 100 * 99,
        "the file has only {pages} pages, of {memory} of memory"
    );
    let reclaimed = reclaimed()? - before;
    ensure!(reclaimed >= RECLAIMED, "{reclaimed} pages were reclaimed");
    let map = Mapping::file(&file, pages)?;
    board.set(FULL, 1);
    let mut rng = Rng::new(OWNER.into());
    while board.get(GO) == 0 {
        let page = rng.below(pages);
        map.check(page..page + 1, KIND, OWNER, 0)?;
    }
    map.check(map.all(), KIND, OWNER, 0)
}

/// Writes until there is no space left, and gives the number of pages.
fn write(file: &File) -> std::io::Result<usize> {
    let mut buffer = vec![0; PAGE];
    for index in 0.. {
        let stamp = Stamp {
            owner: OWNER,
            index,
            generation: 0,
        };
        KIND.fill(&mut buffer, stamp);
        match file.write_all_at(&buffer, u64::from(index) * PAGE as u64) {
            Err(e) if e.kind() == ErrorKind::StorageFull => return Ok(index as usize),
            result => result?,
        }
    }
    unreachable!("a file has an end")
}
