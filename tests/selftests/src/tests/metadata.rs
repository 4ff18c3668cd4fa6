// SPDX-License-Identifier: GPL-2.0
//! Bookkeeping for each compressed page: at most 20 bytes, by the kernel's own
//! counts of pages and slabs.

use crate::data::Kind;
use crate::ghost::{Counters, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::PAGE;

const OWNER: u32 = 160;
const MOST: f64 = 20.0;
/// The swap table's part, which every swap device has: a word and a group's
/// number for each slot.
const SWAP_TABLE: f64 = 10.0;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::start("max_pool_percent=80")?;
    let mut map = Mapping::private(env.pages(128))?;
    map.fill(map.all(), Kind::Real, OWNER, 0);
    let before = Used::now()?;
    map.page_out(map.all())?;
    let after = Used::now()?;
    let counters = Counters::read()?;
    let pages = map.pages() as f64;
    let each = |bytes: i64| bytes as f64 / pages;
    ensure!(
        counters.compressed as f64 > 0.9 * pages,
        "only {} of {pages} pages are compressed",
        counters.compressed
    );

    // The pages that went out are free now, the pool's are not. What is missing
    // beyond these is the price.
    let gone = before.private - after.private;
    let pool = counters.pool as i64;
    let gained = after.unused - before.unused;
    let handles = each(after.handles - before.handles);
    // Where in the pool the objects are: zsmalloc's part of the pool.
    let places = each(after.places - before.places);
    let all = each(gone - pool - gained) - SWAP_TABLE - places;
    let counted = each(counters.metadata as i64);
    println!("# bytes of metadata for a page: {all:.1} by pages that are not free, of which");
    println!(
        "# {handles:.1} are zsmalloc handles; metadata_size says {counted:.1}; not among them:"
    );
    println!("# {SWAP_TABLE:.1} of the swap table, {places:.1} of zsmalloc's zspages");
    map.check(map.all(), Kind::Real, OWNER, 0)?;
    ensure!(
        all <= MOST,
        "a compressed page costs {all:.1} bytes of memory"
    );
    ensure!(
        all >= 8.0,
        "a compressed page costs only {all:.1} bytes of memory: the test is wrong"
    );
    ensure!(
        (7.5..=8.5).contains(&handles),
        "a zsmalloc handle costs {handles:.1} bytes"
    );
    ensure!(
        (16.0..=MOST).contains(&counted),
        "metadata_size is {counted:.1} bytes a page"
    );
    ghost.stop()
}

struct Used {
    unused: i64,
    private: i64,
    handles: i64,
    places: i64,
}

impl Used {
    fn now() -> Outcome<Self> {
        // The slabs first: looking gives back empty ones.
        let (handles, places) = (kernel::slab("zs_handle")?, kernel::slab("zspage")?);
        Ok(Self {
            unused: kernel::unused_memory()?,
            private: kernel::vmstat("nr_anon_pages")? as i64 * PAGE as i64,
            handles,
            places,
        })
    }
}
