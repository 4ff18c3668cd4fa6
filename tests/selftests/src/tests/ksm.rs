// SPDX-License-Identifier: GPL-2.0
//! Pages that KSM merged go out and come back for all processes that share them.

use crate::cgroup::Cgroup;
use crate::data::{Kind, Stamp};
use crate::ghost::{counter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::sys;
use crate::worker::Worker;

const KSM: &str = "/sys/kernel/mm/ksm";
const OWNER: u32 = 50;
/// So many pages have the same content.
const COPIES: usize = 4;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::start("")?;
    let group = Cgroup::new("ksm")?;
    // A process of its own: what it has beside the test's memory goes out too.
    let result = Worker::start(|| {
        group.enter()?;
        merged(env, &group)
    })?
    .join();
    // Unmerges, so that the next test finds KSM as it was.
    kernel::write(format!("{KSM}/run"), 2)?;
    result?;
    ensure_eq!(counter("stored_pages")?, 0, "stored_pages at the end");
    ghost.stop()
}

fn stamp(index: usize) -> Stamp {
    Stamp {
        owner: OWNER,
        index: (index / COPIES) as u32,
        generation: 0,
    }
}

fn merged(env: &Env, group: &Cgroup) -> Outcome {
    let pages = env.pages(4);
    let mut map = Mapping::private(pages)?;
    for index in map.all() {
        Kind::Real.fill(map.page_mut(index), stamp(index));
    }
    map.advise(map.all(), libc::MADV_MERGEABLE)
        .doing("MADV_MERGEABLE")?;
    kernel::write(format!("{KSM}/pages_to_scan"), 2000)?;
    kernel::write(format!("{KSM}/sleep_millisecs"), 1)?;
    kernel::write(format!("{KSM}/run"), 1)?;
    wait_for_scans(pages)?;
    // No more merging while pages go out.
    kernel::write(format!("{KSM}/run"), 0)?;
    group.reclaim(&map)?;
    let stored = counter("stored_pages")? as usize;
    ensure!(
        stored < pages && stored >= pages / COPIES,
        "{stored} pages are stored of {pages}, of which {COPIES} each are the same"
    );
    for index in map.all() {
        Kind::Real
            .check(map.page(index), stamp(index))
            .doing("a merged page")?;
    }
    // Writing to one copy leaves the others alone, out or in.
    group.reclaim(&map)?;
    for index in (0..pages).step_by(COPIES) {
        let new = Stamp {
            generation: 1,
            ..stamp(index)
        };
        Kind::Real.fill(map.page_mut(index), new);
    }
    group.reclaim(&map)?;
    for index in map.all() {
        let generation = u32::from(index % COPIES == 0);
        let wanted = Stamp {
            generation,
            ..stamp(index)
        };
        Kind::Real
            .check(map.page(index), wanted)
            .doing("a merged page, one copy written")?;
    }
    Ok(())
}

/// Waits until most copies are merged; KSM wants to see a page unchanged in two
/// scans, a third finds what the second left.
fn wait_for_scans(pages: usize) -> Outcome {
    let scans = || kernel::number(format!("{KSM}/full_scans"));
    let start = scans()?;
    while scans()? < start + 8 {
        let sharing = kernel::number(format!("{KSM}/pages_sharing"))? as usize;
        if sharing >= pages / COPIES * (COPIES - 1) {
            return Ok(());
        }
        sys::pause_ms(10);
    }
    let sharing = kernel::number(format!("{KSM}/pages_sharing"))?;
    ensure!(
        sharing as usize >= pages / 2,
        "KSM merged only {sharing} of {pages} pages"
    );
    Ok(())
}
