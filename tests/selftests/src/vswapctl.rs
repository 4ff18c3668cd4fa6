// SPDX-License-Identifier: GPL-2.0
//! The tool, as a user of the machine who is not root runs it.

use crate::ghost::project;
use crate::outcome::{Doing, Outcome};
use serde_json::Value;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Output};

const NOBODY: u32 = 65534;

fn program() -> Outcome<PathBuf> {
    let path = project().join("build/tools/vswapctl");
    ensure!(
        path.exists(),
        "{} is missing: run scripts/tools",
        path.display()
    );
    Ok(path)
}

/// Runs it as nobody, whatever status it ends with.
pub fn run(arguments: &[&str]) -> Outcome<Output> {
    Command::new(program()?)
        .args(arguments)
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .doing("running vswapctl")
}

/// Runs it as root.
pub fn run_as_root(arguments: &[&str]) -> Outcome<Output> {
    Command::new(program()?)
        .args(arguments)
        .output()
        .doing("running vswapctl")
}

/// What it prints as nobody; it must end well, and have nothing to complain about.
pub fn prints(arguments: &[&str]) -> Outcome<String> {
    let output = run(arguments)?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success() && said.is_empty(),
        "vswapctl {}: {}, {said}",
        arguments.join(" "),
        output.status
    );
    String::from_utf8(output.stdout).doing("reading what vswapctl prints")
}

/// The same as JSON.
pub fn json(arguments: &[&str]) -> Outcome<Value> {
    serde_json::from_str(&prints(arguments)?).doing("reading vswapctl's JSON")
}

/// Runs it in a terminal of 80 columns, and presses a key every second until it ends, which it must do
/// well. Gives what it wrote.
pub fn in_terminal(arguments: &str, key: char) -> Outcome<String> {
    let program = program()?;
    let inside = format!("stty cols 80 rows 24; {} {arguments}", program.display());
    let press = format!("while sleep 1; do printf {key}; done");
    let script = format!("({press}) 2>/dev/null | TERM=xterm script -qec '{inside}' /dev/null");
    let output = Command::new("bash")
        .args(["-c", &format!("{script}; exit ${{PIPESTATUS[1]}}")])
        .output()
        .doing("running vswapctl in a terminal")?;
    let wrote = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success(),
        "vswapctl {arguments} in a terminal: {}: {wrote}",
        output.status
    );
    Ok(wrote)
}
