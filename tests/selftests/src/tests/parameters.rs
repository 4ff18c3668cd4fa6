// SPDX-License-Identifier: GPL-2.0
//! Parameters: which values are accepted, when they take effect, and that values
//! which are refused change nothing.

use crate::ghost::{self, parameter, set_parameter, swap_line, try_set_parameter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::log::Log;
use crate::outcome::Outcome;
use crate::sys::{self, expect_errno};
use crate::PAGE;

const EINVAL: &[i32] = &[libc::EINVAL];
const GIB: u64 = 1 << 30;

/// See above.
pub fn run(_env: &Env) -> Outcome {
    refused_by_insmod()?;
    let ghost = Ghost::load("")?;
    defaults()?;
    refused_by_sysfs()?;
    size(&ghost)?;
    ghost.unload()?;
    with_values()
}

/// insmod fails with EINVAL and one line that says what is accepted.
fn refused_by_insmod() -> Outcome {
    let mut log = Log::from_now()?;
    let refused = [
        ("size=0", "16T"),
        ("size=abc", "16T"),
        ("size=17T", "16T"),
        ("size=-1", "16T"),
        ("size=-4G", "16T"),
        ("size=", "16T"),
        ("size=1G1", "16T"),
        ("size=99999999999999999999", "16T"),
        ("size=18446744073709551615T", "16T"),
        ("compressor=nosuch", "nosuch"),
        ("compressor=", "compressor"),
        ("recompress_after=1d", "86400"),
        ("max_pool_percent=101", "100"),
        ("max_pool_percent=abc", "100"),
        ("max_pool_percent=-1", "100"),
        ("max_pool_percent=automatic", "auto"),
        ("accept_threshold_percent=101", "100"),
        ("accept_threshold_percent=-1", "100"),
        ("pack_writeback=maybe", "Y or N"),
    ];
    for (parameters, accepted) in refused {
        log.lines()?;
        expect_errno(
            ghost::insmod(parameters),
            EINVAL,
            &format!("insmod vswap.ko {parameters}"),
        )?;
        ensure!(
            !ghost::is_loaded(),
            "the module is loaded after insmod with {parameters}"
        );
        let lines = log.module_lines()?;
        ensure!(
            lines.len() == 1 && lines[0].contains(accepted),
            "insmod with {parameters}: expected one line with '{accepted}' in the log, got {lines:?}"
        );
    }
    Ok(())
}

fn defaults() -> Outcome {
    let ram = kernel::meminfo("MemTotal")? * 1024;
    let size: u64 = parameter("size")?.parse().unwrap_or(0);
    // The kernel's own count of RAM, which is close to MemTotal.
    ensure!(
        size >= ram / 100 * 90 && size <= ram / 100 * 115,
        "size: expected the RAM size, about {ram}, got {size}"
    );
    ensure_eq!(parameter("compressor")?, "lz4", "compressor");
    ensure_eq!(parameter("recompressor")?, "zstd", "recompressor");
    ensure_eq!(parameter("recompress_after")?, "300", "recompress_after");
    ensure_eq!(parameter("max_pool_percent")?, "auto", "max_pool_percent");
    ensure_eq!(
        parameter("accept_threshold_percent")?,
        "90",
        "accept_threshold_percent"
    );
    ensure_eq!(parameter("shrinker_enabled")?, "Y", "shrinker_enabled");
    ensure_eq!(parameter("pack_writeback")?, "N", "pack_writeback");
    Ok(())
}

/// Writing something odd is an error and changes nothing.
fn refused_by_sysfs() -> Outcome {
    let refused = [
        ("size", &["0", "abc", "17T", "-1", ""][..]),
        ("compressor", &["nosuch", "lz5", "sha256", "../../etc"]),
        ("recompressor", &["nosuch", "sha256"]),
        ("recompress_after", &["-1", "86401", "soon", ""]),
        ("max_pool_percent", &["101", "abc", "-1", "", "auto1"]),
        ("accept_threshold_percent", &["101", "abc", "-1"]),
        ("shrinker_enabled", &["2", "maybe"]),
        ("pack_writeback", &["2", "maybe", ""]),
    ];
    for (name, values) in refused {
        let before = parameter(name)?;
        for value in values {
            let result = try_set_parameter(name, &format!("{value}\n"));
            expect_errno(result, EINVAL, &format!("writing '{value}' to {name}"))?;
            ensure_eq!(parameter(name)?, before, "{name} after writing '{value}'");
        }
    }
    Ok(())
}

/// The size in /proc/swaps is that of the parameter, but for the first page.
fn shows(bytes: u64) -> Outcome {
    let Some(line) = swap_line()? else {
        fail!("/proc/swaps does not show the ghost")
    };
    let page = PAGE as u64 / 1024;
    ensure!(
        (bytes / 1024 - page..=bytes / 1024).contains(&line.size),
        "size in /proc/swaps: expected {} KiB but for a page, got {}",
        bytes / 1024,
        line.size
    );
    let total = kernel::meminfo("SwapTotal")?;
    ensure_eq!(total, line.size, "SwapTotal and the size in /proc/swaps");
    Ok(())
}

/// The size may be changed while swap is off; `resize.rs` has what happens while it is on.
fn size(ghost: &Ghost) -> Outcome {
    for (text, bytes) in [("1G", GIB), ("3221225472", 3 * GIB), ("524288K", GIB / 2)] {
        set_parameter("size", text)?;
        ensure_eq!(
            parameter("size")?,
            bytes.to_string(),
            "size after writing {text}"
        );
        ghost.on()?;
        shows(bytes)?;
        ghost.off()?;
    }
    // The largest one.
    set_parameter("size", "16T")?;
    ghost.on()?;
    let Some(line) = swap_line()? else {
        fail!("/proc/swaps does not show the ghost")
    };
    // The processor may limit it, but never to so little.
    ensure!(
        line.size > 1 << 32 && line.size <= 16 << 30,
        "size of 16T in /proc/swaps: expected up to {} KiB, got {}",
        16u64 << 30,
        line.size
    );
    println!("# 16T: {} KiB in /proc/swaps", line.size);
    ensure_eq!(
        kernel::meminfo("SwapTotal")?,
        line.size,
        "SwapTotal with 16T"
    );
    ensure_eq!(
        kernel::meminfo("SwapFree")?,
        line.size - line.used,
        "SwapFree with 16T"
    );
    ghost.off()
}

/// Values given to insmod.
fn with_values() -> Outcome {
    let ghost =
        Ghost::start("size=2G compressor=zstd max_pool_percent=35 accept_threshold_percent=70")?;
    shows(2 * GIB)?;
    ensure_eq!(parameter("compressor")?, "zstd", "compressor");
    ensure_eq!(parameter("max_pool_percent")?, "35", "max_pool_percent");
    ensure_eq!(
        parameter("accept_threshold_percent")?,
        "70",
        "accept_threshold_percent"
    );
    set_parameter("max_pool_percent", 40)?;
    ensure_eq!(
        parameter("max_pool_percent")?,
        "40",
        "max_pool_percent after writing it"
    );
    set_parameter("max_pool_percent", "auto")?;
    ensure_eq!(
        parameter("max_pool_percent")?,
        "auto",
        "max_pool_percent after writing auto"
    );
    let loaded = ghost::insmod("");
    expect_errno(
        loaded,
        &[libc::EEXIST],
        "insmod of the module that is loaded",
    )?;
    expect_errno(
        sys::rmmod(ghost::MODULE),
        &[libc::EWOULDBLOCK],
        "rmmod while on",
    )?;
    ghost.stop()
}
