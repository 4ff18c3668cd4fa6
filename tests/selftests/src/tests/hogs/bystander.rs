// SPDX-License-Identifier: GPL-2.0
//! A process that wants no more memory than it has. Half of its data is out
//! before memory is short.

use crate::data::Kind;
use crate::harness::Env;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::worker::{Board, Worker};

const OWNER: u32 = 320;
/// Numbers on the board: its pages are out; how often it shall check its data;
/// how often it has; it shall end.
const OUT: usize = 0;
const ASKED: usize = 1;
const CHECKED: usize = 2;
const END: usize = 3;

/// See above.
pub struct Bystander {
    board: Board,
    worker: [Worker; 1],
    asked: u64,
}

impl Bystander {
    /// Starts it, and waits until it is ready.
    pub fn start(env: &Env) -> Outcome<Self> {
        let board = Board::new()?;
        let worker = [Worker::start(|| stand_by(env.pages(16), &board))?];
        board.wait_for(OUT, 1, &worker)?;
        Ok(Self {
            board,
            worker,
            asked: 0,
        })
    }

    /// Has it compare every byte.
    pub fn check(&mut self) -> Outcome {
        self.asked += 1;
        self.board.set(ASKED, self.asked);
        self.board.wait_for(CHECKED, self.asked, &self.worker)
    }

    /// Has it compare every byte once more, and ends it.
    pub fn end(mut self) -> Outcome {
        self.check()?;
        self.board.set(END, 1);
        self.board.set(ASKED, self.asked + 1);
        let [worker] = self.worker;
        worker.join()
    }
}

fn stand_by(pages: usize, board: &Board) -> Outcome {
    let mut map = Mapping::private(pages)?;
    map.fill(map.all(), Kind::Mixed, OWNER, 0);
    map.page_out(0..pages / 2)?;
    board.set(OUT, 1);
    for round in 1.. {
        board.wait_for(ASKED, round, &[])?;
        if board.get(END) == 1 {
            break;
        }
        map.check(map.all(), Kind::Mixed, OWNER, 0)?;
        board.set(CHECKED, round);
    }
    Ok(())
}
