// SPDX-License-Identifier: GPL-2.0
//! Locks that are contended while threads on all processors swap in one address
//! space: how often somebody had to wait, by class of lock, as CONFIG_LOCK_STAT
//! counts it. Who waits depends on how the processors run, so sums of several runs
//! are compared, and only roughly.

use crate::options::Options;
use crate::pages::filled;
use crate::report::Case;
use selftests::outcome::{Doing, Outcome};
use selftests::threads::{self, Shared};
use selftests::{ensure, kernel, sys};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Barrier;

const STATISTICS: &str = "/proc/lock_stat";
const SWITCH: &str = "/proc/sys/kernel/lock_stat";
/// Less often in a thousand pages is not told.
const SELDOM: f64 = 0.2;

/// How often a lock was waited for, and taken.
#[derive(Default)]
struct Times {
    waited: u64,
    taken: u64,
}

/// By the name of the lock's class.
type Locks = BTreeMap<String, Times>;

/// See above.
pub fn run(options: &Options) -> Outcome {
    let device = options.device()?;
    device.on()?;
    let data = options.kinds[0];
    let cpus = sys::cpus();
    ensure!(cpus > 1, "the guest has one processor only");
    let mut phases = ["out", "in", "free"].map(|phase| (phase, Locks::new()));
    let mut pages = 0;
    for _ in 0..options.runs {
        let map = Shared::new(filled(data, "4k", options.mib)?);
        let share = map.pages() / cpus;
        pages += share * cpus;
        let [(_, out), (_, back), (_, free)] = &mut phases;
        sys::drain_lru().doing("draining per-CPU batches of pages")?;
        count(out, cpus, share, |pages| page_out(&map, pages))?;
        let gone = map.out(map.all())?;
        ensure!(gone >= map.pages() * 95 / 100, "only {gone} pages went out");
        count(back, cpus, share, |pages| {
            map.touch(pages);
            Ok(())
        })?;
        data.check(&map, map.all(), 0)?;
        sys::drain_lru().doing("draining per-CPU batches of pages")?;
        page_out(&map, map.all())?;
        count(free, cpus, share, |pages| {
            map.advise(pages, libc::MADV_DONTNEED)
                .doing("MADV_DONTNEED")
        })?;
    }
    let case = Case {
        part: "contention",
        device: &device,
        data: data.name(),
        folios: "4k",
    };
    for (phase, locks) in phases {
        let rate = |count: u64| count as f64 * 1000.0 / pages as f64;
        let say = |lock: &str, what: &str, count| {
            case.say(
                &format!("{phase}: {lock}"),
                &format!("{what}/1000 pages"),
                format!("{:.2}", rate(count)),
            );
        };
        say(
            "all locks",
            "contended",
            locks.values().map(|times| times.waited).sum(),
        );
        for (lock, times) in locks {
            if rate(times.waited) >= SELDOM {
                say(&lock, "contended", times.waited);
                say(&lock, "taken", times.taken);
            }
        }
    }
    Ok(())
}

fn page_out(map: &Shared, pages: Range<usize>) -> Outcome {
    map.advise(pages, libc::MADV_PAGEOUT).doing("MADV_PAGEOUT")
}

/// Adds what happens to each lock while a thread on each processor does `work` with its share of the
/// pages. They wait for each other before and after, as to start and end a thread takes locks, too.
fn count(
    locks: &mut Locks,
    cpus: usize,
    share: usize,
    work: impl Fn(Range<usize>) -> Outcome + Sync,
) -> Outcome {
    kernel::write(STATISTICS, 0)?;
    let barrier = Barrier::new(cpus);
    threads::each(cpus, |i| {
        let switch = |on| match barrier.wait().is_leader() {
            true => kernel::write(SWITCH, u8::from(on)),
            false => Ok(()),
        };
        let began = switch(true);
        barrier.wait();
        let done = work(i * share..(i + 1) * share);
        let ended = switch(false);
        barrier.wait();
        began.and(done).and(ended)
    })?;
    let text = std::fs::read_to_string(STATISTICS).doing(STATISTICS)?;
    let classes = classes(&text);
    ensure!(!classes.is_empty(), "{STATISTICS} has no locks");
    for (lock, times) in classes {
        let sum = locks.entry(lock).or_default();
        sum.waited += times.waited;
        sum.taken += times.taken;
    }
    Ok(())
}

/// Lines of classes have a name, which may have spaces, a colon and figures: how often waiting moved the
/// lock to another processor, how often it was waited for, four times, how often taking it moved it, how
/// often it was taken, and four times. Others are places in the code, titles and lines.
fn classes(text: &str) -> Vec<(String, Times)> {
    let class = |line: &str| {
        let (name, figures) = line.rsplit_once(": ")?;
        let mut figures = figures.split_whitespace();
        let waited = figures.nth(1)?.parse().ok()?;
        let taken = figures.nth(5)?.parse().ok()?;
        // The same lock, for reading or writing; a comma would be another column.
        let name = name.trim().trim_end_matches("-R").trim_end_matches("-W");
        Some((name.replace(',', ";"), Times { waited, taken }))
    };
    text.lines().filter_map(class).collect()
}
