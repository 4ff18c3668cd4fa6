// SPDX-License-Identifier: GPL-2.0
//! Each allocation for a store, a load, write back and swapoff of the disk fails
//! in turn: all data is right, and the counters are.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::disk::Disk;
use crate::ghost::{counter, set_parameter, Counters, Ghost, PARAMETERS};
use crate::harness::Env;
use crate::inject::{each, Fault};
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::sys;
use crate::worker::Worker;
use std::os::unix::fs::FileExt;

const OWNER: u32 = 250;
/// Enough of each kind of data.
const PAGES: usize = 32;
const LARGE: &str = "/sys/kernel/mm/transparent_hugepage/hugepages-64kB";

/// Instead of a large folio that cannot be had there are pages, so that one
/// failure does no harm.
const LARGE_LOAD: &str = "load of large folios";

/// How pages go to a disk.
struct Way {
    name: &'static str,
    pack_writeback: &'static str,
    /// Data that goes that way.
    kind: Kind,
}

/// One by one.
const WHOLE: Way = Way {
    name: "",
    pack_writeback: "N",
    kind: Kind::Random,
};

/// Several in a slot.
const IN_BLOCKS: Way = Way {
    name: " in blocks",
    pack_writeback: "Y",
    kind: Kind::Heap,
};

/// See above.
pub fn run(_env: &Env) -> Outcome {
    kernel::write("/proc/sys/vm/page-cluster", 0)?;
    let ghost = Ghost::start("")?;
    store("store", Mapping::private(PAGES)?)?;
    load("load", Mapping::private(PAGES)?)?;
    kernel::write(format!("{LARGE}/enabled"), "always")?;
    store("store of large folios", Mapping::aligned(PAGES, PAGES)?)?;
    load(LARGE_LOAD, Mapping::aligned(PAGES, PAGES)?)?;
    kernel::write(format!("{LARGE}/enabled"), "never")?;
    store("store of shared memory", Mapping::shared(PAGES)?)?;
    load("load of shared memory", Mapping::shared(PAGES)?)?;
    ghost.stop()?;

    let ghost = Ghost::start("")?;
    let disk = Disk::new()?;
    disk.on()?;
    let group = Cgroup::new("fail-nth")?;
    // Alone in the group, which is reclaimed.
    Worker::start(|| {
        group.enter()?;
        set_parameter("shrinker_enabled", "N")?;
        for way in [&WHOLE, &IN_BLOCKS] {
            set_parameter("pack_writeback", way.pack_writeback)?;
            load_from_disk(&group, way)?;
            evacuate(&group, &disk, way)?;
            disk.fail_requests(true)?;
            let written = write_back(&group, way);
            disk.fail_requests(false)?;
            written?;
        }
        Ok(())
    })?
    .join()?;
    disk.off()?;
    ghost.stop()
}

/// After a fault: what is counted is what is there, and then nothing is out.
fn right(map: &Mapping, kind: Kind, generation: u32) -> Outcome {
    let counters = Counters::read()?;
    counters.ensure_sum()?;
    let absent = map.absent(map.all())? as u64;
    ensure!(
        counters.stored >= absent,
        "{absent} pages are out, stored_pages is {}",
        counters.stored
    );
    map.check(map.all(), kind, OWNER, generation)
}

/// Pages that find no memory stay where they are.
fn store(what: &str, mut map: Mapping) -> Outcome {
    let (mut generation, mut stayed) = (0, 0);
    each(what, |fault| {
        generation += 1;
        map.fill(map.all(), Kind::Mixed, OWNER, generation);
        sys::drain_lru().doing("draining per-CPU batches of pages")?;
        let result = fault.inject(|| map.advise(map.all(), libc::MADV_PAGEOUT))?;
        result.doing("MADV_PAGEOUT")?;
        let out = map.absent(map.all())?;
        stayed += PAGES - out;
        ensure_eq!(counter("stored_pages")?, out as u64, "stored_pages");
        right(&map, Kind::Mixed, generation)?;
        Counters::read()?.ensure_nothing_stored()
    })?;
    ensure!(stayed > 0, "{what}: all pages went out, whatever failed");
    // And without faults, they go.
    map.fill(map.all(), Kind::Mixed, OWNER, 0);
    map.page_out_shared(map.all())?;
    right(&map, Kind::Mixed, 0)
}

/// Maps all pages of a mapping; what fails is told as an error, not by a signal.
fn populate(map: &Mapping, fault: &mut Fault) -> Outcome<bool> {
    let result = fault.inject(|| map.advise(map.all(), libc::MADV_POPULATE_READ))?;
    fault.survived(result, libc::ENOMEM)
}

fn load(what: &str, mut map: Mapping) -> Outcome {
    let (mut generation, mut refused) = (0, 0);
    each(what, |fault| {
        generation += 1;
        map.fill(map.all(), Kind::Mixed, OWNER, generation);
        map.page_out_shared(map.all())?;
        refused += usize::from(!populate(&map, fault)?);
        right(&map, Kind::Mixed, generation)?;
        Counters::read()?.ensure_nothing_stored()
    })?;
    ensure!(
        refused > 0 || what == LARGE_LOAD,
        "{what}: no fault made it fail"
    );
    Ok(())
}

/// All pages of the mapping are on the disk.
fn on_disk(group: &Cgroup, map: &mut Mapping, way: &Way, generation: u32) -> Outcome {
    map.fill(map.all(), way.kind, OWNER, generation);
    group.reclaim(map)?;
    if way.kind != Kind::Random {
        written(group)?;
        let packed = counter("packed_pages")?;
        ensure!(packed > 0, "no page is in a block");
    }
    let physical = counter("physical_pages")?;
    ensure!(
        physical >= PAGES as u64,
        "only {physical} of {PAGES} pages are on the disk"
    );
    Ok(())
}

/// Has the pages in the pools written back, which takes more than one turn.
fn written(group: &Cgroup) -> Outcome {
    set_parameter("shrinker_enabled", "Y")?;
    for _ in 0..100 {
        // There is nothing to reclaim but what the shrinker finds.
        let _ = group.try_set("memory.reclaim", "1M swappiness=max");
        if counter("compressed_pages")? == 0 {
            break;
        }
    }
    set_parameter("shrinker_enabled", "N")
}

fn load_from_disk(group: &Cgroup, way: &Way) -> Outcome {
    let mut map = Mapping::private(PAGES)?;
    let what = format!("load from a disk{}", way.name);
    let (mut generation, mut refused) = (0, 0);
    each(&what, |fault| {
        generation += 1;
        on_disk(group, &mut map, way, generation)?;
        refused += usize::from(!populate(&map, fault)?);
        right(&map, way.kind, generation)
    })?;
    ensure!(refused > 0, "{what}: no fault made it fail");
    Ok(())
}

/// swapoff of the disk, which fails as a whole or brings all pages into memory. One
/// failure need not make it fail: memory that is not free is asked for again.
fn evacuate(group: &Cgroup, disk: &Disk, way: &Way) -> Outcome {
    let mut map = Mapping::private(PAGES)?;
    let mut generation = 0;
    each(&format!("swapoff of the disk{}", way.name), |fault| {
        generation += 1;
        on_disk(group, &mut map, way, generation)?;
        let result = fault.inject(|| disk.try_off())?;
        let off = fault.survived(result, libc::ENOMEM)?;
        if off {
            ensure_eq!(counter("physical_pages")?, 0, "physical_pages");
        }
        right(&map, way.kind, generation)?;
        if off {
            return disk.on();
        }
        Ok(())
    })
}

/// The shrinker runs in the task that has the group reclaimed. Requests to the disk
/// fail in turn, too.
fn write_back(group: &Cgroup, way: &Way) -> Outcome {
    let mut map = Mapping::private(2 * PAGES)?;
    let reclaim = group.open("memory.reclaim")?;
    let shrinker = format!("{PARAMETERS}/shrinker_enabled");
    let mut generation = 0;
    each(&format!("writing back{}", way.name), |fault| {
        generation += 1;
        map.fill(map.all(), Kind::Real, OWNER, generation);
        group.reclaim(&map)?;
        let before = counter("written_back_pages")?;
        kernel::write(&shrinker, "Y")?;
        let result = fault.inject(|| reclaim.write_at(b"1M swappiness=max", 0))?;
        kernel::write(&shrinker, "N")?;
        let written = counter("written_back_pages")? - before;
        match result.map_err(|e| sys::errno(&e)) {
            // There is nothing to reclaim but what the shrinker finds.
            Ok(_) | Err(libc::EAGAIN) => {}
            Err(errno) => {
                ensure!(
                    fault.came() && errno == libc::ENOMEM,
                    "memory.reclaim: {}",
                    sys::errno_name(errno)
                );
            }
        }
        ensure!(fault.came() || written > 0, "no page was written back");
        right(&map, Kind::Real, generation)
    })
}
