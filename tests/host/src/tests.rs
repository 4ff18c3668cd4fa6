// SPDX-License-Identifier: GPL-2.0

#[cfg(not(loom))]
mod age;
#[cfg(not(loom))]
mod block;
#[cfg(not(loom))]
mod blocks;
#[cfg(loom)]
mod blocks_loom;
#[cfg(not(loom))]
mod capacity;
#[cfg(not(loom))]
mod changing;
#[cfg(not(loom))]
mod clock;
#[cfg(loom)]
mod clock_loom;
#[cfg(not(loom))]
mod credit;
#[cfg(not(loom))]
mod descriptor;
#[cfg(loom)]
mod loom;
#[cfg(not(loom))]
mod lz4;
mod open_block;
#[cfg(not(loom))]
mod parse;
#[cfg(not(loom))]
mod roles;
#[cfg(not(loom))]
mod same_filled;
#[cfg(not(loom))]
mod sample;
#[cfg(not(loom))]
mod table;
#[cfg(loom)]
mod usage;
