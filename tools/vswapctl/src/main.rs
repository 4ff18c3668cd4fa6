// SPDX-License-Identifier: GPL-2.0
//! The program: see the library.

use clap::Parser;
use std::io::Write;
use std::process::ExitCode;
use vswapctl::cli::{self, Cli, Command, Migrate};
use vswapctl::error::{Error, Result};
use vswapctl::root::Root;
use vswapctl::{check, migrate, status, top};

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("vswapctl: {error}");
            ExitCode::from(1)
        }
    }
}

/// Whether all is well.
fn run(cli: &Cli) -> Result<bool> {
    let root = Root::new(&cli.root);
    match &cli.command {
        Command::Status(args) => print(status::run(&root, args)?.as_bytes())?,
        Command::Top(args) => top::run(&root, args)?,
        Command::Check(args) => {
            let (text, well) = check::run(&root, args)?;
            print(text.as_bytes())?;
            return Ok(well);
        }
        Command::Migrate {
            what: Migrate::Zram(args),
        } => migrate::run(&root, args, &mut std::io::stdout().lock())?,
        Command::Completions { shell } => print(&cli::completions(*shell))?,
    }
    Ok(true)
}

/// Prints; that the reader has gone, as `head` does, is no error.
fn print(text: &[u8]) -> Result {
    let mut out = std::io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(Error::new(format_args!(
            "cannot write to the standard output: {e}"
        ))),
        _ => Ok(()),
    }
}
