// SPDX-License-Identifier: GPL-2.0

#[cfg(not(loom))]
mod age;
#[cfg(not(loom))]
mod capacity;
#[cfg(not(loom))]
mod changing;
#[cfg(not(loom))]
mod clock;
#[cfg(loom)]
mod clock_loom;
#[cfg(not(loom))]
mod descriptor;
#[cfg(loom)]
mod loom;
#[cfg(not(loom))]
mod lz4;
#[cfg(not(loom))]
mod parse;
#[cfg(not(loom))]
mod same_filled;
#[cfg(not(loom))]
mod sample;
#[cfg(not(loom))]
mod table;
#[cfg(loom)]
mod usage;
