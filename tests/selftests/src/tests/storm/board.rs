// SPDX-License-Identifier: GPL-2.0
//! What the storm's processes tell each other: places on a [`Board`], and what
//! each thread is doing, for the watchdog.

use crate::worker::Board;

/// Not 0 when the switches shall end, and when all others shall.
pub const CALM: usize = 0;
pub const END: usize = 1;
/// Counts both when faults begin and when they have ended: odd while there are.
pub const FAULTS: usize = 2;
/// Pages that were compared byte by byte, and pages that could not be read.
pub const VERIFIED: usize = 3;
pub const LOST: usize = 4;
/// How often each operation was done, and how often the kernel refused it.
pub const DONE: usize = 16;
pub const REFUSED: usize = 48;
/// The same of switches.
pub const SWITCHED: usize = 80;
pub const FAILED: usize = 112;
/// The process's number, and where its areas are.
pub const PIDS: usize = 144;
pub const ADDRESSES: usize = 160;
/// How often a write to a protected page was let through.
pub const RESOLVED: usize = 5;
/// How often it was looked whether pages are in blocks, and how often some were.
pub const LOOKED: usize = 6;
pub const IN_BLOCKS: usize = 7;
/// Areas of a process at most.
pub const AREAS: usize = 16;
/// Milliseconds that switches took.
pub const TOOK: usize = 224;
/// Where [`Progress`] is kept, three numbers each.
const PROGRESS: usize = 256;
/// Threads at most.
pub const THREADS: usize = 64;

/// What a thread does.
#[derive(Clone, Copy)]
pub struct Progress<'a> {
    board: &'a Board,
    place: usize,
}

/// What the watchdog sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The thread's number in the system, 0 if it has not begun or has ended.
    pub thread: i32,
    /// How many operations it began.
    pub steps: u64,
    /// Which operation.
    pub operation: usize,
    /// On which area, from which page on.
    pub area: usize,
    pub page: usize,
}

impl<'a> Progress<'a> {
    /// That of a thread of the storm.
    pub fn of(board: &'a Board, number: usize) -> Self {
        assert!(number < THREADS, "no thread {number}");
        let place = PROGRESS + 3 * number;
        Self { board, place }
    }

    /// The calling thread begins.
    pub fn enter(&self) {
        // SAFETY: A plain system call.
        let thread = unsafe { libc::gettid() };
        self.board.set(self.place, thread as u64);
    }

    /// It ends.
    pub fn leave(&self) {
        self.board.set(self.place, 0);
    }

    /// It begins an operation.
    pub fn begin(&self, operation: usize) {
        self.board.set(self.place + 2, (operation as u64) << 48);
        self.board.step(self.place + 1);
    }

    /// It is at a page.
    pub fn at(&self, area: usize, page: usize) {
        let operation = self.board.get(self.place + 2) >> 48 << 48;
        let place = ((area as u64) << 32) | page as u64;
        self.board.set(self.place + 2, operation | place);
        self.board.step(self.place + 1);
    }

    /// What it does now.
    pub fn see(&self) -> Seen {
        let what = self.board.get(self.place + 2);
        Seen {
            thread: self.board.get(self.place) as i32,
            steps: self.board.get(self.place + 1),
            operation: (what >> 48) as usize,
            area: ((what >> 32) & 0xffff) as usize,
            page: what as u32 as usize,
        }
    }
}
