// SPDX-License-Identifier: GPL-2.0
//! Each allocation in insmod, swapon, swapoff, rmmod and a change of the
//! compressors fails in turn: the call fails as a whole, or succeeds without it.

use crate::data::Kind;
use crate::ghost::{self, parameter, set_parameter, swap_line, Counters, Ghost, DEVICE, MODULE};
use crate::harness::Env;
use crate::inject::{each, some};
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::{pools, sys};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

const OWNER: u32 = 251;
const PAGES: usize = 32;

/// See above.
pub fn run(_env: &Env) -> Outcome {
    insmod()?;
    rmmod()?;
    let ghost = Ghost::load("")?;
    swapon(&ghost)?;
    ghost.on()?;
    swapoff(&ghost)?;
    compressor()?;
    recompressor()?;
    ghost.stop()
}

fn there() -> [bool; 2] {
    [ghost::is_loaded(), Path::new(DEVICE).exists()]
}

fn module() -> Outcome<File> {
    let path = ghost::file(&ghost::flavor());
    File::open(&path).doing(path.display())
}

fn insmod() -> Outcome {
    let file = module()?;
    let mut refused = 0;
    each("insmod", |fault| {
        let result = fault.inject(|| sys::insmod(&file, ""))?;
        if fault.survived(result, libc::ENOMEM)? {
            ensure_eq!(there(), [true; 2], "the module and the device");
            return sys::rmmod(MODULE).doing("rmmod");
        }
        refused += 1;
        ensure_eq!(there(), [false; 2], "the module and the device");
        Ok(())
    })?;
    ensure!(refused > 0, "no fault made insmod fail");
    Ok(())
}

/// It is not expected to need memory.
fn rmmod() -> Outcome {
    let file = module()?;
    each("rmmod", |fault| {
        sys::insmod(&file, "").doing("insmod")?;
        fault.inject(|| sys::rmmod(MODULE))?.doing("rmmod")?;
        ensure_eq!(there(), [false; 2], "the module and the device");
        Ok(())
    })
}

fn swapon(ghost: &Ghost) -> Outcome {
    let mut refused = 0;
    each("swapon", |fault| {
        let result = fault.inject(|| sys::swapon(DEVICE, None))?;
        if fault.survived(result, libc::ENOMEM)? {
            return ghost.off();
        }
        refused += 1;
        ensure!(swap_line()?.is_none(), "/proc/swaps shows the ghost");
        Ok(())
    })?;
    ensure!(refused > 0, "no fault made swapon fail");
    Ok(())
}

/// Private and shared memory is out.
fn swapoff(ghost: &Ghost) -> Outcome {
    let (mut private, mut shared) = (Mapping::private(PAGES)?, Mapping::shared(PAGES)?);
    let (mut generation, mut refused) = (0, 0);
    each("swapoff", |fault| {
        generation += 1;
        private.fill(private.all(), Kind::Mixed, OWNER, generation);
        shared.fill(shared.all(), Kind::Mixed, OWNER + 1, generation);
        private.page_out(private.all())?;
        shared.page_out_shared(shared.all())?;
        let result = fault.inject(|| sys::swapoff(DEVICE))?;
        let off = fault.survived(result, libc::ENOMEM)?;
        ensure_eq!(swap_line()?.is_none(), off, "/proc/swaps without the ghost");
        Counters::read()?.ensure_sum()?;
        private.check(private.all(), Kind::Mixed, OWNER, generation)?;
        shared.check(shared.all(), Kind::Mixed, OWNER + 1, generation)?;
        Counters::read()?.ensure_nothing_stored()?;
        if off {
            return ghost.on();
        }
        refused += 1;
        Ok(())
    })?;
    ensure!(refused > 0, "no fault made swapoff fail");
    Ok(())
}

/// Opened before, as that makes allocations too.
fn parameter_file(name: &str) -> Outcome<File> {
    let path = Path::new(ghost::PARAMETERS).join(name);
    let file = File::options().write(true).open(&path);
    file.doing(path.display())
}

fn compressor() -> Outcome {
    let file = parameter_file("compressor")?;
    let mut map = Mapping::private(PAGES)?;
    let (mut generation, mut refused) = (0, 0);
    // Most of its allocations are zstd's, one after the other for each processor, and
    // the pool takes a second to go.
    some("compressor=zstd", 24, |fault| {
        generation += 1;
        let result = fault.inject(|| file.write_at(b"zstd", 0))?;
        let changed = fault.survived(result, libc::ENOMEM)?;
        refused += usize::from(!changed);
        let now = if changed { "zstd" } else { "lz4" };
        ensure_eq!(parameter("compressor")?, now, "compressor");
        map.fill(map.all(), Kind::Mixed, OWNER, generation);
        map.page_out(map.all())?;
        map.check(map.all(), Kind::Mixed, OWNER, generation)?;
        // The next one shall make a pool again.
        set_parameter("compressor", "lz4")?;
        pools::until_only(&["lz4"])
    })?;
    ensure!(refused > 0, "no fault made a change of the compressor fail");
    Ok(())
}

fn recompressor() -> Outcome {
    let file = parameter_file("recompressor")?;
    let mut refused = 0;
    each("recompressor=lzo-rle", |fault| {
        let result = fault.inject(|| file.write_at(b"lzo-rle", 0))?;
        let changed = fault.survived(result, libc::ENOMEM)?;
        refused += usize::from(!changed);
        let now = if changed { "lzo-rle" } else { "zstd" };
        ensure_eq!(parameter("recompressor")?, now, "recompressor");
        set_parameter("recompressor", "zstd")
    })?;
    ensure!(
        refused > 0,
        "no fault made a change of the recompressor fail"
    );
    Ok(())
}
