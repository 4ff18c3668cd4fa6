// SPDX-License-Identifier: GPL-2.0
//! swapoff of a disk below the ghost, where what is on it fits nowhere else: it fails
//! with ENOMEM, the disk is on again and takes pages, nothing is lost and nobody is
//! killed. Once there is memory, the same swapoff succeeds.

use crate::data::Kind;
use crate::disk::Disk;
use crate::ghost::{counter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::shortage;
use crate::sys;
use crate::worker::{Board, Worker};

const OWNER: u32 = 360;
/// Numbers on the board: how often all pages have gone out; how often they shall be
/// checked, and go out again; the process shall end.
const OUT: usize = 0;
const CHECK: usize = 1;
const END: usize = 2;

/// See above.
pub fn run(env: &Env) -> Outcome {
    kernel::write("/proc/sys/vm/page-cluster", 0)?;
    let killed = kernel::vmstat("oom_kill")?;
    let disk = Disk::new()?;
    // What does not compress is not to be kept whole in the pool instead.
    let ghost = Ghost::start("max_pool_percent=2")?;
    disk.on()?;
    let pages = env.count(96, 72) * 256;
    let board = Board::new()?;
    let worker = [Worker::start(|| work(pages, &board))?];
    board.wait_for(OUT, 1, &worker)?;
    let used = disk.used()? as usize;
    ensure!(used >= pages, "{used} of {pages} pages are on the disk");

    // Half of them fits above what the kernel keeps free, which is more on the debug kernel.
    let (block, _) = shortage::leave(kernel::reserved_pages()? + pages / 2)?;
    let (evacuated, size) = (counter("evacuated_pages")?, size_of(&disk)?);
    sys::expect_errno(disk.try_off(), &[libc::ENOMEM], "swapoff of the disk")?;
    ensure_eq!(
        kernel::vmstat("oom_kill")?,
        killed,
        "processes that the OOM killer has ended"
    );
    ensure_eq!(size_of(&disk)?, size, "the disk's size in /proc/swaps");
    let moved = counter("evacuated_pages")? - evacuated;
    let left = disk.used()?;
    println!("# swapoff has moved {moved} of {pages} pages, {left} are on the disk");
    ensure!(
        moved > 0 && left > 0,
        "swapoff has moved {moved} pages, {left} are on the disk"
    );
    // All that is out now is where it was, or somewhere else, and can go out again.
    let written = kernel::vmstat("pswpout")?;
    check(&board, &worker, 1)?;
    let written = kernel::vmstat("pswpout")? - written;
    let used = disk.used()? as usize;
    println!("# {written} pages were written to the disk again, {used} are there");
    ensure!(
        written > 0 && used >= pages * 3 / 4,
        "{written} of {pages} pages were written to the disk again, {used} are there"
    );

    drop(block);
    disk.off()?;
    ensure_eq!(counter("physical_pages")?, 0, "physical_pages");
    check(&board, &worker, 2)?;
    board.set(END, 1);
    board.set(CHECK, 3);
    let [worker] = worker;
    worker.join()?;
    ensure_eq!(
        kernel::vmstat("oom_kill")?,
        killed,
        "processes that the OOM killer has ended in all"
    );
    ghost.stop()
}

/// Has the process check its pages, and waits until they are out again: all of them while the disk is
/// on, and then as far as they go.
fn check(board: &Board, worker: &[Worker], round: u64) -> Outcome {
    board.set(CHECK, round);
    board.wait_for(OUT, round + 1, worker)
}

fn work(pages: usize, board: &Board) -> Outcome {
    let mut map = Mapping::private(pages)?;
    map.fill(map.all(), Kind::Random, OWNER, 0);
    map.page_out(map.all())?;
    board.set(OUT, 1);
    for round in 1.. {
        board.wait_for(CHECK, round, &[])?;
        if board.get(END) == 1 {
            break;
        }
        map.check(map.all(), Kind::Random, OWNER, 0)?;
        if round == 1 {
            map.page_out(map.all())?;
        } else {
            map.try_page_out(map.all())?;
        }
        board.set(OUT, round + 1);
    }
    Ok(())
}

/// The disk's size in /proc/swaps, 0 if it is off.
fn size_of(disk: &Disk) -> Outcome<u64> {
    let lines = kernel::swaps()?;
    let line = lines.into_iter().find(|line| line.path == disk.path());
    Ok(line.map_or(0, |line| line.size))
}
