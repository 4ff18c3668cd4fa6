// SPDX-License-Identifier: GPL-2.0
//! madvise(2) on pages that are out.

use crate::data::{Kind, Stamp};
use crate::ghost::{counter, Ghost};
use crate::harness::Env;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};

const KIND: Kind = Kind::Mixed;
const OWNER: u32 = 30;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::start("")?;
    let pages = env.pages(8);
    dont_need(pages)?;
    free_out(pages)?;
    free_in(pages)?;
    will_need(pages)?;
    ensure_eq!(counter("stored_pages")?, 0, "stored_pages at the end");
    ghost.stop()
}

fn filled(pages: usize, kind: Kind, generation: u32) -> Outcome<Mapping> {
    let mut map = Mapping::private(pages)?;
    map.fill(map.all(), kind, OWNER, generation);
    Ok(map)
}

/// What is thrown away is gone, and nothing beside it.
fn dont_need(pages: usize) -> Outcome {
    let mut map = filled(pages, KIND, 0)?;
    map.page_out(map.all())?;
    let gone = pages / 4..pages / 2;
    map.advise(gone.clone(), libc::MADV_DONTNEED)
        .doing("MADV_DONTNEED")?;
    ensure_eq!(
        counter("stored_pages")?,
        (pages - gone.len()) as u64,
        "stored_pages after it"
    );
    map.check_zero(gone.clone())?;
    map.check(0..gone.start, KIND, OWNER, 0)?;
    map.check(gone.end..pages, KIND, OWNER, 0)?;
    map.fill(gone.clone(), KIND, OWNER, 1);
    map.page_out(map.all())?;
    map.check(gone, KIND, OWNER, 1)
}

/// A page that is out and given up comes back as zeros.
fn free_out(pages: usize) -> Outcome {
    let map = filled(pages, KIND, 2)?;
    map.page_out(map.all())?;
    map.advise(0..pages / 2, libc::MADV_FREE)
        .doing("MADV_FREE")?;
    ensure_eq!(
        counter("stored_pages")?,
        (pages - pages / 2) as u64,
        "stored_pages after it"
    );
    map.check_zero(0..pages / 2)?;
    map.check(pages / 2..pages, KIND, OWNER, 2)
}

/// A page in memory that is given up is either what it was or zero; one that
/// was written after that is neither lost nor old.
fn free_in(pages: usize) -> Outcome {
    let mut map = filled(pages, Kind::Real, 3)?;
    map.page_out(map.all())?;
    map.check(map.all(), Kind::Real, OWNER, 3)?;
    map.advise(map.all(), libc::MADV_FREE).doing("MADV_FREE")?;
    map.fill(0..pages / 2, Kind::Real, OWNER, 4);
    map.try_page_out(map.all())?;
    map.check(0..pages / 2, Kind::Real, OWNER, 4)?;
    for index in pages / 2..pages {
        let stamp = Stamp {
            owner: OWNER,
            index: index as u32,
            generation: 3,
        };
        if map.page(index).iter().any(|byte| *byte != 0) {
            Kind::Real
                .check(map.page(index), stamp)
                .doing("a page given up with MADV_FREE")?;
        }
    }
    Ok(())
}

/// Reading ahead brings pages into the swap cache, from where they go out
/// again or are mapped.
fn will_need(pages: usize) -> Outcome {
    let map = filled(pages, KIND, 5)?;
    map.page_out(map.all())?;
    map.advise(0..pages / 2, libc::MADV_WILLNEED)
        .doing("MADV_WILLNEED")?;
    map.check(pages / 4..pages, KIND, OWNER, 5)?;
    map.advise(map.all(), libc::MADV_COLD).doing("MADV_COLD")?;
    map.page_out(map.all())?;
    map.check(map.all(), KIND, OWNER, 5)
}
