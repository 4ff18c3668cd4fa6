// SPDX-License-Identifier: GPL-2.0
//! A group that may keep 1 MiB compressed and has 64 MB to swap out (16 MB on a
//! debug kernel): it never keeps more, and its other pages stay in memory.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::ghost::Ghost;
use crate::harness::Env;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::sys;
use crate::worker::{Board, Worker};

const OWNER: u32 = 190;
const LIMIT: u64 = 1 << 20;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let pages = env.count(64, 16) * 256;
    let ghost = Ghost::start("")?;
    let group = Cgroup::new("limit")?;
    group.set("memory.zswap.max", LIMIT)?;
    let board = Board::new()?;
    let worker = Worker::start(|| {
        group.enter()?;
        let mut map = Mapping::private(pages)?;
        map.fill(map.all(), Kind::Blend, OWNER, 0);
        for from in (0..pages).step_by(512) {
            map.try_page_out(from..from + 512)?;
        }
        board.set(0, 1 + map.out(map.all())? as u64);
        board.wait_for(1, 1, &[])?;
        map.check(map.all(), Kind::Blend, OWNER, 0)
    })?;
    let (mut most, mut samples) = (0, 0);
    while worker.is_running() {
        let done = board.get(0);
        let kept = group.number("memory.zswap.current")?;
        ensure!(kept <= LIMIT, "{kept} bytes are kept, {LIMIT} are allowed");
        most = most.max(kept);
        samples += 1;
        if done > 0 {
            board.set(1, 1);
        }
        sys::pause_ms(2);
    }
    worker.join()?;
    let out = board.get(0) - 1;
    println!("# {out} pages out, {most} bytes at most in {samples} samples");
    ensure!(
        most > LIMIT / 2,
        "of {LIMIT} bytes, no more than {most} were used"
    );
    ensure!(
        out > 256 && out < pages as u64 / 2,
        "{out} pages went out, in {LIMIT} bytes"
    );
    ghost.stop()
}
