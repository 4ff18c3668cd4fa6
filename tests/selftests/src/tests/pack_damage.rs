// SPDX-License-Identifier: GPL-2.0
//! Blocks on the disk are damaged: a byte of the header or of the data is another, or the block is another one, as if
//! it had never been written. Each page comes back as it was, or its users get an error; the disk can be turned off.

use super::pack_writeback::write_back;
use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::disk::{Disk, Faulty};
use crate::ghost::{counter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::sys;
use crate::worker::Worker;
use std::fs::File;
use std::os::unix::fs::FileExt;

const OWNER: u32 = 362;
const PAGES: usize = 4096;
const BLOCK: usize = 4096;
/// How a block begins.
const MAGIC: [u8; 4] = 0x7057_5356_u32.to_le_bytes();

/// See above.
pub fn run(_: &Env) -> Outcome {
    kernel::write("/proc/sys/vm/page-cluster", 0)?;
    // The kernel lets nobody write to a device that is in use as swap.
    let (faulty, disk) = Faulty::new()?;
    let ghost = Ghost::start("shrinker_enabled=N pack_writeback=Y compressor=zstd")?;
    let group = Cgroup::new("damage")?;
    Worker::start(|| {
        group.enter()?;
        // What the process itself needs may not be lost.
        sys::lock_all().doing("mlockall")?;
        disk.on()?;
        one_by_one(&group, faulty.under())?;
        disk.off()?;
        disk.on()?;
        all_at_once(&group, faulty.under(), &disk)
    })?
    .join()?;
    ghost.off()?;
    ghost.unload()
}

/// Pages are on the disk, in blocks for the most part.
fn out(group: &Cgroup, generation: u32) -> Outcome<Mapping> {
    let mut map = Mapping::private(PAGES)?;
    map.fill(map.all(), Kind::Real, OWNER, generation);
    group.reclaim(&map)?;
    write_back(PAGES / 2)?;
    Ok(map)
}

fn one_by_one(group: &Cgroup, under: &Disk) -> Outcome {
    let map = out(group, 0)?;
    let damaged = damage(under)?;
    let lost = read_all(&map, 0)?;
    println!("# {damaged} blocks were damaged: {lost} of {PAGES} pages are lost");
    // A block has a page or more, and a byte of it that is not used does no harm.
    ensure!(lost >= damaged / 2, "few pages are lost");
    ensure!(lost < PAGES / 2, "many pages are lost");
    ensure!(
        counter("decompress_fail")? >= lost as u64,
        "decompress_fail is less than that"
    );
    Ok(())
}

/// The disk is turned off meanwhile.
fn all_at_once(group: &Cgroup, under: &Disk, disk: &Disk) -> Outcome {
    let map = out(group, 1)?;
    let damaged = damage(under)?;
    disk.off()?;
    ensure_eq!(counter("physical_pages")?, 0, "physical_pages");
    ensure_eq!(counter("physical_slots")?, 0, "physical_slots");
    let lost = read_all(&map, 1)?;
    println!("# {damaged} blocks were damaged before swapoff: {lost} of {PAGES} pages are lost");
    ensure!(lost >= damaged / 2, "few pages are lost");
    ensure!(lost < PAGES / 2, "many pages are lost");
    Ok(())
}

/// Reads all pages; returns how many cannot be.
fn read_all(map: &Mapping, generation: u32) -> Outcome<usize> {
    let mut lost = 0;
    for i in map.all() {
        match map.advise(i..i + 1, libc::MADV_POPULATE_READ) {
            Ok(()) => map.check(i..i + 1, Kind::Real, OWNER, generation)?,
            Err(e) => {
                sys::expect_errno(Err::<(), _>(e), &[libc::EFAULT, libc::EHWPOISON], "reading")?;
                lost += 1;
            }
        }
    }
    Ok(lost)
}

/// Damages every eighth block; returns how many.
fn damage(under: &Disk) -> Outcome<usize> {
    quiet()?;
    // There may be what was on the disk before.
    kernel::write("/proc/sys/vm/drop_caches", 1)?;
    let path = under.path();
    let device = File::options().read(true).write(true).open(path);
    let device = device.doing(path)?;
    // They need not be the first of the disk.
    let slots = counter("physical_slots")? as usize * 3;
    let (mut blocks, mut damaged) = (0, 0);
    let (mut block, mut last) = ([0; BLOCK], [0; BLOCK]);
    for slot in 1..slots {
        let at = (slot * BLOCK) as u64;
        device.read_exact_at(&mut block, at).doing(path)?;
        if block[..4] != MAGIC {
            continue;
        }
        blocks += 1;
        if blocks % 8 == 0 {
            damaged += 1;
            match damaged % 3 {
                // It was another block's.
                0 => device.write_all_at(&last, at).doing(path)?,
                // The header, and what pages are there.
                1 => flip(&mut block, damaged / 3 % 64),
                // The end has data in any case.
                _ => flip(&mut block, BLOCK - 1 - damaged * 7 % 512),
            }
            if damaged % 3 != 0 {
                device.write_all_at(&block, at).doing(path)?;
            }
        }
        last = block;
    }
    device.sync_all().doing(path)?;
    // What was read is in the page cache.
    kernel::write("/proc/sys/vm/drop_caches", 1)?;
    ensure!(damaged > 16, "only {damaged} of {blocks} blocks");
    Ok(damaged)
}

/// Waits until nothing is written back any more.
fn quiet() -> Outcome {
    let mut before = u64::MAX;
    while before != counter("written_back_pages")? {
        before = counter("written_back_pages")?;
        sys::pause_ms(500);
    }
    Ok(())
}

fn flip(block: &mut [u8; BLOCK], at: usize) {
    block[at] ^= 1 << (at % 8);
}
