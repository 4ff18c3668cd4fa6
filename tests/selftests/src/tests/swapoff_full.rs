// SPDX-License-Identifier: GPL-2.0
//! swapoff where what is out does not fit in memory: it fails and changes
//! nothing, or the kernel kills the process whose memory it is.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::ghost::{swap_line, Ghost, DEVICE};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::worker::{Board, End, Worker};
use crate::{sys, PAGE};

const OWNER: u32 = 110;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::start("")?;
    let pages = env.pages(12);
    let group = Cgroup::new("swapoff-full")?;
    group.set("memory.max", pages / 2 * PAGE)?;
    let board = Board::new()?;
    let worker = [Worker::start(|| {
        group.enter()?;
        kernel::write("/proc/self/oom_score_adj", 1000)?;
        let mut map = Mapping::private(pages)?;
        map.fill(map.all(), Kind::Mixed, OWNER, 0);
        board.set(0, 1);
        board.wait_for(1, 1, &[])?;
        map.check(map.all(), Kind::Mixed, OWNER, 0)
    })?];
    board.wait_for(0, 1, &worker)?;
    let result = sys::swapoff(DEVICE);
    sys::expect_errno(
        result.as_ref().map_err(clone),
        &[0, libc::ENOMEM],
        "swapoff",
    )?;
    board.set(1, 1);
    let [worker] = worker;
    match (result, worker.end()?) {
        (Err(_), End::Done(checked)) => {
            checked?;
            println!("# swapoff failed, all data is right");
        }
        (result, End::Killed(libc::SIGKILL)) => {
            ensure!(
                group.field("memory.events", "oom_kill")? >= 1,
                "who killed the process?"
            );
            println!("# the process was ended for want of memory, swapoff: {result:?}");
        }
        (Ok(()), End::Done(result)) => {
            fail!(
                "swapoff brought {pages} pages into memory for {}: {result:?}",
                pages / 2
            )
        }
        (result, end) => fail!("swapoff: {result:?}, process: {end:?}"),
    }
    drop(group);
    if swap_line()?.is_none() {
        ghost.on()?;
    }
    ghost.stop()
}

fn clone(error: &std::io::Error) -> std::io::Error {
    std::io::Error::from_raw_os_error(sys::errno(error))
}
