// SPDX-License-Identifier: GPL-2.0
//! `vswapctl check`: whether this machine is set up well, and what to do where it is not.

pub mod boot;
pub mod finding;
mod ghost;
mod groups;
mod kernel;
mod swap;
mod vm;

use crate::cli::CheckArgs;
use crate::error::{Doing, Result};
use crate::root::Root;
use crate::snapshot::Snapshot;
use finding::{Finding, Level};
use serde::Serialize;

/// What is to be printed, and whether all is well.
pub fn run(root: &Root, args: &CheckArgs) -> Result<(String, bool)> {
    let findings = all(root);
    let worst = findings.iter().map(|finding| finding.level).max();
    let bad = if args.strict {
        Level::Warn
    } else {
        Level::Fail
    };
    let well = worst < Some(bad);
    let text = if args.json {
        json(&findings, well)?
    } else {
        text(&findings)
    };
    Ok((text, well))
}

/// Everything that was looked at, in the order in which one is needed by the next.
pub fn all(root: &Root) -> Vec<Finding> {
    let now = Snapshot::read(root);
    let mut findings = kernel::check(root, &now);
    findings.extend(ghost::check(root, &now));
    findings.push(boot::check(root));
    findings.extend(swap::check(root, &now));
    findings.extend(vm::check(root, &now));
    findings.extend(groups::check(root, &now));
    findings
}

fn text(findings: &[Finding]) -> String {
    let count = |level| {
        findings
            .iter()
            .filter(|finding| finding.level == level)
            .count()
    };
    let mut text: String = findings.iter().map(Finding::text).collect();
    text += &format!(
        "{} ok, {} to look at, {} wrong\n",
        count(Level::Ok),
        count(Level::Warn),
        count(Level::Fail)
    );
    text
}

#[derive(Serialize)]
struct Report<'a> {
    format: u32,
    well: bool,
    findings: &'a [Finding],
}

fn json(findings: &[Finding], well: bool) -> Result<String> {
    let report = Report {
        format: 1,
        well,
        findings,
    };
    Ok(serde_json::to_string_pretty(&report).doing("writing JSON")? + "\n")
}
