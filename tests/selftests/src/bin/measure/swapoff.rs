// SPDX-License-Identifier: GPL-2.0
//! swapoff, with different amounts of memory that is out and memory that is only
//! mapped.

use crate::micro::page_out;
use crate::options::Options;
use crate::pages::filled;
use crate::report::{each, Case, INSTRUCTIONS};
use selftests::mapping::Mapping;
use selftests::outcome::{Doing, Outcome};
use selftests::{kernel, sys};

/// See above.
pub fn run(options: &Options) -> Outcome {
    let device = options.device()?;
    device.on()?;
    let data = options.kinds[0];
    // Per-CPU lists of free pages that grow and shrink by themselves would have pages
    // come in the order of their addresses or not, by chance: a bio of neighbours is
    // cheaper by 9 %.
    kernel::write("/proc/sys/vm/percpu_pagelist_high_fraction", 1000)?;
    // More is mapped than there is memory.
    kernel::write("/proc/sys/vm/overcommit_memory", 1)?;
    let mapped = Mapping::private(options.mapped.max(1) * 256)?;
    if options.mapped > 0 {
        // Reading maps the zero page: page tables, and no memory behind them.
        mapped.touch(mapped.all());
    }
    let mut costs = Vec::new();
    // The first run does not count: it varies by 8 % from boot to boot, the others by 0.2 %,
    // but for one now and then that costs less.
    for run in 0..=options.runs {
        let map = filled(data, "4k", options.mib)?;
        page_out(&map, "4k", &device)?;
        let cost = device
            .clock()
            .time("swapoff", || sys::swapoff(device.path()))?;
        data.check(&map, map.all(), 0)?;
        sys::swapon(device.path(), None).doing("swapon")?;
        if run > 0 {
            costs.push(cost);
        }
    }
    costs.sort_unstable();
    let median = costs[costs.len() / 2];
    let case = Case {
        part: "swapoff",
        device: &device,
        data: data.name(),
        folios: "4k",
    };
    let size = options
        .size
        .as_deref()
        .map_or(String::new(), |s| format!(" of {s}"));
    let figure = format!(
        "{} MiB out{size}; {} MiB mapped",
        options.mib, options.mapped
    );
    case.say(&figure, INSTRUCTIONS, each(median, options.mib * 256));
    Ok(())
}
