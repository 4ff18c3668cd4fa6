// SPDX-License-Identifier: GPL-2.0
//! The ghost's statistics, `/sys/class/misc/ghostswap`; Documentation/ABI/testing has what each file means.

use crate::root::Root;
use serde::Serialize;

const DIRECTORY: &str = "/sys/class/misc/ghostswap";

/// The directory `stats`. `None` is what this module does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // the names are those of the files
pub struct Stats {
    pub stored_pages: Option<u64>,
    pub same_filled_pages: Option<u64>,
    pub compressed_pages: Option<u64>,
    pub incompressible_pages: Option<u64>,
    pub physical_pages: Option<u64>,
    pub packed_pages: Option<u64>,
    pub physical_slots: Option<u64>,
    pub original_bytes: Option<u64>,
    pub compressed_bytes: Option<u64>,
    pub pool_total_size: Option<u64>,
    pub metadata_size: Option<u64>,
    pub written_back_pages: Option<u64>,
    pub evacuated_pages: Option<u64>,
    pub compacted_pages: Option<u64>,
    pub recompressed_pages: Option<u64>,
    pub recompress_saved_bytes: Option<u64>,
    pub recompress_rejected: Option<u64>,
    pub recompress_cpu_usec: Option<u64>,
    pub pool_limit_hit: Option<u64>,
    pub reject_compress_fail: Option<u64>,
    pub reject_alloc_fail: Option<u64>,
    pub reject_incompressible: Option<u64>,
    pub decompress_fail: Option<u64>,
}

/// One directory `pool<N>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    /// N.
    pub number: u32,
    /// Its compressor.
    pub compressor: Option<String>,
    /// Whether it takes new pages while memory is not short.
    pub current: bool,
    /// Pages in it.
    pub stored_pages: u64,
    /// Their length.
    pub original_bytes: u64,
    /// Their length in the pool.
    pub compressed_bytes: u64,
    /// The memory that the pool takes.
    pub pool_total_size: u64,
}

/// One directory `tier<N>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tier {
    /// N, the swap type.
    pub number: u32,
    /// The path of the device. `None` where it is off, or the module has no such file.
    pub device: Option<String>,
    /// Whether the module tells which device it is.
    pub tells_device: bool,
    /// Pages on it.
    pub stored_pages: u64,
    /// Their length.
    pub original_bytes: u64,
    /// Their length there: the same.
    pub compressed_bytes: u64,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ghost {
    /// The ghost as a whole.
    pub stats: Stats,
    /// By number.
    pub pools: Vec<Pool>,
    /// By number.
    pub tiers: Vec<Tier>,
}

/// Reads them; `None` where there is no ghost.
pub fn read(root: &Root) -> Option<Ghost> {
    if !root.exists(DIRECTORY) {
        return None;
    }
    Some(Ghost {
        stats: stats(root),
        pools: numbers(root, "pool").map(|n| pool(root, n)).collect(),
        tiers: numbers(root, "tier").map(|n| tier(root, n)).collect(),
    })
}

/// The numbers of the directories of a kind, in their order.
fn numbers(root: &Root, kind: &str) -> impl Iterator<Item = u32> {
    let mut numbers: Vec<u32> = root
        .names(DIRECTORY)
        .iter()
        .filter_map(|name| name.strip_prefix(kind)?.parse().ok())
        .collect();
    numbers.sort_unstable();
    numbers.into_iter()
}

fn stats(root: &Root) -> Stats {
    let number = |name: &str| root.number(format!("{DIRECTORY}/stats/{name}"));
    Stats {
        stored_pages: number("stored_pages"),
        same_filled_pages: number("same_filled_pages"),
        compressed_pages: number("compressed_pages"),
        incompressible_pages: number("incompressible_pages"),
        physical_pages: number("physical_pages"),
        packed_pages: number("packed_pages"),
        physical_slots: number("physical_slots"),
        original_bytes: number("original_bytes"),
        compressed_bytes: number("compressed_bytes"),
        pool_total_size: number("pool_total_size"),
        metadata_size: number("metadata_size"),
        written_back_pages: number("written_back_pages"),
        evacuated_pages: number("evacuated_pages"),
        compacted_pages: number("compacted_pages"),
        recompressed_pages: number("recompressed_pages"),
        recompress_saved_bytes: number("recompress_saved_bytes"),
        recompress_rejected: number("recompress_rejected"),
        recompress_cpu_usec: number("recompress_cpu_usec"),
        pool_limit_hit: number("pool_limit_hit"),
        reject_compress_fail: number("reject_compress_fail"),
        reject_alloc_fail: number("reject_alloc_fail"),
        reject_incompressible: number("reject_incompressible"),
        decompress_fail: number("decompress_fail"),
    }
}

fn pool(root: &Root, n: u32) -> Pool {
    let file = |name: &str| format!("{DIRECTORY}/pool{n}/{name}");
    let number = |name: &str| root.number(file(name)).unwrap_or(0);
    Pool {
        number: n,
        compressor: root.value(file("compressor")),
        current: number("current") == 1,
        stored_pages: number("stored_pages"),
        original_bytes: number("original_bytes"),
        compressed_bytes: number("compressed_bytes"),
        pool_total_size: number("pool_total_size"),
    }
}

fn tier(root: &Root, n: u32) -> Tier {
    let file = |name: &str| format!("{DIRECTORY}/tier{n}/{name}");
    let number = |name: &str| root.number(file(name)).unwrap_or(0);
    let device = root.value(file("device"));
    Tier {
        number: n,
        tells_device: device.is_some(),
        // Anything else says that it is off.
        device: device
            .filter(|device| device.starts_with('/'))
            .map(|device| super::swaps::unescape(&device)),
        stored_pages: number("stored_pages"),
        original_bytes: number("original_bytes"),
        compressed_bytes: number("compressed_bytes"),
    }
}
