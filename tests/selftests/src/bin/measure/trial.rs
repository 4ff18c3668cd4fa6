// SPDX-License-Identifier: GPL-2.0
//! Processes that fill memory and read it back, in a machine where they may not fit.

use crate::pages::Data;
use selftests::mapping::Mapping;
use selftests::outcome::{Doing, Outcome};
use selftests::worker::{Board, End, Worker};
use selftests::{ensure, fail, kernel, sys};
use std::ops::Range;
use std::time::{Duration, Instant};

/// Pages between two looks at the others.
const PIECE: usize = 64;
/// Pages that one may be ahead of the others while they fill.
const AHEAD: usize = 5 * PIECE;
/// Who does fewer pages than these in so long thrashes: less than a hundredth of what
/// the slowest device does in an emulated guest.
const PROGRESS: u64 = 1000;
const HANG: Duration = Duration::from_secs(30);
const POLL_MS: u64 = 50;

/// Numbers on the board: pages filled and read by each process, and after them
/// processes that came to each step.
const STEPS: usize = 128;

/// What processes do.
#[derive(Clone, Copy)]
pub struct Work {
    pub data: Data,
    pub processes: usize,
    /// How often what was filled is read back, and every byte compared.
    pub passes: usize,
    /// Whether who gets nowhere is ended. Where instructions are counted, time leaps
    /// while all wait for a disk, so it does not tell.
    pub watched: bool,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every process ended by itself.
    Lives,
    /// The OOM killer took one.
    Killed,
    /// They did not get on.
    Hung,
}

impl Ending {
    /// A word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lives => "lives",
            Self::Killed => "killed",
            Self::Hung => "hung",
        }
    }
}

impl Work {
    /// All fill their share of `pages` side by side, and then read it back, from the
    /// beginning to the end, back to the beginning, and so on. Nobody goes on before
    /// the others have come as far. Gives also how many pages were filled or read.
    pub fn run(&self, pages: usize) -> Outcome<(Ending, usize)> {
        let board = Board::new()?;
        let start = |process| {
            Worker::start(|| {
                // None but these are to be killed.
                kernel::write("/proc/self/oom_score_adj", 1000)?;
                self.part(process, pages / self.processes, &board)
            })
        };
        let workers = (0..self.processes)
            .map(start)
            .collect::<Outcome<Vec<_>>>()?;
        let done = || (0..self.processes).map(|i| board.get(i)).sum::<u64>();
        let ending = watch(workers, &done, self.watched)?;
        Ok((ending, done() as usize))
    }

    /// What one process does.
    fn part(&self, process: usize, pages: usize, board: &Board) -> Outcome {
        let mut own = Own::new(*self, process, pages)?;
        let last = || (0..self.processes).map(|i| board.get(i)).min().unwrap_or(0);
        for piece in pieces(pages) {
            while piece.end as u64 > last() + AHEAD as u64 {
                sys::pause_ms(1);
            }
            own.fill(piece, board)?;
        }
        self.meet(0, board)?;
        for pass in 0..self.passes {
            if pass % 2 == 0 {
                pieces(pages).try_for_each(|piece| own.check(piece, board))?;
            } else {
                pieces(pages)
                    .rev()
                    .try_for_each(|piece| own.check(piece, board))?;
            }
            self.meet(pass + 1, board)?;
        }
        Ok(())
    }

    fn meet(&self, step: usize, board: &Board) -> Outcome {
        board.step(STEPS + step);
        board.wait_for(STEPS + step, self.processes as u64, &[])
    }
}

/// Waits for the end of all, or the bad end of one; then the others are ended, too.
fn watch(mut workers: Vec<Worker>, done: &impl Fn() -> u64, hang: bool) -> Outcome<Ending> {
    let (mut last, mut since) = (done(), Instant::now());
    loop {
        while let Some(i) = workers.iter().position(|worker| !worker.is_running()) {
            match workers.swap_remove(i).end()? {
                End::Done(result) => result?,
                End::Killed(libc::SIGKILL) => return Ok(Ending::Killed),
                End::Killed(signal) => fail!("a process was ended by signal {signal}"),
            }
        }
        if workers.is_empty() {
            return Ok(Ending::Lives);
        }
        if done() >= last + PROGRESS {
            (last, since) = (done(), Instant::now());
        }
        if hang && since.elapsed() > HANG {
            return Ok(Ending::Hung);
        }
        sys::pause_ms(POLL_MS);
    }
}

/// A process's own part.
struct Own {
    data: Data,
    process: usize,
    map: Mapping,
}

impl Own {
    fn new(work: Work, process: usize, pages: usize) -> Outcome<Self> {
        Ok(Self {
            data: work.data,
            process,
            map: Mapping::private(pages)?,
        })
    }

    /// The number of its first page: no two processes have the same data.
    fn first(&self) -> usize {
        self.process << 32
    }

    fn fill(&mut self, pages: Range<usize>, board: &Board) -> Outcome {
        let first = self.first();
        for page in pages {
            self.data.write(&mut self.map, page..page + 1, first)?;
            board.step(self.process);
        }
        Ok(())
    }

    fn check(&self, pages: Range<usize>, board: &Board) -> Outcome {
        for page in pages {
            self.data.check(&self.map, page..page + 1, self.first())?;
            board.step(self.process);
        }
        Ok(())
    }
}

fn pieces(pages: usize) -> impl DoubleEndedIterator<Item = Range<usize>> {
    let piece = move |start: usize| start..(start + PIECE).min(pages);
    (0..pages).step_by(PIECE).map(piece)
}

/// To be done once, by who starts the processes: it is never killed nor swapped out,
/// and a process may map more than there is.
pub fn prepare() -> Outcome {
    kernel::write("/proc/self/oom_score_adj", -1000)?;
    kernel::write("/proc/sys/vm/overcommit_memory", 1)?;
    // What children inherit of it stays in memory, as the page is the same.
    sys::lock_all().doing("mlockall")
}

/// Leaves nothing in memory that can be given up without swap: a process takes all
/// until it is killed.
pub fn empty(mib: usize) -> Outcome {
    let work = Work {
        data: Data::Zero,
        processes: 1,
        passes: 0,
        watched: true,
    };
    let (ending, _) = work.run(mib * 256)?;
    ensure!(
        ending == Ending::Killed,
        "all of the RAM was free for a process"
    );
    Ok(())
}
