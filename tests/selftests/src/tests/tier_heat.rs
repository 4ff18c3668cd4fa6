// SPDX-License-Identifier: GPL-2.0
//! Four times the memory there is, of which a tenth gets nine of ten accesses:
//! the cold pages end on the disk, the hot ones do not, and fewer have to be
//! read back from the disk than with zram above it.

use crate::cgroup::Cgroup;
use crate::data::{Kind, Rng, Stamp};
use crate::disk::{command, Disk};
use crate::ghost::{self, counter, set_parameter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::sys;
use crate::worker::{Board, Worker};
use crate::PAGE;

const OWNER: u32 = 150;
/// Pages that are filled, or read, before a look at what is under writeback.
const PIECE: usize = 64;
const ZRAM: &str = "/dev/zram0";
/// Numbers on the board: pages read from the disk, hot pages there at the end,
/// most pages that were in the pool.
const READ: usize = 0;
const HOT: usize = 1;
const KEPT: usize = 2;

/// See above.
pub fn run(env: &Env) -> Outcome {
    kernel::write("/proc/sys/vm/page-cluster", 0)?;
    // Two would be two threads of the machine that emulates them. Where one of these waits,
    // writeback does, and what goes out meanwhile finds the pool full, hot or not.
    kernel::write("/sys/devices/system/cpu/cpu1/online", 0)?;
    // On fewer, chance decides: a cgroup's charges come by the 64.
    let pages = env.count(8192, 4096);
    // What the pool may take: an eighth of the data, compressed.
    let pool = pages * PAGE / 8;
    let board = Board::new()?;

    let disk = Disk::new()?;
    let ghost = Ghost::start("")?;
    let percent = (100 * pool as u64).div_ceil(kernel::meminfo("MemTotal")? << 10);
    set_parameter("max_pool_percent", percent)?;
    disk.on()?;
    workload(env, pages, &board)?;
    let (read, hot, kept) = (board.get(READ), board.get(HOT), board.get(KEPT));
    disk.off()?;
    ghost.stop()?;

    command("modprobe", &["zram", "num_devices=1"])?;
    kernel::write("/sys/block/zram0/comp_algorithm", "lz4")?;
    // As many pages as the pool had.
    kernel::write("/sys/block/zram0/disksize", kept * PAGE as u64)?;
    command("mkswap", &[ZRAM])?;
    let disk = Disk::new()?;
    sys::swapon(ZRAM, Some(10)).doing("swapon of zram")?;
    disk.on()?;
    workload(env, pages, &board)?;
    let zram = board.get(READ);
    disk.off()?;
    sys::swapoff(ZRAM).doing("swapoff of zram")?;
    sys::rmmod("zram").doing("rmmod zram")?;

    println!(
        "# pages read from the disk: {read}, with zram {zram}; hot ones there: {hot}; \
         pages in the pool: {kept} of {pages}"
    );
    ensure!(
        hot < pages as u64 / 10 / 20,
        "{hot} of {} hot pages ended on the disk",
        pages / 10
    );
    ensure!(
        read < zram,
        "{read} pages were read from the disk, with zram above it {zram}"
    );
    Ok(())
}

/// With a disk that is slower than that, all of a small group comes to be under writeback, with any swap,
/// and then it is killed.
fn wait_for_disk(group: &Cgroup, pages: usize) -> Outcome {
    let half = pages / 4 / 2 * PAGE;
    while group.field("memory.stat", "file_writeback")? > half as u64 {
        sys::pause_ms(5);
    }
    Ok(())
}

fn workload(env: &Env, pages: usize, board: &Board) -> Outcome {
    let group = Cgroup::new("heat")?;
    group.set("memory.max", pages / 4 * PAGE)?;
    let worker = Worker::start(|| {
        group.enter()?;
        let hot = pages / 10;
        let mut map = Mapping::private(pages)?;
        let stamp = |index: usize| Stamp {
            owner: OWNER,
            index: index as u32,
            generation: 0,
        };
        for first in (0..pages).step_by(PIECE) {
            map.fill(first..first + PIECE, Kind::Heap, OWNER, 0);
            wait_for_disk(&group, pages)?;
        }
        let mut rng = Rng::new(1);
        let before = kernel::vmstat("pswpin")?;
        for step in 0..env.count(10, 4) * pages {
            if step % PIECE == 0 {
                wait_for_disk(&group, pages)?;
            }
            if step % 1024 == 0 && ghost::is_loaded() {
                let kept = counter("stored_pages")? - counter("physical_pages")?;
                board.set(KEPT, board.get(KEPT).max(kept));
            }
            // Hot pages are all over the memory.
            let index = match rng.below(10) {
                0 => rng.below(pages),
                _ => rng.below(hot) * 10,
            };
            Kind::Heap
                .check(map.page(index), stamp(index))
                .map_err(crate::outcome::Stop::Fail)?;
        }
        let now = kernel::vmstat("pswpin")?;
        board.set(READ, now - before);
        for index in (0..hot).map(|i| i * 10) {
            map.touch(index..index + 1);
        }
        board.set(HOT, kernel::vmstat("pswpin")? - now);
        map.check(map.all(), Kind::Heap, OWNER, 0)
    })?;
    group.join_all(vec![worker])
}
