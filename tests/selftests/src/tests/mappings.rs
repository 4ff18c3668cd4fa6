// SPDX-License-Identifier: GPL-2.0
//! Moving, protecting and unmapping memory that is out.

use crate::data::Kind;
use crate::ghost::{counter, Ghost};
use crate::harness::Env;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::worker::{End, Worker};
use std::mem::ManuallyDrop;

const KIND: Kind = Kind::Mixed;
const OWNER: u32 = 20;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::start("")?;
    let pages = env.pages(8);
    moved(pages)?;
    protected(pages)?;
    unmapped(pages)?;
    ensure_eq!(counter("stored_pages")?, 0, "stored_pages at the end");
    ghost.stop()
}

fn filled(pages: usize, generation: u32) -> Outcome<Mapping> {
    let mut map = Mapping::private(pages)?;
    map.fill(map.all(), KIND, OWNER, generation);
    map.page_out(map.all())?;
    Ok(map)
}

fn moved(pages: usize) -> Outcome {
    let mut map = filled(pages, 0)?;
    let old = map.address();
    map.remap(pages)?;
    ensure!(map.address() != old, "mremap did not move the memory");
    ensure_eq!(map.out(map.all())?, pages, "pages out after mremap");
    map.check(map.all(), KIND, OWNER, 0)?;
    map.page_out(map.all())?;
    map.remap(pages * 2)?;
    map.check_zero(pages..pages * 2)?;
    map.fill(pages..pages * 2, KIND, OWNER, 0);
    map.page_out(pages..pages * 2)?;
    // Shrinking gives up what is out in the part that goes.
    map.remap(pages / 2)?;
    ensure_eq!(
        counter("stored_pages")?,
        pages as u64 / 2,
        "stored_pages after shrinking"
    );
    map.check(map.all(), KIND, OWNER, 0)
}

fn protected(pages: usize) -> Outcome {
    let mut map = filled(pages, 1)?;
    map.protect(map.all(), libc::PROT_READ)?;
    map.check(0..pages / 2, KIND, OWNER, 1)?;
    let writer = Worker::start(|| {
        map.page_mut(pages / 2)[0] = 1;
        Ok(())
    })?;
    match writer.end()? {
        End::Killed(libc::SIGSEGV) => {}
        other => fail!("writing to a read-only page that is out: expected SIGSEGV, got {other:?}"),
    }
    map.protect(map.all(), libc::PROT_NONE)?;
    map.protect(map.all(), libc::PROT_READ | libc::PROT_WRITE)?;
    map.check(map.all(), KIND, OWNER, 1)?;
    map.fill(map.all(), KIND, OWNER, 2);
    map.check(map.all(), KIND, OWNER, 2)
}

fn unmapped(pages: usize) -> Outcome {
    // Holes are made in it, so its parts are unmapped one by one.
    let map = ManuallyDrop::new(filled(pages, 3)?);
    let quarter = pages / 4;
    map.unmap(quarter..2 * quarter)?;
    ensure_eq!(
        counter("stored_pages")?,
        (pages - quarter) as u64,
        "stored_pages after munmap"
    );
    map.unmap(3 * quarter..3 * quarter + 1)?;
    ensure_eq!(
        counter("stored_pages")?,
        (pages - quarter - 1) as u64,
        "stored_pages after munmap"
    );
    map.check(0..quarter, KIND, OWNER, 3)?;
    map.check(2 * quarter..3 * quarter, KIND, OWNER, 3)?;
    map.check(3 * quarter + 1..pages, KIND, OWNER, 3)?;
    map.unmap(0..quarter)?;
    map.unmap(2 * quarter..3 * quarter)?;
    map.unmap(3 * quarter + 1..pages)
}
