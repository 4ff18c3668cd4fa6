// SPDX-License-Identifier: GPL-2.0
//! What is below the ghost, and around the storm's processes.

use super::board::{Progress, CALM, END, RESOLVED, THREADS};
use super::process::{self, Plan, BYTES};
use super::switches::{self, State};
use super::watchdog::Watchdog;
use super::{limits, report, sigbus, swaps};
use crate::cgroup::Cgroup;
use crate::data::{Kind, Rng};
use crate::disk::{Disk, Faulty};
use crate::ghost::{counter, Counters, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::pools;
use crate::worker::{Board, Worker};
use std::path::Path;
use std::time::{Duration, Instant};

/// A set-up.
pub struct Setup {
    pub name: &'static str,
    disks: usize,
    /// The disk and allocations fail now and then.
    faulty: bool,
    /// The storm's group is at its limit, and there is a bystander.
    tight: bool,
}

const fn setup(name: &'static str, disks: usize, faulty: bool, tight: bool) -> Setup {
    Setup {
        name,
        disks,
        faulty,
        tight,
    }
}

/// All of them: the first is number 1.
pub const ALL: [Setup; 5] = [
    setup("the ghost alone", 0, false, false),
    setup("a disk", 1, false, false),
    setup("two disks", 2, false, false),
    setup("a disk that fails", 1, true, false),
    setup("a group at its limit", 1, false, true),
];

/// The bystander's owner in stamps; other owners are small numbers.
const BYSTANDER: u32 = 1000;

/// The sleeper's.
const SLEEPER: u32 = 1001;
/// Its size in MiB: with these in the pools it is worth while to pack pages tighter, on two processors.
const SLEEPER_MIB: usize = 48;

/// Runs a storm in a set-up.
pub fn run(
    env: &Env,
    setup: &Setup,
    seed: u64,
    seconds: u64,
    total: &mut report::Total,
) -> Outcome {
    let begin = kernel::swap_events()?;
    for size in ["64kB", "1024kB", "2048kB"] {
        let file = format!("/sys/kernel/mm/transparent_hugepage/hugepages-{size}/enabled");
        kernel::write(file, if size == "64kB" { "always" } else { "madvise" })?;
    }
    kernel::write("/sys/kernel/mm/ksm/sleep_millisecs", 20)?;
    kernel::write("/sys/kernel/mm/ksm/run", 1)?;
    let (faulty, mut disks) = match setup.faulty {
        true => {
            let (faulty, disk) = Faulty::new()?;
            (Some(faulty), vec![disk])
        }
        false => (None, Vec::new()),
    };
    if setup.disks > disks.len() {
        disks.push(Disk::new()?);
    }
    if setup.disks > disks.len() {
        disks.push(Disk::second()?);
    }
    let ghost = Ghost::start("max_pool_percent=50 recompress_after=1 pack_writeback=Y")?;
    for (number, disk) in disks.iter().enumerate() {
        swaps::on(disk, number)?;
    }
    let top = Cgroup::new("storm")?;
    // Threads have it to the end of their process.
    let board: &'static Board = Box::leak(Box::new(Board::new()?));
    let plan = Plan {
        seed,
        processes: env.count(4, 2),
        faults: setup.faulty && Path::new(swaps::INJECTOR).exists(),
        board,
    };
    let need = plan.processes * BYTES;
    let mut workers = Vec::new();
    if !setup.faulty {
        workers.push(Worker::start(|| sleep(board))?);
        pools::until_tight()?;
    }
    let mut processes = Vec::new();
    for number in 0..plan.processes {
        let group = top.child(&format!("first-{number}"))?;
        let worker = Worker::start(|| {
            group.enter()?;
            process::run(number, plan)
        })?;
        processes.push((worker.pid(), Some(group)));
        workers.push(worker);
    }
    let bystander = Cgroup::new("bystander")?;
    if setup.tight {
        workers.push(Worker::start(|| {
            bystander.enter()?;
            stand_by(env, board)
        })?);
    }
    let mut watchdog = Watchdog::new(board);
    let begun = |workers: &[Worker]| {
        let threads = plan.processes * process::THREADS;
        !workers.is_empty() && (0..threads).all(|n| Progress::of(board, n).see().thread != 0)
    };
    watchdog.until(&mut workers, begun)?;

    let state = State {
        rng: Rng::new(seed),
        ghost: &ghost,
        disks: &disks,
        faulty: faulty.as_ref(),
        board,
        top: &top,
        processes,
        need,
        tight: setup.tight,
        made: 0,
    };
    if setup.tight {
        limits::tighten(&state)?;
    }
    let end = Instant::now() + Duration::from_secs(seconds);
    workers.push(Worker::start(|| {
        process::lock_self()?;
        sigbus::handle(&[]);
        switches::run(state, seed)
    })?);
    watchdog.until(&mut workers, |_| Instant::now() > end)?;
    board.set(CALM, 1);
    // The switches are the last of the workers.
    watchdog.until(&mut workers, |workers| {
        workers.last().is_none_or(|switches| !switches.is_running())
    })?;
    if let Some(switches) = workers.pop() {
        switches.join()?;
    }
    board.set(END, 1);
    watchdog.join(workers)?;
    let events = top.read("memory.events")?.replace('\n', ", ");
    println!("# memory.events: {events}");
    for group in [&top, &bystander] {
        ensure_eq!(group.field("memory.events", "oom_kill")?, 0, "oom_kill");
    }
    report::print(setup.name, seed, board, begin)?;
    let packed = counter("recompressed_pages")?;
    stop(ghost, &disks, top)?;
    bystander.remove()?;
    drop(faulty);
    total.add(board, packed);
    ensure!(
        board.get(RESOLVED) > 0,
        "no write to a protected page was told"
    );
    Ok(())
}

/// Nothing may be left of the storm.
fn stop(ghost: Ghost, disks: &[Disk], top: Cgroup) -> Outcome {
    top.remove_children()?;
    let check = top.eventually(|top| {
        // Pages that were brought in, and then their processes ended, stay in the
        // swap cache until they are reclaimed; those of a group that was removed are
        // the root's.
        top.set("memory.max", 0)?;
        let _ = kernel::try_write("/sys/fs/cgroup/memory.reclaim", "16M swappiness=max");
        for file in ["memory.zswap.current", "memory.swap.current"] {
            ensure_eq!(top.number(file)?, 0, "{file} after the storm");
        }
        Ok(())
    });
    if check.is_err() {
        let stat = top.read("memory.stat")?.replace('\n', ", ");
        println!("# {:?}, {:?}", Counters::read()?, kernel::swaps()?);
        println!("# memory.stat: {stat}");
    }
    check?;
    for disk in disks {
        // The guest's other processes may have pages there, which are brought back.
        disk.off()?;
    }
    ensure_eq!(counter("physical_pages")?, 0, "physical_pages after it");
    ghost.stop()?;
    top.remove()
}

/// Has pages that are out all the time, old ones. It is in no group of the storm's.
fn sleep(board: &Board) -> Outcome {
    let mut map = Mapping::private(SLEEPER_MIB * 256)?;
    map.fill(map.all(), Kind::Real, SLEEPER, 0);
    map.try_page_out(map.all())?;
    while board.get(END) == 0 {
        crate::sys::pause_ms(100);
    }
    map.check(map.all(), Kind::Real, SLEEPER, 0)
}

/// Has nothing to do with the storm, and must not notice it.
fn stand_by(env: &Env, board: &Board) -> Outcome {
    let progress = Progress::of(board, THREADS - 2);
    progress.enter();
    let pages = env.pages(8);
    let mut map = Mapping::private(pages)?;
    map.fill(map.all(), Kind::Mixed, BYSTANDER, 0);
    while board.get(END) == 0 {
        for index in map.all() {
            progress.at(0, index);
            map.check(index..index + 1, Kind::Mixed, BYSTANDER, 0)?;
        }
        crate::sys::pause_ms(50);
    }
    progress.leave();
    Ok(())
}
