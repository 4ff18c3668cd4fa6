// SPDX-License-Identifier: GPL-2.0
//! Processes that go through their memory again and again, from one end to the
//! other, and compare every byte. The caller limits their memory.

use crate::corpus;
use crate::options::Options;
use crate::pages::Data;
use selftests::mapping::Mapping;
use selftests::outcome::Outcome;
use selftests::worker::{join_all, Worker};

/// See above.
pub fn run(options: &Options) -> Outcome {
    // Once for all.
    corpus::load()?;
    let pages = options.mib * 256 / options.processes;
    let start = |process: usize| {
        Worker::start(move || sweep(options.kinds[0], pages, process * pages, options.runs))
    };
    let workers = (0..options.processes)
        .map(start)
        .collect::<Outcome<Vec<_>>>()?;
    join_all(workers)?;
    println!(
        "{} processes, {} passes over {pages} pages each, every byte compared",
        options.processes, options.runs
    );
    Ok(())
}

fn sweep(data: Data, pages: usize, first: usize, passes: usize) -> Outcome {
    let mut map = Mapping::private(pages)?;
    data.write(&mut map, 0..pages, first)?;
    for _ in 0..passes {
        data.check(&map, map.all(), first)?;
    }
    Ok(())
}
