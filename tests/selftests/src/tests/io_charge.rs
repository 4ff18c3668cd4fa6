// SPDX-License-Identifier: GPL-2.0
//! The I/O of a cgroup's pages, base pages and large folios, is counted as that
//! cgroup's, whoever causes it: here a process outside triggers reclaim.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::disk::Disk;
use crate::ghost::{counter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Outcome, Stop};
use crate::worker::{join_all, Board, Worker};
use crate::{sys, PAGE};

const MTHP: &str = "/sys/kernel/mm/transparent_hugepage/hugepages-64kB";
const OWNER: u32 = 280;
/// Numbers on the board: processes that are ready, they shall read all.
const READY: usize = 0;
const READ: usize = 1;

/// See above.
pub fn run(env: &Env) -> Outcome {
    kernel::write("/proc/sys/vm/page-cluster", 0)?;
    let disk = Disk::new()?;
    let ghost = Ghost::start("shrinker_enabled=N")?;
    disk.on()?;
    for (name, enabled, folio) in [("base pages", "never", 1), ("64 KiB folios", "always", 16)] {
        kernel::write(format!("{MTHP}/enabled"), enabled)?;
        round(env.pages(8), folio, &disk).map_err(|stop| match stop {
            Stop::Fail(text) => Stop::Fail(format!("{name}: {text}")),
            skip => skip,
        })?;
    }
    disk.off()?;
    ghost.stop()
}

fn round(pages: usize, folio: usize, disk: &Disk) -> Outcome {
    let (group, board) = (Cgroup::with_io("io-charge")?, Board::new()?);
    let mut workers = Vec::new();
    for owner in OWNER..OWNER + 2 {
        workers.push(Worker::start(|| {
            group.enter()?;
            let mut map = Mapping::aligned(pages, 16)?;
            map.fill(map.all(), Kind::Random, owner, 0);
            board.step(READY);
            board.wait_for(READ, 1, &[])?;
            map.check(map.all(), Kind::Random, owner, 0)
        })?);
    }
    board.wait_for(READY, 2, &workers)?;
    let all = 2 * pages;
    let folios = || kernel::number(format!("{MTHP}/stats/swpout"));
    let (whole, before) = (folios()?, kernel::vmstat("pswpout")?);
    let large = if folio > 1 { all / folio } else { 0 };
    // They are written first, and leave memory when that is done.
    let cached = || group.field("memory.stat", "swapcached");
    let few = 64 * PAGE as u64;
    for round in 0..20 {
        group.try_reclaim(all * PAGE)?;
        if counter("physical_pages")? >= all as u64 && cached()? < few {
            break;
        }
        sys::pause_ms(5 * round);
    }
    let (physical, cached) = (counter("physical_pages")?, cached()?);
    ensure!(
        physical >= all as u64 && cached < few,
        "{physical} of {all} pages are on the disk, {cached} bytes in the swap cache"
    );
    let moved = kernel::vmstat("pswpout")? - before;
    let number = disk.number()?;
    let pages_of = |key: &str| Ok(group.io(&number, key)? / PAGE as u64);
    let whole = folios()? - whole;
    println!(
        "# {moved} pages written, {whole} large folios whole, {} pages by io.stat",
        pages_of("wbytes")?
    );
    ensure!(
        whole as usize >= large * 3 / 4,
        "only {whole} of {large} large folios went out whole"
    );
    group.eventually(|_| about("written", pages_of("wbytes")?, moved))?;
    let before = kernel::vmstat("pswpin")?;
    board.set(READ, 1);
    join_all(workers)?;
    let moved = kernel::vmstat("pswpin")? - before;
    println!("# {moved} pages read, {} by io.stat", pages_of("rbytes")?);
    ensure!(
        moved + 64 >= all as u64,
        "only {moved} of {all} pages were read"
    );
    group.eventually(|_| about("read", pages_of("rbytes")?, moved))
}

/// Some are of processes outside.
fn about(what: &str, counted: u64, moved: u64) -> Outcome {
    ensure!(
        counted + 128 >= moved && counted <= moved,
        "{counted} pages are counted as {what}, {moved} were"
    );
    Ok(())
}
