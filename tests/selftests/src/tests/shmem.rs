// SPDX-License-Identifier: GPL-2.0
//! Files in tmpfs, memfds and shared anonymous memory.

use crate::data::{Kind, Stamp};
use crate::ghost::{counter, Ghost};
use crate::harness::Env;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::worker::Worker;
use crate::{sys, PAGE};
use std::fs::File;
use std::os::unix::fs::FileExt;

const KIND: Kind = Kind::Mixed;
const OWNER: u32 = 40;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::start("")?;
    let pages = env.pages(8);
    shared(pages)?;
    let path = "/dev/shm/vswap-selftest";
    let file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(path)
        .doing(path)?;
    std::fs::remove_file(path).doing(path)?;
    read_and_write(&file, pages)?;
    cut(&sys::memfd("vswap-selftest").doing("memfd_create")?, pages)?;
    across_swapoff(&ghost, pages)?;
    drop(file);
    ensure_eq!(counter("stored_pages")?, 0, "stored_pages at the end");
    ghost.stop()
}

fn out(map: &Mapping) -> Outcome {
    map.page_out_shared(map.all())?;
    ensure_eq!(
        counter("stored_pages")?,
        map.pages() as u64,
        "stored_pages with all out"
    );
    Ok(())
}

fn sized(file: &File, pages: usize) -> Outcome<Mapping> {
    file.set_len((pages * PAGE) as u64)
        .doing("setting a file's length")?;
    Mapping::file(file, pages)
}

/// Parent and child see each other's writes, before and after pages go out.
fn shared(pages: usize) -> Outcome {
    let mut map = Mapping::shared(pages)?;
    map.fill(map.all(), KIND, OWNER, 0);
    out(&map)?;
    Worker::start(|| {
        map.check(map.all(), KIND, OWNER, 0)?;
        map.fill(0..pages / 2, KIND, OWNER, 1);
        Ok(())
    })?
    .join()?;
    out(&map)?;
    map.check(0..pages / 2, KIND, OWNER, 1)?;
    map.check(pages / 2..pages, KIND, OWNER, 0)
}

/// read(2) and write(2) on a file whose pages are out.
fn read_and_write(file: &File, pages: usize) -> Outcome {
    let mut map = sized(file, pages)?;
    map.fill(map.all(), KIND, OWNER, 2);
    out(&map)?;
    let mut page = [0; PAGE];
    for index in 0..pages {
        let (stamp, offset) = (
            Stamp {
                owner: OWNER,
                index: index as u32,
                generation: 2,
            },
            index * PAGE,
        );
        if index % 3 == 0 {
            file.read_exact_at(&mut page, offset as u64)
                .doing("reading the file")?;
            KIND.check(&page, stamp).doing("what read(2) gives")?;
        } else if index % 3 == 1 {
            // A part of the page is written: the rest must come from swap.
            file.write_all_at(b"written", offset as u64 + 1000)
                .doing("writing the file")?;
        }
    }
    for index in 0..pages {
        let mut wanted = [0; PAGE];
        KIND.fill(
            &mut wanted,
            Stamp {
                owner: OWNER,
                index: index as u32,
                generation: 2,
            },
        );
        if index % 3 == 1 {
            wanted[1000..1007].copy_from_slice(b"written");
        }
        ensure!(
            map.page(index) == wanted,
            "page {index} of the file is not what was written"
        );
    }
    file.set_len(0).doing("emptying the file")
}

/// Truncation and holes take exactly what they should.
fn cut(file: &File, pages: usize) -> Outcome {
    let mut map = sized(file, pages)?;
    map.fill(map.all(), KIND, OWNER, 3);
    out(&map)?;
    let (hole, end) = (pages / 4..pages / 2, 3 * pages / 4);
    sys::punch_hole(file, hole.start * PAGE, hole.len() * PAGE).doing("making a hole")?;
    ensure_eq!(
        counter("stored_pages")?,
        (pages - hole.len()) as u64,
        "stored_pages after it"
    );
    // The last page that stays is cut in its middle.
    file.set_len((end * PAGE - PAGE / 2) as u64)
        .doing("cutting the file")?;
    file.set_len((pages * PAGE) as u64)
        .doing("making the file longer")?;
    map.check(0..hole.start, KIND, OWNER, 3)?;
    map.check_zero(hole.clone())?;
    map.check(hole.end..end - 1, KIND, OWNER, 3)?;
    let mut wanted = [0; PAGE];
    KIND.fill(
        &mut wanted,
        Stamp {
            owner: OWNER,
            index: end as u32 - 1,
            generation: 3,
        },
    );
    wanted[PAGE / 2..].fill(0);
    ensure!(
        map.page(end - 1) == wanted,
        "the page that was cut is not zero from there on"
    );
    map.check_zero(end..pages)?;
    ensure_eq!(counter("stored_pages")?, 0, "stored_pages with all read");
    file.set_len(0).doing("emptying the file")
}

/// swapoff brings back what no process has mapped.
fn across_swapoff(ghost: &Ghost, pages: usize) -> Outcome {
    let file = sys::memfd("vswap-selftest").doing("memfd_create")?;
    let mut map = sized(&file, pages)?;
    map.fill(map.all(), KIND, OWNER, 4);
    out(&map)?;
    drop(map);
    ghost.off()?;
    let map = Mapping::file(&file, pages)?;
    map.check(map.all(), KIND, OWNER, 4)?;
    ghost.on()
}
