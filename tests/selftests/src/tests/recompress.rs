// SPDX-License-Identifier: GPL-2.0
//! Before the OOM killer comes old pages are packed tighter, by the recompressor, in a pool of their own:
//! more fits, and every byte is read back. For a while new pages are packed as tight at once. Without a recompressor
//! nothing of that happens. The pool goes when it is not needed any more.
//!
//! Not on the debug kernel: what KASAN and kmemleak take for an object is about what packing it saves.

use crate::data::Kind;
use crate::ghost::{counter, parameter, set_parameter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Outcome, Stop};
use crate::pools;
use crate::shortage;
use crate::sysfs::{self, numbers};
use crate::worker::{Board, End, Worker};

const OWNER: u32 = 355;
/// Processes that fill memory together.
const PROCESSES: usize = 2;
/// Pages that are filled at a time.
const STEP: usize = 64;
/// More pages than these do not fit, of so many of memory.
const MOST: usize = 8;
/// How much more fits, in percent: of these pages zstd makes a quarter less than LZ4.
const GAIN: usize = 10;

/// See above.
pub fn run(_env: &Env) -> Outcome {
    let ghost = Ghost::start("size=4G recompressor=none")?;
    ensure_eq!(parameter("recompressor")?, "", "recompressor");
    let (block, left) = shortage::leave(96 * 256)?;

    let without = fill_until_killed(left)?;
    ensure_eq!(counter("recompressed_pages")?, 0, "recompressed_pages");
    println!("# {without} pages fit into {left} of memory");

    set_parameter("recompressor", "zstd")?;
    let with = fill_until_killed(left)?;
    println!(
        "# {with} with a recompressor, of which {} were packed",
        counter("recompressed_pages")?
    );
    ensure!(
        with * 100 >= without * (100 + GAIN),
        "{with} pages fit with a recompressor, {without} without"
    );

    ensure!(counter("recompressed_pages")? > 0, "no page was packed");
    let saved = counter("recompress_saved_bytes")?;
    ensure!(saved > 0, "packed pages are not smaller");

    fill_and_check((with + 2 * without) / 3)?;
    drop(block);
    // Pages of other processes may have been packed, too.
    ghost.off()?;
    pools::until_only(&["lz4"])?;
    ghost.unload()
}

/// How many pages the processes fill until one of them is killed.
fn fill_until_killed(left: usize) -> Outcome<usize> {
    let board = Board::new()?;
    let start = |process: usize| {
        let board = &board;
        Worker::start(move || {
            kernel::write("/proc/self/oom_score_adj", 1000)?;
            let mut map = Mapping::private(MOST * left)?;
            for first in (0..map.pages()).step_by(STEP) {
                // In step, so that none goes on for long when another is killed.
                for other in 0..PROCESSES {
                    board.wait_for(other, first as u64, &[])?;
                }
                map.fill(first..first + STEP, Kind::Real, OWNER, process as u32);
                board.set(process, (first + STEP) as u64);
            }
            fail!("{} pages fit into {left}", map.pages())
        })
    };
    let workers = (0..PROCESSES).map(start).collect::<Outcome<Vec<_>>>()?;
    while workers.iter().all(Worker::is_running) {
        crate::sys::pause_ms(20);
    }
    let filled = (0..PROCESSES)
        .map(|process| board.get(process))
        .sum::<u64>();
    for worker in workers {
        worker.signal(libc::SIGKILL);
        match worker.end()? {
            End::Killed(libc::SIGKILL) => (),
            other => fail!("expected a process to be killed, got {other:?}"),
        }
    }
    Ok(filled as usize)
}

/// The processes fill so many pages together, and check them twice while the others do.
fn fill_and_check(pages: usize) -> Outcome {
    let killed = kernel::vmstat("oom_kill")?;
    let packed_before = counter("recompressed_pages")?;
    let in_tight = || Ok::<_, Stop>(sysfs::number("pool1/original_bytes")? / 4096);
    // Of other processes, if there is the pool still.
    let tight_before = in_tight().unwrap_or(0);
    let board = Board::new()?;
    let share = pages / PROCESSES;
    let start = |process: usize| {
        let board = &board;
        Worker::start(move || {
            let mut map = Mapping::private(share)?;
            map.fill(map.all(), Kind::Real, OWNER, process as u32);
            for round in 0..2 {
                board.step(round);
                board.wait_for(round, PROCESSES as u64, &[])?;
                map.check(map.all(), Kind::Real, OWNER, process as u32)?;
            }
            Ok(())
        })
    };
    let workers = (0..PROCESSES).map(start).collect::<Outcome<Vec<_>>>()?;
    board.wait_for(1, PROCESSES as u64, &workers)?;
    ensure_eq!(numbers("pool")?, [0, 1], "pools");
    ensure_eq!(sysfs::text("pool1/compressor")?, "zstd", "pool1/compressor");
    ensure_eq!(sysfs::number("pool1/current")?, 0, "pool1/current");
    let shrunk = |pool: usize| -> Outcome<f64> {
        let of = |name: &str| sysfs::number(&format!("pool{pool}/{name}"));
        Ok(of("compressed_bytes")? as f64 / of("original_bytes")? as f64)
    };
    // The first has what the recompressor would not make smaller, or was not yet asked to.
    println!(
        "# pages shrink to {:.3} and, where they are packed, to {:.3}",
        shrunk(0)?,
        shrunk(1)?
    );
    let tight = in_tight()?;
    let were_packed = counter("recompressed_pages")? - packed_before;
    println!("# {tight} pages are tight, {were_packed} were packed");
    ensure!(
        tight > tight_before + were_packed,
        "no page was stored tight at once"
    );
    for worker in workers {
        worker.join()?;
    }
    ensure_eq!(kernel::vmstat("oom_kill")?, killed, "oom_kill");
    Ok(())
}
