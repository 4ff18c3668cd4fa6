// SPDX-License-Identifier: GPL-2.0
//! swapoff that a signal interrupts midway: swap is still on, and nothing is
//! lost.

use crate::data::Kind;
use crate::ghost::{swap_line, Ghost, DEVICE};
use crate::harness::Env;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome, Stop};
use crate::sys;
use crate::worker::{join_all, Board, End, Worker};

/// The kernel looks for signals between one process's memory and the next's.
const PROCESSES: usize = 16;
/// Numbers on the board: the round, and in how many processes it is done.
const ROUND: usize = 0;
const DONE: usize = 1;
/// The round that is the last.
const END: u64 = u64::MAX;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::start("")?;
    let board = Board::new()?;
    let pages = env.pages(32) / PROCESSES;
    let start = |owner| Worker::start(|| holder(200 + owner as u32, pages, &board));
    let holders = (0..PROCESSES).map(start).collect::<Outcome<Vec<_>>>()?;
    let (mut interrupted, mut done) = (0, 0);
    for round in 1..=30 {
        board.set(ROUND, round);
        done += PROCESSES as u64;
        board.wait_for(DONE, done, &holders)?;
        let signal = if interrupted % 2 == 0 {
            libc::SIGUSR1
        } else {
            libc::SIGKILL
        };
        if interrupt(signal)? {
            interrupted += 1;
        } else {
            // It was faster than the signal.
            ghost.on()?;
        }
        if interrupted == 4 {
            break;
        }
    }
    board.set(ROUND, END);
    join_all(holders)?;
    ensure!(
        interrupted > 1,
        "only {interrupted} of all swapoffs were interrupted midway"
    );
    ghost.stop()
}

/// In each round, checks its pages and sends them out.
fn holder(owner: u32, pages: usize, board: &Board) -> Outcome {
    let mut map = Mapping::private(pages)?;
    map.fill(map.all(), Kind::Mixed, owner, 0);
    let mut round = 0;
    while round != END {
        board.wait_for(ROUND, round + 1, &[])?;
        round = board.get(ROUND);
        map.check(map.all(), Kind::Mixed, owner, 0)?;
        map.page_out(map.all())?;
        board.step(DONE);
    }
    map.check(map.all(), Kind::Mixed, owner, 0)
}

/// Starts swapoff and interrupts it. Says whether it ended early, with some
/// pages brought in and others out.
fn interrupt(signal: i32) -> Outcome<bool> {
    let used = || Ok(swap_line()?.map_or(0, |line| line.used));
    let start = used()?;
    let worker = Worker::start(|| {
        // SAFETY: The handler does nothing.
        unsafe { libc::signal(libc::SIGUSR1, nothing as extern "C" fn(i32) as usize) };
        match sys::swapoff(DEVICE) {
            Ok(()) => Ok(()),
            Err(e) if sys::errno(&e) == libc::EINTR => skip!("interrupted"),
            Err(e) => Err(e).doing("swapoff"),
        }
    })?;
    // Let it get somewhere.
    while worker.is_running() && used()? > start - start / 8 {
        std::hint::spin_loop();
    }
    worker.signal(signal);
    let early = match worker.end()? {
        End::Done(Ok(())) => false,
        End::Done(Err(Stop::Skip(_))) | End::Killed(_) => true,
        End::Done(Err(failure)) => return Err(failure),
    };
    let left = used()?;
    if !early || left == 0 {
        return Ok(false);
    }
    ensure!(
        swap_line()?.is_some(),
        "/proc/swaps lost the ghost after swapoff was interrupted"
    );
    ensure!(left < start, "swapoff was interrupted before it began");
    Ok(true)
}

extern "C" fn nothing(_signal: i32) {}
