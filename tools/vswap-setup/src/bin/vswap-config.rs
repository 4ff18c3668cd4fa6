// SPDX-License-Identifier: GPL-2.0

//! Sets the module's parameters as `vswap.conf` says; `--check` only reads the files.
//!
//! What is wrong is told and left out; all else is set. Fails if something was wrong.

use std::{
    env,
    fs,
    path::Path,
    process::ExitCode, //
};
use vswap_setup::files;

const PARAMETERS: &str = "/sys/module/vswap/parameters";

fn main() -> ExitCode {
    let check = match env::args().nth(1).as_deref() {
        None => false,
        Some("--check") => true,
        Some(_) => {
            eprintln!("usage: vswap-config [--check]");
            return ExitCode::from(2);
        }
    };
    let loaded = files::load(Path::new("/"));
    let mut problems = loaded.problems;
    if !check {
        for (name, value) in &loaded.settings.parameters {
            match fs::write(Path::new(PARAMETERS).join(name), value) {
                Ok(()) => println!("{name}={value}"),
                Err(e) => problems.push(format!(
                    "{name}={value} was refused by the module ({e}); the kernel log says why"
                )),
            }
        }
    }
    for problem in &problems {
        eprintln!("{problem}");
    }
    match problems.len() {
        0 => ExitCode::SUCCESS,
        n => {
            let what = if n == 1 {
                "this setting was"
            } else {
                "these settings were"
            };
            eprintln!(
                "{what} left out, all others hold. Mend and try with: systemctl restart vswap-config"
            );
            ExitCode::FAILURE
        }
    }
}
