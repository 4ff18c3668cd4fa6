// SPDX-License-Identifier: GPL-2.0
//! The columns of the table, and what each means.

use super::rows::{Kind, Row};
use crate::rates::Rates;
use crate::units;
use clap::ValueEnum;

/// A column. Its documentation is what `--help` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Column {
    /// Where pages are: same-filled, pool<N>, tier<N> by swap type, and all together
    Tier,
    /// Compressor of a pool, * if it takes new pages; device of a tier, or (off)
    By,
    /// Size of the disk, or of the ghost; - where there is none of its own
    Size,
    /// Pages that are there now, of 4096 bytes
    Stored,
    /// How long these pages were before compression
    Original,
    /// How long they are there; on a disk they are whole
    Compressed,
    /// Memory that they take; in total with descriptors and handles
    Memory,
    /// ORIGINAL divided by COMPRESSED; - where nothing is kept
    Ratio,
    /// RAM that is saved: ORIGINAL less MEMORY
    Saved,
    /// Bytes a second that went out and were kept in memory; in total only
    Out,
    /// Bytes a second that came back from there; in total only
    In,
    /// Bytes a second that were written back to disks; in total only
    Back,
}

impl Column {
    /// All, in the order of the table.
    pub fn all() -> Vec<Self> {
        Self::value_variants().to_vec()
    }

    /// What stands above it.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Tier => "TIER",
            Self::By => "BY",
            Self::Size => "SIZE",
            Self::Stored => "STORED",
            Self::Original => "ORIGINAL",
            Self::Compressed => "COMPRESSED",
            Self::Memory => "MEMORY",
            Self::Ratio => "RATIO",
            Self::Saved => "SAVED",
            Self::Out => "OUT/s",
            Self::In => "IN/s",
            Self::Back => "BACK/s",
        }
    }

    /// Whether it has text, to be aligned at the left.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Tier | Self::By)
    }

    /// What it says in a line. `exact` is for bytes without a prefix.
    pub fn value(self, row: &Row, rates: &Rates, exact: bool) -> String {
        let dash = || "-".to_string();
        let bytes = |n: u64| {
            if exact {
                n.to_string()
            } else {
                units::bytes(n)
            }
        };
        let rate = |rate: Option<f64>| match (row.kind, rate) {
            (Kind::Total, Some(rate)) => bytes(rate.round() as u64),
            _ => dash(),
        };
        match self {
            Self::Tier => row.tier.clone(),
            Self::By => by(row),
            Self::Size => row.size_bytes.map_or_else(dash, bytes),
            Self::Stored => row.stored_pages.to_string(),
            Self::Original => bytes(row.original_bytes),
            Self::Compressed => bytes(row.compressed_bytes),
            Self::Memory => bytes(row.memory_bytes),
            Self::Ratio => units::ratio(row.ratio),
            Self::Saved if exact => row.ram_saved_bytes.to_string(),
            Self::Saved => units::signed_bytes(row.ram_saved_bytes),
            Self::Out => rate(rates.out_bytes_per_second),
            Self::In => rate(rates.in_bytes_per_second),
            Self::Back => rate(rates.written_back_bytes_per_second),
        }
    }
}

fn by(row: &Row) -> String {
    let name = row.by().unwrap_or("-");
    match (row.kind, row.in_use) {
        (Kind::Pool, true) => format!("{name}*"),
        (Kind::Disk | Kind::Total, false) => "(off)".to_string(),
        _ => name.to_string(),
    }
}
