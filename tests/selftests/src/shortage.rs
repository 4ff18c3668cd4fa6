// SPDX-License-Identifier: GPL-2.0
//! A machine that is short of memory: a locked block leaves so much of it.

use crate::data::Kind;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::Outcome;

/// Locks all free memory but `target` pages. Returns the block, and how many pages are
/// free now.
pub fn leave(target: usize) -> Outcome<(Mapping, usize)> {
    // What other tests did to free memory would raise the watermarks, to more than is
    // left here on the LRU lists, by which the kernel decides that memory is out.
    kernel::write("/proc/sys/vm/watermark_boost_factor", 0)?;
    let free = kernel::free_pages()?;
    ensure!(free > 2 * target, "too little memory: {free} pages");
    let mut block = Mapping::private(free - target)?;
    block.lock()?;
    // Processes that are forked have none of it.
    block.fill(0..1, Kind::Real, 0, 0);
    Ok((block, kernel::free_pages()?))
}
