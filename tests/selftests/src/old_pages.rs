// SPDX-License-Identifier: GPL-2.0
//! A process whose pages fill what memory there is, so that many of them are in the pools: enough that they
//! are packed tighter when they get old.

use crate::data::Kind;
use crate::harness::Env;
use crate::mapping::Mapping;
use crate::outcome::{Outcome, Stop};
use crate::shortage;
use crate::sys;
use crate::worker::{Board, Worker};

/// Numbers on the board: pages are filled; they are to be checked.
const FILLED: usize = 0;
const CHECK: usize = 1;

/// See above.
pub struct OldPages {
    worker: Worker,
    board: &'static Board,
    _block: Mapping,
}

impl OldPages {
    /// Fills them with real data.
    pub fn fill(env: &Env, owner: u32) -> Outcome<Self> {
        let (block, left) = shortage::leave(env.count(64, 96) * 256)?;
        // The debug kernel keeps more of memory free. Of these a fourth or more is out.
        let pages = left / 4 * env.count(5, 4);
        // The process has it to its end.
        let board: &'static Board = Box::leak(Box::new(Board::new()?));
        let worker = Worker::start(move || {
            let mut map = Mapping::private(pages)?;
            map.fill(map.all(), Kind::Real, owner, 0);
            board.set(FILLED, 1);
            board.wait_for(CHECK, 1, &[])?;
            map.check(map.all(), Kind::Real, owner, 0)
        })?;
        board.wait_for(FILLED, 1, std::slice::from_ref(&worker))?;
        Ok(Self {
            worker,
            board,
            _block: block,
        })
    }

    /// Reads all of them, and ends the process.
    pub fn check(self) -> Outcome {
        self.board.set(CHECK, 1);
        self.worker.join()
    }
}

/// Waits until it is so, for minutes if need be.
pub fn until(what: &str, holds: impl Fn() -> Outcome<bool>) -> Outcome {
    for _ in 0..2400 {
        if holds()? {
            return Ok(());
        }
        sys::pause_ms(100);
    }
    Err(Stop::Fail(format!("{what}: not so after minutes")))
}
