// SPDX-License-Identifier: GPL-2.0
//! The largest working set that lives in this machine: processes fill it, and read
//! it back --runs times, and every byte is compared. Or with --at what one costs.
//!
//! The first trial is of more than can live. It tells when one is killed, so the
//! search goes on just below that, and mostly ends there.

use crate::clock::Clock;
use crate::corpus;
use crate::devices::{first_module, Device};
use crate::options::{Options, USAGE};
use crate::report::{each, Case, INSTRUCTIONS};
use crate::search::Search;
use crate::trial::{self, Ending, Work};
use selftests::outcome::{Doing, Outcome};
use selftests::{ensure, fail, kernel};
use std::collections::BTreeMap;

const PAGES: usize = 256;
/// No working set is larger than so many times the RAM, whatever it is of.
const MOST: usize = 16;

/// See above.
pub fn run(options: &Options) -> Outcome {
    ensure!(options.ram > 0, "--ram N is needed\n{USAGE}");
    ensure!(
        (1..=64).contains(&options.processes),
        "--processes is to be 1 to 64"
    );
    corpus::load()?;
    trial::prepare()?;
    // Whether the kernel keeps more free at the end, as it may after blocks of pages
    // changed their type, is chance: 1.4 % of the pages, for zram and the ghost alike.
    kernel::write("/proc/sys/vm/watermark_boost_factor", 0)?;
    first_module()?;
    for name in options.setup.as_deref().unwrap_or("").split(',') {
        let device = contender(name, options)?;
        device.make()?;
        for data in &options.kinds {
            let cell = Cell {
                options,
                device: &device,
                work: Work {
                    data: *data,
                    processes: options.processes,
                    passes: options.runs,
                    watched: options.at.is_none(),
                },
            };
            match options.at {
                Some(mib) => cell.cost(mib)?,
                None => cell.largest()?,
            }
        }
        device.unmake()?;
    }
    Ok(())
}

fn contender(name: &str, options: &Options) -> Outcome<Device> {
    let (device, rams, parameters) = match name {
        "zram-1x" => ("zram", 1, ""),
        "zram-2x" => ("zram", 2, ""),
        "zswap" => ("zswap-default", 0, ""),
        "vswap" => ("vswap-default", 0, ""),
        "vswap-loose" => ("vswap-default", 0, "recompressor=none"),
        "vswap-disk" => ("vswap-disk", 0, ""),
        "vswap-disk-packed" => ("vswap-disk", 0, "pack_writeback=Y"),
        _ => fail!("'{name}' is no set-up of capacity\n{USAGE}"),
    };
    Ok(Device {
        name: device.to_string(),
        contender: name.to_string(),
        compressor: options.compressor.clone(),
        size: (rams * options.ram as u64) << 20,
        parameters: format!("{} {parameters}", options.parameters)
            .trim()
            .to_string(),
    })
}

/// One device, kind of data and number of processes.
struct Cell<'a> {
    options: &'a Options,
    device: &'a Device,
    work: Work,
}

impl Cell<'_> {
    fn largest(&self) -> Outcome {
        let step = self.options.step.unwrap_or(self.options.ram / 64).max(1);
        // All that there is, and then what was filled until they were killed.
        let mut search = Search::new(self.options.ram * MOST / step);
        let mut endings = BTreeMap::new();
        while let Some(number) = search.next() {
            let (ending, pages, _) = self.fresh(number * step)?;
            if ending == Ending::Lives {
                search.lived(number);
                continue;
            }
            // Who was killed while filling had not yet filled that.
            let unfilled = pages / PAGES / step + 1;
            endings.insert(search.died(number.min(unfilled)), ending);
        }
        self.say("", "MiB", search.largest() * step);
        let above = endings.get(&(search.largest() + 1));
        self.say("; a step more", "end", above.map_or("", |e| e.name()));
        Ok(())
    }

    fn cost(&self, mib: usize) -> Outcome {
        let (ending, _, cost) = self.fresh(mib)?;
        let figure = format!("; cost at {mib} MiB");
        if ending == Ending::Lives {
            self.say(&figure, INSTRUCTIONS, each(cost, mib * PAGES));
        } else {
            self.say(&figure, INSTRUCTIONS, "fails");
        }
        Ok(())
    }

    /// A trial with nothing left of the one before: how it ended, after how many pages,
    /// and what the processor did meanwhile.
    fn fresh(&self, mib: usize) -> Outcome<(Ending, usize, u64)> {
        trial::empty(self.options.ram)?;
        kernel::drop_caches()?;
        kernel::write("/proc/sys/vm/compact_memory", 1)?;
        self.device.swapon()?;
        let free = kernel::meminfo("MemFree")? >> 10;
        let (start, idle_before) = (Clock::All.now(), idle()?);
        let (ending, pages) = self.work.run(mib * PAGES)?;
        let time = Clock::All.now() - start;
        let cost = time - (idle()? - idle_before);
        eprintln!(
            "capacity: {}, {}, processes: {}, {mib} MiB: {} after {pages} pages and {} s, with {free} MiB free",
            self.device.contender,
            self.work.data.name(),
            self.work.processes,
            ending.name(),
            time / 1_000_000_000,
        );
        self.device.swapoff()?;
        Ok((ending, pages, cost))
    }

    fn say(&self, figure: &str, unit: &str, value: impl std::fmt::Display) {
        let case = Case {
            part: "capacity",
            device: self.device,
            data: self.work.data.name(),
            folios: "4k",
        };
        let processes = match self.work.processes {
            1 => "1 process".to_string(),
            n => format!("{n} processes"),
        };
        case.say(
            &format!("{} MB; {processes}{figure}", self.options.ram),
            unit,
            value,
        );
    }
}

/// Nanoseconds in which the processor had nothing to do, or waited for a disk.
fn idle() -> Outcome<u64> {
    let text = kernel::read("/proc/stat")?;
    let mut words = text.split_whitespace().skip(4);
    let mut next = || -> Outcome<u64> {
        words
            .next()
            .unwrap_or("")
            .parse()
            .doing("the first line of /proc/stat")
    };
    // In hundredths of a second.
    Ok((next()? + next()?) * 10_000_000)
}
