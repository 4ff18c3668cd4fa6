// SPDX-License-Identifier: GPL-2.0
//! The lines of the table: one for each place where pages can be, and their sum.

use crate::kernel::ghost::{Ghost, Pool, Tier};
use crate::kernel::swaps::Swap;
use crate::snapshot::Snapshot;
use crate::units::ratio_of;
use crate::PAGE;
use serde::Serialize;

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Pages of one repeated word.
    SameFilled,
    /// Pages in memory, compressed by one compressor.
    Pool,
    /// Pages on another swap device.
    Disk,
    /// All pages.
    Total,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Its name: `same-filled`, `pool0`, `tier1`, `total`.
    pub tier: String,
    /// What it is about.
    pub kind: Kind,
    /// The compressor of a pool.
    pub compressor: Option<String>,
    /// Whether the pool takes new pages, or the disk is on.
    pub in_use: bool,
    /// The path of a disk, if the kernel tells.
    pub device: Option<String>,
    /// How much it can hold: of a disk its size, of all the ghost's. `None` if it has no size of its own.
    pub size_bytes: Option<u64>,
    /// Pages there.
    pub stored_pages: u64,
    /// How long they were.
    pub original_bytes: u64,
    /// How long they are there.
    pub compressed_bytes: u64,
    /// The memory that this takes; of all, with descriptors and handles.
    pub memory_bytes: u64,
    /// `original_bytes / compressed_bytes`; `None` where they take nothing.
    pub ratio: Option<f64>,
    /// `original_bytes - memory_bytes`.
    pub ram_saved_bytes: i64,
}

impl Row {
    /// All lines, the sum last; none without a ghost.
    pub fn all(now: &Snapshot) -> Vec<Self> {
        let Some(ghost) = &now.ghost else {
            return Vec::new();
        };
        let mut rows = vec![same_filled(ghost)];
        rows.extend(ghost.pools.iter().map(pool));
        rows.extend(ghost.tiers.iter().map(|tier| disk(tier, now)));
        rows.extend(unused_disks(ghost, now));
        rows.push(total(ghost, now, &rows));
        rows
    }

    /// What the pages are kept by: the compressor, the device.
    pub fn by(&self) -> Option<&str> {
        self.compressor.as_deref().or(self.device.as_deref())
    }

    fn new(tier: impl Into<String>, kind: Kind, stored_pages: u64) -> Self {
        Self {
            tier: tier.into(),
            kind,
            compressor: None,
            in_use: true,
            device: None,
            size_bytes: None,
            stored_pages,
            original_bytes: stored_pages.saturating_mul(PAGE),
            compressed_bytes: 0,
            memory_bytes: 0,
            ratio: None,
            ram_saved_bytes: 0,
        }
    }

    fn with_ratios(self) -> Self {
        Self {
            ratio: ratio_of(self.original_bytes, self.compressed_bytes),
            ram_saved_bytes: (self.original_bytes as i64).saturating_sub(self.memory_bytes as i64),
            ..self
        }
    }
}

fn same_filled(ghost: &Ghost) -> Row {
    let pages = ghost.stats.same_filled_pages.unwrap_or(0);
    Row::new("same-filled", Kind::SameFilled, pages).with_ratios()
}

fn pool(pool: &Pool) -> Row {
    Row {
        compressor: pool.compressor.clone(),
        in_use: pool.current,
        original_bytes: pool.original_bytes,
        compressed_bytes: pool.compressed_bytes,
        memory_bytes: pool.pool_total_size,
        ..Row::new(
            format!("pool{}", pool.number),
            Kind::Pool,
            pool.stored_pages,
        )
    }
    .with_ratios()
}

fn disk(tier: &Tier, now: &Snapshot) -> Row {
    let device = tier.device.as_deref();
    let swap = now.others().find(|swap| Some(swap.path.as_str()) == device);
    Row {
        device: tier.device.clone(),
        // A module that does not tell the device leaves open whether it is on.
        in_use: swap.is_some() || !tier.tells_device,
        size_bytes: swap.map(|swap| swap.size),
        original_bytes: tier.original_bytes,
        compressed_bytes: tier.compressed_bytes,
        ..Row::new(
            format!("tier{}", tier.number),
            Kind::Disk,
            tier.stored_pages,
        )
    }
    .with_ratios()
}

/// Swap devices that have had no page of the ghost yet, and so have no directory. Which these are is only
/// known if the directories tell their devices.
fn unused_disks<'a>(ghost: &'a Ghost, now: &'a Snapshot) -> impl Iterator<Item = Row> + 'a {
    let known = ghost.tiers.iter().all(|tier| tier.tells_device);
    let has_tier = |swap: &Swap| {
        ghost
            .tiers
            .iter()
            .any(|tier| tier.device.as_ref() == Some(&swap.path))
    };
    now.others()
        .filter(move |swap| known && !has_tier(swap))
        .map(|swap| Row {
            device: Some(swap.path.clone()),
            size_bytes: Some(swap.size),
            ..Row::new("tier", Kind::Disk, 0)
        })
}

fn total(ghost: &Ghost, now: &Snapshot, rows: &[Row]) -> Row {
    let swap = now.ghost_swap();
    let stats = &ghost.stats;
    let on_disks: u64 = ghost.tiers.iter().map(|tier| tier.compressed_bytes).sum();
    // An older module has no sums.
    let or_sum = |value: Option<u64>, of: fn(&Row) -> u64| {
        value.unwrap_or_else(|| rows.iter().map(of).sum())
    };
    let pages = or_sum(stats.stored_pages, |row| row.stored_pages);
    Row {
        device: swap.map(|swap| swap.path.clone()),
        in_use: swap.is_some(),
        size_bytes: swap.map(|swap| swap.size),
        compressed_bytes: stats.compressed_bytes.map_or_else(
            || rows.iter().map(|row| row.compressed_bytes).sum(),
            |n| n + on_disks,
        ),
        memory_bytes: or_sum(stats.pool_total_size, |row| row.memory_bytes)
            + stats.metadata_size.unwrap_or(0),
        ..Row::new("total", Kind::Total, pages)
    }
    .with_ratios()
}
