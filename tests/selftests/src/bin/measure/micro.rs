// SPDX-License-Identifier: GPL-2.0
//! What a page costs on its way out, in, and when it is freed.

use crate::devices::Device;
use crate::options::Options;
use crate::pages::{filled, Data};
use crate::report::{each, Case, INSTRUCTIONS};
use selftests::mapping::Mapping;
use selftests::outcome::{Doing, Outcome};
use selftests::{ensure, fail, kernel, sys};

const LARGE: &str = "/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled";

/// See above: the least of some runs for each kind of data and size of folios.
/// A run can be longer for what the system does beside, or as more folios count
/// as refaults; the least is what the path costs.
pub fn run(options: &Options) -> Outcome {
    let device = options.device()?;
    kernel::write(LARGE, "always")?;
    device.on()?;
    for folios in &options.orders {
        for data in &options.kinds {
            let pages = options.mib * 256;
            let mut least = [u64::MAX; 3];
            for _ in 0..options.runs {
                for (least, cost) in least.iter_mut().zip(once(options, &device, *data, folios)?) {
                    *least = cost.min(*least);
                }
            }
            let case = Case {
                part: "micro",
                device: &device,
                data: data.name(),
                folios,
            };
            for (figure, cost) in ["out", "in", "free"].iter().zip(least) {
                case.say(figure, INSTRUCTIONS, each(cost, pages));
            }
        }
    }
    Ok(())
}

/// Sends all pages out in one call; a few may have been in use. To a disk it
/// takes two: pages can leave memory when they are written.
pub fn page_out(map: &Mapping, folios: &str, device: &Device) -> Outcome<u64> {
    let (mut cost, mut out) = (0, 0);
    for turn in 0..device.turns() {
        sys::drain_lru().doing("draining per-CPU batches of pages")?;
        if turn > 0 {
            written()?;
            // What is out but still in memory cannot be asked for.
            map.map_cached(map.all())?;
        }
        cost += device
            .clock()
            .time("MADV_PAGEOUT", || map.advise(map.all(), libc::MADV_PAGEOUT))?;
        out = count_out(map, folios)?;
        if out >= map.pages() * 99 / 100 {
            return Ok(cost);
        }
    }
    fail!("only {out} of {} pages went out", map.pages())
}

fn count_out(map: &Mapping, folios: &str) -> Outcome<usize> {
    if folios == "shmem" {
        map.absent(map.all())
    } else {
        map.out(map.all())
    }
}

/// Waits until pages are written, without sleeping: where instructions are
/// counted, a sleep takes no time.
fn written() -> Outcome {
    for _ in 0..100_000 {
        if kernel::vmstat("nr_writeback")? == 0 {
            return Ok(());
        }
    }
    fail!("pages are still being written")
}

fn once(options: &Options, device: &Device, data: Data, folios: &str) -> Outcome<[u64; 3]> {
    let map = filled(data, folios, options.mib)?;
    let out = page_out(&map, folios, device)?;
    let back = device.clock().time("reading", || {
        map.touch(map.all());
        Ok(())
    })?;
    ensure!(
        count_out(&map, folios)? == 0,
        "pages are out after they were read"
    );
    data.check(&map, map.all(), 0)?;
    // Not a second figure: what was read ahead has its place on a disk still.
    page_out(&map, folios, device)?;
    let free = device.clock().time("munmap", || {
        drop(map);
        Ok(())
    })?;
    Ok([out, back, free])
}
