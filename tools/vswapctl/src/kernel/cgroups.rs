// SPDX-License-Identifier: GPL-2.0
//! Control groups, `/sys/fs/cgroup`: who has how much in swap, and who must not have any.

use super::pressure::{self, Pressure};
use crate::root::Root;

const DIRECTORY: &str = "/sys/fs/cgroup";
/// A tree that is deeper is not looked at: names below are of no use in a line.
const DEEPEST: usize = 16;

/// One cgroup.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cgroup {
    /// Its path below the root of the tree, with a slash in front.
    pub path: String,
    /// `memory.current`, in bytes.
    pub current: u64,
    /// `memory.swap.current`: bytes on disks.
    pub swap: u64,
    /// `memory.zswap.current`: bytes of memory that its compressed pages take.
    pub zswap: u64,
    /// `memory.pressure`.
    pub pressure: Option<Pressure>,
    /// `memory.swap.max` is 0: nothing of it is swapped out.
    pub no_swap: bool,
    /// `memory.zswap.max` is 0: no page of it is kept compressed.
    pub no_zswap: bool,
    /// Whether it has children.
    pub has_children: bool,
}

/// All cgroups below the root of the tree that the memory controller sees, parents before their children.
/// None with cgroup v1, or where it is not mounted.
pub fn read(root: &Root) -> Vec<Cgroup> {
    let mut all = Vec::new();
    below(root, "", 0, &mut all);
    all
}

fn below(root: &Root, parent: &str, depth: usize, all: &mut Vec<Cgroup>) -> bool {
    let mut found = false;
    if depth == DEEPEST {
        return found;
    }
    for name in root.names(format!("{DIRECTORY}{parent}")) {
        let path = format!("{parent}/{name}");
        // Links lead nowhere in this file system, but one must not be followed in another.
        let kind = root.at(format!("{DIRECTORY}{path}")).symlink_metadata();
        if !kind.is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        found = true;
        let index = all.len();
        let group = one(root, &path);
        let seen = group.is_some();
        all.extend(group);
        let has_children = below(root, &path, depth + 1, all);
        if seen {
            all[index].has_children = has_children;
        }
    }
    found
}

fn one(root: &Root, path: &str) -> Option<Cgroup> {
    let file = |name: &str| format!("{DIRECTORY}{path}/{name}");
    let number = |name: &str| root.number(file(name));
    Some(Cgroup {
        path: super::swaps::unescape(path),
        // Without the memory controller there is no such file; a group may also go meanwhile.
        current: number("memory.current")?,
        swap: number("memory.swap.current").unwrap_or(0),
        zswap: number("memory.zswap.current").unwrap_or(0),
        pressure: root
            .value(file("memory.pressure"))
            .and_then(|text| pressure::parse(&text)),
        no_swap: number("memory.swap.max") == Some(0),
        no_zswap: number("memory.zswap.max") == Some(0),
        has_children: false,
    })
}
