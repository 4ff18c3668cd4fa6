// SPDX-License-Identifier: GPL-2.0
//! Everything at once: processes read, write, fork, unmap, swap pages out and in,
//! base pages and large folios, while the pool is over its limit, so that pages
//! are written back, and the disk is turned off and on. `--rounds N` makes it
//! longer.

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

/// Numbers on the board: not 0 when processes shall end; what all did.
const END: usize = 0;
const STEPS: usize = 1;
const THP: &str = "/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled";

/// See above.
pub fn run(env: &Env) -> Outcome {
    let rounds = env.option("rounds").unwrap_or(env.count(16, 8));
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
        large(133, pages, &board)
    })?);
    // Compressed, these are about twice what the pool may have.
    let limit = kernel::meminfo("MemTotal")? as usize * 1024 / PAGE / 100;
    workers.push(Worker::start(|| old(134, 4 * limit, &board))?);
    let (mut done, mut failed) = (0, 0);
    // How fast processes and the writer are, next to each other, is not known.
    let enough = || -> Outcome<bool> {
        let least = counter("written_back_pages")?.min(counter("evacuated_pages")?);
        Ok(least >= limit as u64)
    };
    while done < rounds || (done < 16 * rounds && !enough()?) {
        // EAGAIN says that less was reclaimed than was asked for.
        let _ = group.try_set("memory.reclaim", "4M swappiness=max");
        let steps = board.get(STEPS);
        board.wait_for(STEPS, steps + workers.len() as u64, &workers)?;
        match disk.try_off() {
            Ok(()) => {
                done += 1;
                ensure_eq!(
                    counter("physical_pages")?,
                    0,
                    "physical_pages after swapoff"
                );
                disk.on()?;
            }
            // There may be no room.
            Err(e) => {
                failed += 1;
                sys::expect_errno::<()>(Err(e), &[libc::ENOMEM], "swapoff of the disk")?;
                ensure!(
                    failed < 4 * rounds,
                    "{failed} swapoffs failed, {done} did not"
                );
            }
        }
    }
    board.set(END, 1);
    join_all(workers)?;
    let (full, written) = (counter("pool_limit_hit")?, counter("written_back_pages")?);
    let evacuated = counter("evacuated_pages")?;
    println!(
        "# {done} swapoffs, {failed} without room; pool full {full} times, {written} pages \
         written back, {evacuated} brought back"
    );
    ensure!(
        written >= limit as u64,
        "only {written} pages were written back, with {limit} pages of memory for the pool"
    );
    ensure!(
        evacuated >= limit as u64,
        "only {evacuated} pages were taken off the disk by {done} swapoffs"
    );
    disk.off()?;
    ghost.stop()
}

/// Pages that are out for long, more than the pool may have of them.
fn old(owner: u32, pages: usize, board: &Board) -> Outcome {
    let mut map = Mapping::private(pages)?;
    let mut generation = 0;
    while board.get(END) == 0 {
        generation += 1;
        map.fill(map.all(), Kind::Real, owner, generation);
        map.try_page_out(map.all())?;
        let steps = board.step(STEPS);
        while board.get(END) == 0 && board.get(STEPS) < steps + 16 {
            sys::pause_ms(5);
        }
        map.check(map.all(), Kind::Real, owner, generation)?;
    }
    Ok(())
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
        board.step(STEPS);
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
        board.step(STEPS);
    }
    Ok(())
}
