// SPDX-License-Identifier: GPL-2.0
//! A disk needs pages that do not change while it writes them, as it compresses
//! or checksums them: processes can read such a page, but what they write goes to
//! a copy. The disk waits until all of that was done.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::disk::{remove_zram, Disk, Faulty};
use crate::ghost::{counter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Outcome, Stop};
use crate::pagemap::under_writeback;
use crate::threads::{each, Shared};
use crate::worker::{Board, Worker};
use crate::PAGE;
use std::sync::atomic::{AtomicUsize, Ordering};

const MTHP: &str = "/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled";
const OWNER: u32 = 270;
const PAGES: usize = 512;

/// See above.
pub fn run(_: &Env) -> Outcome {
    kernel::write("/proc/sys/vm/page-cluster", 0)?;
    let (slow, disk) = Faulty::over(Disk::zram(8 * PAGES * PAGE)?)?;
    ensure!(
        disk.wants_stable_pages()?,
        "zram does not ask for stable pages any more"
    );
    let ghost = Ghost::start("shrinker_enabled=N")?;
    disk.on()?;
    for (name, enabled) in [("base pages", "never"), ("64 KiB folios", "always")] {
        kernel::write(MTHP, enabled)?;
        let (group, board) = (Cgroup::new("stable")?, Board::new()?);
        Worker::start(|| {
            group.enter()?;
            round(&group, &slow, &board)
        })?
        .join_watched(|_| Ok(board.get(0)))
        .map_err(|stop| match stop {
            Stop::Fail(text) => Stop::Fail(format!("{name}: {text}")),
            skip => skip,
        })?;
    }
    disk.off()?;
    ghost.stop()?;
    drop(slow);
    remove_zram()
}

fn round(group: &Cgroup, slow: &Faulty, board: &Board) -> Outcome {
    let mut map = Mapping::aligned(PAGES, 16)?;
    map.fill(map.all(), Kind::Random, OWNER, 0);
    let before = counter("physical_pages")?;
    slow.pause()?;
    map.try_page_out(map.all())?;
    let sent = counter("physical_pages")? - before;
    let map = Shared::new(map);
    let (seen, wrong) = (AtomicUsize::new(0), AtomicUsize::new(0));
    // Of four pages, one is read and written, one written, one read, one left.
    let used = each(2, |thread| {
        for index in (0..PAGES).filter(|index| index % 4 == thread) {
            if thread == 0 {
                map.check(index..index + 1, Kind::Random, OWNER, 0)?;
                seen.fetch_add(under_writeback(&map, index)?.into(), Ordering::Relaxed);
                map.check(index + 2..index + 3, Kind::Random, OWNER, 0)?;
            }
            map.fill(index..index + 1, Kind::Random, OWNER, 1);
            wrong.fetch_add(under_writeback(&map, index)?.into(), Ordering::Relaxed);
            board.step(0);
        }
        Ok(())
    });
    slow.go_on()?;
    used?;
    let (seen, wrong) = (seen.into_inner(), wrong.into_inner());
    println!(
        "# of {sent} pages being written, {seen} were read, {wrong} of {} changed",
        PAGES / 2
    );
    ensure!(
        seen >= PAGES / 4 * 9 / 10,
        "only {seen} of {} pages that were read were being written",
        PAGES / 4
    );
    ensure_eq!(wrong, 0, "pages that changed while they were being written");
    for _ in 0..2 {
        for index in map.all() {
            let generation = u32::from(index % 4 < 2);
            map.check(index..index + 1, Kind::Random, OWNER, generation)?;
        }
        group.reclaim(&map)?;
        board.step(0);
    }
    for index in map.all() {
        map.check(
            index..index + 1,
            Kind::Random,
            OWNER,
            u32::from(index % 4 < 2),
        )?;
    }
    Ok(())
}
