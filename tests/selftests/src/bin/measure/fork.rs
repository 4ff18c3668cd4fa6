// SPDX-License-Identifier: GPL-2.0
//! munmap of pages that are out, by a process whose child has them too: what is
//! freed is references to slots. The process's own time counts: the child's is
//! nothing of what munmap costs.

use crate::clock::Clock;
use crate::micro::page_out;
use crate::options::Options;
use crate::pages::filled;
use crate::report::{each, Case, INSTRUCTIONS};
use selftests::outcome::{Doing, Outcome};
use selftests::worker::{Board, Worker};

const READY: usize = 0;
const GO: usize = 1;

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
            board.set(READY, 1);
            board.wait_for(GO, 1, &[])?;
            map.touch(map.all());
            data.check(&map, map.all(), 0)
        })?;
        board.wait_for(READY, 1, std::slice::from_ref(&child))?;
        let cost = Clock::Own.time("munmap", || {
            map.unmap(map.all())
                .map_err(|e| std::io::Error::other(e.to_string()))
        });
        least = least.min(cost?);
        board.set(GO, 1);
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
