// SPDX-License-Identifier: GPL-2.0
//! Other swap: disks below, zram beside, zswap.

use super::finding::{list, Finding};
use crate::kernel::swaps::Swap;
use crate::migrate::setups;
use crate::root::Root;
use crate::snapshot::Snapshot;
use crate::units::bytes;

pub fn check(root: &Root, now: &Snapshot) -> Vec<Finding> {
    let mut findings = vec![disks(now), zram(root, now)];
    findings.extend(zswap(root, now));
    findings
}

fn disks(now: &Snapshot) -> Finding {
    let name = "disks";
    let disks: Vec<_> = now.others().filter(|swap| !swap.is_zram()).collect();
    let names: Vec<_> = disks.iter().map(|swap| swap.path.clone()).collect();
    let full = |swap: &&&Swap| swap.size > 0 && swap.used >= swap.size / 20 * 19;
    if disks.is_empty() {
        return Finding::ok(name, "no disk below: all that goes out stays in memory");
    }
    if let Some(swap) = disks.iter().find(full) {
        return Finding::warn(
            name,
            format!(
                "{} is full: {} of {}",
                swap.path,
                bytes(swap.used),
                bytes(swap.size)
            ),
            "What is cold can leave memory only for a disk with room: add one, or a larger one.",
        );
    }
    Finding::ok(name, format!("below the ghost: {}", list(&names)))
}

fn zram(root: &Root, now: &Snapshot) -> Finding {
    let name = "zram";
    let on: Vec<_> = now.swaps.iter().filter(|swap| swap.is_zram()).collect();
    let names: Vec<_> = on.iter().map(|swap| swap.path.clone()).collect();
    let advice = "'vswapctl migrate zram' shows how to replace it.";
    if !on.is_empty() {
        return Finding::warn(
            name,
            format!(
                "swap is on {}: a second compressed store beside the ghost",
                list(&names)
            ),
            format!("It takes memory for pages that the ghost could not shrink. {advice}"),
        );
    }
    let setups = setups::find(root);
    let files: Vec<_> = setups
        .iter()
        .map(|setup| setup.path().to_string())
        .collect();
    if !files.is_empty() {
        return Finding::warn(
            name,
            format!("off, but set up to be on: {}", list(&files)),
            format!("At the next boot it is on beside the ghost. {advice}"),
        );
    }
    Finding::ok(name, "no swap is on zram")
}

fn zswap(root: &Root, now: &Snapshot) -> Option<Finding> {
    let enabled = root.value("/sys/module/zswap/parameters/enabled")?;
    let on = matches!(enabled.as_str(), "Y" | "1");
    Some(Finding::ok(
        "zswap",
        match (on, now.others().next().is_some()) {
            (true, true) => {
                "on: harmless, it never sees the ghost's pages, only what goes to disks past it"
            }
            (true, false) => "on: harmless, it never sees the ghost's pages",
            (false, _) => "off, and not needed",
        },
    ))
}
