// SPDX-License-Identifier: GPL-2.0
//! A shell that is started afresh, looks at what runs and reads a file.

use crate::kernel;
use crate::outcome::{Doing, Outcome, Stop};
use crate::sys;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// It finds itself among all processes, and starts another program.
const SCRIPT: &str =
    "set -- /proc/[0-9]*; case \" $* \" in *\" /proc/$$ \"*) cksum </bin/sh ;; esac";
/// One that takes longer than this hangs, for good.
const HUNG: Duration = Duration::from_secs(300);

/// See above.
pub struct Shell {
    /// What it has to print.
    wanted: String,
}

impl Shell {
    /// Learns from a first shell what the others have to print.
    pub fn new() -> Outcome<Self> {
        let wanted = output()?;
        ensure!(
            wanted.split(' ').count() == 2,
            "the shell printed '{wanted}'"
        );
        Ok(Self { wanted })
    }

    /// Runs one, which has to end well.
    pub fn run(&self) -> Outcome {
        ensure_eq!(output()?, self.wanted, "what the shell printed");
        Ok(())
    }
}

fn output() -> Outcome<String> {
    let mut shell = Command::new("sh")
        .args(["-c", SCRIPT])
        .stdout(Stdio::piped())
        .spawn()
        .doing("starting a shell")?;
    wait(&mut shell)?;
    let mut text = String::new();
    if let Some(mut pipe) = shell.stdout.take() {
        pipe.read_to_string(&mut text).doing("the shell's output")?;
    }
    Ok(text.trim().to_string())
}

/// Waits for its end. Of one that hangs, tells where.
fn wait(shell: &mut Child) -> Outcome {
    let since = Instant::now();
    let mut pause = 0;
    loop {
        if let Some(status) = shell.try_wait().doing("waiting for a shell")? {
            ensure!(status.success(), "a shell ended with {status}");
            return Ok(());
        }
        if since.elapsed() > HUNG {
            let stack = kernel::read(format!("/proc/{}/stack", shell.id()));
            let _ = kernel::try_write("/proc/sysrq-trigger", "w");
            let _ = shell.kill();
            return Err(Stop::Fail(format!("a shell hangs: {stack:?}")));
        }
        sys::pause_ms(pause / 4);
        pause = (pause + 1).min(80);
    }
}
