// SPDX-License-Identifier: GPL-2.0
//! Something turns the ghost on when the machine boots.

use super::finding::Finding;
use crate::root::Root;
use crate::GHOST;

/// What systemd calls the unit of the device.
const UNIT: &str = "dev-ghostswap.swap";
/// Where units are, those that a generator has made as well; what comes first counts.
const UNITS: [&str; 7] = [
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/run/systemd/system",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/run/systemd/generator.late",
];

pub(super) fn check(root: &Root) -> Finding {
    let name = "boot";
    match set_up_by(root) {
        Some(file) => Finding::ok(name, format!("{file} turns the ghost on")),
        None => Finding::warn(
            name,
            "nothing turns the ghost on when the machine boots",
            format!(
                "Install the package vswap-tools, or add '{}' to /etc/fstab and \
                 'vswap' to a file in /etc/modules-load.d.",
                FSTAB_LINE
            ),
        ),
    }
}

/// The line of fstab that turns the ghost on.
pub const FSTAB_LINE: &str = "/dev/ghostswap none swap sw 0 0";

/// The file that turns the ghost on when the machine boots.
pub fn set_up_by(root: &Root) -> Option<String> {
    let fstab = root.value("/etc/fstab").unwrap_or_default();
    let is_it = |line: &str| {
        let mut words = line.split_whitespace();
        words.next() == Some(GHOST) && words.nth(1) == Some("swap")
    };
    if fstab.lines().any(is_it) {
        return Some("/etc/fstab".to_string());
    }
    // A unit that nothing wants is not started.
    let wanted = UNITS.iter().any(|directory| is_wanted(root, directory));
    let is_masked = |unit: &String| {
        let to = root.at(unit).read_link();
        to.is_ok_and(|to| to.ends_with("dev/null"))
    };
    // The first one of its name counts.
    let unit = UNITS.iter().map(|directory| format!("{directory}/{UNIT}"));
    let first = unit.into_iter().find(|unit| root.exists(unit));
    first.filter(|unit| wanted && !is_masked(unit))
}

fn is_wanted(root: &Root, directory: &str) -> bool {
    root.names(directory)
        .iter()
        .filter(|name| name.ends_with(".wants") || name.ends_with(".requires"))
        .any(|name| root.exists(format!("{directory}/{name}/{UNIT}")))
}
