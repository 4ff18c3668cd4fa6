// SPDX-License-Identifier: GPL-2.0
//! The module's parameters, `/sys/module/vswap/parameters`.

use crate::root::Root;

const MODULE: &str = "/sys/module/vswap";

/// How much of memory the pools may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolLimit {
    /// 20 percent while a disk below has room, and else no limit.
    Auto,
    /// So many percent.
    Percent(u64),
}

/// The module, and how it is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    /// Its version, as `modinfo` has it.
    pub version: Option<String>,
    /// `size`, in bytes.
    pub size: Option<u64>,
    /// `compressor`, for pages that are stored from now on.
    pub compressor: Option<String>,
    /// `recompressor`, for old pages; `None` as well where it is off.
    pub recompressor: Option<String>,
    /// `recompress_after`, in seconds.
    pub recompress_after: Option<u64>,
    /// `max_pool_percent`.
    pub max_pool: Option<PoolLimit>,
    /// `accept_threshold_percent`.
    pub accept_threshold: Option<u64>,
    /// `shrinker_enabled`.
    pub shrinker: Option<bool>,
    /// `pack_writeback`.
    pub pack_writeback: Option<bool>,
}

/// Reads them; `None` where the module is not there.
pub fn read(root: &Root) -> Option<Module> {
    if !root.exists(MODULE) {
        return None;
    }
    let text = |name: &str| root.value(format!("{MODULE}/parameters/{name}"));
    let number = |name: &str| text(name)?.parse().ok();
    let switch = |name: &str| text(name).map(|text| text == "Y" || text == "1");
    Some(Module {
        version: root.value(format!("{MODULE}/version")),
        size: number("size"),
        compressor: text("compressor"),
        recompressor: text("recompressor").filter(|name| !name.is_empty()),
        recompress_after: number("recompress_after"),
        max_pool: text("max_pool_percent").and_then(|text| match text.as_str() {
            "auto" => Some(PoolLimit::Auto),
            text => text.parse().ok().map(PoolLimit::Percent),
        }),
        accept_threshold: number("accept_threshold_percent"),
        shrinker: switch("shrinker_enabled"),
        pack_writeback: switch("pack_writeback"),
    })
}
