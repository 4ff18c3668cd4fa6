// SPDX-License-Identifier: GPL-2.0

//! A systemd generator, see systemd.generator(7): makes the ghost's swap unit.
//!
//! It never fails because of settings: that would be noticed by nobody. `vswap-config` does, later.

use std::{
    env,
    fs::{
        self,
        OpenOptions, //
    },
    io::{
        self,
        Write, //
    },
    os::unix::fs::symlink,
    path::{
        Path,
        PathBuf, //
    },
    process::ExitCode, //
};
use vswap_setup::{
    boot::{
        self,
        Decision,
        Machine, //
    },
    files,
    unit, //
};

fn main() -> ExitCode {
    let Some(directory) = env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!(
            "usage: vswap-generator DIRECTORY [EARLY-DIRECTORY LATE-DIRECTORY]; systemd calls it"
        );
        return ExitCode::from(2);
    };
    let root = env::var_os("VSWAP_ROOT").map_or_else(|| PathBuf::from("/"), PathBuf::from);
    let loaded = files::load(&root);
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
    let machine = Machine {
        in_initrd: is_yes("SYSTEMD_IN_INITRD") || root.join("etc/initrd-release").exists(),
        in_container: in_container(&root),
        command_line: &read("proc/cmdline"),
        fstab: &read("etc/fstab"),
        has_module: has_module(&root),
    };
    let decision = boot::decide(&machine, &loaded.settings);
    if let Some(text) = decision.explanation() {
        tell(&root, Level::Info, text);
    }
    if decision != Decision::On {
        return ExitCode::SUCCESS;
    }
    match write_units(&directory, &unit::swap(&loaded.settings)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            let text = format!(
                "the swap unit cannot be written to {}: {e}",
                directory.display()
            );
            tell(&root, Level::Error, &text);
            ExitCode::FAILURE
        }
    }
}

/// How bad it is, as the kernel's log counts.
enum Level {
    Error = 3,
    Info = 6,
}

/// Tells it where the journal will find it: there is no journal yet, and nobody reads what a generator
/// prints.
fn tell(root: &Path, level: Level, text: &str) {
    let level = level as u8;
    // A record is what one call writes.
    let record = format!("<{level}>vswap-generator: {text}\n");
    let log = OpenOptions::new().write(true).open(root.join("dev/kmsg"));
    if log
        .and_then(|mut log| log.write_all(record.as_bytes()))
        .is_err()
    {
        eprintln!("vswap-generator: {text}");
    }
}

fn is_yes(variable: &str) -> bool {
    env::var(variable).is_ok_and(|value| value == "1")
}

/// systemd says so in the environment, and earlier versions in a file.
fn in_container(root: &Path) -> bool {
    match env::var("SYSTEMD_VIRTUALIZATION") {
        Ok(kind) => kind.starts_with("container"),
        Err(_) => root.join("run/systemd/container").exists(),
    }
}

fn has_module(root: &Path) -> bool {
    if root.join("sys/module/vswap/parameters").exists() {
        return true;
    }
    let release = fs::read_to_string(root.join("proc/sys/kernel/osrelease")).unwrap_or_default();
    let modules = root.join("lib/modules").join(release.trim());
    ["modules.dep", "modules.builtin"].iter().any(|name| {
        fs::read_to_string(modules.join(name)).is_ok_and(|text| boot::lists_module(&text))
    })
}

fn write_units(directory: &Path, text: &str) -> io::Result<()> {
    fs::write(directory.join(unit::NAME), text)?;
    // Wanted, not required: a boot without swap goes on.
    let wants = directory.join("swap.target.wants");
    fs::create_dir_all(&wants)?;
    match symlink(format!("../{}", unit::NAME), wants.join(unit::NAME)) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}
