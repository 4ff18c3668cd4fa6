// SPDX-License-Identifier: GPL-2.0
//! Pools come and go: a thousand changes of the compressor while processes swap
//! pages out and read them back, and changes that are refused.

use crate::data::{Kind, Rng};
use crate::ghost::{parameter, set_parameter, try_set_parameter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::log::Log;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::pools;
use crate::sys;
use crate::worker::{join_all, Board, Worker};
use std::path::Path;

const OWNER: u32 = 170;
const SWITCHES: usize = 1000;
const NAMES: [&str; 4] = ["lz4", "lzo-rle", "zstd", "deflate"];
/// All that this kernel has, by both names of each.
const ALL_NAMES: [&str; 14] = [
    "lz4",
    "lz4-scomp",
    "lz4hc",
    "lz4hc-scomp",
    "lzo",
    "lzo-scomp",
    "lzo-rle",
    "lzo-rle-scomp",
    "zstd",
    "zstd-generic",
    "deflate",
    "deflate-generic",
    "842",
    "842-scomp",
];
/// Compressors that are modules of the kernel.
const MODULES: [&str; 2] = ["lz4hc", "842"];
const MODPROBE: &str = "/proc/sys/kernel/modprobe";

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::start("max_pool_percent=50")?;
    under_load(env)?;
    revived()?;
    unloadable()?;
    all_at_once()?;
    ghost.stop()
}

/// The pages that a process keeps in motion: of several parts, all but one are
/// out, each since another time.
fn churn(board: &Board, owner: u32, part: usize) -> Outcome {
    const PARTS: usize = 6;
    let mut map = Mapping::private(PARTS * part)?;
    let mut out = 0;
    for step in 0.. {
        let pages = (step % PARTS) * part..(step % PARTS + 1) * part;
        let generation = (step / PARTS) as u32;
        if generation > 0 {
            out += map.out(pages.clone())?;
            map.check(pages.clone(), Kind::Blend, owner, generation - 1)?;
        }
        if board.get(0) > 0 && generation > 0 {
            break;
        }
        map.fill(pages.clone(), Kind::Blend, owner, generation);
        map.try_page_out(pages)?;
        board.step(1);
    }
    ensure!(out > part, "only {out} pages were out");
    Ok(())
}

fn under_load(env: &Env) -> Outcome {
    let board = Board::new()?;
    let part = env.count(32, 8);
    let workers = (OWNER..OWNER + 2)
        .map(|owner| Worker::start(|| churn(&board, owner, part)))
        .collect::<Outcome<Vec<_>>>()?;
    let mut rng = Rng::new(u64::from(OWNER));
    let (mut most, mut pools_seen) = (0, 0);
    for round in 0..SWITCHES {
        // In a tight loop, but for now and then.
        if round % env.count(8, 16) == 0 {
            let done = board.get(1);
            board.wait_for(1, done + 1, &workers)?;
            let pools = pools::list()?.len();
            most = most.max(pools);
            pools_seen += pools;
        }
        let name = NAMES[rng.below(NAMES.len())];
        set_parameter("compressor", name)?;
        if round % 50 == 49 {
            let refused = try_set_parameter("compressor", "nosuch");
            sys::expect_errno(refused, &[libc::EINVAL], "compressor=nosuch")?;
            ensure_eq!(parameter("compressor")?, name, "compressor");
        }
    }
    board.set(0, 1);
    join_all(workers)?;
    println!(
        "# {SWITCHES} switches in {} steps; up to {most} pools, {pools_seen} seen",
        board.get(1)
    );
    ensure!(most > 1, "there was never more than one pool");
    pools::until_idle()
}

/// Switching back finds the pool that has pages, and it takes more.
fn revived() -> Outcome {
    let mut map = Mapping::private(128)?;
    map.fill(map.all(), Kind::Real, OWNER, 1);
    set_parameter("compressor", "lz4")?;
    map.page_out(0..64)?;
    let before = pools::of("lz4")?;
    set_parameter("compressor", "zstd")?;
    let old = pools::of("lz4")?;
    ensure!(
        old.number == before.number && !old.current && pools::of("zstd")?.current,
        "after lz4 and zstd: {:?}",
        pools::list()?
    );
    set_parameter("compressor", "lz4")?;
    map.page_out(64..128)?;
    let now = pools::of("lz4")?;
    ensure!(
        now.number == before.number && now.current && now.pages > before.pages,
        "the pool was {before:?}, after switching back it is {now:?}"
    );
    map.check(map.all(), Kind::Real, OWNER, 1)?;
    pools::until_idle()
}

/// A compressor in a module that cannot be loaded is refused, with one line in
/// the log. When it can be, its pool holds it until the last page has left.
fn unloadable() -> Outcome {
    let name = MODULES[1];
    let loaded = || Path::new("/sys/module").join(name).exists();
    ensure!(!loaded(), "{name} is loaded already");
    let modprobe = kernel::read(MODPROBE)?;
    kernel::write(MODPROBE, "/bin/false")?;
    let mut log = Log::from_now()?;
    let refused = try_set_parameter("compressor", name);
    let lines = log.module_lines()?;
    kernel::write(MODPROBE, modprobe)?;
    sys::expect_errno(refused, &[libc::EINVAL], "a compressor that does not load")?;
    ensure_eq!(parameter("compressor")?, "lz4", "compressor");
    ensure!(
        lines.len() == 1 && lines[0].contains(name),
        "expected one line about {name} in the log, got {lines:?}"
    );

    set_parameter("compressor", name)?;
    let mut map = Mapping::private(32)?;
    map.fill(map.all(), Kind::Real, OWNER, 2);
    map.page_out(map.all())?;
    set_parameter("compressor", "lz4")?;
    sys::expect_errno(
        sys::rmmod(name),
        &[libc::EWOULDBLOCK],
        "rmmod of a compressor in use",
    )?;
    map.check(map.all(), Kind::Real, OWNER, 2)?;
    pools::until_idle()?;
    pools::remove_compressor(name)
}

/// Each compressor has some of the pages.
fn all_at_once() -> Outcome {
    let part = 24;
    let mut map = Mapping::private(part * ALL_NAMES.len())?;
    map.fill(map.all(), Kind::Blend, OWNER, 3);
    for (index, name) in ALL_NAMES.iter().enumerate() {
        set_parameter("compressor", name)?;
        map.page_out(index * part..(index + 1) * part)?;
    }
    let pools = pools::list()?;
    ensure!(
        pools.len() == ALL_NAMES.len() && pools.iter().all(|pool| pool.pages > 0),
        "expected a pool with pages for each of {ALL_NAMES:?}, got {pools:?}"
    );
    map.check(map.all(), Kind::Blend, OWNER, 3)?;
    set_parameter("compressor", "lz4")?;
    pools::until_idle()?;
    MODULES.into_iter().try_for_each(pools::remove_compressor)
}
