// SPDX-License-Identifier: GPL-2.0
//! A file that is written faster than the disk takes it: memory is full of dirty
//! page cache.

use super::{reclaimed, FULL, GO, RECLAIMED};
use crate::data::{Kind, Stamp};
use crate::harness::Env;
use crate::kernel;
use crate::outcome::{Doing, Outcome};
use crate::worker::Board;
use crate::PAGE;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;

const OWNER: u32 = 340;
/// On the guest's disk.
const PATH: &str = "/var/tmp/vswap-hog";
/// Pages written at a time.
const CHUNK: usize = 64;

/// Writes as much as there is memory, again and again, until it is told to end.
pub fn write(_env: &Env, board: &Board) -> Outcome {
    let file = File::create_new(PATH).doing(PATH)?;
    // It has no name, so that it is gone with the process.
    fs::remove_file(PATH).doing(PATH)?;
    let memory = kernel::meminfo("MemTotal")? as usize / 4;
    let before = reclaimed()?;
    let (mut at, mut written, mut most) = (0, 0, 0);
    let mut buffer = vec![0; CHUNK * PAGE];
    while board.get(GO) == 0 {
        for (index, page) in buffer.chunks_exact_mut(PAGE).enumerate() {
            let stamp = Stamp {
                owner: OWNER,
                index: (at + index) as u32,
                generation: 0,
            };
            Kind::Random.fill(page, stamp);
        }
        file.write_all_at(&buffer, (at * PAGE) as u64).doing(PATH)?;
        at = (at + CHUNK) % memory;
        written += CHUNK;
        most = most.max(kernel::vmstat("nr_dirty")? + kernel::vmstat("nr_writeback")?);
        if reclaimed()? - before >= RECLAIMED {
            board.set(FULL, 1);
        }
    }
    println!("# {written} pages were written, up to {most} dirty, of {memory} of memory");
    ensure!(
        most as usize >= memory / 4,
        "only {most} pages were dirty, of {memory} of memory"
    );
    Ok(())
}
