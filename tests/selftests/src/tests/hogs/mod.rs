// SPDX-License-Identifier: GPL-2.0
//! Memory is full of what one process, or a crowd of them, takes: nothing wedges.
//! Meanwhile a shell can be started and does its work, and who only stands by
//! keeps its data. Where there is no more, it is the hog that is killed.
//!
//! The ghost is the only swap, and as it comes. `--hog 2` runs the second only.

mod bomb;
mod bystander;
mod dirty;
mod grow;
mod shell;
mod tmpfs;

use crate::ghost::{counter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::outcome::Outcome;
use crate::sys;
use crate::worker::{Board, End, Worker};
use bystander::Bystander;
use shell::Shell;
use tmpfs::Tmpfs;

/// Numbers on the board: memory is full; the hog shall take the rest or, if it
/// takes no more than it may, end; of its processes, those that a limit of its
/// own has killed.
const FULL: usize = 0;
const GO: usize = 1;
const KILLED: usize = 2;
/// Shells that are run while memory is full, before the hog goes on.
const SHELLS: usize = 3;
/// So many pages that were reclaimed say that memory is full.
const RECLAIMED: u64 = 2048;

/// The number of the hog that needs a kernel with huge pages to reserve.
const HUGE: usize = 1;

/// How a hog has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// By the OOM killer: it wants more than there is, and nothing else gives way.
    Killed,
    /// By itself, when told to.
    Told,
}

/// Something that takes all memory.
struct Hog {
    name: &'static str,
    fate: Fate,
    run: fn(&Env, &Board) -> Outcome,
}

const HOGS: [Hog; 6] = [
    Hog {
        name: "huge pages",
        fate: Fate::Killed,
        run: grow::huge,
    },
    Hog {
        name: "dirty page cache",
        fate: Fate::Told,
        run: dirty::write,
    },
    Hog {
        name: "random anonymous memory",
        fate: Fate::Killed,
        run: grow::anonymous,
    },
    Hog {
        name: "locked memory",
        fate: Fate::Killed,
        run: grow::locked,
    },
    Hog {
        name: "tmpfs",
        fate: Fate::Told,
        run: tmpfs::fill,
    },
    Hog {
        name: "a fork bomb",
        fate: Fate::Told,
        run: bomb::explode,
    },
];

/// See above.
pub fn run(env: &Env) -> Outcome {
    // How much of memory may be dirty before who writes has to wait, in percent: all.
    kernel::write("/proc/sys/vm/dirty_background_ratio", 80)?;
    kernel::write("/proc/sys/vm/dirty_ratio", 90)?;
    let ghost = Ghost::start("")?;
    let shell = Shell::new()?;
    for (number, hog) in (1..).zip(&HOGS) {
        if number == HUGE && !grow::has_huge_pages() {
            println!("# {}: not in this kernel (CONFIG_HUGETLBFS)", hog.name);
            continue;
        }
        if env.option("hog").is_none_or(|only| only == number) {
            beside(env, hog, &shell)?;
        }
    }
    ghost.stop()
}

/// How many pages were reclaimed since boot.
fn reclaimed() -> Outcome<u64> {
    Ok(kernel::vmstat("pgsteal_kswapd")? + kernel::vmstat("pgsteal_direct")?)
}

/// Lets a hog take all memory, beside a bystander and shells.
fn beside(env: &Env, hog: &Hog, shell: &Shell) -> Outcome {
    let mounts = kernel::read("/proc/self/mounts")?;
    let killed_before = kernel::vmstat("oom_kill")?;
    let board = Board::new()?;
    let tmpfs = Tmpfs::mount()?;
    let huge = grow::HugePages::none_yet()?;
    let mut bystander = Bystander::start(env)?;
    let running = Worker::start(|| (hog.run)(env, &board))?;
    while board.get(FULL) == 0 && running.is_running() {
        shell.run()?;
        sys::pause_ms(50);
    }
    let stored = counter("stored_pages")?;
    for _ in 0..SHELLS {
        shell.run()?;
    }
    bystander.check()?;
    if board.get(FULL) == 0 || !running.is_running() {
        let end = running.end()?;
        fail!("{}: it ended before its time: {end:?}", hog.name);
    }
    ensure!(
        stored > 0,
        "{}: nothing was out when memory was full",
        hog.name
    );
    board.set(GO, 1);
    let mut shells = 0;
    while running.is_running() {
        shell.run()?;
        shells += 1;
    }
    let end = running.end()?;
    let killed = kernel::vmstat("oom_kill")? - killed_before;
    println!(
        "# {}: {stored} pages were out; {shells} shells while it went on; {killed} killed",
        hog.name
    );
    match (hog.fate, end) {
        (Fate::Told, End::Done(result)) => {
            result?;
            ensure_eq!(killed, board.get(KILLED), "{}: processes killed", hog.name);
        }
        (Fate::Killed, End::Killed(libc::SIGKILL)) => {
            ensure_eq!(killed, 1, "{}: processes killed", hog.name);
        }
        (fate, end) => fail!("{}: expected {fate:?}, got {end:?}", hog.name),
    }
    bystander.end()?;
    huge.give_back()?;
    tmpfs.unmount()?;
    ensure_eq!(
        kernel::read("/proc/self/mounts")?,
        mounts,
        "{}: /proc/self/mounts",
        hog.name
    );
    Ok(())
}
