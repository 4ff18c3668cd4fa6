// SPDX-License-Identifier: GPL-2.0

//! The module's parameters: `/sys/module/vswap/parameters`.

use super::{
    parse,
    settings::{
        self,
        PoolLimit, //
    },
    state::Ghost, //
};
use crate::{
    compress::codec::Codec,
    module::{
        idle,
        params::{
            Param,
            Parameters, //
        }, //
    }, //
};
use kernel::{
    prelude::*,
    str::CString,
    sync::atomic::ordering::Relaxed, //
};

impl Parameters for Ghost {
    fn set(ghost: Option<&Self>, param: Param, text: &str) -> Result {
        match param {
            Param::Size => set_size(text, ghost),
            Param::Compressor => set_compressor(text.trim(), ghost),
            Param::Recompressor => set_recompressor(text.trim(), ghost),
            Param::RecompressAfter => set_recompress_after(text, ghost),
            Param::MaxPoolPercent => set_max_pool_percent(text),
            Param::AcceptThresholdPercent => set_accept_threshold_percent(text),
            Param::ShrinkerEnabled => set_shrinker_enabled(text),
            Param::PackWriteback => set_pack_writeback(text, ghost),
        }
    }

    fn get(ghost: Option<&Self>, param: Param) -> Result<CString> {
        Ok(match param {
            Param::Size => CString::try_from_fmt(fmt!("{}\n", settings::size_in_bytes()))?,
            Param::Compressor => match ghost {
                Some(ghost) => {
                    let reader = ghost.pools.read();
                    let pool = ghost.pools.current(&reader).ok_or(ENODEV)?;
                    CString::try_from_fmt(fmt!("{}\n", pool.name()))?
                }
                None => CString::try_from_fmt(fmt!("{}\n", settings::first_compressor()))?,
            },
            Param::Recompressor => match ghost {
                Some(ghost) => {
                    let name = ghost.recompressor.name()?;
                    CString::try_from_fmt(fmt!("{}\n", &*name))?
                }
                None => {
                    let name = settings::first_recompressor().unwrap_or_default();
                    CString::try_from_fmt(fmt!("{}\n", name))?
                }
            },
            Param::RecompressAfter => {
                CString::try_from_fmt(fmt!("{}\n", settings::recompress_after()))?
            }
            Param::MaxPoolPercent => match settings::pool_limit() {
                PoolLimit::Auto => CString::try_from_fmt(fmt!("auto\n"))?,
                PoolLimit::Percent(percent) => CString::try_from_fmt(fmt!("{}\n", percent))?,
            },
            Param::AcceptThresholdPercent => {
                CString::try_from_fmt(fmt!("{}\n", settings::accept_threshold_percent()))?
            }
            Param::ShrinkerEnabled => switch(settings::shrinker_enabled())?,
            Param::PackWriteback => switch(settings::pack_writeback())?,
        })
    }
}

fn set_size(text: &str, ghost: Option<&Ghost>) -> Result {
    let Some(size) = parse::size(text) else {
        pr_err!(
            "size={} is not a size: give bytes or K, M, G, T, up to 16T\n",
            text.trim()
        );
        return Err(EINVAL);
    };
    let Some(ghost) = ghost else {
        settings::SIZE.store(size, Relaxed);
        return Ok(());
    };
    ghost.resize(size).inspect_err(|&e| {
        if e == EBUSY {
            pr_err!(
                "size={} is less than what is swapped out: give more, or swap some of it in first\n",
                text.trim()
            );
        }
    })
}

fn switch(on: bool) -> Result<CString> {
    let on = if on { "Y" } else { "N" };
    CString::try_from_fmt(fmt!("{}\n", on))
}

fn set_pack_writeback(text: &str, ghost: Option<&Ghost>) -> Result {
    let on = to_switch("pack_writeback", text)?;
    if let (true, Some(ghost)) = (on, ghost) {
        ghost.prepare_blocks()?;
    }
    settings::PACK_WRITEBACK.store(on, Relaxed);
    Ok(())
}

fn set_shrinker_enabled(text: &str) -> Result {
    let on = to_switch("shrinker_enabled", text)?;
    settings::SHRINKER_ENABLED.store(on, Relaxed);
    Ok(())
}

fn to_switch(name: &str, text: &str) -> Result<bool> {
    parse::switch(text).ok_or_else(|| {
        let text = text.trim();
        pr_err!("{name}={text} is not a switch: give Y or N\n");
        EINVAL
    })
}

fn set_max_pool_percent(text: &str) -> Result {
    let limit = match text.trim() {
        "auto" => PoolLimit::Auto,
        text => PoolLimit::Percent(parse::percent(text, 0).ok_or_else(|| {
            pr_err!(
                "max_pool_percent={} is not a percentage: give 0 to 100, or auto\n",
                text
            );
            EINVAL
        })?),
    };
    settings::set_pool_limit(limit);
    Ok(())
}

fn set_accept_threshold_percent(text: &str) -> Result {
    let Some(percent) = parse::percent(text, 0) else {
        pr_err!(
            "accept_threshold_percent={} is not a percentage: give 0 to 100\n",
            text.trim()
        );
        return Err(EINVAL);
    };
    settings::ACCEPT_THRESHOLD_PERCENT.store(percent, Relaxed);
    Ok(())
}

/// The name of a compressor that there is.
fn find_compressor(param: &str, text: &str) -> Result<CString> {
    let name = CString::try_from_fmt(fmt!("{}", text))?;
    let found = match text {
        "" => Err(ENOENT),
        _ => Codec::find(&name),
    };
    if found == Err(ENOENT) {
        pr_err!(
            "{}={} is not one of the kernel's: give lz4, lzo-rle, zstd or another acomp\n",
            param,
            text
        );
        return Err(EINVAL);
    }
    found?;
    Ok(name)
}

fn set_recompressor(text: &str, ghost: Option<&Ghost>) -> Result {
    let name = match text {
        "" | "none" => CString::try_from(c"")?,
        _ => find_compressor("recompressor", text)?,
    };
    match ghost {
        Some(ghost) => ghost.set_recompressor(name),
        None => {
            if !settings::set_first_recompressor(&name)? {
                pr_err!("recompressor={}: give it once\n", text);
                return Err(EINVAL);
            }
        }
    }
    Ok(())
}

fn set_recompress_after(text: &str, ghost: Option<&Ghost>) -> Result {
    let Some(seconds) = parse::seconds(text) else {
        pr_err!(
            "recompress_after={} is not a time: give seconds, up to 86400, or 0 for not until memory runs out\n",
            text.trim()
        );
        return Err(EINVAL);
    };
    settings::set_recompress_after(seconds);
    if ghost.is_some() {
        idle::wake();
    }
    Ok(())
}

fn set_compressor(text: &str, ghost: Option<&Ghost>) -> Result {
    let name = find_compressor("compressor", text)?;
    match ghost {
        Some(ghost) => {
            let old_pools = ghost.pools.switch(&name).inspect_err(|&e| {
                if e == EBUSY {
                    pr_err!("compressor={}: all pools are taken; swap in pages of other compressors first\n", text);
                }
            })?;
            ghost.update_sysfs();
            if old_pools {
                ghost.work.retire_later();
            }
            Ok(())
        }
        None => {
            if !settings::set_first_compressor(&name)? {
                pr_err!("compressor={}: give it once\n", text);
                return Err(EINVAL);
            }
            Ok(())
        }
    }
}
