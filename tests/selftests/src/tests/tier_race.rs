// SPDX-License-Identifier: GPL-2.0
//! Everything at once: processes read, write, fork, unmap, have pages go out and
//! come back, in base pages and large ones, while the pool is over its limit, so
//! that pages are written back, and the disk is turned off and on. `--seconds N`
//! makes it longer.

use super::access::Memory;
use crate::cgroup::Cgroup;
use crate::data::{Kind, Rng};
use crate::disk::Disk;
use crate::ghost::{counter, set_parameter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::sys;
use crate::worker::{join_all, Board, Worker};
use crate::PAGE;
use std::time::{Duration, Instant};

/// Number on the board that is not 0 when processes shall end.
const END: usize = 0;
const THP: &str = "/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled";

/// See above.
pub fn run(env: &Env) -> Outcome {
    let seconds = env.option("seconds").unwrap_or(env.count(6, 20));
    let disk = Disk::new()?;
    let ghost = Ghost::start("")?;
    disk.on()?;
    kernel::write(THP, "always")?;
    set_parameter("max_pool_percent", 1)?;
    let group = Cgroup::new("tier-race")?;
    let board = Board::new()?;
    let pages = env.pages(8);
    // Of four such processes: the shrinker has to write back, too.
    group.set("memory.high", 3 * pages * PAGE)?;
    let mut workers = Vec::new();
    for owner in 130..133 {
        workers.push(Worker::start(|| {
            group.enter()?;
            busy(owner, pages, &board)
        })?);
    }
    workers.push(Worker::start(|| {
        group.enter()?;
        large(133, env.pages(8), &board)
    })?);
    let mut swapoffs = [0; 2];
    let end = Instant::now() + Duration::from_secs(seconds as u64);
    while Instant::now() < end && workers.iter().all(Worker::is_running) {
        let _ = kernel::try_write(
            "/sys/fs/cgroup/vswap-tier-race/memory.reclaim",
            "4M swappiness=max",
        );
        sys::pause_ms(20);
        match disk.try_off() {
            Ok(()) => {
                swapoffs[0] += 1;
                ensure_eq!(
                    counter("physical_pages")?,
                    0,
                    "physical_pages after swapoff"
                );
                disk.on()?;
            }
            // There may be no room.
            Err(e) => {
                swapoffs[1] += 1;
                sys::expect_errno::<()>(Err(e), &[libc::ENOMEM], "swapoff of the disk")?;
            }
        }
    }
    board.set(END, 1);
    join_all(workers)?;
    println!(
        "# {} swapoffs, {} without room; pool full {} times, {} pages written back, {} brought back",
        swapoffs[0],
        swapoffs[1],
        counter("pool_limit_hit")?,
        counter("written_back_pages")?,
        counter("evacuated_pages")?
    );
    ensure!(swapoffs[0] > 0, "the disk was not turned off once");
    disk.off()?;
    ghost.stop()
}

/// Base pages, and children that have them in common.
fn busy(owner: u32, pages: usize, board: &Board) -> Outcome {
    let mut memory = Memory::new(owner, pages)?;
    let mut rng = Rng::new(owner.into());
    while board.get(END) == 0 {
        for _ in 0..64 {
            memory.step(&mut rng)?;
        }
        memory.page_out(&mut rng, pages / 4)?;
        if rng.below(8) == 0 {
            Worker::start(|| {
                let mut rng = Rng::new(rng.next());
                memory.write_as(owner);
                for _ in 0..64 {
                    memory.step(&mut rng)?;
                }
                memory.page_out(&mut rng, pages / 8)
            })?
            .join()?;
        }
    }
    memory.check_all()
}

/// Large folios, of which parts are thrown away.
fn large(owner: u32, pages: usize, board: &Board) -> Outcome {
    let mut rng = Rng::new(owner.into());
    let mut generation = 0;
    while board.get(END) == 0 {
        generation += 1;
        let mut map = Mapping::aligned(pages, 16)?;
        map.fill(map.all(), Kind::Mixed, owner, generation);
        map.try_page_out(map.all())?;
        let start = rng.below(pages - 40);
        let gone = start..start + rng.below(40);
        if rng.below(2) == 0 {
            map.unmap(gone.clone())?;
        } else if !gone.is_empty() {
            let _ = map.advise(gone.clone(), libc::MADV_DONTNEED);
            map.check_zero(gone.clone())?;
        }
        map.check(0..gone.start, Kind::Mixed, owner, generation)?;
        map.check(gone.end..pages, Kind::Mixed, owner, generation)?;
    }
    Ok(())
}
