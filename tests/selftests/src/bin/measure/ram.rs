// SPDX-License-Identifier: GPL-2.0
//! RAM for each page that is out, by the kernel's own counts: free pages before
//! and after, zsmalloc's pages, slabs. What the device reports is not used.

use crate::devices::{first_module, Device};
use crate::micro::page_out;
use crate::options::Options;
use crate::pages::filled;
use crate::report::Case;
use selftests::outcome::Outcome;
use selftests::{kernel, PAGE};

/// The swap table's part, which every swap device has: a word and a group's
/// number for each slot.
const SWAP_TABLE: f64 = 10.0;

/// See above. The whole device counts, so what it takes for its size does too.
pub fn run(options: &Options) -> Outcome {
    let device = options.device()?;
    let data = options.kinds[0];
    let map = filled(data, &options.orders[0], options.mib)?;
    first_module()?;
    let before = Used::now()?;
    device.on()?;
    let ready = Used::now()?;
    page_out(&map, &options.orders[0], &device)?;
    let after = Used::now()?;
    let pages = ready.private - after.private;
    // What went out is free now, but for what it took.
    let taken = pages - (after.unused - ready.unused);
    say(
        &device,
        data.name(),
        &options.orders[0],
        &[before, ready, after],
        taken,
    );
    data.check(&map, map.all(), 0)
}

fn say(device: &Device, data: &str, folios: &str, used: &[Used; 3], taken: i64) {
    let [before, ready, after] = used;
    let pages = ready.private - after.private;
    let each = |count: i64| (count * PAGE as i64) as f64 / pages as f64;
    let pool = if device.compressor_used() == "none" {
        // Plain swap keeps the page as it is, in a RAM disk's page or elsewhere.
        if device.name == "brd" {
            PAGE as f64
        } else {
            0.0
        }
    } else {
        (after.pool - ready.pool) as f64 / pages as f64
    };
    let case = Case {
        part: "ram",
        device,
        data,
        folios,
    };
    let whole = each(before.unused - ready.unused);
    let say = |figure, value: f64| case.say(figure, "bytes/page", format_args!("{value:.1}"));
    say("pool", pool);
    say("metadata of what is out", each(taken) - pool - SWAP_TABLE);
    say("metadata of the device", whole);
    say("all", each(taken) + whole);
}

struct Used {
    unused: i64,
    private: i64,
    /// With what zsmalloc keeps of each of its groups of pages.
    pool: i64,
}

impl Used {
    fn now() -> Outcome<Self> {
        // The slabs first: looking gives back empty ones.
        for name in ["zs_handle", "zswap_entry"] {
            kernel::slab(name)?;
        }
        let zspages = kernel::slab("zspage")?;
        let unused = kernel::unused_memory()? / PAGE as i64;
        Ok(Self {
            unused,
            private: kernel::vmstat("nr_anon_pages")? as i64,
            pool: kernel::vmstat("nr_zspages")? as i64 * PAGE as i64 + zspages,
        })
    }
}
