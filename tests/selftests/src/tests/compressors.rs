// SPDX-License-Identifier: GPL-2.0
//! Changing the compressor while pages of the old one are out.

use crate::data::Kind;
use crate::ghost::{counter, parameter, set_parameter, Counters, Ghost};
use crate::harness::Env;
use crate::mapping::Mapping;
use crate::outcome::{Outcome, Stop};
use crate::worker::{join_all, Board, Worker};

const OWNER: u32 = 150;
/// The module's own, and some of the kernel's: one of them for the same format.
const NAMES: [&str; 5] = ["lz4", "zstd", "lz4-scomp", "lzo-rle", "deflate"];

/// See above.
pub fn run(env: &Env) -> Outcome {
    for name in NAMES {
        let ghost = Ghost::start(&format!("compressor={name}"))?;
        ensure_eq!(parameter("compressor")?, name, "compressor");
        round(env).map_err(|stop| Stop::Fail(format!("{name}: {stop}")))?;
        ghost.stop()?;
    }
    let ghost = Ghost::start("")?;
    one_after_the_other(env)?;
    meanwhile(env)?;
    ghost.stop()
}

fn round(env: &Env) -> Outcome {
    let mut map = Mapping::private(env.pages(2))?;
    map.fill(map.all(), Kind::Mixed, OWNER, 0);
    map.page_out(map.all())?;
    ensure!(counter("compressed_pages")? > 0, "no page is compressed");
    map.check(map.all(), Kind::Mixed, OWNER, 0)
}

/// Each part is compressed by another one; all come back after that.
fn one_after_the_other(env: &Env) -> Outcome {
    let part = env.pages(2);
    let rounds = 2 * NAMES.len();
    let mut map = Mapping::private(rounds * part)?;
    map.fill(map.all(), Kind::Mixed, OWNER, 1);
    for round in 0..rounds {
        let name = NAMES[round % NAMES.len()];
        set_parameter("compressor", name)?;
        ensure_eq!(parameter("compressor")?, name, "compressor");
        map.page_out(round * part..(round + 1) * part)?;
    }
    ensure_eq!(
        Counters::read()?.stored,
        (rounds * part) as u64,
        "stored_pages with all out"
    );
    map.check(map.all(), Kind::Mixed, OWNER, 1)
}

/// Processes send pages out and read them back while it changes.
fn meanwhile(env: &Env) -> Outcome {
    let board = Board::new()?;
    let pages = env.pages(2);
    let start = |owner| {
        Worker::start(|| {
            let mut map = Mapping::private(pages)?;
            let mut generation = 0;
            while board.get(0) == 0 {
                map.fill(map.all(), Kind::Blend, owner, generation);
                map.page_out(map.all())?;
                map.check(map.all(), Kind::Blend, owner, generation)?;
                generation += 1;
                board.step(1);
            }
            Ok(())
        })
    };
    let workers = (OWNER + 1..OWNER + 3)
        .map(start)
        .collect::<Outcome<Vec<_>>>()?;
    for round in 0..env.count(24, 8) {
        let done = board.get(1);
        set_parameter("compressor", NAMES[round % NAMES.len()])?;
        board.wait_for(1, done + 1, &workers)?;
    }
    board.set(0, 1);
    join_all(workers)
}
