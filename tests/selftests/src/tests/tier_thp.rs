// SPDX-License-Identifier: GPL-2.0
//! A large folio of which one page is zero, one is on the disk and the rest are
//! compressed goes out whole and comes back in one fault, at its full size.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::disk::Disk;
use crate::ghost::{counter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Outcome, Stop};
use crate::worker::Worker;

const THP: &str = "/sys/kernel/mm/transparent_hugepage";
const OWNER: u32 = 140;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let disk = Disk::new()?;
    let ghost = Ghost::start("shrinker_enabled=N")?;
    disk.on()?;
    // A fault brings in folios below the size of a page table's only.
    for (size, folio) in [("hugepages-64kB", 16), ("hugepages-1024kB", 256)] {
        kernel::write(format!("{THP}/{size}/enabled"), "always")?;
        let group = Cgroup::new("tier-thp")?;
        Worker::start(|| {
            group.enter()?;
            round(&group, size, folio, env.count(32, 8))
        })?
        .join()
        .map_err(|stop| match stop {
            Stop::Fail(text) => Stop::Fail(format!("{size}: {text}")),
            skip => skip,
        })?;
        kernel::write(format!("{THP}/{size}/enabled"), "never")?;
    }
    disk.off()?;
    ghost.stop()
}

fn kind(index: usize) -> Kind {
    match index {
        3 => Kind::Zero,
        7 => Kind::Random,
        _ => Kind::Heap,
    }
}

fn round(group: &Cgroup, size: &str, folio: usize, folios: usize) -> Outcome {
    let stat = |name: &str| kernel::number(format!("{THP}/{size}/stats/{name}"));
    let mut map = Mapping::aligned(folio * folios, 512)?;
    let before = stat("anon_fault_alloc")?;
    for index in map.all() {
        map.fill(index..index + 1, kind(index % folio), OWNER, 0);
    }
    let got = (stat("anon_fault_alloc")? - before) as usize;
    ensure_eq!(got, folios, "large folios that were allocated");
    let (out, split) = (stat("swpout")?, stat("split")?);
    let physical = counter("physical_pages")?;
    group.reclaim(&map)?;
    ensure_eq!(
        (stat("swpout")? - out) as usize,
        folios,
        "large folios that went out whole"
    );
    ensure_eq!(stat("split")?, split, "splits");
    let physical = (counter("physical_pages")? - physical) as usize;
    ensure!(
        (folios..folios + 64).contains(&physical),
        "{physical} pages are on the disk, {folios} do not compress"
    );
    let before = (stat("swpin")?, kernel::vmstat("pgmajfault")?);
    for index in map.all() {
        map.check(index..index + 1, kind(index % folio), OWNER, 0)?;
    }
    let now = (stat("swpin")?, kernel::vmstat("pgmajfault")?);
    ensure_eq!(
        (now.0 - before.0) as usize,
        folios,
        "large folios that came back whole"
    );
    ensure!(
        ((now.1 - before.1) as usize) < folios + 16,
        "{} faults for {folios} folios",
        now.1 - before.1
    );
    Ok(())
}
