// SPDX-License-Identifier: GPL-2.0

//! The module's parameters: `/sys/module/vswap/parameters`.
//!
//! They are set before the module is initialized, so they are static. The kernel's parameter lock
//! serializes those who write.

use crate::{backend::codec::Codec, ghost::Ghost, parse};
use kernel::{
    prelude::*,
    str::{CStr, CString},
    sync::{
        atomic::{ordering::Relaxed, Atomic},
        SetOnce,
    },
};

/// The compressor unless another is asked for.
const DEFAULT_COMPRESSOR: &CStr = c"lz4";

/// The size in bytes; 0 until one is given, which stands for the size of RAM.
static SIZE: Atomic<u64> = Atomic::new(0);
static MAX_POOL_PERCENT: Atomic<u32> = Atomic::new(20);
static ACCEPT_THRESHOLD_PERCENT: Atomic<u32> = Atomic::new(90);
static SHRINKER_ENABLED: Atomic<bool> = Atomic::new(true);
/// The compressor given to insmod, with a NUL behind it. In place, as statics are never dropped.
static FIRST_COMPRESSOR: SetOnce<[u8; MAX_NAME]> = SetOnce::new();
/// More than the name of any compressor takes.
const MAX_NAME: usize = 64;

/// Which parameter.
pub(crate) enum Param {
    Size,
    Compressor,
    MaxPoolPercent,
    AcceptThresholdPercent,
    ShrinkerEnabled,
}

/// The size that was asked for, in bytes.
pub(crate) fn size() -> Option<u64> {
    match SIZE.load(Relaxed) {
        0 => None,
        size => Some(size),
    }
}

/// How much of RAM the pools may take, in percent.
pub(crate) fn max_pool_percent() -> usize {
    MAX_POOL_PERCENT.load(Relaxed) as usize
}

/// Of that, how much is left when a pool that was full takes pages again, in percent.
pub(crate) fn accept_threshold_percent() -> usize {
    ACCEPT_THRESHOLD_PERCENT.load(Relaxed) as usize
}

/// Whether pages are written back when memory is short.
pub(crate) fn shrinker_enabled() -> bool {
    SHRINKER_ENABLED.load(Relaxed)
}

/// The compressor for the first pool.
pub(crate) fn first_compressor() -> &'static CStr {
    FIRST_COMPRESSOR
        .as_ref()
        .and_then(|name| CStr::from_bytes_until_nul(name).ok())
        .unwrap_or(DEFAULT_COMPRESSOR)
}

/// Sets a parameter. `ghost` is missing while the module is loaded.
pub(crate) fn set(param: Param, text: &str, ghost: Option<&Ghost>) -> Result {
    match param {
        Param::Size => {
            let Some(size) = parse::size(text) else {
                pr_err!(
                    "size={} is not a size: give bytes or K, M, G, T, up to 16T\n",
                    text.trim()
                );
                return Err(EINVAL);
            };
            let store = || SIZE.store(size, Relaxed);
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
        Param::Compressor => set_compressor(text.trim(), ghost),
        Param::MaxPoolPercent => set_percent(&MAX_POOL_PERCENT, "max_pool_percent", text),
        Param::AcceptThresholdPercent => {
            set_percent(&ACCEPT_THRESHOLD_PERCENT, "accept_threshold_percent", text)
        }
        Param::ShrinkerEnabled => {
            let Some(on) = parse::switch(text) else {
                pr_err!(
                    "shrinker_enabled={} is not a switch: give Y or N\n",
                    text.trim()
                );
                return Err(EINVAL);
            };
            SHRINKER_ENABLED.store(on, Relaxed);
            Ok(())
        }
    }
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
        Some(ghost) => ghost.pools.switch(&name).inspect_err(|&e| {
            if e == EBUSY {
                pr_err!("compressor={}: all pools are taken; swap in pages of other compressors first\n", text);
            }
        }),
        None => {
            let mut first = [0; MAX_NAME];
            let bytes = name.to_bytes_with_nul();
            first
                .get_mut(..bytes.len())
                .ok_or(EINVAL)?
                .copy_from_slice(bytes);
            if !FIRST_COMPRESSOR.populate(first) {
                pr_err!("compressor={}: give it once\n", text);
                return Err(EINVAL);
            }
            Ok(())
        }
    }
}

/// Writes a parameter's value, with a newline.
pub(crate) fn get(param: Param, ghost: Option<&Ghost>) -> Result<CString> {
    Ok(match param {
        Param::Size => CString::try_from_fmt(fmt!(
            "{}\n",
            size().unwrap_or_else(crate::ghost::default_size)
        ))?,
        Param::Compressor => match ghost {
            Some(ghost) => {
                let reader = ghost.pools.read();
                let pool = ghost.pools.current(&reader).ok_or(ENODEV)?;
                CString::try_from_fmt(fmt!("{}\n", pool.name()))?
            }
            None => CString::try_from_fmt(fmt!("{}\n", first_compressor()))?,
        },
        Param::MaxPoolPercent => CString::try_from_fmt(fmt!("{}\n", max_pool_percent()))?,
        Param::AcceptThresholdPercent => {
            CString::try_from_fmt(fmt!("{}\n", accept_threshold_percent()))?
        }
        Param::ShrinkerEnabled => {
            let on = if SHRINKER_ENABLED.load(Relaxed) {
                "Y"
            } else {
                "N"
            };
            CString::try_from_fmt(fmt!("{}\n", on))?
        }
    })
}
