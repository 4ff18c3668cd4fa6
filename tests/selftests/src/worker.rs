// SPDX-License-Identifier: GPL-2.0
//! Processes that do a part of a test, and words to synchronize with them.

use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome, Stop};
use crate::{kernel, sys, PAGE};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::FromRawFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a worker that is watched may be without getting anywhere.
const STUCK: Duration = Duration::from_secs(60);

/// A process that runs a function and tells how it ended. It is ended when
/// dropped.
pub struct Worker {
    pid: i32,
    report: File,
    waited: bool,
}

/// How a worker ended.
#[derive(Debug)]
pub enum End {
    /// By itself, with this result.
    Done(Outcome),
    /// By this signal.
    Killed(i32),
}

impl Worker {
    /// Starts a process.
    pub fn start(work: impl FnOnce() -> Outcome) -> Outcome<Self> {
        let mut fds = [0; 2];
        // SAFETY: Room for two descriptors.
        sys::check(unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) }.into())
            .doing("making a pipe")?;
        // SAFETY: The descriptors are new, nobody else owns them.
        let (report, mut mouth) = unsafe { (File::from_raw_fd(fds[0]), File::from_raw_fd(fds[1])) };
        // SAFETY: Who forks has one thread, so the child may do what it likes.
        let pid = sys::check(unsafe { libc::fork() }.into()).doing("fork")? as i32;
        if pid == 0 {
            // SAFETY: Plain system calls.
            unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
            let text = match work() {
                Ok(()) => "ok".to_string(),
                Err(Stop::Fail(text)) => format!("fail{text}"),
                Err(Stop::Skip(text)) => format!("skip{text}"),
            };
            let _ = mouth.write_all(text.as_bytes());
            // SAFETY: Ends the process; nothing of the parent's is dropped.
            unsafe { libc::_exit(0) };
        }
        Ok(Self {
            pid,
            report,
            waited: false,
        })
    }

    /// The process's number.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Sends a signal.
    pub fn signal(&self, signal: i32) {
        if !self.waited {
            // SAFETY: The process has not been waited for, so its number is its own.
            unsafe { libc::kill(self.pid, signal) };
        }
    }

    /// Whether the process has not ended.
    pub fn is_running(&self) -> bool {
        // SAFETY: A siginfo_t of zeros is a valid one.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        let (pid, look) = (
            self.pid as u32,
            libc::WEXITED | libc::WNOHANG | libc::WNOWAIT,
        );
        // SAFETY: `info` outlives the call.
        let result = unsafe { libc::waitid(libc::P_PID, pid, &mut info, look) };
        // SAFETY: waitid has set it, or left it zero.
        !self.waited && result == 0 && unsafe { info.si_pid() } == 0
    }

    /// Waits for the end.
    pub fn end(mut self) -> Outcome<End> {
        let mut text = String::new();
        self.report
            .read_to_string(&mut text)
            .doing("reading a worker's report")?;
        let status = self.wait().doing("waiting for a worker")?;
        if libc::WIFSIGNALED(status) {
            return Ok(End::Killed(libc::WTERMSIG(status)));
        }
        Ok(End::Done(match text.get(..4) {
            Some("fail") => Err(Stop::Fail(text[4..].to_string())),
            Some("skip") => Err(Stop::Skip(text[4..].to_string())),
            _ if text == "ok" => Ok(()),
            _ => Err(Stop::Fail(format!(
                "a worker ended without a report (status {status:#x})"
            ))),
        }))
    }

    /// Joins a worker that may hang: `look` tells how far it is, or what is
    /// wrong. One that is nowhere else after a minute is ended.
    pub fn join_watched(self, look: impl Fn(&Self) -> Outcome<u64>) -> Outcome {
        let (mut last, mut since) = (look(&self)?, Instant::now());
        while self.is_running() {
            let now = look(&self)?;
            if now != last {
                (last, since) = (now, Instant::now());
            }
            ensure!(
                since.elapsed() < STUCK,
                "process {} is stuck, at {last}",
                self.pid
            );
            sys::pause_ms(20);
        }
        self.join()
    }

    /// How many page faults it had.
    pub fn faults(&self) -> Outcome<u64> {
        let stat = kernel::read(format!("/proc/{}/stat", self.pid))?;
        // After the name, which may have blanks in it: minor and major faults.
        let words: Vec<_> = stat.rsplit(')').next().unwrap_or("").split(' ').collect();
        let number = |i: usize| words.get(i).and_then(|word| word.parse::<u64>().ok());
        match (number(8), number(10)) {
            (Some(minor), Some(major)) => Ok(minor + major),
            _ => fail!("/proc/PID/stat has a line of an unknown form: '{stat}'"),
        }
    }

    /// Waits for the end, which must be a good one.
    pub fn join(self) -> Outcome {
        match self.end()? {
            End::Done(result) => result,
            End::Killed(signal) => fail!("a worker was ended by signal {signal}"),
        }
    }

    fn wait(&mut self) -> std::io::Result<i32> {
        let mut status = 0;
        self.waited = true;
        loop {
            // SAFETY: `status` outlives the call.
            match sys::check(unsafe { libc::waitpid(self.pid, &mut status, 0) }.into()) {
                Err(e) if sys::errno(&e) == libc::EINTR => {}
                other => return other.map(|_| status),
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.waited {
            return;
        }
        self.signal(libc::SIGKILL);
        // One that is stuck in the kernel is not waited for.
        for _ in 0..500 {
            if !self.is_running() {
                let _ = self.wait();
                return;
            }
            sys::pause_ms(20);
        }
    }
}

/// Joins all workers: the first failure is the result.
pub fn join_all(workers: Vec<Worker>) -> Outcome {
    let results: Vec<_> = workers.into_iter().map(Worker::join).collect();
    results.into_iter().collect()
}

/// Numbers that processes share, and that never go to swap.
pub struct Board(Mapping);

// SAFETY: All that is done to its memory is atomic.
unsafe impl Sync for Board {}

impl Board {
    /// All zero.
    pub fn new() -> Outcome<Self> {
        let page = Mapping::shared(1)?;
        page.lock()?;
        Ok(Self(page))
    }

    fn word(&self, index: usize) -> &AtomicU64 {
        assert!(index < PAGE / 8, "no number {index} on a board");
        // SAFETY: Aligned, inside of the page, and used as an atomic by all.
        unsafe { AtomicU64::from_ptr(self.0.address().cast::<u64>().add(index)) }
    }

    /// A number.
    pub fn get(&self, index: usize) -> u64 {
        self.word(index).load(Ordering::SeqCst)
    }

    /// Sets a number.
    pub fn set(&self, index: usize, value: u64) {
        self.word(index).store(value, Ordering::SeqCst);
    }

    /// Adds one to a number.
    pub fn step(&self, index: usize) -> u64 {
        self.word(index).fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Waits until a number is at least `value`. If one of the processes that
    /// should bring that about has ended, that is a failure.
    pub fn wait_for(&self, index: usize, value: u64, workers: &[Worker]) -> Outcome {
        let mut pause = 0;
        while self.get(index) < value {
            if let Some(ended) = workers.iter().find(|w| !w.is_running()) {
                if self.get(index) < value {
                    fail!("process {} ended before its time", ended.pid());
                }
            }
            sys::pause_ms(pause / 4);
            pause = (pause + 1).min(40);
        }
        Ok(())
    }
}
