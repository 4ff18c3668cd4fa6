// SPDX-License-Identifier: GPL-2.0
//! Two processors that swap at the same time: the wall time of a page, for
//! vswap, zram and zswap in turn, in one guest. Medians; only their ratios mean
//! something.

use crate::clock::Clock;
use crate::devices::Device;
use crate::options::Options;
use crate::pages::{filled, Data};
use crate::report::Case;
use selftests::outcome::{Doing, Outcome};
use selftests::worker::{join_all, Board, Worker};
use selftests::{ensure, sys};

const CPUS: usize = 2;

/// Numbers on the board: steps that may be taken, when each processor was done,
/// and for each step, processes that are ready for it and that are done.
const GO: usize = 0;
const END: usize = 1;
const READY: usize = 8;
const DONE: usize = 16;

/// See above.
pub fn run(options: &Options) -> Outcome {
    ensure!(sys::cpus() >= CPUS, "the guest has one processor only");
    let devices = ["vswap", "zram", "zswap-brd"].map(|name| Device {
        name: name.to_string(),
        contender: name.to_string(),
        compressor: options.compressor.clone(),
        size: (options.mib as u64) << 21,
        parameters: options.parameters.clone(),
    });
    for device in &devices {
        device.make()?;
    }
    let mut times = [const { [vec![], vec![]] }; 3];
    for _ in 0..options.runs {
        for (device, times) in devices.iter().zip(&mut times) {
            device.swapon()?;
            let [out, back] = together(options.mib / CPUS, options.kinds[0])?;
            device.swapoff()?;
            times[0].push(out);
            times[1].push(back);
        }
    }
    for (device, times) in devices.iter().zip(&mut times) {
        let case = Case {
            part: "cpus",
            device,
            data: options.kinds[0].name(),
            folios: "4k",
        };
        for (figure, times) in ["out", "in"].iter().zip(times) {
            times.sort_unstable();
            case.say(figure, "wall ns/page", times[times.len() / 2]);
        }
    }
    Ok(())
}

/// Out and in by processes on a processor each: from the start of the first to
/// the end of the last, a page's share.
fn together(mib: usize, data: Data) -> Outcome<[u64; 2]> {
    let board = Board::new()?;
    let start = |cpu| Worker::start(|| one(cpu, mib, data, &board));
    let workers = (0..CPUS).map(start).collect::<Outcome<Vec<_>>>()?;
    let mut times = [0; 2];
    for (step, time) in times.iter_mut().enumerate() {
        board.wait_for(READY + step, CPUS as u64, &workers)?;
        let begin = Clock::All.now();
        board.set(GO, step as u64 + 1);
        board.wait_for(DONE + step, CPUS as u64, &workers)?;
        let end = (END..END + CPUS).map(|i| board.get(i)).max().unwrap_or(0);
        *time = (end - begin) / (mib * 256) as u64;
    }
    board.set(GO, 3);
    join_all(workers)?;
    Ok(times)
}

fn one(cpu: usize, mib: usize, data: Data, board: &Board) -> Outcome {
    pin(cpu)?;
    let map = filled(data, "4k", mib)?;
    sys::drain_lru().doing("draining per-CPU batches of pages")?;
    pin(cpu)?;
    let step = |step: usize, call: &dyn Fn() -> Outcome| {
        board.step(READY + step);
        while board.get(GO) <= step as u64 {
            std::hint::spin_loop();
        }
        call()?;
        board.set(END + cpu, Clock::All.now());
        board.step(DONE + step);
        // The other one's end, before this one's next beginning.
        board.wait_for(DONE + step, CPUS as u64, &[])
    };
    step(0, &|| {
        map.advise(map.all(), libc::MADV_PAGEOUT)
            .doing("MADV_PAGEOUT")
    })?;
    let out = map.out(map.all())?;
    ensure!(out >= map.pages() * 98 / 100, "only {out} pages went out");
    step(1, &|| {
        map.touch(map.all());
        Ok(())
    })?;
    board.wait_for(GO, 3, &[])?;
    data.check(&map, map.all(), 0)
}

fn pin(cpu: usize) -> Outcome {
    // SAFETY: A cpu_set_t of zeros is an empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: There are more bits than processors.
    unsafe { libc::CPU_SET(cpu, &mut set) };
    // SAFETY: The set outlives the call.
    sys::check(unsafe { libc::sched_setaffinity(0, size_of_val(&set), &set) }.into())
        .map(drop)
        .doing("sched_setaffinity")
}
