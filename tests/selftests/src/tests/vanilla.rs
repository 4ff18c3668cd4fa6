// SPDX-License-Identifier: GPL-2.0
//! The module on a kernel without the patches: insmod fails, and says why.

use crate::ghost;
use crate::harness::Env;
use crate::log::Log;
use crate::outcome::{Doing, Outcome};
use crate::sys::{self, expect_errno};
use std::fs::File;

/// See above.
pub fn run(_env: &Env) -> Outcome {
    let file = ghost::file("release");
    let file = File::open(&file).doing(file.display())?;
    let mut log = Log::from_now()?;
    let wanted = [libc::ENOENT, libc::ENOEXEC, libc::EINVAL];
    expect_errno(
        sys::insmod(&file, ""),
        &wanted,
        "insmod on a kernel without the patches",
    )?;
    ensure!(!ghost::is_loaded(), "the module is loaded");
    let lines = log.lines()?;
    ensure!(
        lines.iter().any(|line| line.contains("vswap")),
        "the log says nothing: {lines:?}"
    );
    println!("# {}", lines.join("; "));
    Ok(())
}
