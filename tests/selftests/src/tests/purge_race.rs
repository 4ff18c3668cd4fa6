// SPDX-License-Identifier: GPL-2.0
//! A page of a large folio that is out is discarded, as allocators do, at the
//! moment another thread's fault brings the folio in: the fault ends, no other
//! page changes, and nothing is left in the swap cache.

use crate::data::Kind;
use crate::ghost::{counter, Counters, Ghost, DEVICE};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::sys;
use crate::threads::{each, Meeting, Shared};
use crate::worker::{Board, Worker};

const MTHP: &str = "/sys/kernel/mm/transparent_hugepage/hugepages-64kB";
const OWNER: u32 = 210;
/// Pages in a folio.
const FOLIO: usize = 16;
/// Numbers on the board: rounds begun, and folios.
const ROUND: usize = 0;
const FOLIOS: usize = 1;

/// See above.
pub fn run(env: &Env) -> Outcome {
    kernel::write(format!("{MTHP}/enabled"), "always")?;
    let ghost = Ghost::start("")?;
    let (rounds, folios) = (env.count(16, 6), env.count(64, 24));
    let board = Board::new()?;
    let worker = Worker::start(|| {
        for number in 0..rounds {
            board.step(ROUND);
            round(number, folios, number + 1 == rounds, &board)?;
        }
        Ok(())
    })?;
    worker.join_watched(|worker| {
        // One fault for a folio would do: most of these are for making sure that
        // all pages went out.
        let most = 4 * board.get(ROUND) * (folios * FOLIO) as u64 + 1000;
        let faults = worker.faults()?;
        ensure!(
            faults <= most,
            "{faults} page faults, of which {most} may be needed, in round {}, at folio {}",
            board.get(ROUND),
            board.get(FOLIOS)
        );
        Ok(board.get(FOLIOS))
    })?;
    println!("# {} folios were torn", board.get(FOLIOS));
    Counters::read()?.ensure_nothing_stored()?;
    ensure_eq!(counter("decompress_fail")?, 0, "decompress_fail");
    ghost.unload()
}

fn stat(name: &str) -> Outcome<u64> {
    kernel::number(format!("{MTHP}/stats/{name}"))
}

fn round(number: usize, folios: usize, swapoff: bool, board: &Board) -> Outcome {
    let generation = 2 * number as u32;
    let mut map = Mapping::aligned(folios * FOLIO, FOLIO)?;
    map.fill(map.all(), Kind::Blend, OWNER, generation);
    let before = stat("zswpout")?;
    map.page_out(map.all())?;
    let whole = (stat("zswpout")? - before) as usize;
    ensure!(
        whole >= folios * 3 / 4,
        "only {whole} of {folios} large folios went out whole"
    );
    // Which page of a folio is needed, and which is thrown away. Half of these
    // are written again at once.
    let needed = |folio| folio * FOLIO + (5 * folio + number) % FOLIO;
    let purged = |folio| {
        let distance = 1 + (folio + number) % (FOLIO - 1);
        folio * FOLIO + (needed(folio) + distance) % FOLIO
    };
    let again = |folio| (folio / 2 + number) % 2 == 0;
    let (map, meeting) = (Shared::new(map), Meeting::new(2));
    let tear = |thread, folio| {
        let (here, there) = (needed(folio), purged(folio));
        if thread == 0 {
            map.check(here..here + 1, Kind::Blend, OWNER, generation)?;
            board.step(FOLIOS);
            return Ok(());
        }
        // Now earlier, now later: while the folio is allocated, or read.
        for _ in 0..(folio * 7 + number) % 32 * 100 {
            std::hint::spin_loop();
        }
        map.advise(there..there + 1, libc::MADV_DONTNEED)
            .doing("MADV_DONTNEED")?;
        if again(folio) {
            map.fill(there..there + 1, Kind::Blend, OWNER, generation + 1);
        }
        Ok(())
    };
    each(2, |thread| {
        let mut result = Ok(());
        for folio in 0..folios {
            // Also if this thread has failed, as the other waits for it.
            meeting.wait();
            result = result.and_then(|()| tear(thread, folio));
        }
        result
    })?;
    if swapoff {
        // A folio that nobody can use would be found here.
        sys::swapoff(DEVICE).doing("swapoff of the ghost")?;
    }
    each(2, |thread| {
        for page in (0..folios * FOLIO).skip(thread).step_by(2) {
            let folio = page / FOLIO;
            let range = page..page + 1;
            match (page == purged(folio), again(folio)) {
                (false, _) => map.check(range, Kind::Blend, OWNER, generation),
                (true, true) => map.check(range, Kind::Blend, OWNER, generation + 1),
                (true, false) => map.check_zero(range),
            }?;
        }
        Ok(())
    })
}
