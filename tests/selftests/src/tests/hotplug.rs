// SPDX-License-Identifier: GPL-2.0
//! A processor goes and comes back while pages move, and while the compressor
//! changes.

use crate::data::Kind;
use crate::ghost::{set_parameter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::pools;
use crate::worker::{join_all, Board, Worker};
use std::path::Path;

const OWNER: u32 = 180;
const SWITCH: &str = "/sys/devices/system/cpu/cpu1/online";

/// See above.
pub fn run(env: &Env) -> Outcome {
    ensure!(
        Path::new(SWITCH).exists(),
        "no {SWITCH}: the guest must have two processors"
    );
    let ghost = Ghost::start("")?;
    let board = Board::new()?;
    let part = env.count(32, 8);
    let workers = (OWNER..OWNER + 3)
        .map(|owner| Worker::start(|| churn(&board, owner, part)))
        .collect::<Outcome<Vec<_>>>()?;
    for round in 0..env.count(12, 4) {
        for on in [0, 1] {
            kernel::write(SWITCH, on)?;
            let done = board.get(1);
            set_parameter("compressor", ["zstd", "lz4"][round % 2])?;
            board.wait_for(1, done + 2, &workers)?;
        }
    }
    board.set(0, 1);
    join_all(workers)?;
    pools::until_idle()?;
    ghost.stop()
}

fn churn(board: &Board, owner: u32, part: usize) -> Outcome {
    let mut map = Mapping::private(2 * part)?;
    let mut generation = 0;
    while board.get(0) == 0 {
        map.fill(map.all(), Kind::Blend, owner, generation);
        map.try_page_out(map.all())?;
        map.check(map.all(), Kind::Blend, owner, generation)?;
        generation += 1;
        board.step(1);
    }
    Ok(())
}
