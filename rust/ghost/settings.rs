// SPDX-License-Identifier: GPL-2.0

//! The values of the module's parameters.
//!
//! They are set before the module is initialized, so they are static. The kernel's parameter lock
//! serializes writers.

use crate::mm::ram;
use kernel::{
    page::PAGE_SIZE,
    prelude::*,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        SetOnce, //
    }, //
};

/// The default compressor.
const DEFAULT_COMPRESSOR: &CStr = c"lz4";

/// The size in bytes, or 0 for the default.
pub(super) static SIZE: Atomic<u64> = Atomic::new(0);
/// A percentage, or [`AUTO`].
static MAX_POOL_PERCENT: Atomic<u32> = Atomic::new(AUTO);
/// No percentage.
const AUTO: u32 = u32::MAX;
pub(super) static ACCEPT_THRESHOLD_PERCENT: Atomic<u32> = Atomic::new(90);
pub(super) static SHRINKER_ENABLED: Atomic<bool> = Atomic::new(true);
pub(super) static PACK_WRITEBACK: Atomic<bool> = Atomic::new(false);
/// In seconds, or 0.
static RECOMPRESS_AFTER: Atomic<u32> = Atomic::new(300);
/// The compressor given to insmod.
static FIRST_COMPRESSOR: Name = Name::new();
/// The recompressor given to insmod.
static FIRST_RECOMPRESSOR: Name = Name::new();
/// Room for the longest name and its NUL.
const MAX_NAME: usize = 64;

/// Whether pages are written back as they are in the pools, several in a block.
pub(super) fn pack_writeback() -> bool {
    PACK_WRITEBACK.load(Relaxed)
}

/// The size that was asked for, in bytes.
fn size() -> Option<u64> {
    match SIZE.load(Relaxed) {
        0 => None,
        size => Some(size),
    }
}

/// The ghost's size in bytes, as users are told; by default the size of RAM.
pub(crate) fn size_in_bytes() -> u64 {
    size().unwrap_or_else(|| ram::total_pages() as u64 * PAGE_SIZE as u64)
}

/// The same in pages.
pub(crate) fn size_in_pages() -> u64 {
    size_in_bytes().div_ceil(PAGE_SIZE as u64)
}

/// How many times the size of RAM may be swapped out, if no size is given: real data do not shrink
/// further, on average, so that memory is out before slots are.
const DEFAULT_TIMES_RAM: u64 = 4;

/// How many pages may be swapped out.
pub(super) fn size_for_core() -> u64 {
    match size() {
        Some(_) => size_in_pages(),
        None => size_in_pages() * DEFAULT_TIMES_RAM,
    }
}

/// Whether nobody gave a size.
pub(super) fn is_default_size() -> bool {
    size().is_none()
}

/// How much of RAM the pools may take.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PoolLimit {
    /// As it is right for the machine: see `limits.rs`.
    Auto,
    /// In percent.
    Percent(u32),
}

/// How much of RAM the pools may take.
pub(super) fn pool_limit() -> PoolLimit {
    match MAX_POOL_PERCENT.load(Relaxed) {
        AUTO => PoolLimit::Auto,
        percent => PoolLimit::Percent(percent),
    }
}

/// Sets how much of RAM the pools may take.
pub(super) fn set_pool_limit(limit: PoolLimit) {
    let value = match limit {
        PoolLimit::Auto => AUTO,
        PoolLimit::Percent(percent) => percent,
    };
    MAX_POOL_PERCENT.store(value, Relaxed);
}

/// To how much of that a full pool has to shrink before it takes pages again, in percent.
pub(crate) fn accept_threshold_percent() -> usize {
    ACCEPT_THRESHOLD_PERCENT.load(Relaxed) as usize
}

/// Whether pages are written back when memory is short.
pub(crate) fn shrinker_enabled() -> bool {
    SHRINKER_ENABLED.load(Relaxed)
}

/// After how many seconds pages that stay in memory are packed tighter, about; 0 for not until memory runs
/// out.
pub(crate) fn recompress_after() -> u32 {
    RECOMPRESS_AFTER.load(Relaxed)
}

/// Sets that.
pub(super) fn set_recompress_after(seconds: u32) {
    RECOMPRESS_AFTER.store(seconds, Relaxed);
}

/// The compressor for the first pool.
pub(crate) fn first_compressor() -> &'static CStr {
    FIRST_COMPRESSOR.get().unwrap_or(DEFAULT_COMPRESSOR)
}

/// The recompressor, if one was given; empty for none.
pub(crate) fn first_recompressor() -> Option<&'static CStr> {
    FIRST_RECOMPRESSOR.get()
}

/// Sets the compressor for the first pool; returns whether it was not set before.
///
/// `EINVAL`: the name is too long.
pub(super) fn set_first_compressor(name: &CStr) -> Result<bool> {
    FIRST_COMPRESSOR.set(name)
}

/// Sets the recompressor, as [`set_first_compressor`] does.
pub(super) fn set_first_recompressor(name: &CStr) -> Result<bool> {
    FIRST_RECOMPRESSOR.set(name)
}

/// A name that is set once, NUL-terminated. An array, as statics are never dropped.
struct Name(SetOnce<[u8; MAX_NAME]>);

impl Name {
    const fn new() -> Self {
        Self(SetOnce::new())
    }

    fn get(&'static self) -> Option<&'static CStr> {
        let name = self.0.as_ref()?;
        CStr::from_bytes_until_nul(name).ok()
    }

    /// Returns whether it was not set before.
    ///
    /// `EINVAL`: it is too long.
    fn set(&self, name: &CStr) -> Result<bool> {
        let mut bytes = [0; MAX_NAME];
        let name = name.to_bytes_with_nul();
        bytes
            .get_mut(..name.len())
            .ok_or(EINVAL)?
            .copy_from_slice(name);
        Ok(self.0.populate(bytes))
    }
}
