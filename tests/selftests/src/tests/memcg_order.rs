// SPDX-License-Identifier: GPL-2.0
//! A group at its memory.zswap.max, with a disk below: its old pages are written back to
//! make room for its new ones, which are compressed. Nothing of another group is written,
//! although its pages are older.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::disk::Disk;
use crate::ghost::{counter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::worker::{Board, Worker};

const OWNER: u32 = 330;
/// How many pages are asked for at a time.
const BATCH: usize = 64;
/// Numbers on the board: a process has its pages out; it may go on.
const OUT: usize = 0;
const GO: usize = 1;

/// See above.
pub fn run(env: &Env) -> Outcome {
    kernel::write("/proc/sys/vm/page-cluster", 0)?;
    let disk = Disk::new()?;
    // By the limit only: memory is not short.
    let ghost = Ghost::start("shrinker_enabled=N")?;
    disk.on()?;
    // Counts of a group lag by up to 64 pages for each processor.
    let pages = env.count(2048, 768);
    let (board, other) = (Board::new()?, Cgroup::new("order-other")?);
    let bystander = Worker::start(|| {
        other.enter()?;
        let mut map = Mapping::private(pages)?;
        map.fill(map.all(), Kind::Heap, OWNER + 1, 0);
        other.reclaim(&map)?;
        board.step(OUT);
        board.wait_for(GO, 1, &[])?;
        map.check(map.all(), Kind::Heap, OWNER + 1, 0)
    })?;
    board.wait_for(OUT, 1, std::slice::from_ref(&bystander))?;
    let group = Cgroup::new("order")?;
    Worker::start(|| {
        group.enter()?;
        in_order(&group, pages)
    })?
    .join()?;
    for file in ["memory.swap.current", "memory.swap.peak"] {
        ensure_eq!(other.number(file)?, 0, "{file} of another group");
    }
    ensure_eq!(
        other.field("memory.stat", "zswpwb")?,
        0,
        "zswpwb of another group"
    );
    board.set(GO, 1);
    bystander.join()?;
    disk.off()?;
    ghost.stop()
}

/// As many pages as the group may have in memory go out, and then as many again.
fn in_order(group: &Cgroup, pages: usize) -> Outcome {
    let mut old = Mapping::private(pages)?;
    old.fill(old.all(), Kind::Heap, OWNER, 0);
    group.reclaim(&old)?;
    let full = group.number("memory.zswap.current")?;
    group.set("memory.zswap.max", full)?;
    let written = counter("written_back_pages")?;
    let compressed = group.field("memory.stat", "zswpout")?;
    let mut new = Mapping::private(pages)?;
    new.fill(new.all(), Kind::Heap, OWNER, 1);
    for from in (0..pages).step_by(BATCH) {
        new.page_out(from..from + BATCH)?;
        let kept = group.number("memory.zswap.current")?;
        ensure!(kept <= full, "{kept} bytes are kept, {full} are allowed");
    }
    let written = counter("written_back_pages")? - written;
    let compressed = group.field("memory.stat", "zswpout")? - compressed;
    let kept = group.number("memory.zswap.current")?;
    println!(
        "# {pages} pages, then {pages}: {compressed} of the new ones were compressed, {written} \
         written back, {kept} bytes of {full} are kept"
    );
    let most = pages as u64 * 3 / 4;
    ensure!(
        compressed >= most,
        "zswpout: {compressed} of {pages} new pages were compressed"
    );
    ensure!(
        written >= most,
        "written_back_pages: {written}, to make room for {pages}"
    );
    ensure!(
        kept >= full / 2,
        "{kept} bytes are kept of {full} that may be"
    );
    group.eventually(|group| {
        let count = group.field("memory.stat", "zswpwb")?;
        ensure_eq!(count, written, "zswpwb, and written_back_pages");
        Ok(())
    })?;
    // Where they are is told by what has to be read.
    let from_disk = |map: &Mapping, generation| -> Outcome<u64> {
        let before = kernel::vmstat("pswpin")?;
        map.check(map.all(), Kind::Heap, OWNER, generation)?;
        Ok(kernel::vmstat("pswpin")? - before)
    };
    // What was written may still be in memory.
    group.reclaim(&old)?;
    group.reclaim(&new)?;
    let on_disk = group.number("memory.swap.current")? / crate::PAGE as u64;
    let (of_new, of_old) = (from_disk(&new, 1)?, from_disk(&old, 0)?);
    println!("# from the disk came {of_old} of the old pages, {of_new} of the new ones");
    ensure!(
        of_old >= most,
        "of {pages} old pages {of_old} were on the disk"
    );
    ensure!(
        of_new <= pages as u64 / 4,
        "of {pages} new pages {of_new} were on the disk"
    );
    ensure!(
        of_old + of_new <= on_disk,
        "{of_old} and {of_new} pages were read from the disk, which had {on_disk}"
    );
    Ok(())
}
