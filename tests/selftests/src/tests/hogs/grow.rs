// SPDX-License-Identifier: GPL-2.0
//! Processes that take memory of some sort until there is no more. Their data does
//! not compress.

use super::{reclaimed, FULL, GO, RECLAIMED};
use crate::data::{Kind, Rng};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::worker::Board;
use std::path::Path;

const OWNER: u32 = 330;
/// Pages taken at a time: a MiB.
const CHUNK: usize = 256;
/// Huge pages.
const HUGE: &str = "/proc/sys/vm/nr_hugepages";
/// Base pages in a huge one.
const HUGE_PAGES: usize = 512;
/// Beside huge pages there are not many pages to be reclaimed before memory is full.
const RECLAIMED_BESIDE_HUGE: u64 = 512;
/// How often memory is compacted, if there are too few of them.
const COMPACTIONS: usize = 5;

/// Whether the kernel has huge pages to reserve (CONFIG_HUGETLBFS).
pub fn has_huge_pages() -> bool {
    Path::new(HUGE).exists()
}

/// The number of huge pages before, when all were free; if there can be any.
pub struct HugePages(Option<u64>);

impl HugePages {
    /// Remembers it.
    pub fn none_yet() -> Outcome<Self> {
        if !has_huge_pages() {
            return Ok(Self(None));
        }
        ensure_eq!(
            kernel::meminfo("HugePages_Total")?,
            kernel::meminfo("HugePages_Free")?,
            "huge pages that are free"
        );
        Ok(Self(Some(kernel::number(HUGE)?)))
    }

    /// Gives those back that were taken since: nobody may have one any more.
    pub fn give_back(self) -> Outcome {
        let Some(before) = self.0 else {
            return Ok(());
        };
        kernel::write(HUGE, before)?;
        ensure_eq!(kernel::number(HUGE)?, before, "huge pages at the end");
        ensure_eq!(
            kernel::meminfo("HugePages_Total")?,
            before,
            "HugePages_Total at the end"
        );
        Ok(())
    }
}

/// Anonymous memory.
pub fn anonymous(_env: &Env, board: &Board) -> Outcome {
    grow(board, RECLAIMED, Vec::new(), || Mapping::private(CHUNK))
}

/// Locked memory.
pub fn locked(_env: &Env, board: &Board) -> Outcome {
    grow(board, RECLAIMED, Vec::new(), || {
        let map = Mapping::private(CHUNK)?;
        map.lock()?;
        Ok(map)
    })
}

/// Huge pages, but for a little, and then anonymous memory: the OOM killer counts huge
/// pages as nobody's.
pub fn huge(env: &Env, board: &Board) -> Outcome {
    let free = kernel::free_pages()?;
    let rest = env.count(64, 96) * 256;
    ensure!(free > 2 * rest, "too little memory: {free} pages");
    let wanted = (free - rest) / HUGE_PAGES;
    let mut got = 0;
    // What was left of slabs is all over memory, and has to make room.
    for _ in 0..COMPACTIONS {
        kernel::write("/proc/sys/vm/compact_memory", 1)?;
        kernel::write(HUGE, wanted)?;
        got = kernel::number(HUGE)? as usize;
        if got == wanted {
            break;
        }
    }
    println!("# {got} of {wanted} huge pages");
    ensure!(got >= wanted / 2, "only {got} huge pages of {wanted}");
    let pages = (0..got).map(|_| Mapping::huge(HUGE_PAGES));
    let mut pages = pages.collect::<Outcome<Vec<_>>>()?;
    for (number, map) in pages.iter_mut().enumerate() {
        map.fill(map.all(), Kind::Random, OWNER, number as u32);
    }
    grow(board, RECLAIMED_BESIDE_HUGE, pages, || {
        Mapping::private(CHUNK)
    })
}

/// Takes memory, beside what it has, until it is full, which so many pages that were reclaimed say; uses
/// it until told to go on, and takes more until the kernel ends it.
fn grow(
    board: &Board,
    full: u64,
    mut chunks: Vec<Mapping>,
    more: impl Fn() -> Outcome<Mapping>,
) -> Outcome {
    let before = reclaimed()?;
    let memory = kernel::meminfo("MemTotal")? as usize / 4;
    let mut rng = Rng::new(OWNER.into());
    while chunks.len() * CHUNK <= memory {
        let (number, mut map) = (chunks.len(), more()?);
        map.fill(map.all(), Kind::Random, OWNER, number as u32);
        chunks.push(map);
        if board.get(FULL) == 1 || reclaimed()? - before < full {
            continue;
        }
        board.set(FULL, 1);
        while board.get(GO) == 0 {
            let number = rng.below(chunks.len());
            let map = &chunks[number];
            let page = rng.below(map.pages());
            map.check(page..page + 1, Kind::Random, OWNER, number as u32)?;
        }
    }
    fail!("more than {memory} pages that do not compress, and nobody was killed")
}
