// SPDX-License-Identifier: GPL-2.0
//! The pool's limits change while it is in use. When there is no room left in
//! the pool or in memory, the kernel kills a process, and all others have their
//! data.

use crate::data::Kind;
use crate::ghost::{counter, parameter, set_parameter, Counters, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::shortage;
use crate::sys;
use crate::worker::{End, Worker};
use crate::PAGE;

const OWNER: u32 = 210;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::start("max_pool_percent=1 accept_threshold_percent=100")?;
    at_run_time()?;
    out_of_memory(env)?;
    ghost.stop()
}

fn limits(max: usize, accept: usize) -> Outcome {
    set_parameter("max_pool_percent", max)?;
    set_parameter("accept_threshold_percent", accept)?;
    ensure_eq!(
        (
            parameter("max_pool_percent")?,
            parameter("accept_threshold_percent")?
        ),
        (max.to_string(), accept.to_string()),
        "max_pool_percent and accept_threshold_percent"
    );
    Ok(())
}

/// Asks for pages to go out; tells how many are.
fn out(map: &Mapping) -> Outcome<usize> {
    map.map_cached(map.all())?;
    map.try_page_out(map.all())?;
    map.out(map.all())
}

fn at_run_time() -> Outcome {
    // The kernel counts pages it manages: MemTotal, or a little more.
    let limit = kernel::meminfo("MemTotal")? as usize * 1024 / PAGE / 100;
    let slack = limit / 8 + 64;
    let mut map = Mapping::private(3 * limit)?;
    map.fill(map.all(), Kind::Random, OWNER, 0);
    let near = |count: usize, percent: usize, what: &str| {
        let wanted = limit * percent / 100;
        ensure!(
            count.abs_diff(wanted) <= slack,
            "{what}: expected about {wanted} pages out, got {count}"
        );
        Ok(())
    };
    near(out(&map)?, 100, "with 1 %")?;
    // Full is full until little enough of the new limit is used, too,
    limits(2, 40)?;
    near(out(&map)?, 100, "with 2 %, from 40 % of it on")?;
    // and without hysteresis it is not.
    limits(2, 100)?;
    near(out(&map)?, 200, "with 2 %")?;
    // What is over a new limit stays where it is, and nothing is added.
    limits(1, 100)?;
    near(out(&map)?, 200, "with 1 % again")?;
    map.check(0..limit, Kind::Random, OWNER, 0)?;
    let before = map.out(map.all())?;
    ensure!(
        out(&map)? <= before + slack,
        "the pool took pages over its limit"
    );
    // With nothing allowed, only repeated words are taken.
    limits(0, 100)?;
    map.check(map.all(), Kind::Random, OWNER, 0)?;
    let mut other = Mapping::private(1024)?;
    other.fill(0..512, Kind::Real, OWNER, 0);
    other.fill(512..1024, Kind::Same, OWNER, 0);
    other.try_page_out(0..512)?;
    other.page_out(512..1024)?;
    ensure_eq!(other.out(0..512)?, 0, "pages out with max_pool_percent=0");
    ensure_eq!(
        Counters::read()?.pool,
        0,
        "pool_total_size with max_pool_percent=0"
    );
    limits(20, 90)?;
    map.page_out(map.all())?;
    other.page_out(other.all())?;
    map.check(map.all(), Kind::Random, OWNER, 0)?;
    other.check(0..512, Kind::Real, OWNER, 0)?;
    other.check(512..1024, Kind::Same, OWNER, 0)
}

/// One process needs more than there is of memory and of pool together.
fn out_of_memory(env: &Env) -> Outcome {
    limits(3, 90)?;
    let pages = env.pages(4);
    let mut witness = Mapping::private(pages)?;
    witness.fill(witness.all(), Kind::Mixed, OWNER, 1);
    witness.page_out(witness.all())?;
    // Most of memory is out of reach, to be done sooner. What the kernel keeps free is out of
    // reach, too: the rest has to be so much that nobody else is short of memory once the
    // process that took it has ended.
    let (block, left) = shortage::leave(kernel::reserved_pages()? + env.count(40, 24) * 256)?;
    let killed = kernel::vmstat("oom_kill")?;
    let glutton = Worker::start(|| {
        kernel::write("/proc/self/oom_score_adj", 1000)?;
        // Or reading its own code again and again would count as progress of reclaim.
        sys::lock_all().doing("mlockall")?;
        let mut map = Mapping::private(4 * left)?;
        map.fill(map.all(), Kind::Random, OWNER, 2);
        Ok(())
    })?;
    match glutton.end()? {
        End::Killed(libc::SIGKILL) => {}
        other => fail!("with twice the memory there is: expected SIGKILL, got {other:?}"),
    }
    ensure!(
        kernel::vmstat("oom_kill")? > killed,
        "a process was killed, but not for want of memory"
    );
    ensure!(counter("pool_limit_hit")? > 0, "pool_limit_hit is 0");
    drop(block);
    witness.check(witness.all(), Kind::Mixed, OWNER, 1)
}
