// SPDX-License-Identifier: GPL-2.0
//! Measures swap devices: what a page costs on its way out, in, and when it is
//! freed, how much RAM it takes, what it costs to turn a device on and off, how much
//! fits into a machine.
//!
//! In a guest that counts instructions (scripts/guest --icount) a nanosecond is
//! an instruction, and runs repeat. Only `cpus` measures real time, and what
//! `contention` counts and `capacity` finds depends on it.
//!
//! Each figure is a line: part, contender, compressor, data, folios, figure,
//! unit, value.

mod capacity;
mod clock;
mod contention;
mod corpus;
mod cpus;
mod devices;
mod fixed;
mod fork;
mod micro;
mod options;
mod packed;
mod pages;
mod ram;
mod report;
mod search;
mod swapoff;
mod sweep;
mod tail;
mod trial;

use options::Options;
use selftests::fail;
use selftests::outcome::Outcome;

fn main() {
    if let Err(error) = run() {
        eprintln!("measure: {error}");
        std::process::exit(1);
    }
}

fn run() -> Outcome {
    let options = Options::from_command_line()?;
    if options.title {
        report::title();
    }
    match &options.part[..] {
        "micro" => micro::run(&options),
        "ram" => ram::run(&options),
        "static" => fixed::run(&options),
        "swapoff" => swapoff::run(&options),
        "packed" => packed::run(&options),
        "fork" => fork::run(&options),
        "cpus" => cpus::run(&options),
        "contention" => contention::run(&options),
        "on" => options.device()?.on().map(drop),
        "mark" => {
            clock::mark();
            Ok(())
        }
        "capacity" => capacity::run(&options),
        "sweep" => sweep::run(&options),
        "tail" => tail::run(&options),
        "pages" => options.kinds[0].print(options.mib << 8),
        other => fail!("'{other}' is nothing to measure\n{}", options::USAGE),
    }
}
