// SPDX-License-Identifier: GPL-2.0
//! A process of the storm: areas, and threads that work on all of them at once.

use super::area::{Area, Backing, PAGES};
use super::board::{Progress, ADDRESSES, AREAS, DONE, END, PIDS, REFUSED, RESOLVED};
use super::model::Hold;
use super::operations;
use super::ring::Ring;
use super::sigbus;
use crate::data::{mix, Kind, Rng};
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome, Stop};
use crate::sys;
use crate::uffd::Uffd;
use crate::worker::Board;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// Threads of a process that do operations.
pub const THREADS: usize = 4;
/// Its areas: some of each kind.
const AREA_COUNT: usize = 8;
/// Bytes of its areas.
pub const BYTES: usize = AREA_COUNT * PAGES * crate::PAGE;
/// Stacks are locked.
const STACK: usize = 256 << 10;

/// What all processes of a storm have in common.
#[derive(Clone, Copy)]
pub struct Plan {
    pub seed: u64,
    pub processes: usize,
    /// Allocations of the processes may be made to fail.
    pub faults: bool,
    pub board: &'static Board,
}

/// A process.
pub struct Process {
    pub plan: Plan,
    pub number: usize,
    pub areas: Vec<Area>,
    /// Where threads meet more often than elsewhere: a page, counted over all
    /// areas.
    meeting: AtomicUsize,
}

/// A thread of it.
pub struct Thread {
    pub process: &'static Process,
    pub number: usize,
    pub rng: Rng,
    pub ring: Ring,
    operation: usize,
    progress: Progress<'static>,
}

/// Keeps all that the process has, and gets, in memory, but for what is out already.
pub fn lock_self() -> Outcome {
    const MCL_ONFAULT: i32 = 4;
    let flags = libc::MCL_CURRENT | libc::MCL_FUTURE | MCL_ONFAULT;
    // SAFETY: A plain system call.
    sys::check(unsafe { libc::mlockall(flags) }.into())
        .map(drop)
        .doing("mlockall")
}

/// Runs a process until the board says END.
pub fn run(number: usize, plan: Plan) -> Outcome {
    lock_self()?;
    // The switches have their turn whenever they want it.
    // SAFETY: A plain system call.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, 10) };
    let owner = |area: usize| (number * AREA_COUNT + area + 1) as u32;
    let areas = (0..AREA_COUNT)
        .map(|area| Area::new(area, owner(area)))
        .collect::<Outcome<Vec<_>>>()?;
    let process: &'static Process = Box::leak(Box::new(Process {
        plan,
        number,
        areas,
        meeting: AtomicUsize::new(0),
    }));
    sigbus::handle(&process.areas);
    process.areas.iter().for_each(|area| process.publish(area));
    plan.board.set(PIDS + number, u64::from(std::process::id()));
    if plan.faults {
        // Threads have it from the one that starts them.
        kernel::write("/proc/self/make-it-fail", 1)?;
    }
    let (sender, results) = mpsc::channel();
    for area in &process.areas {
        if let Backing::Watched(uffd, map) = &area.backing {
            let (sender, watched) = (sender.clone(), Watched(uffd, map));
            spawn(format!("storm-{number}-uffd"), move || {
                let _ = sender.send(resolve(watched, plan.board));
            })?;
        }
    }
    for thread in 0..THREADS {
        let sender = sender.clone();
        spawn(format!("storm-{number}-{thread}"), move || {
            let _ = sender.send(Thread::run(process, thread));
        })?;
    }
    // Others may hang when one has failed: they are not waited for.
    (0..THREADS).try_for_each(|_| results.recv().doing("waiting for threads")?)
}

fn spawn(name: String, work: impl FnOnce() + Send + 'static) -> Outcome {
    std::thread::Builder::new()
        .name(name)
        .stack_size(STACK)
        .spawn(work)
        .map(drop)
        .doing("starting a thread")
}

struct Watched(&'static Uffd, &'static Mapping);
// SAFETY: Of the mapping, the address is used and nothing else.
unsafe impl Send for Watched {}

/// Lets those go on who write to protected pages. It ends with the process.
fn resolve(watched: Watched, board: &Board) -> Outcome {
    let Watched(uffd, map) = watched;
    loop {
        uffd.wait()?;
        while let Some(page) = uffd.fault(map)? {
            uffd.protect(map, page..page + 1, false)?;
            board.step(RESOLVED);
        }
    }
}

impl Process {
    /// Tells other processes where an area is.
    pub fn publish(&self, area: &Area) {
        let place = ADDRESSES + self.number * AREAS + area.number;
        self.plan.board.set(place, area.address() as u64);
    }
}

impl Thread {
    fn run(process: &'static Process, number: usize) -> Outcome {
        let id = process.number * THREADS + number;
        let mut thread = Self {
            process,
            number,
            rng: Rng::new(process.plan.seed ^ mix(id as u64)),
            ring: Ring::new()?,
            operation: 0,
            progress: Progress::of(process.plan.board, id),
        };
        thread.progress.enter();
        let result = thread.work().map_err(|stop| {
            let name = operations::name(thread.operation);
            let (seed, process) = (process.plan.seed, process.number);
            Stop::Fail(format!(
                "seed {seed}, process {process}, thread {number}, {name}: {stop}"
            ))
        });
        thread.progress.leave();
        result
    }

    fn work(&mut self) -> Outcome {
        let board = self.board();
        let mine = || self.process.areas.iter().skip(self.number).step_by(THREADS);
        for area in mine() {
            for page in 0..area.pages() {
                Hold::new(area, page..page + 1, board).write(page, Kind::Mixed)?;
                self.progress.at(area.number, page);
            }
        }
        // Each is tried once by somebody, however slow the machine is.
        let threads = self.process.plan.processes * THREADS;
        let id = self.process.number * THREADS + self.number;
        let mut first = (id..operations::ALL.len()).step_by(threads);
        while board.get(END) == 0 {
            self.operation = first
                .next()
                .unwrap_or_else(|| operations::pick(&mut self.rng));
            self.progress.begin(self.operation);
            let done = (operations::ALL[self.operation].run)(self)?;
            board.step(if done { DONE } else { REFUSED } + self.operation);
        }
        for area in self.process.areas.iter().skip(self.number).step_by(THREADS) {
            for page in 0..area.pages() {
                self.progress.at(area.number, page);
                Hold::new(area, page..page + 1, board).check(page)?;
            }
        }
        Ok(())
    }

    pub fn board(&self) -> &'static Board {
        self.process.plan.board
    }

    /// One of the areas that fit, every other time that in which threads meet.
    pub fn area(&mut self, fits: impl Fn(&Area) -> bool) -> &'static Area {
        let areas = &self.process.areas;
        if self.rng.below(64) == 0 {
            let place = self.rng.below(areas.len() * PAGES);
            self.process.meeting.store(place, Ordering::Relaxed);
        }
        let met = &areas[self.process.meeting.load(Ordering::Relaxed) / PAGES];
        if fits(met) && self.rng.below(2) == 0 {
            return met;
        }
        loop {
            let area = &areas[self.rng.below(areas.len())];
            if fits(area) {
                return area;
            }
        }
    }

    /// Some pages of an area: one, a few, or folios of a size.
    pub fn pages(&mut self, most: usize) -> Range<usize> {
        let (count, align) = match self.rng.below(16) {
            0..8 => (1, 1),
            8..10 => (2 + self.rng.below(14), 1),
            10..14 => (16, 16),
            14 => (64, 64),
            _ => (PAGES, PAGES),
        };
        let count = count.min(most);
        let align = align.min(count);
        let met = self.process.meeting.load(Ordering::Relaxed) % PAGES;
        let start = match self.rng.below(2) {
            0 => self.rng.below(PAGES - count + 1),
            _ => (met / 32 * 32 + self.rng.below(32)).min(PAGES - count),
        };
        let start = start / align * align;
        start..start + count
    }

    /// Holds pages.
    pub fn hold(&self, area: &'static Area, pages: Range<usize>) -> Hold<'static> {
        self.note(area, pages.clone());
        let hold = Hold::new(area, pages, self.board());
        // It was waiting for others until now.
        self.progress.at(area.number, hold.range().start);
        hold
    }

    /// Notes an operation on pages that leaves them as they are. Of these only
    /// the first is held, so that the area stays where it is.
    pub fn touch(&self, area: &'static Area, pages: Range<usize>) -> Hold<'static> {
        self.note(area, pages.clone());
        let hold = Hold::new(area, pages.start..pages.start + 1, self.board());
        self.progress.at(area.number, pages.start);
        hold
    }

    fn note(&self, area: &Area, pages: Range<usize>) {
        self.progress.at(area.number, pages.start);
        for slot in &area.slots[pages] {
            slot.history.note(self.number, self.operation);
        }
    }
}
