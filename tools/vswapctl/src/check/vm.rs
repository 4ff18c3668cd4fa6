// SPDX-License-Identifier: GPL-2.0
//! Settings of the kernel's that decide how much is swapped.

use super::finding::Finding;
use crate::root::Root;
use crate::snapshot::Snapshot;
use crate::units::bytes;

pub fn check(root: &Root, now: &Snapshot) -> Vec<Finding> {
    [
        swappiness(root),
        page_cluster(root, now),
        overcommit(root, now),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn sysctl(root: &Root, name: &str) -> Option<u64> {
    root.number(format!("/proc/sys/vm/{name}"))
}

fn swappiness(root: &Root) -> Option<Finding> {
    let (name, value) = ("swappiness", sysctl(root, "swappiness")?);
    let what = format!("vm.swappiness={value}");
    Some(match value {
        0 => Finding::warn(
            name,
            format!("{what}: nothing is swapped out while there is page cache"),
            "Swap in memory is fast: 'sysctl vm.swappiness=60' is the kernel's default, 100 and more is right \
             for a ghost.",
        ),
        1..=19 => Finding::warn(
            name,
            format!("{what}: chosen for a slow disk"),
            "Swap in memory is faster than reading files again: 60 is the kernel's default.",
        ),
        _ => Finding::ok(name, what),
    })
}

/// The ghost's pages in memory are not read ahead; those on disks are.
fn page_cluster(root: &Root, now: &Snapshot) -> Option<Finding> {
    let (name, value) = ("page-cluster", sysctl(root, "page-cluster")?);
    let what = format!("vm.page-cluster={value}");
    let turns = now.others().find(|swap| {
        let disk = swap.path.trim_start_matches("/dev/");
        root.number(format!("/sys/class/block/{disk}/queue/rotational")) == Some(1)
            || root.number(format!("/sys/class/block/{disk}/../queue/rotational")) == Some(1)
    });
    Some(match (value, turns) {
        (0, Some(disk)) => Finding::warn(
            name,
            format!("{what}: each page of {} is read by itself", disk.path),
            "The disk is a turning one: 'sysctl vm.page-cluster=3' is the default. It is for disks only: what is \
             in memory is never read ahead.",
        ),
        (6.., _) => Finding::warn(
            name,
            format!("{what}: {} are read from a disk for each page", bytes(4096 << value.min(20))),
            "'sysctl vm.page-cluster=3' is the default.",
        ),
        _ => Finding::ok(name, format!("{what}, for disks only")),
    })
}

fn overcommit(root: &Root, now: &Snapshot) -> Option<Finding> {
    let (name, value) = ("overcommit", sysctl(root, "overcommit_memory")?);
    let what = format!("vm.overcommit_memory={value}");
    if value != 2 {
        return Some(Finding::ok(name, what));
    }
    let size = now.ghost_swap().map_or(0, |swap| swap.size);
    let limit = now.meminfo.get("CommitLimit").unwrap_or(0);
    Some(Finding::warn(
        name,
        format!(
            "{what}: {} of the {} in CommitLimit are the ghost's size",
            bytes(size),
            bytes(limit)
        ),
        "If that is more than memory can hold compressed, the limit means nothing: choose the module's \
         parameter size accordingly.",
    ))
}
