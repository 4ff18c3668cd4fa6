// SPDX-License-Identifier: GPL-2.0
//! A swap device with storage: the guest's first disk, or else a RAM disk; or
//! one on top of it that can be made to fail.

use crate::kernel;
use crate::outcome::{Doing, Outcome};
use crate::sys;
use std::path::Path;
use std::process::{Command, Stdio};

/// A device with a swap header, that can be turned on and off.
pub struct Disk(&'static str);

impl Disk {
    /// The device, with a new header.
    pub fn new() -> Outcome<Self> {
        let path = if Path::new("/dev/vda").exists() {
            "/dev/vda"
        } else {
            command("modprobe", &["brd", "rd_nr=1", "rd_size=262144"])?;
            "/dev/ram0"
        };
        command("mkswap", &[path])?;
        Ok(Self(path))
    }

    /// Turns it on, below the ghost.
    pub fn on(&self) -> Outcome {
        sys::swapon(self.0, None).doing(format_args!("swapon {}", self.0))
    }

    /// Turns it off.
    pub fn off(&self) -> Outcome {
        self.try_off().doing(format_args!("swapoff {}", self.0))
    }

    /// Turns it off, where an error is of interest.
    pub fn try_off(&self) -> std::io::Result<()> {
        sys::swapoff(self.0)
    }

    /// How many of its pages are used.
    pub fn used(&self) -> Outcome<u64> {
        let lines = kernel::swaps()?;
        let line = lines.iter().find(|line| line.path == self.0);
        Ok(line.map_or(0, |line| line.used / 4))
    }
}

/// A device that can be made to fail, on a [`Disk`].
pub struct Faulty {
    under: Disk,
    sectors: u64,
}

const FAULTY: &str = "vswap-faulty";

impl Faulty {
    /// A device that works, with a new header. The path is another one than
    /// that of the device it is on.
    pub fn new() -> Outcome<(Self, Disk)> {
        let under = Disk::new()?;
        let name = under.0.trim_start_matches("/dev/");
        let sectors = kernel::number(format!("/sys/block/{name}/size"))?;
        let faulty = Self { under, sectors };
        let table = faulty.table("linear");
        let _ = command("modprobe", &["dm-mod"]);
        command(
            "dmsetup",
            &["create", FAULTY, "--noudevsync", "--table", &table],
        )?;
        let disk = Disk("/dev/dm-0");
        command("mkswap", &[disk.0])?;
        Ok((faulty, disk))
    }

    fn table(&self, kind: &str) -> String {
        match kind {
            "linear" => format!("0 {} linear {} 0", self.sectors, self.under.0),
            _ => format!("0 {} error", self.sectors),
        }
    }

    fn set(&self, kind: &str) -> Outcome {
        let table = self.table(kind);
        command("dmsetup", &["suspend", "--noflush", "--nolockfs", FAULTY])?;
        command("dmsetup", &["load", FAULTY, "--table", &table])?;
        command("dmsetup", &["resume", "--noudevsync", FAULTY])
    }

    /// From now on all reads and writes fail.
    pub fn fail(&self) -> Outcome {
        self.set("error")
    }

    /// They succeed again.
    pub fn work(&self) -> Outcome {
        self.set("linear")
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        let _ = command("dmsetup", &["remove", "--noudevsync", FAULTY]);
    }
}

/// Runs a program of the guest, which has to end well.
pub fn command(program: &str, arguments: &[&str]) -> Outcome {
    let status = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .doing(format_args!("running {program}"))?;
    ensure!(
        status.success(),
        "{program} {}: {status}",
        arguments.join(" ")
    );
    Ok(())
}
