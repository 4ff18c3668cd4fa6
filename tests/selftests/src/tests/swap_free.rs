// SPDX-License-Identifier: GPL-2.0
//! SwapTotal, SwapFree and /proc/swaps tell what can be kept: what the size says while
//! there is plenty of memory, and near nothing when the pools are at their limit,
//! whatever the size. A disk below counts by itself.

use crate::data::Kind;
use crate::disk::Disk;
use crate::ghost::{counter, set_parameter, swap_line, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Outcome, Stop};
use crate::shortage;
use crate::PAGE;

const OWNER: u32 = 235;

/// See above.
pub fn run(env: &Env) -> Outcome {
    by_default()?;
    at_the_limit()?;
    too_many_that_do_not_shrink()?;
    // Not where KASAN takes 64 MiB for its shadow of the ghost's cluster array, at swapon.
    if !env.is_debug() {
        let (block, _) = shortage::leave(kernel::free_pages()? / 3)?;
        too_many_that_do_not_shrink()?;
        drop(block);
    }
    Ok(())
}

/// Size, used and free in KiB, from /proc/swaps; /proc/meminfo agrees with them.
fn told() -> Outcome<(u64, u64)> {
    let line = swap_line()?.ok_or(Stop::Fail("/proc/swaps has no ghost".into()))?;
    let (total, free) = (kernel::meminfo("SwapTotal")?, kernel::meminfo("SwapFree")?);
    let others: Vec<_> = kernel::swaps()?
        .into_iter()
        .filter(|other| other.path != line.path)
        .collect();
    let size: u64 = others.iter().map(|other| other.size).sum();
    let left: u64 = others.iter().map(|other| other.size - other.used).sum();
    // Pages of this process may come in between two files.
    let close = |a: u64, b: u64| a.abs_diff(b) <= 512;
    ensure!(
        close(total, line.size + size),
        "SwapTotal is {total}, /proc/swaps has {line:?} and {others:?}"
    );
    ensure!(
        close(free, line.size.saturating_sub(line.used) + left),
        "SwapFree is {free}, /proc/swaps has {line:?} and {others:?}"
    );
    Ok((line.size, free - left))
}

/// By default the size is that of RAM, and it grows as pages shrink.
fn by_default() -> Outcome {
    let ghost = Ghost::start("")?;
    let ram = kernel::meminfo("MemTotal")?;
    let (size, free) = told()?;
    ensure!(
        size >= ram / 100 * 90 && size <= ram / 100 * 115,
        "the size is {size}, RAM is {ram}"
    );
    ensure!(
        size - free <= 512,
        "{free} of {size} are free with nothing out"
    );
    // More slots than RAM has pages, without the memory for it.
    let pages = (ram as usize / 4) / 4 * 5;
    let mut map = Mapping::private(pages)?;
    let step = pages / 16;
    for first in (0..pages - step).step_by(step) {
        map.fill(first..first + step, Kind::Same, OWNER, 0);
        map.page_out(first..first + step)?;
    }
    let (grown, free) = told()?;
    println!("# {size} KiB are told at first, {grown} with {pages} pages out");
    ensure!(
        grown > size && free >= grown / 5,
        "{grown} are told, {free} of it free, with {pages} pages of one word out"
    );
    map.check(0..step, Kind::Same, OWNER, 0)?;
    drop(map);
    ghost.stop()
}

/// At the limit of the pools there is nothing free, unless a disk has room.
fn at_the_limit() -> Outcome {
    let ghost = Ghost::start("size=1T max_pool_percent=2 accept_threshold_percent=100")?;
    let (size, free) = told()?;
    ensure!(
        size > 1 << 29 && free > 1 << 29,
        "{size} are told of 1 TiB, {free} of it free"
    );
    let limit = kernel::meminfo("MemTotal")? as usize * 1024 / PAGE / 50;
    let mut map = Mapping::private(4 * limit)?;
    map.fill(map.all(), Kind::Random, OWNER, 1);
    map.try_page_out(map.all())?;
    ensure!(counter("pool_limit_hit")? > 0, "pool_limit_hit is 0");
    let (size, free) = told()?;
    println!("# {size} KiB are told with the pools full, {free} of it free");
    ensure!(
        free <= size / 20,
        "{free} of {size} are told to be free with the pools full"
    );
    let disk = Disk::new()?;
    disk.on()?;
    let (_, ghosts) = told()?;
    let all = kernel::meminfo("SwapFree")?;
    ensure!(
        ghosts <= size / 20 && all > 64 << 10,
        "with a disk {all} are free, {ghosts} of it in the ghost"
    );
    disk.off()?;
    set_parameter("max_pool_percent", 50)?;
    let (_, free) = told()?;
    ensure!(
        free > 1 << 29,
        "{free} are told to be free with the limit raised"
    );
    map.check(map.all(), Kind::Random, OWNER, 1)?;
    drop(map);
    ghost.stop()
}

/// Without a limit, pages that do not shrink are kept up to a fifth of the memory that can
/// be reclaimed, which is less if some is locked: the others stay where they are, and pages
/// that shrink still go.
fn too_many_that_do_not_shrink() -> Outcome {
    kernel::drop_caches()?;
    let kib = ["MemFree", "Active", "Inactive"].map(kernel::meminfo);
    let kib = kib.into_iter().sum::<Outcome<u64>>()? as usize;
    let fifth = kib * 1024 / PAGE / 5;
    let ghost = Ghost::start("")?;
    let mut map = Mapping::private(fifth * 5 / 4)?;
    map.fill(map.all(), Kind::Random, OWNER, 2);
    map.try_page_out(map.all())?;
    let kept = counter("incompressible_pages")? as usize;
    println!("# {kept} pages that do not shrink are kept, a fifth of memory is {fifth}");
    ensure!(
        kept.abs_diff(fifth) <= fifth / 10,
        "{kept} pages that do not shrink are kept, a fifth of memory is {fifth}"
    );
    ensure_eq!(map.out(map.all())?, kept, "pages out");
    let (size, free) = told()?;
    ensure!(
        free <= size / 20,
        "{free} of {size} are told to be free where no more such pages are taken"
    );
    let mut heap = Mapping::private(1024)?;
    heap.fill(heap.all(), Kind::Heap, OWNER, 3);
    heap.page_out(heap.all())?;
    heap.check(heap.all(), Kind::Heap, OWNER, 3)?;
    map.check(map.all(), Kind::Random, OWNER, 2)?;
    drop(map);
    ghost.stop()
}
