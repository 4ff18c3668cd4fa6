// SPDX-License-Identifier: GPL-2.0
//! munmap of pages that are out, by a process whose child has them too: what is
//! freed is references to slots.

use crate::micro::page_out;
use crate::options::Options;
use crate::pages::filled;
use crate::report::{each, Case, INSTRUCTIONS};
use selftests::outcome::{Doing, Outcome};
use selftests::worker::{Board, Worker};

/// See above.
pub fn run(options: &Options) -> Outcome {
    let device = options.device()?;
    device.on()?;
    let data = options.kinds[0];
    let mut least = u64::MAX;
    for _ in 0..options.runs {
        let map = filled(data, "4k", options.mib)?;
        page_out(&map, "4k", &device)?;
        let board = Board::new()?;
        let child = Worker::start(|| {
            board.wait_for(0, 1, &[])?;
            map.touch(map.all());
            data.check(&map, map.all(), 0)
        })?;
        let cost = device.clock().time("munmap", || {
            map.unmap(map.all())
                .map_err(|e| std::io::Error::other(e.to_string()))
        });
        least = least.min(cost?);
        board.set(0, 1);
        child.join().doing("a child that kept the pages")?;
    }
    let case = Case {
        part: "fork",
        device: &device,
        data: data.name(),
        folios: "4k",
    };
    case.say("munmap", INSTRUCTIONS, each(least, options.mib * 256));
    Ok(())
}
