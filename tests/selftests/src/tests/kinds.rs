// SPDX-License-Identifier: GPL-2.0
//! Each kind of data goes out and comes back, is counted as that kind while it
//! is out, and is not kept once it is back.

use crate::data::{Kind, Stamp, PLAIN};
use crate::ghost::{Counters, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Outcome, Stop};

const OWNER: u32 = 3;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::start("")?;
    let pages = env.pages(8);
    for kind in PLAIN.into_iter().chain([Kind::Mixed, Kind::Blend]) {
        let mut map = Mapping::private(pages)?;
        for generation in 0..2 {
            round(&mut map, kind, generation)
                .map_err(|stop| Stop::Fail(format!("{kind:?} data: {stop}")))?;
        }
    }
    ghost.stop()
}

fn round(map: &mut Mapping, kind: Kind, generation: u32) -> Outcome {
    let events = kernel::swap_events()?;
    map.fill(map.all(), kind, OWNER, generation);
    map.page_out(map.all())?;
    let counters = Counters::read()?;
    expect(&counters, kind, map.pages(), generation)?;
    map.check(map.all(), kind, OWNER, generation)?;
    ensure_eq!(map.out(map.all())?, 0, "pages out after all were read");
    Counters::read()?.ensure_nothing_stored()?;
    let now = kernel::swap_events()?;
    let (out, back) = (now.out - events.out, now.r#in - events.r#in);
    ensure!(
        out >= map.pages() as u64,
        "/proc/vmstat counts {out} of {} pages out",
        map.pages()
    );
    ensure!(
        back >= map.pages() as u64,
        "/proc/vmstat counts {back} of {} pages in",
        map.pages()
    );
    Ok(())
}

fn expect(counters: &Counters, kind: Kind, pages: usize, generation: u32) -> Outcome {
    let plain = |index| {
        kind.of(Stamp {
            owner: OWNER,
            index,
            generation,
        })
    };
    let count = |is: fn(Kind) -> bool| (0..pages as u32).filter(|i| is(plain(*i))).count() as u64;
    let same = count(Kind::is_same);
    let random = count(|kind| kind == Kind::Random);
    // Some of the real ones are parts of compressed files.
    let real = count(|kind| kind == Kind::Real);
    counters.ensure_sum()?;
    ensure_eq!(counters.stored, pages as u64, "stored_pages");
    ensure_eq!(counters.same_filled, same, "same_filled_pages");
    ensure!(
        (random..=random + real / 4).contains(&counters.incompressible),
        "incompressible_pages: expected {random} to {}, got {}",
        random + real / 4,
        counters.incompressible
    );
    let bytes = |pages: u64| pages * crate::PAGE as u64;
    // The pool takes memory in pieces for objects of one size, each of which
    // may be nearly empty.
    let room = bytes(random)..=bytes(pages as u64 + 1024);
    ensure!(
        room.contains(&counters.pool),
        "pool_total_size: expected {room:?} with {random} of {pages} pages kept whole, got {}",
        counters.pool
    );
    if same == pages as u64 {
        ensure_eq!(counters.pool, 0, "pool_total_size with repeated words only");
    }
    ensure!(
        counters.metadata > 0,
        "metadata_size is 0 with pages stored"
    );
    Ok(())
}
