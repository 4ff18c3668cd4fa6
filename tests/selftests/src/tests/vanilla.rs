// SPDX-License-Identifier: GPL-2.0
//! The module on a kernel without the patches: insmod fails, and the log names
//! the symbol that is missing.

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
    // Another version magic would be ENOEXEC.
    expect_errno(
        sys::insmod(&file, ""),
        &[libc::ENOENT],
        "insmod on a kernel without the patches",
    )?;
    ensure!(!ghost::is_loaded(), "the module is loaded");
    let lines = log.lines()?;
    let missing: Vec<_> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("vswap: Unknown symbol "))
        .collect();
    println!("# unknown: {}", missing.join("; "));
    ensure!(
        missing
            .iter()
            .any(|symbol| symbol.starts_with("vswap_register ")),
        "the log does not tell that vswap_register is missing: {lines:?}"
    );
    Ok(())
}
