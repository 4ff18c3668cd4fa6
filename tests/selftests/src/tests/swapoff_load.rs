// SPDX-License-Identifier: GPL-2.0
//! swapoff while processes read and write the pages that are out; once swap is
//! back on, they are swapped out again.

use super::access::Memory;
use crate::data::Rng;
use crate::ghost::{swap_line, Ghost};
use crate::harness::Env;
use crate::outcome::Outcome;
use crate::sys;
use crate::worker::{join_all, Board, Worker};

/// Number on the board that is not 0 when processes shall end.
const END: usize = 0;
/// Number of steps that all processes did.
const STEPS: usize = 1;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::start("")?;
    let pages = env.pages(8);
    let board = Board::new()?;
    let start = |owner| Worker::start(|| busy(owner, pages, &board));
    let workers = (90..93).map(start).collect::<Outcome<Vec<_>>>()?;
    for _ in 0..env.count(5, 3) {
        // Some pages are out, and all processes are at work, when it starts.
        let steps = board.get(STEPS);
        board.wait_for(STEPS, steps + 20, &workers)?;
        while swap_line()?.is_none_or(|line| line.used < 1024) {
            let steps = board.get(STEPS);
            board.wait_for(STEPS, steps + 1, &workers)?;
        }
        ghost.off()?;
        let steps = board.get(STEPS);
        board.wait_for(STEPS, steps + 5, &workers)?;
        ghost.on()?;
    }
    board.set(END, 1);
    join_all(workers)?;
    ghost.stop()
}

fn busy(owner: u32, pages: usize, board: &Board) -> Outcome {
    let mut memory = Memory::new(owner, pages)?;
    let mut rng = Rng::new(owner.into());
    while board.get(END) == 0 {
        for _ in 0..64 {
            memory.step(&mut rng)?;
        }
        memory.page_out(&mut rng, pages / 4)?;
        board.step(STEPS);
        sys::pause_ms(0);
    }
    memory.check_all()
}
