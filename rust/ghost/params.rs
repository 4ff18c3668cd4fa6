// SPDX-License-Identifier: GPL-2.0

//! The module's parameters: `/sys/module/vswap/parameters`.

use super::{
    parse,
    settings,
    state::Ghost, //
};
use crate::{
    compress::codec::Codec,
    module::params::{
        Param,
        Parameters, //
    }, //
};
use kernel::{
    prelude::*,
    str::CString,
    sync::atomic::{
        ordering::Relaxed,
        Atomic, //
    }, //
};

impl Parameters for Ghost {
    fn set(ghost: Option<&Self>, param: Param, text: &str) -> Result {
        match param {
            Param::Size => set_size(text, ghost),
            Param::Compressor => set_compressor(text.trim(), ghost),
            Param::MaxPoolPercent => {
                set_percent(&settings::MAX_POOL_PERCENT, "max_pool_percent", text)
            }
            Param::AcceptThresholdPercent => set_percent(
                &settings::ACCEPT_THRESHOLD_PERCENT,
                "accept_threshold_percent",
                text,
            ),
            Param::ShrinkerEnabled => set_shrinker_enabled(text),
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
            Param::MaxPoolPercent => {
                CString::try_from_fmt(fmt!("{}\n", settings::max_pool_percent()))?
            }
            Param::AcceptThresholdPercent => {
                CString::try_from_fmt(fmt!("{}\n", settings::accept_threshold_percent()))?
            }
            Param::ShrinkerEnabled => {
                let on = if settings::shrinker_enabled() {
                    "Y"
                } else {
                    "N"
                };
                CString::try_from_fmt(fmt!("{}\n", on))?
            }
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
    let store = || settings::SIZE.store(size, Relaxed);
    match ghost {
        Some(ghost) => ghost.while_off(store).inspect_err(|_| {
            pr_err!("size can be changed while the ghost is off: swapoff it first\n");
        }),
        None => {
            store();
            Ok(())
        }
    }
}

fn set_shrinker_enabled(text: &str) -> Result {
    let Some(on) = parse::switch(text) else {
        pr_err!(
            "shrinker_enabled={} is not a switch: give Y or N\n",
            text.trim()
        );
        return Err(EINVAL);
    };
    settings::SHRINKER_ENABLED.store(on, Relaxed);
    Ok(())
}

fn set_percent(param: &Atomic<u32>, name: &str, text: &str) -> Result {
    let Some(percent) = parse::percent(text, 0) else {
        pr_err!(
            "{}={} is not a percentage: give 0 to 100\n",
            name,
            text.trim()
        );
        return Err(EINVAL);
    };
    param.store(percent, Relaxed);
    Ok(())
}

fn set_compressor(text: &str, ghost: Option<&Ghost>) -> Result {
    let name = CString::try_from_fmt(fmt!("{}", text))?;
    let found = match text {
        "" => Err(ENOENT),
        _ => Codec::find(&name),
    };
    if found == Err(ENOENT) {
        pr_err!(
            "compressor={} is not one of the kernel's: give lz4, lzo-rle, zstd or another acomp\n",
            text
        );
        return Err(EINVAL);
    }
    found?;
    match ghost {
        Some(ghost) => {
            let old_pools = ghost.pools.switch(&name).inspect_err(|&e| {
                if e == EBUSY {
                    pr_err!("compressor={}: all pools are taken; swap in pages of other compressors first\n", text);
                }
            })?;
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
