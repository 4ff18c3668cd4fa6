// SPDX-License-Identifier: GPL-2.0
//! Several processes read and write their pages in random order, in a group that
//! may use a third of the memory they need.

use super::access;
use crate::cgroup::Cgroup;
use crate::ghost::{counter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::outcome::Outcome;
use crate::worker::Worker;
use crate::PAGE;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::start("size=1G")?;
    let workers = 4;
    let pages = env.pages(24);
    let group = Cgroup::new("random")?;
    group.set("memory.max", workers * pages * PAGE / 3)?;
    let before = kernel::swap_events()?;
    let start = |owner| {
        Worker::start(|| {
            group.enter()?;
            access::at_random(owner as u32, pages, env.count(8_000, 1_500))
        })
    };
    let running = (0..workers).map(start).collect::<Outcome<Vec<_>>>()?;
    group.join_all(running)?;
    let now = kernel::swap_events()?;
    let least = (workers * pages / 2) as u64;
    let (out, back) = (now.out - before.out, now.r#in - before.r#in);
    println!("# {out} pages went out, {back} came in");
    ensure!(
        out >= least && back >= least,
        "only {out} pages went out and {back} came in"
    );
    ensure_eq!(
        counter("stored_pages")?,
        0,
        "stored_pages after all processes ended"
    );
    ghost.stop()
}
