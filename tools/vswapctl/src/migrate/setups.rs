// SPDX-License-Identifier: GPL-2.0
//! What turns swap on zram on when the machine boots.

use crate::root::Root;

const GENERATOR: &str = "zram-generator.conf";
/// Where zram-generator reads, what comes first counts.
const GENERATOR_IN: [&str; 4] = [
    "/etc/systemd",
    "/run/systemd",
    "/usr/local/lib/systemd",
    "/usr/lib/systemd",
];
const UNITS: &str = "/etc/systemd/system";
/// Those of Debian's zram-tools and Ubuntu's zram-config.
const SERVICES: [&str; 2] = ["zramswap.service", "zram-config.service"];

/// One of them, and what disables it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setup {
    /// A file of zram-generator: one of this name in /etc without a section takes its place.
    Generator {
        /// The file.
        path: String,
        /// The one in /etc.
        mask: String,
    },
    /// A file of zram-generator that has file systems as well.
    ByHand {
        /// The file.
        path: String,
    },
    /// Lines of a file, which become comments.
    Lines {
        /// The file.
        path: String,
        /// What it will have.
        text: String,
    },
    /// A file of rules of udev.
    Rules {
        /// The file.
        path: String,
    },
    /// A unit of systemd that is enabled.
    Unit {
        /// Its name.
        name: String,
        /// Where it is enabled.
        path: String,
    },
}

impl Setup {
    /// The file that does it.
    pub fn path(&self) -> &str {
        match self {
            Self::Generator { path, .. }
            | Self::ByHand { path }
            | Self::Lines { path, .. }
            | Self::Rules { path }
            | Self::Unit { path, .. } => path,
        }
    }
}

/// All that there are.
pub fn find(root: &Root) -> Vec<Setup> {
    let mut found = generator(root);
    found.extend(units(root));
    found.extend(lines(root, "/etc/fstab", is_swap_on_zram));
    // With a file system on one, the module and its devices are needed.
    if !is_mounted(root) {
        for file in files(root, "/etc/modules-load.d", ".conf") {
            found.extend(lines(root, &file, |line| line == "zram"));
        }
        found.extend(lines(root, "/etc/modules", |line| {
            line.split_whitespace().next() == Some("zram")
        }));
        for file in files(root, "/etc/modprobe.d", ".conf") {
            found.extend(lines(root, &file, is_option_of_zram));
        }
        for path in files(root, "/etc/udev/rules.d", ".rules") {
            let text = root.value(&path).unwrap_or_default();
            if has_line(&text, is_rule_of_zram) {
                found.push(Setup::Rules { path });
            }
        }
    }
    found
}

fn files(root: &Root, directory: &str, suffix: &str) -> Vec<String> {
    let mut names = root.names(directory);
    names.retain(|name| name.ends_with(suffix));
    names
        .iter()
        .map(|name| format!("{directory}/{name}"))
        .collect()
}

/// Lines that are no comments.
fn has_line(text: &str, is_it: fn(&str) -> bool) -> bool {
    let mut lines = text.lines().map(str::trim);
    lines.any(|line| !line.starts_with(['#', ';']) && is_it(line))
}

fn is_swap_on_zram(line: &str) -> bool {
    let words: Vec<_> = line.split_whitespace().collect();
    matches!(words[..], [device, _, "swap", ..] if device.starts_with("/dev/zram"))
}

fn is_option_of_zram(line: &str) -> bool {
    let words: Vec<_> = line.split_whitespace().collect();
    matches!(words[..], ["options", "zram", ..])
}

fn is_rule_of_zram(line: &str) -> bool {
    line.contains("zram")
        && ["disksize", "mkswap", "swapon"]
            .iter()
            .any(|word| line.contains(word))
}

fn lines(root: &Root, path: &str, is_it: fn(&str) -> bool) -> Option<Setup> {
    let old = root.value(path)?;
    if !has_line(&old, is_it) {
        return None;
    }
    let comment = |line: &str| match is_it(line.trim()) {
        true => format!("#{line}\n"),
        false => format!("{line}\n"),
    };
    Some(Setup::Lines {
        path: path.to_string(),
        text: old.lines().map(comment).collect(),
    })
}

fn is_mounted(root: &Root) -> bool {
    let mounts = root.value("/proc/mounts").unwrap_or_default();
    mounts.lines().any(|line| line.starts_with("/dev/zram"))
}

/// The files that zram-generator would read.
fn generator(root: &Root) -> Vec<Setup> {
    let mut found = Vec::new();
    let directories = || GENERATOR_IN.iter();
    let first = directories()
        .map(|directory| format!("{directory}/{GENERATOR}"))
        .find(|file| root.exists(file));
    found.extend(first.and_then(|path| of_generator(root, path, GENERATOR)));
    let mut seen: Vec<String> = Vec::new();
    for directory in directories() {
        for path in files(root, &format!("{directory}/{GENERATOR}.d"), ".conf") {
            let name = path.rsplit('/').next().unwrap_or_default().to_string();
            if !seen.contains(&name) {
                let below = format!("{GENERATOR}.d/{name}");
                found.extend(of_generator(root, path, &below));
                seen.push(name);
            }
        }
    }
    found
}

/// A section is a device: swap, unless it says what file system is to be there.
fn of_generator(root: &Root, path: String, name: &str) -> Option<Setup> {
    let text = root.value(&path)?;
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.starts_with(['#', ';']));
    // For each section, whether it is swap.
    let mut sections: Vec<bool> = Vec::new();
    for line in lines {
        let key = line.split('=').next().unwrap_or_default().trim();
        if line.starts_with('[') {
            sections.push(true);
        } else if matches!(key, "mount-point" | "fs-type") {
            sections
                .last_mut()
                .into_iter()
                .for_each(|swap| *swap = false);
        }
    }
    if !sections.contains(&true) {
        return None;
    }
    Some(match sections.contains(&false) {
        true => Setup::ByHand { path },
        false => Setup::Generator {
            path,
            mask: format!("{}/{name}", GENERATOR_IN[0]),
        },
    })
}

/// Units that are enabled: those known, and those of the administrator that name a zram device.
fn units(root: &Root) -> Vec<Setup> {
    let mut found = Vec::new();
    for target in root.names(UNITS) {
        if !target.ends_with(".wants") && !target.ends_with(".requires") {
            continue;
        }
        for name in root.names(format!("{UNITS}/{target}")) {
            let own = root.value(format!("{UNITS}/{name}")).unwrap_or_default();
            let path = format!("{UNITS}/{target}/{name}");
            let again = found
                .iter()
                .any(|setup| matches!(setup, Setup::Unit { name: n, .. } if *n == name));
            if !again && (SERVICES.contains(&name.as_str()) || has_line(&own, is_unit_of_zram)) {
                found.push(Setup::Unit { name, path });
            }
        }
    }
    found
}

fn is_unit_of_zram(line: &str) -> bool {
    line.starts_with("Exec") && line.contains("zram") || line.starts_with("What=/dev/zram")
}
