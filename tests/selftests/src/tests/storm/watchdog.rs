// SPDX-License-Identifier: GPL-2.0
//! Checks that all threads make progress. If one does not, it is shown with its
//! place in the kernel, and the storm fails.

use super::board::{Progress, Seen, THREADS};
use super::{operations, switches};
use crate::kernel;
use crate::outcome::Outcome;
use crate::sys;
use crate::worker::{Board, Worker};
use std::fs;
use std::time::{Duration, Instant};

/// Nothing that a thread does between two steps takes so long, while there is memory.
const PATIENCE: Duration = Duration::from_secs(60);
/// Turning off a device may.
const OF_SWITCHES: Duration = Duration::from_secs(300);
/// Milliseconds between two looks.
const PAUSE: u64 = 100;

/// What was seen last of each thread, and since when.
pub struct Watchdog<'a> {
    board: &'a Board,
    seen: Vec<(Seen, Instant)>,
}

impl<'a> Watchdog<'a> {
    /// Begins to watch.
    pub fn new(board: &'a Board) -> Self {
        let seen = |number| (Progress::of(board, number).see(), Instant::now());
        Self {
            board,
            seen: (0..THREADS).map(seen).collect(),
        }
    }

    /// Watches until something holds. Workers must not end before.
    pub fn until(
        &mut self,
        workers: &mut Vec<Worker>,
        mut holds: impl FnMut(&[Worker]) -> bool,
    ) -> Outcome {
        while !holds(workers) {
            self.look()?;
            if let Some(ended) = workers.iter().position(|worker| !worker.is_running()) {
                if holds(workers) {
                    break;
                }
                let ended = workers.remove(ended);
                let pid = ended.pid();
                ended.join()?;
                fail!("process {pid} ended before its time");
            }
            sys::pause_ms(PAUSE);
        }
        Ok(())
    }

    /// Watches until all of these have ended, and well.
    pub fn join(&mut self, mut workers: Vec<Worker>) -> Outcome {
        while let Some(ended) = workers.iter().position(|worker| !worker.is_running()) {
            workers.remove(ended).join()?;
        }
        while !workers.is_empty() {
            self.look()?;
            sys::pause_ms(PAUSE);
            while let Some(ended) = workers.iter().position(|worker| !worker.is_running()) {
                workers.remove(ended).join()?;
            }
        }
        Ok(())
    }

    fn look(&mut self) -> Outcome {
        let switch = Progress::of(self.board, switches::THREAD).see();
        // Whoever wants memory waits until others have it no more, so this is watched by itself.
        let is_memory_out = switches::ALL
            .get(switch.operation)
            .is_some_and(|s| switch.thread != 0 && s.name == "out_of_memory");
        for (number, (last, since)) in self.seen.iter_mut().enumerate() {
            let now = Progress::of(self.board, number).see();
            if now != *last || (is_memory_out && number != switches::THREAD) {
                (*last, *since) = (now, Instant::now());
                continue;
            }
            let patience = match number {
                switches::THREAD => OF_SWITCHES,
                _ => PATIENCE,
            };
            if now.thread != 0 && since.elapsed() > patience {
                show(now.thread);
                fail!("{}", self.stalled());
            }
        }
        Ok(())
    }

    /// The threads that go on least. Some may wait for a page that another holds:
    /// the one that made no step for longest comes first.
    fn stalled(&self) -> String {
        let mut all: Vec<_> = self.seen.iter().enumerate().collect();
        all.retain(|(_, (seen, since))| seen.thread != 0 && since.elapsed() > PATIENCE / 4);
        all.sort_by_key(|(_, (_, since))| *since);
        let tell = |(number, (seen, since)): &(usize, &(Seen, Instant))| {
            let name = match *number {
                switches::THREAD => switches::ALL.get(seen.operation).map_or("?", |s| s.name),
                _ => operations::name(seen.operation),
            };
            format!(
                "thread {number} (task {}) made no step for {} s: {name}, area {}, page {}",
                seen.thread,
                since.elapsed().as_secs(),
                seen.area,
                seen.page
            )
        };
        all.iter().take(6).map(tell).collect::<Vec<_>>().join("; ")
    }
}

/// Prints where the threads of a thread's process are.
fn show(thread: i32) {
    let group = kernel::read(format!("/proc/{thread}/status"))
        .ok()
        .and_then(|text| kernel::field(&text, "Tgid"))
        .unwrap_or(thread as u64);
    let tasks = format!("/proc/{group}/task");
    for task in fs::read_dir(&tasks).into_iter().flatten().flatten() {
        for file in ["stat", "wchan", "syscall", "stack"] {
            if let Ok(text) = kernel::read(task.path().join(file)) {
                let thread = task.file_name();
                println!(
                    "# {} {file}: {}",
                    thread.to_string_lossy(),
                    text.replace('\n', " ")
                );
            }
        }
    }
    // What runs, and what waits, in the kernel's log.
    let _ = kernel::try_write("/proc/sysrq-trigger", "l");
    let _ = kernel::try_write("/proc/sysrq-trigger", "w");
}
