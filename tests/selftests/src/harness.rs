// SPDX-License-Identifier: GPL-2.0
//! Runs tests, each in a process of its own, cleans up after each, and prints
//! TAP as kselftest does.

use crate::outcome::{Outcome, Stop};
use crate::worker::{End, Worker};
use crate::{cgroup, corpus, disk, ghost, kernel, sys};
use std::collections::HashMap;
use std::io::Write;
use std::time::Instant;

/// Where a test makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// On kernels with the patches.
    Patched,
    /// Only where nothing else costs time or memory.
    Release,
    /// Only where faults can be injected.
    Debug,
    /// Only on a kernel without the patches.
    Vanilla,
    /// On all kernels.
    Any,
    /// Only when named: in a guest of its own.
    Alone,
}

/// A test: its name is that of its file.
pub struct Test {
    /// Name.
    pub name: &'static str,
    /// Where it can be run.
    pub on: On,
    /// The test.
    pub run: fn(&Env) -> Outcome,
}

/// What a test must know of where it is run.
pub struct Env {
    flavor: String,
    options: HashMap<String, u64>,
}

impl Env {
    /// Whether the kernel is the slow one that finds bugs.
    pub fn is_debug(&self) -> bool {
        matches!(self.flavor.as_str(), "debug" | "kcsan")
    }

    /// The kernel's flavor.
    pub fn flavor(&self) -> &str {
        &self.flavor
    }

    /// How many of something: a debug kernel takes ten times longer.
    pub fn count(&self, release: usize, debug: usize) -> usize {
        if self.is_debug() {
            debug
        } else {
            release
        }
    }

    /// Pages in so many MiB, or an eighth of that on a debug kernel.
    pub fn pages(&self, mib: usize) -> usize {
        self.count(mib * 256, mib * 32)
    }

    /// An option of the command line, such as `--cycles 100`.
    pub fn option(&self, name: &str) -> Option<usize> {
        self.options.get(name).map(|value| *value as usize)
    }

    fn runs(&self, on: On) -> bool {
        match on {
            On::Patched | On::Alone => self.flavor != "vanilla",
            On::Release => self.flavor == "release",
            On::Debug => self.flavor == "debug",
            On::Vanilla => self.flavor == "vanilla",
            On::Any => true,
        }
    }
}

/// Files of the kernel that tests write to. What was there before the test is
/// put back after it.
const SETTINGS: [&str; 31] = [
    "/proc/sys/vm/watermark_boost_factor",
    "/proc/sys/vm/swappiness",
    "/proc/sys/vm/page-cluster",
    "/proc/sys/vm/dirty_background_ratio",
    "/proc/sys/vm/dirty_ratio",
    "/proc/sys/vm/nr_hugepages",
    "/proc/sys/kernel/modprobe",
    "/sys/devices/system/cpu/cpu1/online",
    "/sys/kernel/mm/ksm/run",
    "/sys/kernel/mm/ksm/sleep_millisecs",
    "/sys/kernel/mm/ksm/pages_to_scan",
    "/sys/kernel/mm/transparent_hugepage/enabled",
    "/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled",
    "/sys/kernel/mm/transparent_hugepage/hugepages-1024kB/enabled",
    "/sys/kernel/mm/transparent_hugepage/hugepages-64kB/shmem_enabled",
    "/sys/kernel/mm/transparent_hugepage/hugepages-2048kB/enabled",
    "/sys/kernel/debug/failslab/probability",
    "/sys/kernel/debug/failslab/times",
    "/sys/kernel/debug/failslab/task-filter",
    "/sys/kernel/debug/failslab/ignore-gfp-wait",
    "/sys/kernel/debug/fail_page_alloc/probability",
    "/sys/kernel/debug/fail_page_alloc/times",
    "/sys/kernel/debug/fail_page_alloc/task-filter",
    "/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait",
    "/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem",
    "/sys/kernel/debug/fail_page_alloc/min-order",
    "/sys/kernel/debug/fail_page_alloc/interval",
    "/sys/kernel/debug/fail_page_alloc/verbose",
    "/sys/kernel/debug/failslab/interval",
    "/sys/kernel/debug/failslab/verbose",
    "/sys/block/vda/make-it-fail",
];

fn settings() -> Vec<(&'static str, String)> {
    let value = |path| {
        kernel::read(path)
            .ok()
            .map(|text| kernel::chosen(&text).to_string())
    };
    SETTINGS
        .iter()
        .filter_map(|path| Some((*path, value(*path)?)))
        .collect()
}

/// Runs the tests named on the command line, or all; gives the exit status.
pub fn main(tests: &[Test], arguments: &[String]) -> i32 {
    let mut names = Vec::new();
    let mut env = Env {
        flavor: ghost::flavor(),
        options: HashMap::new(),
    };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.strip_prefix("--") {
            Some("list") => {
                tests.iter().for_each(|test| println!("{}", test.name));
                return 0;
            }
            Some(name) => match words.next().map(|value| value.parse()) {
                Some(Ok(value)) => drop(env.options.insert(name.to_string(), value)),
                _ => return usage(&format!("--{name} needs a number")),
            },
            None => names.push(word.as_str()),
        }
    }
    for name in &names {
        match tests.iter().find(|test| test.name == *name) {
            None => return usage(&format!("there is no test '{name}'")),
            Some(test) if !env.runs(test.on) => {
                return usage(&format!("'{name}' is not for the {} kernel", env.flavor));
            }
            Some(_) => {}
        }
    }
    let wanted: Vec<_> = tests
        .iter()
        .filter(|test| match names.is_empty() {
            true => test.on != On::Alone && env.runs(test.on),
            false => names.contains(&test.name),
        })
        .collect();
    run(&wanted, &env)
}

fn usage(error: &str) -> i32 {
    eprintln!("{error}\nusage: run [--list] [--OPTION NUMBER]... [NAME]...");
    2
}

fn run(tests: &[&Test], env: &Env) -> i32 {
    // The OOM killer shall take a test's process, not this one.
    let _ = kernel::try_write("/proc/self/oom_score_adj", "-1000");
    // SAFETY: A plain system call.
    unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) };
    corpus::bytes();
    ghost::keep_copy(&env.flavor);
    let settings = settings();
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    println!("TAP version 13\n1..{}", tests.len());
    for (index, test) in tests.iter().enumerate() {
        let (number, name) = (index + 1, test.name);
        println!("# {name}");
        let _ = std::io::stdout().flush();
        let start = Instant::now();
        let result = run_one(test, env, &settings);
        println!("# {:.1} s", start.elapsed().as_secs_f32());
        match result {
            Ok(()) => {
                passed += 1;
                println!("ok {number} {name}");
            }
            Err(Stop::Skip(reason)) => {
                skipped += 1;
                println!("ok {number} {name} # SKIP {reason}");
            }
            Err(Stop::Fail(detail)) => {
                failed += 1;
                println!("not ok {number} {name} # {}", detail.replace('\n', " "));
            }
        }
    }
    println!("# Totals: pass:{passed} fail:{failed} xfail:0 xpass:0 skip:{skipped} error:0");
    i32::from(failed > 0)
}

fn run_one(test: &Test, env: &Env, settings: &[(&str, String)]) -> Outcome {
    let worker = Worker::start(|| {
        // SAFETY: A plain system call.
        unsafe { libc::setpgid(0, 0) };
        let _ = kernel::try_write("/proc/self/oom_score_adj", "0");
        (test.run)(env)
    })?;
    let group = worker.pid();
    let result = match worker.end()? {
        End::Done(result) => result,
        End::Killed(signal) => Err(Stop::Fail(format!("the test was ended by signal {signal}"))),
    };
    if matches!(result, Err(Stop::Fail(_))) {
        println!("# counters: {}", ghost::all_counters().join(", "));
    }
    let left = clean_up(group, settings);
    if result.is_ok() && !left.is_empty() {
        fail!("it left behind: {}", left.join(", "));
    }
    result
}

fn clean_up(group: i32, settings: &[(&str, String)]) -> Vec<String> {
    let mut left = Vec::new();
    // SAFETY: The group is that of the test, whose number is not used again
    // while a process of it is alive.
    if unsafe { libc::kill(-group, libc::SIGKILL) } == 0 {
        left.push("processes".to_string());
    }
    // SAFETY: Waits for any child; there are only those of the test.
    while sys::check(unsafe { libc::waitpid(-1, std::ptr::null_mut(), 0) }.into()).is_ok() {}
    for (path, value) in settings {
        let now = kernel::read(path).unwrap_or_default();
        if kernel::chosen(&now) != value {
            let _ = kernel::try_write(path, value);
        }
    }
    left.extend(cgroup::clean_up());
    left.extend(ghost::clean_up());
    left.extend(disk::clean_up());
    left
}
