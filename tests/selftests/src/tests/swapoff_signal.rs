// SPDX-License-Identifier: GPL-2.0
//! swapoff is interrupted by a signal midway: swap is still on, and nothing is
//! lost. Half-way it has to read from a disk that does not answer before the
//! signal was sent, so it cannot have finished.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::disk::Faulty;
use crate::ghost::{counter, swap_line, Ghost, DEVICE};
use crate::harness::Env;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::sys;
use crate::worker::{join_all, Board, End, Worker};

const OWNER: u32 = 200;
/// The kernel looks for signals between one process's memory and the next's.
const PROCESSES: usize = 9;
/// The process whose pages are on the disk. The kernel goes through processes in the
/// order in which pages of theirs first went out, or the other way round.
const MIDDLE: usize = PROCESSES / 2;
/// Numbers on the board: in how many processes pages are out; that they shall be
/// checked; that swapoff was interrupted.
const OUT: usize = 0;
const CHECK: usize = 1;
const INTERRUPTED: usize = 2;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let (faulty, disk) = Faulty::new()?;
    let ghost = Ghost::start("shrinker_enabled=N")?;
    disk.on()?;
    let pages = env.pages(4);
    for signal in [libc::SIGUSR1, libc::SIGKILL] {
        let group = Cgroup::new("swapoff-signal")?;
        let board = Board::new()?;
        let holders = holders(pages, &group, &board)?;
        interrupt(signal, pages, &faulty, &board)?;
        if signal == libc::SIGKILL {
            // The next one does what is left.
            ghost.off()?;
        }
        board.set(CHECK, 1);
        join_all(holders)?;
        if signal == libc::SIGKILL {
            ghost.on()?;
        }
    }
    disk.off()?;
    ghost.stop()
}

/// Starts processes, each of which has its pages out before the next one starts.
fn holders(pages: usize, group: &Cgroup, board: &Board) -> Outcome<Vec<Worker>> {
    let mut holders = Vec::new();
    for number in 0..PROCESSES {
        // What does not compress goes to the disk.
        let kind = match number {
            MIDDLE => Kind::Random,
            _ => Kind::Heap,
        };
        let owner = OWNER + number as u32;
        holders.push(Worker::start(|| {
            group.enter()?;
            let mut map = Mapping::private(pages)?;
            map.fill(map.all(), kind, owner, 0);
            group.reclaim(&map)?;
            board.step(OUT);
            board.wait_for(CHECK, 1, &[])?;
            map.check(map.all(), kind, owner, 0)
        })?);
        board.wait_for(OUT, number as u64 + 1, &holders)?;
    }
    let physical = counter("physical_pages")?;
    ensure!(
        physical >= pages as u64,
        "only {physical} of {pages} pages are on the disk"
    );
    Ok(holders)
}

/// Starts swapoff and interrupts it when it has brought in the pages of some
/// processes.
fn interrupt(signal: i32, pages: usize, faulty: &Faulty, board: &Board) -> Outcome {
    let used = || Ok(swap_line()?.map_or(0, |line| line.used as usize / 4));
    let start = used()?;
    faulty.pause()?;
    let worker = Worker::start(|| {
        // SAFETY: The handler does nothing.
        unsafe { libc::signal(libc::SIGUSR1, nothing as extern "C" fn(i32) as usize) };
        match sys::swapoff(DEVICE) {
            Err(e) if sys::errno(&e) == libc::EINTR => board.set(INTERRUPTED, 1),
            other => other.doing("swapoff")?,
        }
        Ok(())
    })?;
    while worker.is_running() && used()? > start - 2 * pages {
        sys::pause_ms(1);
    }
    worker.signal(signal);
    faulty.work()?;
    let end = worker.end()?;
    let told = board.get(INTERRUPTED) == 1;
    match (signal, end) {
        (libc::SIGUSR1, End::Done(Ok(()))) if told => {}
        (libc::SIGKILL, End::Killed(libc::SIGKILL)) => {}
        (_, End::Done(Err(failure))) => return Err(failure),
        (_, end) => fail!("swapoff with signal {signal}: {end:?}, EINTR: {told}"),
    }
    ensure!(
        swap_line()?.is_some(),
        "/proc/swaps lost the ghost after swapoff was interrupted"
    );
    let left = used()?;
    println!("# signal {signal}: {left} of {start} pages left");
    ensure!(
        left >= 2 * pages && left <= start - 2 * pages,
        "swapoff was interrupted, but not midway: {left} of {start} pages are left"
    );
    Ok(())
}

extern "C" fn nothing(_signal: i32) {}
