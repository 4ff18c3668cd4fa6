// SPDX-License-Identifier: GPL-2.0
//! How long single faults take under steady pressure: a process in a group with
//! three quarters of the memory that it goes through at random. What counts is the
//! process's own time: the fault, and the reclaim that makes room for it.

use crate::clock::Clock;
use crate::corpus;
use crate::options::Options;
use crate::pages::filled;
use crate::report::Case;
use selftests::cgroup::Cgroup;
use selftests::data::Rng;
use selftests::outcome::Outcome;
use selftests::{ensure, kernel};

/// How many pages are looked at or written to, and so many before anything counts.
const TOUCHES: usize = 60_000;
const BEFORE: usize = 10_000;
/// A fault takes more than that, whatever it finds.
const FAULT: u64 = 800;

/// See above.
pub fn run(options: &Options) -> Outcome {
    let device = options.device()?;
    device.on()?;
    corpus::load()?;
    // The other LRU uses statistics that are up to two seconds old.
    kernel::write("/sys/kernel/mm/lru_gen/enabled", "y")?;
    let group = Cgroup::new("tail")?;
    group.set("memory.max", options.mib * (3 << 18))?;
    if let Some(mib) = options.pool {
        group.set("memory.zswap.max", mib << 20)?;
    }
    group.enter()?;
    let data = options.kinds[0];
    let mut map = filled(data, "4k", options.mib)?;

    let nothing = (0..1000).map(|_| time(|| ())).min().unwrap_or(0);
    let mut random = Rng::new(1);
    let mut faults = Vec::with_capacity(TOUCHES);
    for i in 0..BEFORE + TOUCHES {
        let page = random.below(map.pages());
        let cost = if random.below(2) == 0 {
            time(|| map.touch(page..page + 1))
        } else {
            let byte = &raw mut map.page_mut(page)[0];
            // SAFETY: The byte is the mapping's. Real data begins with the page's number, so nothing changes.
            time(|| unsafe { byte.write_volatile(page.to_ne_bytes()[0]) })
        };
        let cost = cost.saturating_sub(nothing);
        if i >= BEFORE && cost > FAULT {
            faults.push(cost);
        }
    }
    data.check(&map, map.all(), 0)?;
    drop(map);
    group.leave()?;

    ensure!(
        faults.len() > TOUCHES / 8,
        "only {} of {TOUCHES} touches were faults",
        faults.len()
    );
    faults.sort_unstable();
    let case = Case {
        part: "tail",
        device: &device,
        data: data.name(),
        folios: "4k",
    };
    let at = |share: f64| faults[((faults.len() - 1) as f64 * share) as usize];
    for (figure, share) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)] {
        case.say(figure, "instructions/fault", at(share));
    }
    case.say(
        "mean",
        "instructions/fault",
        faults.iter().sum::<u64>() / faults.len() as u64,
    );
    case.say(
        "faults",
        "of touches",
        format!("{:.3}", faults.len() as f64 / TOUCHES as f64),
    );
    Ok(())
}

fn time(call: impl FnOnce()) -> u64 {
    let start = Clock::Own.now();
    call();
    Clock::Own.now() - start
}
