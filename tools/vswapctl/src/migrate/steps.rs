// SPDX-License-Identifier: GPL-2.0
//! The steps: what each does, as text, as a command to type, and in deed.

use super::system::System;
use crate::error::{Doing, Error, Result};
use crate::root::Root;
use crate::snapshot::Snapshot;
use crate::GHOST;

/// What is added to the name of a file that is put aside: neither udev nor systemd reads it then.
pub const SAVED: &str = ".before-vswap";

/// A step. All can be done again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Loads the module.
    Load,
    /// Turns the ghost on.
    On,
    /// Turns a zram device off as swap.
    Off(String),
    /// Gives a file other contents; the former ones are kept beside it.
    Write {
        /// The file.
        path: String,
        /// What it will have.
        text: String,
        /// What for.
        why: String,
    },
    /// Puts a file aside.
    Aside {
        /// The file.
        path: String,
        /// What for.
        why: String,
    },
    /// Disables a unit of systemd.
    Disable(String),
    /// Lets systemd read its files again.
    Reload,
    /// Gives back the memory of a zram device.
    Reset(String),
}

impl Step {
    /// What it does.
    pub fn text(&self) -> String {
        match self {
            Self::Load => "load the module vswap".to_string(),
            Self::On => "turn the ghost on".to_string(),
            Self::Off(path) => format!("turn {path} off; its pages go to the ghost"),
            Self::Write { path, why, .. } => format!("{why}: write {path}"),
            Self::Aside { path, why } => format!("{why}: put {path} aside"),
            Self::Disable(unit) => format!("disable {unit}"),
            Self::Reload => "let systemd read its files again".to_string(),
            Self::Reset(path) => format!("give back the memory of {path}"),
        }
    }

    /// What one would type.
    pub fn command(&self, root: &Root) -> String {
        match self {
            Self::Load => "modprobe vswap".to_string(),
            Self::On => format!("swapon {GHOST}"),
            Self::Off(path) => format!("swapoff {path}"),
            Self::Write { path, text, .. } => {
                let keep = match root.exists(path) {
                    true => format!("cp -a {path} {path}{SAVED}\n"),
                    false => String::new(),
                };
                format!("{keep}cat >{path} <<'END'\n{text}END")
            }
            Self::Aside { path, .. } => format!("mv {path} {path}{SAVED}"),
            Self::Disable(unit) => format!("systemctl disable {unit}"),
            Self::Reload => "systemctl daemon-reload".to_string(),
            Self::Reset(path) => format!("echo 1 >{}", reset_file(path)),
        }
    }

    /// Does it, and looks whether it took effect.
    pub fn run(&self, root: &Root, system: &mut dyn System) -> Result {
        match self {
            Self::Load => system.run("modprobe", &["vswap"]).map_err(|error| {
                error.advise("'vswapctl check' says whether the kernel has the patches and the module is installed.")
            })?,
            Self::On => {
                system.run("swapon", &[GHOST])?;
                ensure(is_on(root, GHOST), "the ghost is off after swapon")?;
            }
            Self::Off(path) => {
                // Once more: in between somebody else may have turned it off.
                ensure(is_on(root, GHOST), "the ghost is off: without it there may be no room")?;
                system.run("swapoff", &[path])?;
                ensure(!is_on(root, path), &format!("{path} is on after swapoff"))?;
            }
            Self::Write { path, text, .. } => {
                keep(root, path)?;
                root.write(path, text).doing(format_args!("cannot write {path}"))?;
            }
            Self::Aside { path, .. } => root
                .rename(path, format!("{path}{SAVED}"))
                .doing(format_args!("cannot put {path} aside"))?,
            Self::Disable(unit) => system.run("systemctl", &["disable", unit])?,
            Self::Reload => system.run("systemctl", &["daemon-reload"])?,
            Self::Reset(path) => std::fs::write(root.at(reset_file(path)), "1")
                .doing(format_args!("cannot give back the memory of {path}"))?,
        }
        Ok(())
    }
}

/// Keeps a copy of a file, if there is one, unless an older one is kept already.
fn keep(root: &Root, path: &str) -> Result {
    let saved = format!("{path}{SAVED}");
    if root.exists(&saved) || !root.exists(path) {
        return Ok(());
    }
    std::fs::copy(root.at(path), root.at(&saved))
        .map(drop)
        .doing(format_args!("cannot keep a copy of {path}"))
}

fn reset_file(device: &str) -> String {
    format!("/sys/block/{}/reset", device.trim_start_matches("/dev/"))
}

fn is_on(root: &Root, path: &str) -> bool {
    let now = Snapshot::read(root);
    match path {
        GHOST => now.ghost_swap().is_some(),
        path => now.swaps.iter().any(|swap| swap.path == path),
    }
}

fn ensure(holds: bool, otherwise: &str) -> Result {
    if holds {
        return Ok(());
    }
    Err(Error::new(otherwise))
}
