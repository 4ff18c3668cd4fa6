// SPDX-License-Identifier: GPL-2.0
//! Limits of cgroups that keep their pages out of the ghost.

use super::finding::{list, Finding};
use crate::kernel::cgroups::{self, Cgroup};
use crate::root::Root;
use crate::snapshot::Snapshot;

pub fn check(root: &Root, now: &Snapshot) -> Vec<Finding> {
    let groups = cgroups::read(root);
    if groups.is_empty() {
        return vec![Finding::ok("cgroups", "none that limits memory")];
    }
    let named = |is_it: fn(&Cgroup) -> bool| -> Vec<String> {
        let found = groups.iter().filter(|group| is_it(group));
        found.map(|group| group.path.clone()).collect()
    };
    let mut findings = Vec::new();
    let no_swap = named(|group| group.no_swap);
    if !no_swap.is_empty() {
        findings.push(Finding::warn(
            "cgroups",
            format!("memory.swap.max=0, never swapped: {}", list(&no_swap)),
            "If they are only to stay off disks, MemorySwapMax=infinity and memory.zswap.writeback=0 say that.",
        ));
    }
    let no_zswap = named(|group| group.no_zswap);
    if !no_zswap.is_empty() {
        let goes = match now.others().next() {
            Some(_) => "their pages go to disks only",
            None => "their pages stay in memory",
        };
        findings.push(Finding::warn(
            "cgroups",
            format!("memory.zswap.max=0, {goes}: {}", list(&no_zswap)),
            "MemoryZSwapMax=infinity lets them be compressed.",
        ));
    }
    if findings.is_empty() {
        let what = format!("none of {} is kept out of the ghost", groups.len());
        findings.push(Finding::ok("cgroups", what));
    }
    findings
}
