// SPDX-License-Identifier: GPL-2.0
//! As many pools as there can be, and one more; compressors that fail.

use crate::data::{Kind, Stamp};
use crate::ghost::{counter, parameter, project, set_parameter, try_set_parameter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::log::Log;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::worker::{Board, End, Worker};
use crate::{pools, sys, PAGE};
use std::fs::File;

const OWNER: u32 = 240;
const MODULE: &str = "vswap_test_compressors";
const PARAMETERS: &str = "/sys/module/vswap_test_compressors/parameters";
/// What a descriptor can name.
const MAX_POOLS: usize = 15;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let path = project().join(format!("build/{}/tests/{MODULE}.ko", env.flavor()));
    let file = File::open(&path).doing(format_args!(
        "{} (scripts/test-modules makes it)",
        path.display()
    ))?;
    sys::insmod(&file, "").doing("insmod of the test's compressors")?;
    let result = with_compressors();
    // Also after a failure: nothing else needs them.
    let removed = sys::rmmod(MODULE).doing("rmmod of the test's compressors");
    result.and(removed)
}

fn with_compressors() -> Outcome {
    let ghost = Ghost::start("max_pool_percent=50")?;
    full()?;
    compress_fails()?;
    ghost.stop()?;
    // No page may fail to be read back in other tests, so this has its own ghost.
    let ghost = Ghost::start("")?;
    decompress_fails()?;
    ghost.off()?;
    ensure!(counter("decompress_fail")? > 0, "decompress_fail is 0");
    set_parameter("compressor", "lz4")?;
    ghost.unload()
}

fn name(number: usize) -> String {
    format!("vswap-test-{number}")
}

fn full() -> Outcome {
    let part = 16;
    let mut map = Mapping::private(part * MAX_POOLS)?;
    map.fill(map.all(), Kind::Heap, OWNER, 0);
    let range = |number| number * part..(number + 1) * part;
    for number in 0..MAX_POOLS {
        set_parameter("compressor", name(number))?;
        map.page_out(range(number))?;
        if number == 0 {
            // The pool that insmod made has no page.
            pools::until_only(&[&name(0)])?;
        }
    }
    let pools = pools::list()?;
    ensure!(
        pools.len() == MAX_POOLS && pools.iter().all(|pool| pool.pages > 0),
        "expected {MAX_POOLS} pools with pages, got {pools:?}"
    );
    let mut log = Log::from_now()?;
    let refused = try_set_parameter("compressor", &name(MAX_POOLS));
    sys::expect_errno(refused, &[libc::EBUSY], "one pool too many")?;
    let lines = log.module_lines()?;
    ensure!(
        lines.len() == 1 && lines[0].contains("all pools are taken"),
        "expected one line in the log, got {lines:?}"
    );
    let current = name(MAX_POOLS - 1);
    ensure_eq!(parameter("compressor")?, current, "compressor");
    ensure_eq!(pools::list()?, pools, "pools");
    // Those that live can be switched to.
    set_parameter("compressor", name(7))?;
    ensure!(
        pools::of(&name(7))?.current,
        "switching to a pool that lives"
    );
    // When one has gone, there is room for another.
    let number = pools::of(&name(3))?.number;
    map.check(range(3), Kind::Heap, OWNER, 0)?;
    let left: Vec<_> = (0..MAX_POOLS).filter(|n| *n != 3).map(name).collect();
    pools::until_only(&left.iter().map(String::as_str).collect::<Vec<_>>())?;
    set_parameter("compressor", name(MAX_POOLS))?;
    map.page_out(range(3))?;
    ensure!(
        pools::of(&name(MAX_POOLS))?.number == number,
        "the new pool has not the number of the one that went away: {:?}",
        pools::list()?
    );
    map.check(map.all(), Kind::Heap, OWNER, 0)?;
    pools::until_idle()
}

/// Pages that cannot be compressed stay in memory.
fn compress_fails() -> Outcome {
    let mut map = Mapping::private(64)?;
    map.fill(map.all(), Kind::Heap, OWNER, 1);
    kernel::write(format!("{PARAMETERS}/fail_compress"), "Y")?;
    map.try_page_out(map.all())?;
    ensure_eq!(
        map.out(map.all())?,
        0,
        "pages out, though the compressor failed"
    );
    ensure!(
        counter("reject_compress_fail")? >= 64,
        "reject_compress_fail"
    );
    kernel::write(format!("{PARAMETERS}/fail_compress"), "N")?;
    map.check(map.all(), Kind::Heap, OWNER, 1)?;
    map.page_out(map.all())?;
    map.check(map.all(), Kind::Heap, OWNER, 1)
}

/// The content of a page for [`decompress_fails`]: the upper half is zero, and
/// what is odd is not decompressed.
fn half(page: &mut [u8], index: usize, odd: bool) {
    let stamp = Stamp {
        owner: OWNER,
        index: index as u32,
        generation: 2,
    };
    Kind::Random.fill(page, stamp);
    page[0] = if odd { 1 } else { 2 };
    page[PAGE / 2..].fill(0);
}

/// A page that cannot be read back is a SIGBUS for who touches it, and only it.
fn decompress_fails() -> Outcome {
    set_parameter("compressor", name(0))?;
    apart(&mut Mapping::private(16)?, "base pages")?;
    // A large folio goes out whole.
    let size = "/sys/kernel/mm/transparent_hugepage/hugepages-64kB";
    kernel::write(format!("{size}/enabled"), "always")?;
    let whole = kernel::number(format!("{size}/stats/zswpout"))?;
    apart(&mut Mapping::aligned(16, 16)?, "a large folio")?;
    ensure!(
        kernel::number(format!("{size}/stats/zswpout"))? > whole,
        "no large folio went out whole"
    );
    Ok(())
}

fn apart(map: &mut Mapping, what: &str) -> Outcome {
    let (pages, bad) = (map.pages(), 5);
    for index in 0..pages {
        half(map.page_mut(index), index, index == bad);
    }
    map.page_out(map.all())?;
    kernel::write(format!("{PARAMETERS}/fail_decompress"), "Y")?;
    let board = Board::new()?;
    let killed = Worker::start(|| {
        map.touch(bad..bad + 1);
        board.set(0, 1);
        Ok(())
    })?
    .end()?;
    let others = Worker::start(|| {
        for index in (0..pages).filter(|index| *index != bad) {
            let mut wanted = [0; PAGE];
            half(&mut wanted, index, false);
            ensure!(map.page(index) == wanted, "{what}: page {index} is wrong");
        }
        Ok(())
    })?
    .end()?;
    kernel::write(format!("{PARAMETERS}/fail_decompress"), "N")?;
    ensure!(
        matches!(killed, End::Killed(libc::SIGBUS)),
        "{what}: touching the page that is lost: expected SIGBUS, got {killed:?}"
    );
    match others {
        End::Done(result) => result?,
        End::Killed(signal) => fail!("{what}: signal {signal} for pages that are not lost"),
    }
    map.advise(map.all(), libc::MADV_DONTNEED)
        .doing("MADV_DONTNEED")
}
