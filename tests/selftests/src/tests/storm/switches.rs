// SPDX-License-Identifier: GPL-2.0
//! Everything that can be switched is switched while the storm's processes run.

use super::board::{Progress, CALM, FAILED, IN_BLOCKS, LOOKED, SWITCHED, THREADS, TOOK};
use super::limits;
use super::process;
use super::swaps;
use crate::cgroup::Cgroup;
use crate::data::{mix, Rng};
use crate::disk::{Disk, Faulty};
use crate::ghost::{counter, set_parameter, try_set_parameter, Ghost};
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome, Stop};
use crate::sys;
use crate::worker::{Board, End, Worker};
use std::fs::File;
use std::path::Path;
use std::time::Instant;

/// Where switches have their progress.
pub const THREAD: usize = THREADS - 1;

/// What the switches know.
pub struct State<'a> {
    pub rng: Rng,
    pub ghost: &'a Ghost,
    pub disks: &'a [Disk],
    pub faulty: Option<&'a Faulty>,
    pub board: &'a Board,
    pub top: &'a Cgroup,
    /// Processes, and the groups they are in.
    pub processes: Vec<(i32, Option<Cgroup>)>,
    /// Bytes of all processes.
    pub need: usize,
    /// The top group stays at its limit.
    pub tight: bool,
    /// Groups made.
    pub made: usize,
}

/// It may leave no room for what a limit does not let stay in memory.
const SQUEEZES: bool = true;
/// It does not.
const HARMLESS: bool = false;

/// A switch: says whether it was done, or the kernel refused it.
pub struct Switch {
    /// Its name.
    pub name: &'static str,
    weight: usize,
    squeezes: bool,
    run: fn(&mut State) -> Outcome<bool>,
}

macro_rules! switches {
    ($($name:ident: $weight:literal $kind:ident $run:path,)*) => {
        /// All of them.
        pub const ALL: &[Switch] = &[$(Switch {
            name: stringify!($name),
            weight: $weight,
            squeezes: $kind,
            run: $run,
        },)*];
    };
}

switches! {
    ghost: 3 SQUEEZES swaps::ghost,
    disk: 6 HARMLESS swaps::disk,
    compressor: 8 HARMLESS compressor,
    max_pool_percent: 3 SQUEEZES max_pool_percent,
    accept_threshold_percent: 3 HARMLESS accept_threshold,
    shrinker_enabled: 3 HARMLESS shrinker,
    reclaim: 12 HARMLESS limits::reclaim,
    memory_max: 6 SQUEEZES limits::memory_max,
    memory_high: 3 SQUEEZES limits::memory_high,
    zswap_max: 2 SQUEEZES limits::zswap_max,
    swap_max: 2 SQUEEZES limits::swap_max,
    zswap_writeback: 2 SQUEEZES limits::zswap_writeback,
    group: 4 HARMLESS limits::group,
    caches: 2 HARMLESS caches,
    compact: 2 HARMLESS compact,
    hotplug: 2 HARMLESS hotplug,
    folios: 6 HARMLESS folios,
    swappiness: 2 HARMLESS swappiness,
    page_cluster: 2 HARMLESS page_cluster,
    ksm: 2 HARMLESS ksm,
    disk_faults: 4 HARMLESS swaps::disk_faults,
    allocation_faults: 4 HARMLESS swaps::allocation_faults,
    recompressor: 3 HARMLESS recompressor,
    recompress_after: 3 HARMLESS recompress_after,
    out_of_memory: 4 HARMLESS out_of_memory,
    pack_writeback: 3 HARMLESS pack_writeback,
}

/// Whether a set-up has a switch.
fn has(state: &State, switch: &Switch) -> bool {
    match switch.name {
        "disk" => !state.disks.is_empty(),
        "disk_faults" => state.faulty.is_some(),
        // Pages of the guest's other processes, and its tmpfs, would go to a disk that loses them.
        "out_of_memory" => state.faulty.is_none(),
        "allocation_faults" => state.faulty.is_some() && Path::new(swaps::INJECTOR).exists(),
        _ => !(state.tight && switch.squeezes),
    }
}

/// Switches each once, then at random until the board says CALM. In the end all
/// is as it was.
pub fn run(mut state: State, seed: u64) -> Outcome {
    state.rng = Rng::new(seed ^ mix(THREAD as u64));
    let progress = Progress::of(state.board, THREAD);
    progress.enter();
    let mut numbers: Vec<_> = (0..ALL.len())
        .filter(|number| has(&state, &ALL[*number]))
        .collect();
    for last in (1..numbers.len()).rev() {
        numbers.swap(last, state.rng.below(last + 1));
    }
    let sum = |numbers: &[usize]| numbers.iter().map(|n| ALL[*n].weight).sum();
    let weights: usize = sum(&numbers);
    let mut first = numbers.clone();
    while !first.is_empty() || state.board.get(CALM) == 0 {
        let number = first.pop().unwrap_or_else(|| {
            let mut left = state.rng.below(weights);
            let fits = |number: &&usize| {
                let weight = ALL[**number].weight;
                let here = left < weight;
                left = left.saturating_sub(weight);
                here
            };
            *numbers.iter().find(fits).unwrap_or(&numbers[0])
        });
        progress.begin(number);
        let begin = Instant::now();
        let done = (ALL[number].run)(&mut state).map_err(|stop| {
            Stop::Fail(format!("seed {seed}, switch {}: {stop}", ALL[number].name))
        })?;
        state
            .board
            .step(if done { SWITCHED } else { FAILED } + number);
        let took = begin.elapsed().as_millis() as u64;
        let place = TOOK + number;
        state.board.set(place, state.board.get(place) + took);
        state.board.step(LOOKED);
        if counter("packed_pages")? > 0 {
            state.board.step(IN_BLOCKS);
        }
        sys::pause_ms(state.rng.below(100) as u64);
    }
    progress.begin(0);
    if !state.tight {
        limits::relax(&state)?;
    }
    limits::widen(&mut state)?;
    kernel::write(CPU, 1)?;
    progress.leave();
    // The groups are still in use: the test removes them.
    std::mem::forget(state.processes);
    Ok(())
}

fn compressor(state: &mut State) -> Outcome<bool> {
    const NAMES: [&str; 6] = ["lz4", "lzo-rle", "zstd", "lz4-scomp", "deflate", "lz4hc"];
    let name = NAMES[state.rng.below(NAMES.len())];
    // EBUSY: too many pools live.
    let result = try_set_parameter("compressor", name);
    let done = result.is_ok();
    sys::expect_errno(result, &[0, libc::EBUSY, libc::ENOMEM], "compressor")?;
    Ok(done)
}

fn recompressor(state: &mut State) -> Outcome<bool> {
    let names = ["zstd", "lzo-rle", "none"];
    let result = try_set_parameter("recompressor", names[state.rng.below(names.len())]);
    let done = result.is_ok();
    sys::expect_errno(result, &[0, libc::ENOMEM], "recompressor")?;
    Ok(done)
}

fn recompress_after(state: &mut State) -> Outcome<bool> {
    let seconds = [0, 1, 1, 300];
    set_parameter("recompress_after", seconds[state.rng.below(seconds.len())]).map(|()| true)
}

fn pack_writeback(state: &mut State) -> Outcome<bool> {
    set_parameter("pack_writeback", ["Y", "Y", "N"][state.rng.below(3)]).map(|()| true)
}

/// Memory runs out, for which old pages are packed, and then a process is killed.
fn out_of_memory(state: &mut State) -> Outcome<bool> {
    match state.disks.is_empty() {
        true => lock_all_memory(),
        false => say_out_of_memory(),
    }
}

/// A process locks all the memory there is. Pages do not go to a disk instead, so some are packed. Once that is so,
/// or it was killed for it, it ends: it is not to be seen how long the others can do without memory.
fn lock_all_memory() -> Outcome<bool> {
    set_parameter("recompressor", "zstd")?;
    set_parameter("recompress_after", 1)?;
    let packed = counter("recompressed_pages")?;
    let pages = kernel::meminfo("MemTotal")? as usize / 4;
    let enough = Board::new()?;
    let locker = Worker::start(|| {
        kernel::write("/proc/self/oom_score_adj", 1000)?;
        process::lock_self()?;
        let mut map = Mapping::private(pages)?;
        for i in map.all() {
            map.page_mut(i)[0] = 1;
            if enough.get(0) != 0 {
                // It gives its memory back while it can be seen to have it. The OOM killer does not see the memory of
                // a process that is on its way out, unless it sent it there, and kills another for what is coming.
                return map
                    .advise(map.all(), libc::MADV_DONTNEED_LOCKED)
                    .doing("MADV_DONTNEED_LOCKED");
            }
        }
        fail!("{pages} pages could be locked, which is all memory")
    })?;
    while locker.is_running() && counter("recompressed_pages")? == packed {
        sys::pause_ms(20);
    }
    enough.set(0, 1);
    match locker.end()? {
        End::Killed(libc::SIGKILL) => (),
        End::Done(result) => result?,
        End::Killed(signal) => fail!("who locks all memory was ended by signal {signal}"),
    }
    counter("recompressed_pages").map(|now| now > packed)
}

/// A process fills memory with page cache. Then memory is said to have run out.
fn say_out_of_memory() -> Outcome<bool> {
    let reader = Worker::start(|| loop {
        let mut disk = File::open(root_disk()?).doing("opening the root disk")?;
        std::io::copy(&mut disk, &mut std::io::sink()).doing("reading the root disk")?;
    })?;
    kernel::write(format!("/proc/{}/oom_score_adj", reader.pid()), 1000)?;
    let low = kernel::reserved_pages()? as u64;
    for _ in 0..100 {
        if kernel::meminfo("MemFree")? / 4 <= low {
            kernel::write("/proc/sysrq-trigger", "f")?;
            return match reader.end()? {
                End::Killed(libc::SIGKILL) => Ok(true),
                other => fail!("the OOM killer was to kill the reader, which ended by {other:?}"),
            };
        }
        sys::pause_ms(50);
    }
    reader.signal(libc::SIGKILL);
    reader.end()?;
    Ok(false)
}

fn root_disk() -> Outcome<String> {
    let line = kernel::read("/proc/cmdline")?;
    let disk = line.split(' ').find_map(|word| word.strip_prefix("root="));
    disk.map(str::to_string)
        .ok_or_else(|| Stop::Fail(format!("there is no root= in {line}")))
}

fn max_pool_percent(state: &mut State) -> Outcome<bool> {
    limits::relax(state)?;
    let percents = [0, 1, 2, 5, 20, 50];
    let percent = percents[state.rng.below(percents.len())];
    set_parameter("max_pool_percent", percent).map(|()| true)
}

fn accept_threshold(state: &mut State) -> Outcome<bool> {
    let percents = [50, 80, 90, 100];
    let percent = percents[state.rng.below(percents.len())];
    set_parameter("accept_threshold_percent", percent).map(|()| true)
}

fn shrinker(state: &mut State) -> Outcome<bool> {
    let on = ["Y", "N"][state.rng.below(2)];
    set_parameter("shrinker_enabled", on).map(|()| true)
}

fn caches(_: &mut State) -> Outcome<bool> {
    kernel::write("/proc/sys/vm/drop_caches", 3).map(|()| true)
}

fn compact(_: &mut State) -> Outcome<bool> {
    kernel::write("/proc/sys/vm/compact_memory", 1).map(|()| true)
}

const CPU: &str = "/sys/devices/system/cpu/cpu1/online";

fn hotplug(_: &mut State) -> Outcome<bool> {
    let on = kernel::number(CPU)?;
    Ok(kernel::try_write(CPU, if on == 1 { "0" } else { "1" }).is_ok())
}

const THP: &str = "/sys/kernel/mm/transparent_hugepage";

/// Which sizes of folios there are.
fn folios(state: &mut State) -> Outcome<bool> {
    let sizes = [
        "hugepages-64kB/enabled",
        "hugepages-64kB/enabled",
        "hugepages-1024kB/enabled",
        "hugepages-2048kB/enabled",
        "hugepages-64kB/shmem_enabled",
    ];
    let size = sizes[state.rng.below(sizes.len())];
    let when = ["always", "always", "inherit", "never"][state.rng.below(4)];
    kernel::write(format!("{THP}/{size}"), when).map(|()| true)
}

fn swappiness(state: &mut State) -> Outcome<bool> {
    let value = [1, 60, 100, 200][state.rng.below(4)];
    kernel::write("/proc/sys/vm/swappiness", value).map(|()| true)
}

fn page_cluster(state: &mut State) -> Outcome<bool> {
    let value = [0, 3, 5][state.rng.below(3)];
    kernel::write("/proc/sys/vm/page-cluster", value).map(|()| true)
}

fn ksm(state: &mut State) -> Outcome<bool> {
    let run = ["0", "1", "1", "2"][state.rng.below(4)];
    // Unmerging needs memory.
    Ok(kernel::try_write("/sys/kernel/mm/ksm/run", run).is_ok())
}
