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
        let mut left = [0; 16];
        let length = self.file.read_at(&mut left, 0);
        let reset = self.file.write_at(b"0", 0);
        set.and(reset).doing("setting fail-nth")?;
        let length = length.doing("reading fail-nth")?;
        // The kernel counts down to the one that fails.
        self.came = left[..length].trim_ascii() == b"0";
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
