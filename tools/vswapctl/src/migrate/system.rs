// SPDX-License-Identifier: GPL-2.0
//! Commands that change the machine; tests have others.

use crate::error::{Doing, Error, Result};
use std::process::Command;

/// What runs commands.
pub trait System {
    /// Runs a command; fails if it does, with what it said.
    fn run(&mut self, program: &str, arguments: &[&str]) -> Result;
}

/// The machine's own commands.
pub struct Commands;

impl System for Commands {
    fn run(&mut self, program: &str, arguments: &[&str]) -> Result {
        let command = format!("{program} {}", arguments.join(" "));
        let output = Command::new(program)
            .args(arguments)
            .env("LC_ALL", "C.UTF-8")
            .output()
            .doing(format_args!("cannot run '{command}'"))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Error::new(format_args!(
            "'{command}' failed: {}",
            said.trim()
        )))
    }
}
