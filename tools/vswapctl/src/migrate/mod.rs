// SPDX-License-Identifier: GPL-2.0
//! `vswapctl migrate zram`: what replaces zram as swap, and doing it.
//!
//! The ghost is turned on before any zram is turned off, and set up for the next boot before what set up
//! zram is disabled; so at any time one of them is there. What is planned follows from what is found, so
//! after a step that failed the same command goes on where it stopped.

pub mod plan;
pub mod setups;
pub mod steps;
pub mod system;

use crate::cli::MigrateArgs;
use crate::error::{Error, Result};
use crate::root::Root;
use plan::Plan;
use std::io::Write;
use system::{Commands, System};

/// Prints, or with `--apply` does, what is to be done.
pub fn run(root: &Root, args: &MigrateArgs, out: &mut dyn Write) -> Result {
    let plan = Plan::make(root);
    if !args.apply {
        say(out, &plan.text(root))?;
        return Ok(());
    }
    if !root.is_machine() {
        return Err(
            Error::new("--apply changes this machine, and --root is another one")
                .advise("Leave one of them out."),
        );
    }
    if !is_root(root) {
        return Err(Error::new("only root can turn swap on and off").advise(
            "Run 'sudo vswapctl migrate zram --apply'. Without --apply it shows what it would do.",
        ));
    }
    apply(root, &plan, &mut Commands, out)
}

/// Does what is planned; stops at the first step that fails, and says what was done and what was not.
pub fn apply(root: &Root, plan: &Plan, system: &mut dyn System, out: &mut dyn Write) -> Result {
    for (i, step) in plan.steps.iter().enumerate() {
        say(out, &format!("{}... ", step.text()))?;
        if let Err(error) = step.run(root, system) {
            say(out, "failed\n")?;
            return Err(stopped(plan, i, &error));
        }
        say(out, "done\n")?;
    }
    say(out, &plan.notes_text())?;
    let last = match plan.steps.is_empty() {
        true => "Nothing is to be done.\n",
        false => "Done. 'vswapctl check' looks at the result.\n",
    };
    say(out, last)
}

fn stopped(plan: &Plan, failed: usize, error: &Error) -> Error {
    let list = |steps: &[steps::Step]| match steps {
        [] => "nothing".to_string(),
        steps => steps
            .iter()
            .map(|step| step.text())
            .collect::<Vec<_>>()
            .join("; "),
    };
    Error::new(error).advise(format_args!(
        "Nothing is lost, and it stopped here.\n  Done before: {}.\n  Not done: {}.\n  \
         Mend the cause and run the same command again: it goes on from here.",
        list(&plan.steps[..failed]),
        list(&plan.steps[failed..])
    ))
}

fn say(out: &mut dyn Write, text: &str) -> Result {
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|e| Error::new(format_args!("cannot write to the standard output: {e}")))
}

fn is_root(root: &Root) -> bool {
    let status = root.value("/proc/self/status").unwrap_or_default();
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    // The second one is the effective one.
    uids.and_then(|uids| uids.split_whitespace().nth(1)) == Some("0")
}
