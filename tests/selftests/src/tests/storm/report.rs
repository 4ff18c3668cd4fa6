// SPDX-License-Identifier: GPL-2.0
//! What a storm has done.

use super::board::{
    DONE, FAILED, IN_BLOCKS, LOOKED, LOST, REFUSED, RESOLVED, SWITCHED, TOOK, VERIFIED,
};
use super::{operations, switches};
use crate::ghost::counter;
use crate::kernel::{self, SwapEvents};
use crate::outcome::Outcome;
use crate::worker::Board;

/// "name done", or with how often the kernel refused.
fn tell(name: &str, done: u64, refused: u64) -> String {
    match refused {
        0 => format!("{name} {done}"),
        _ => format!("{name} {done}/{refused}"),
    }
}

/// Prints it, while the module is still there.
pub fn print(name: &str, seed: u64, board: &Board, begin: SwapEvents) -> Outcome {
    let now = kernel::swap_events()?;
    println!(
        "# storm {name}, seed {seed}, pages: {} verified, {} moved, {} lost; {} writes let through",
        board.get(VERIFIED),
        now.out - begin.out + now.r#in - begin.r#in,
        board.get(LOST),
        board.get(RESOLVED)
    );
    let operations: Vec<_> = (0..operations::ALL.len())
        .map(|n| {
            tell(
                operations::name(n),
                board.get(DONE + n),
                board.get(REFUSED + n),
            )
        })
        .collect();
    println!("# operations done/refused: {}", operations.join(", "));
    let switches: Vec<_> = (0..switches::ALL.len())
        .map(|n| {
            let done = tell(
                switches::ALL[n].name,
                board.get(SWITCHED + n),
                board.get(FAILED + n),
            );
            format!("{done} in {} s", board.get(TOOK + n).div_ceil(1000))
        })
        .collect();
    println!("# switches done/failed: {}", switches.join(", "));
    println!(
        "# {} pages written back, {} brought back, {} packed tighter, pools full {} times, {} pages not read back",
        counter("written_back_pages")?,
        counter("evacuated_pages")?,
        counter("recompressed_pages")?,
        counter("pool_limit_hit")?,
        counter("decompress_fail")?
    );
    println!(
        "# pages were in blocks {} of {} times",
        board.get(IN_BLOCKS),
        board.get(LOOKED)
    );
    Ok(())
}

/// What was done in all set-ups so far.
#[derive(Default)]
pub struct Total {
    /// How often each operation was.
    operations: [u64; operations::ALL.len()],
    /// Pages packed tighter.
    packed: u64,
    /// How often pages were seen to be in blocks.
    in_blocks: u64,
}

impl Total {
    /// After a set-up.
    pub fn add(&mut self, board: &Board, packed: u64) {
        self.packed += packed;
        self.in_blocks += board.get(IN_BLOCKS);
        for (n, total) in self.operations.iter_mut().enumerate() {
            *total += board.get(DONE + n);
        }
    }

    /// A storm in which something never happens is none. It need not happen in each
    /// set-up: the kernel refuses some things where memory is short, and others are
    /// rare.
    pub fn ensure_all_done(&self) -> Outcome {
        let missing: Vec<_> = (0..self.operations.len())
            .filter(|n| self.operations[*n] == 0)
            .map(operations::name)
            .chain((self.packed == 0).then_some("packing a page tighter"))
            .chain((self.in_blocks == 0).then_some("packing pages on a disk"))
            .collect();
        ensure!(
            missing.is_empty(),
            "never done: {}; give it more --seconds",
            missing.join(", ")
        );
        Ok(())
    }
}
