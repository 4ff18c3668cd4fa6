// SPDX-License-Identifier: GPL-2.0
//! The whole machine runs short of memory: a locked block leaves processes a
//! third to half of what they need, on a debug kernel two thirds. They share a part of
//! it with their parent since they were forked, until one of them writes.

use super::access::Memory;
use crate::data::Rng;
use crate::ghost::{counter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::outcome::Outcome;
use crate::shortage;
use crate::worker::{join_all, Worker};

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::start("size=2G max_pool_percent=60")?;
    // Left for the processes, in pages; the pool takes a part of it.
    let (block, left) = shortage::leave(env.count(64, 40) * 256)?;
    // A debug kernel keeps half a kilobyte of its own for each page that is out.
    let data = |left| left * env.count(10, 6) / 4;
    let workers = 3;
    // Each process has its own copy of what they have in common, in the end.
    let common = left / 4;
    let pages = (data(left) - common * (workers + 1)) / workers;
    let steps = env.count(4_000, 40);
    let before = kernel::swap_events()?;
    let mut inherited = Memory::new(99, common)?;
    let start = |owner: usize| {
        Worker::start(|| {
            kernel::write("/proc/self/oom_score_adj", 500)?;
            inherited.write_as(owner as u32);
            let mut own = Memory::new(owner as u32, pages)?;
            let mut rng = Rng::new(owner as u64);
            for _ in 0..steps {
                own.step(&mut rng)?;
                inherited.step(&mut rng)?;
            }
            own.check_all()?;
            inherited.check_all()
        })
    };
    let running = (1..=workers).map(start).collect::<Outcome<Vec<_>>>()?;
    let mut rng = Rng::new(0);
    while running.iter().any(Worker::is_running) {
        inherited.step(&mut rng)?;
    }
    inherited.check_all()?;
    join_all(running)?;
    drop(block);
    let now = kernel::swap_events()?;
    let (out, back) = (now.out - before.out, now.r#in - before.r#in);
    println!(
        "# {} pages of data, {left} of memory: {out} out, {back} in",
        data(left)
    );
    ensure!(
        out as usize >= (data(left) - left) / 3,
        "only {out} pages went out"
    );
    println!("# pool_limit_hit: {}", counter("pool_limit_hit")?);
    ghost.stop()
}
