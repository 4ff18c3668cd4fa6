// SPDX-License-Identifier: GPL-2.0
//! The size changes while the ghost is on: larger at once, smaller as long as what is
//! used fits, and nothing of it is seen by processes that swap meanwhile.

use super::access::Memory;
use crate::data::{Kind, Rng};
use crate::ghost::{parameter, set_parameter, swap_line, try_set_parameter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Outcome, Stop};
use crate::sys::{self, expect_errno};
use crate::worker::{join_all, Board, Worker};
use crate::PAGE;

const OWNER: u32 = 230;
const MIB: usize = 1 << 20;
/// Number on the board: not 0 when processes shall end.
const END: usize = 0;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::start("size=64M")?;
    at_rest(env)?;
    under_load(env)?;
    at_its_end()?;
    ghost.stop()
}

/// Size and what is used of it, in KiB.
fn line() -> Outcome<(u64, u64)> {
    let line = swap_line()?.ok_or(Stop::Fail("/proc/swaps has no ghost".into()))?;
    Ok((line.size, line.used))
}

/// The size in /proc/swaps, in the parameter and in SwapTotal.
fn shows(mib: usize) -> Outcome {
    let kib = (mib * MIB - PAGE) as u64 / 1024;
    ensure_eq!(line()?.0, kib, "the size in /proc/swaps");
    ensure_eq!(kernel::meminfo("SwapTotal")?, kib, "SwapTotal");
    ensure_eq!(
        parameter("size")?,
        (mib * MIB).to_string(),
        "the parameter size"
    );
    Ok(())
}

/// Larger at once, smaller as long as it fits.
fn at_rest(env: &Env) -> Outcome {
    shows(64)?;
    let mut map = Mapping::private(env.pages(16))?;
    map.fill(map.all(), Kind::Mixed, OWNER, 0);
    map.page_out(map.all())?;
    for mib in [128, 16 << 10, 64] {
        set_parameter("size", format!("{mib}M"))?;
        shows(mib)?;
    }
    let small = map.pages() * PAGE / 2;
    expect_errno(
        try_set_parameter("size", &small.to_string()),
        &[libc::EBUSY],
        "a size that is less than what is used",
    )?;
    shows(64)?;
    let (size, used) = line()?;
    ensure_eq!(
        kernel::meminfo("SwapFree")?,
        size - used,
        "SwapFree after a size was refused"
    );
    map.check(map.all(), Kind::Mixed, OWNER, 0)
}

/// Processes swap while the size changes all the time: no page is lost, and the free
/// slots are counted right in the end.
fn under_load(env: &Env) -> Outcome {
    // More than the smallest of the sizes below.
    let mut map = Mapping::private(3 * MIB / PAGE)?;
    map.fill(map.all(), Kind::Mixed, OWNER, 1);
    map.page_out(map.all())?;
    let board = Board::new()?;
    let workers = (0..3)
        .map(|n| {
            let board = &board;
            Worker::start(move || {
                let mut memory = Memory::new(OWNER + n, env.pages(4))?;
                let mut rng = Rng::new(u64::from(n));
                while board.get(END) == 0 {
                    memory.step(&mut rng)?;
                }
                memory.check_all()
            })
        })
        .collect::<Outcome<Vec<_>>>()?;
    let changes = env.count(600, 150);
    let mut refused = 0;
    for i in 0..changes {
        let mib = [64, 512, 2, 20, 6, 128][i % 6];
        match try_set_parameter("size", &format!("{mib}M")) {
            Ok(()) => (),
            Err(e) if e.raw_os_error() == Some(libc::EBUSY) => refused += 1,
            Err(e) => fail!("writing size: {e}"),
        }
        ensure!(
            workers.iter().all(Worker::is_running),
            "a process has ended"
        );
    }
    println!("# {changes} changes, of which {refused} were refused");
    ensure!(
        (changes / 6..changes).contains(&refused),
        "{refused} of {changes} sizes were refused"
    );
    set_parameter("size", "64M")?;
    board.set(END, 1);
    join_all(workers)?;
    map.check(map.all(), Kind::Mixed, OWNER, 1)?;
    drop(map);
    let (size, used) = line()?;
    ensure_eq!(used, 0, "used, with all processes gone");
    ensure_eq!(kernel::meminfo("SwapFree")?, size, "SwapFree after that");
    shows(64)
}

/// A ghost that is full takes pages again once it is larger. Each processor may go on to the
/// end of the cluster that it has.
fn at_its_end() -> Outcome {
    set_parameter("size", "4M")?;
    let mut map = Mapping::private(24 * MIB / PAGE)?;
    map.fill(map.all(), Kind::Mixed, OWNER, 2);
    map.try_page_out(map.all())?;
    let (out, cpus) = (map.out(map.all())?, sys::cpus());
    let most = 4 * MIB / PAGE + cpus * 512;
    ensure!(
        (4 * MIB / PAGE - 64..=most).contains(&out),
        "{out} pages are out with 4 MiB"
    );
    ensure!(
        kernel::meminfo("SwapFree")? < 64,
        "SwapFree is not near 0 with the ghost full"
    );
    set_parameter("size", "32M")?;
    map.page_out(map.all())?;
    map.check(map.all(), Kind::Mixed, OWNER, 2)
}
