// SPDX-License-Identifier: GPL-2.0
//! Failures that the kernel injects into allocations and requests, on a debug
//! kernel.

use crate::kernel;
use crate::outcome::{Doing, Outcome, Stop};
use crate::sys;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

const INJECTORS: [&str; 2] = [
    "/sys/kernel/debug/failslab",
    "/sys/kernel/debug/fail_page_alloc",
];
/// No operation makes more allocations.
const MOST: usize = 4000;

/// Sets up the injectors: for tasks that ask for it, `percent` of what may not
/// wait for memory, or of all.
pub fn arm(percent: usize, all: bool) -> Outcome {
    for injector in INJECTORS {
        ensure!(
            Path::new(injector).exists(),
            "this kernel has no {injector}"
        );
        kernel::write(format!("{injector}/verbose"), 0)?;
        kernel::write(format!("{injector}/task-filter"), "Y")?;
        kernel::write(format!("{injector}/interval"), 1)?;
        kernel::write(format!("{injector}/times"), -1)?;
        kernel::write(
            format!("{injector}/ignore-gfp-wait"),
            if all { "N" } else { "Y" },
        )?;
        kernel::write(format!("{injector}/probability"), percent)?;
    }
    kernel::write(format!("{}/min-order", INJECTORS[1]), 0)?;
    kernel::write(format!("{}/ignore-gfp-highmem", INJECTORS[1]), "N")
}

/// The n-th allocation of this task, which fails.
pub struct Fault {
    nth: usize,
    came: bool,
    /// Kept open, as opening it makes allocations too.
    file: File,
}

impl Fault {
    fn new() -> Outcome<Self> {
        arm(0, true)?;
        let path = "/proc/thread-self/fail-nth";
        let file = File::options().read(true).write(true).open(path);
        Ok(Self {
            nth: 1,
            came: false,
            file: file.doing(path)?,
        })
    }

    /// Calls, with the n-th allocation failing, if it makes so many.
    pub fn inject<T>(&mut self, call: impl FnOnce() -> T) -> Outcome<T> {
        let text = self.nth.to_string();
        let set = self.file.write_at(text.as_bytes(), 0);
        let result = call();
        let came = has_come(&self.file);
        let reset = self.file.write_at(b"0", 0);
        set.and(reset).doing("setting fail-nth")?;
        self.came = came?;
        Ok(result)
    }

    /// Whether the call succeeded. If not, something must have failed for it, and the
    /// error be this one.
    pub fn survived<T>(&self, result: std::io::Result<T>, errno: i32) -> Outcome<bool> {
        let wanted = [0, errno];
        let survived = result.is_ok();
        sys::expect_errno(result, &wanted[..1 + usize::from(self.came)], "the call")?;
        Ok(survived)
    }

    /// Whether it came to so many.
    pub fn came(&self) -> bool {
        self.came
    }
}

/// Whether it came to the allocation that fails: the kernel counts down to it.
fn has_come(file: &File) -> Outcome<bool> {
    let mut left = [0; 16];
    let length = file.read_at(&mut left, 0).doing("reading fail-nth")?;
    Ok(left[..length].trim_ascii() == b"0")
}

/// Allocations of a thread of the kernel's, one of which fails now and then.
pub struct ThreadFault(File);

impl ThreadFault {
    /// Those of the thread with this name.
    pub fn new(name: &str) -> Outcome<Self> {
        arm(0, true)?;
        for entry in std::fs::read_dir("/proc").doing("/proc")? {
            let path = entry.doing("/proc")?.path();
            // Some are no threads, or end meanwhile.
            let comm = std::fs::read_to_string(path.join("comm"));
            if comm.is_ok_and(|comm| comm.trim_end() == name) {
                let path = path.join("fail-nth");
                let file = File::options().read(true).write(true).open(&path);
                return file.doing(path.display()).map(Self);
            }
        }
        fail!("there is no thread {name}")
    }

    /// Has the n-th from now fail, or none if that is 0.
    pub fn set(&self, nth: usize) -> Outcome {
        let set = self.0.write_at(nth.to_string().as_bytes(), 0);
        set.map(drop).doing("setting fail-nth")
    }

    /// Whether that has failed.
    pub fn came(&self) -> Outcome<bool> {
        has_come(&self.0)
    }
}

/// Does an operation again and again: with the first of its allocations failing, the
/// second, and so on, until none is left.
pub fn each(what: &str, round: impl FnMut(&mut Fault) -> Outcome) -> Outcome {
    some(what, usize::MAX, round)
}

/// The same, but for many: of those after the first `part`, the further on the fewer.
pub fn some(what: &str, part: usize, mut round: impl FnMut(&mut Fault) -> Outcome) -> Outcome {
    let mut fault = Fault::new()?;
    let mut count = 0;
    loop {
        let nth = fault.nth;
        round(&mut fault)
            .map_err(|stop| Stop::Fail(format!("{what}, allocation {nth} fails: {stop}")))?;
        if !fault.came {
            break;
        }
        count += 1;
        fault.nth += 1 + nth / part;
        ensure!(nth < MOST, "{what} makes more than {MOST} allocations");
    }
    println!(
        "# {what}: {count} allocations failed, to the {}th",
        fault.nth - 1
    );
    ensure!(count > 0, "{what} makes no allocation that could fail");
    Ok(())
}
