// SPDX-License-Identifier: GPL-2.0
//! `status --metrics`: Prometheus's text format, for node_exporter's textfile collector. Base units, `_total`
//! for what only grows; a counter starts over when the module is loaded again, as the format allows.

use super::rows::{Kind, Row};
use crate::kernel::ghost::{Ghost, Stats};
use crate::snapshot::Snapshot;
use std::fmt::Display;

/// The text; without a ghost, that it is not there.
pub fn text(now: &Snapshot) -> String {
    let mut families = vec![of_module(now), of_ghost(now)];
    if let Some(ghost) = &now.ghost {
        families.extend(of_tiers(&Row::all(now)));
        families.extend(of_stats(&ghost.stats));
        families.push(rejected(ghost));
    }
    families.extend(of_transfers(now));
    families.iter().map(Family::text).collect()
}

struct Family {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    samples: Vec<Sample>,
}

struct Sample {
    labels: Vec<(&'static str, String)>,
    value: String,
}

impl Family {
    fn gauge(name: &'static str, help: &'static str) -> Self {
        Self::new(name, "gauge", help)
    }

    fn counter(name: &'static str, help: &'static str) -> Self {
        Self::new(name, "counter", help)
    }

    fn new(name: &'static str, kind: &'static str, help: &'static str) -> Self {
        Self {
            name,
            kind,
            help,
            samples: Vec::new(),
        }
    }

    fn with(mut self, labels: Vec<(&'static str, String)>, value: Option<impl Display>) -> Self {
        self.samples.extend(value.map(|value| Sample {
            labels,
            value: value.to_string(),
        }));
        self
    }

    /// Nothing of one without a sample.
    fn text(&self) -> String {
        if self.samples.is_empty() {
            return String::new();
        }
        let Self {
            name, kind, help, ..
        } = self;
        let mut text = format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
        for Sample { labels, value } in &self.samples {
            let labels: Vec<_> = labels
                .iter()
                .map(|(label, value)| format!("{label}=\"{}\"", escape(value)))
                .collect();
            let labels = match labels.is_empty() {
                true => String::new(),
                false => format!("{{{}}}", labels.join(",")),
            };
            text += &format!("{name}{labels} {value}\n");
        }
        text
    }
}

/// As values of labels are written.
fn escape(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

fn of_module(now: &Snapshot) -> Family {
    let family = Family::gauge("vswap_module_info", "The module that is loaded; 1.");
    let Some(module) = &now.module else {
        return family;
    };
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    family.with(
        vec![
            ("version", text(&module.version)),
            ("compressor", text(&module.compressor)),
        ],
        Some(1),
    )
}

fn of_ghost(now: &Snapshot) -> Family {
    let on = now.ghost_swap().is_some();
    Family::gauge("vswap_ghost_on", "Whether the ghost is swapped on.")
        .with(vec![], Some(u8::from(on)))
}

fn of_tiers(rows: &[Row]) -> Vec<Family> {
    let tiers: Vec<_> = rows.iter().filter(|row| row.kind != Kind::Total).collect();
    let family = |name, help, value: fn(&Row) -> Option<u64>| {
        tiers.iter().fold(Family::gauge(name, help), |family, row| {
            family.with(labels(row), value(row))
        })
    };
    let size = |row: &Row| {
        (row.kind == Kind::Total)
            .then_some(row.size_bytes)
            .flatten()
    };
    let ghost = rows.iter().find_map(size);
    vec![
        Family::gauge("vswap_size_bytes", "Size of the ghost.").with(vec![], ghost),
        family("vswap_tier_size_bytes", "Size of the disk.", |row| {
            row.size_bytes
        }),
        family(
            "vswap_tier_stored_pages",
            "Pages that are there, of 4096 bytes.",
            |row| Some(row.stored_pages),
        ),
        family(
            "vswap_tier_original_bytes",
            "Length of these pages before compression.",
            |row| Some(row.original_bytes),
        ),
        family(
            "vswap_tier_compressed_bytes",
            "Length of these pages there.",
            |row| Some(row.compressed_bytes),
        ),
        family(
            "vswap_tier_memory_bytes",
            "Memory that these pages take.",
            |row| Some(row.memory_bytes),
        ),
    ]
}

fn labels(row: &Row) -> Vec<(&'static str, String)> {
    let mut labels = vec![("tier", row.tier.clone())];
    labels.extend(row.compressor.clone().map(|name| ("compressor", name)));
    labels.extend(row.device.clone().map(|path| ("device", path)));
    labels
}

fn of_stats(stats: &Stats) -> Vec<Family> {
    let gauge = |name, help, value: Option<u64>| Family::gauge(name, help).with(vec![], value);
    let counter = |name, help, value: Option<u64>| Family::counter(name, help).with(vec![], value);
    vec![
        gauge(
            "vswap_stored_pages",
            "Pages that the ghost keeps, of 4096 bytes.",
            stats.stored_pages,
        ),
        gauge(
            "vswap_incompressible_pages",
            "Of the stored pages: those that are in a pool whole.",
            stats.incompressible_pages,
        ),
        gauge(
            "vswap_packed_pages",
            "Of the pages on disks: those that are compressed, several in one slot.",
            stats.packed_pages,
        ),
        gauge(
            "vswap_physical_slots",
            "Slots of disks that the pages there take.",
            stats.physical_slots,
        ),
        gauge(
            "vswap_metadata_bytes",
            "Memory that descriptors and handles take.",
            stats.metadata_size,
        ),
        counter(
            "vswap_written_back_pages_total",
            "Pages written to disks after they had been in a pool.",
            stats.written_back_pages,
        ),
        counter(
            "vswap_evacuated_pages_total",
            "Pages taken off disks as these were turned off.",
            stats.evacuated_pages,
        ),
        counter(
            "vswap_compacted_pages_total",
            "Pages that were moved between blocks on disks.",
            stats.compacted_pages,
        ),
        counter(
            "vswap_recompressed_pages_total",
            "Pages that the recompressor packed tighter.",
            stats.recompressed_pages,
        ),
        counter(
            "vswap_recompress_saved_bytes_total",
            "How much shorter that made them.",
            stats.recompress_saved_bytes,
        ),
        counter(
            "vswap_recompress_rejected_pages_total",
            "Pages that it could not make smaller.",
            stats.recompress_rejected,
        ),
        counter(
            "vswap_recompress_cpu_microseconds_total",
            "Processor time of the thread that packs pages when nobody wants a processor.",
            stats.recompress_cpu_usec,
        ),
        counter(
            "vswap_pool_limit_hits_total",
            "How often a page was not compressed as the pools were at their limit.",
            stats.pool_limit_hit,
        ),
        counter(
            "vswap_decompress_failures_total",
            "How often a page could not be read back; other than 0, memory was overwritten, or a disk failed.",
            stats.decompress_fail,
        ),
    ]
}

fn rejected(ghost: &Ghost) -> Family {
    let stats = &ghost.stats;
    [
        ("compress_fail", stats.reject_compress_fail),
        ("alloc_fail", stats.reject_alloc_fail),
        ("incompressible", stats.reject_incompressible),
    ]
    .into_iter()
    .fold(
        Family::counter(
            "vswap_rejected_pages_total",
            "Pages that were not stored in a pool, by reason.",
        ),
        |family, (reason, value)| family.with(vec![("reason", reason.to_string())], value),
    )
}

/// These are the kernel's: they count since booting, and what zswap does, too.
fn of_transfers(now: &Snapshot) -> Vec<Family> {
    let counter =
        |name, help, of: &[&str]| Family::counter(name, help).with(vec![], now.vmstat.sum(of));
    vec![
        counter(
            "vswap_swapped_out_pages_total",
            "Pages that went out and were kept in memory, zswap's with them.",
            &["zswpout", "swpout_zero"],
        ),
        counter(
            "vswap_swapped_in_pages_total",
            "Pages that came back from there, zswap's with them.",
            &["zswpin", "swpin_zero"],
        ),
    ]
}
