// SPDX-License-Identifier: GPL-2.0
//! A swap device with storage: one of the guest's disks, or else a RAM disk; or
//! one on top of it that fails or waits when told to.

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
        Self::made("/dev/vda")
    }

    /// The second one, with a new header.
    pub fn second() -> Outcome<Self> {
        Self::made("/dev/vdb")
    }

    /// The guest's last disk has its root file system.
    fn made(disk: &'static str) -> Outcome<Self> {
        let root = kernel::read("/proc/cmdline")?.contains(&format!("root={disk} "));
        let path = if Path::new(disk).exists() && !root {
            disk
        } else {
            command("modprobe", &["brd", "rd_nr=1", "rd_size=262144"])?;
            "/dev/ram0"
        };
        command("mkswap", &[path])?;
        Ok(Self(path))
    }

    /// A compressed RAM disk of so many bytes. It asks for pages not to be
    /// changed while it is given them. To be removed with [`remove_zram`].
    pub fn zram(bytes: usize) -> Outcome<Self> {
        command("modprobe", &["zram", "num_devices=1"])?;
        kernel::write("/sys/block/zram0/disksize", bytes)?;
        Ok(Self("/dev/zram0"))
    }

    /// Its number, as cgroups write it.
    pub fn number(&self) -> Outcome<String> {
        kernel::read(format!("/sys/block/{}/dev", self.name()))
    }

    /// Whether it asks for pages not to be changed while it is given them.
    pub fn wants_stable_pages(&self) -> Outcome<bool> {
        Ok(kernel::number(format!("/sys/block/{}/queue/stable_writes", self.name()))? == 1)
    }

    /// Gives it a new header, by which only so many bytes of it are used.
    pub fn shrink(&self, bytes: usize) -> Outcome {
        command("mkswap", &[self.0, &(bytes >> 10).to_string()])
    }

    /// Its device.
    pub fn path(&self) -> &'static str {
        self.0
    }

    /// Turns it on, below the ghost.
    pub fn on(&self) -> Outcome {
        sys::swapon(self.0, None).doing(format_args!("swapon {}", self.0))
    }

    /// Turns it on, to be told which pages are not used any more.
    pub fn on_discarding(&self) -> Outcome {
        let path = format!("/sys/block/{}/queue/discard_max_bytes", self.name());
        let most = kernel::number(path)?;
        ensure!(most > 0, "{} takes no discards", self.0);
        sys::swapon_discarding(self.0).doing(format_args!("swapon -d {}", self.0))
    }

    /// Turns it off.
    pub fn off(&self) -> Outcome {
        self.try_off().doing(format_args!("swapoff {}", self.0))
    }

    /// Turns it off, where an error is of interest.
    pub fn try_off(&self) -> std::io::Result<()> {
        sys::swapoff(self.0)
    }

    fn name(&self) -> &str {
        self.0.trim_start_matches("/dev/")
    }

    /// Whether faults may be injected into requests to it, on a debug kernel.
    pub fn fail_requests(&self, on: bool) -> Outcome {
        let path = format!("/sys/block/{}/make-it-fail", self.name());
        kernel::write(path, u8::from(on))
    }

    /// How many of its pages are used.
    pub fn used(&self) -> Outcome<u64> {
        let lines = kernel::swaps()?;
        let line = lines.iter().find(|line| line.path == self.0);
        Ok(line.map_or(0, |line| line.used / 4))
    }
}

/// A device that can be made to fail or to wait, on a [`Disk`].
pub struct Faulty {
    under: Disk,
    sectors: u64,
}

const FAULTY: &str = "vswap-faulty";

impl Faulty {
    /// A device that works, with a new header. The path is another one than
    /// that of the device it is on.
    pub fn new() -> Outcome<(Self, Disk)> {
        Self::over(Disk::new()?)
    }

    /// The same, on another device.
    pub fn over(under: Disk) -> Outcome<(Self, Disk)> {
        let sectors = kernel::number(format!("/sys/block/{}/size", under.name()))?;
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

    /// What it is on, which is not in use as swap.
    pub fn under(&self) -> &Disk {
        &self.under
    }

    fn table(&self, kind: &str) -> String {
        match kind {
            "linear" => format!("0 {} linear {} 0", self.sectors, self.under.0),
            _ => format!("0 {} error", self.sectors),
        }
    }

    fn set(&self, kind: &str) -> Outcome {
        let table = self.table(kind);
        self.pause()?;
        command("dmsetup", &["load", FAULTY, "--table", &table])?;
        self.go_on()
    }

    /// From now on all reads and writes fail.
    pub fn fail(&self) -> Outcome {
        self.set("error")
    }

    /// From now on reads and writes are not done, until [`Self::go_on`].
    pub fn pause(&self) -> Outcome {
        command("dmsetup", &["suspend", "--noflush", "--nolockfs", FAULTY])
    }

    /// Those that wait are done, and all others.
    pub fn go_on(&self) -> Outcome {
        command("dmsetup", &["resume", "--noudevsync", FAULTY])
    }

    /// They succeed again.
    pub fn work(&self) -> Outcome {
        self.set("linear")
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        // Who waits for it would wait for ever.
        let _ = self.go_on();
        let _ = command("dmsetup", &["remove", "--noudevsync", FAULTY]);
    }
}

/// Removes what a test that did not end well left behind; tells what that was.
pub fn clean_up() -> Vec<String> {
    let mut left = Vec::new();
    if Path::new("/dev/dm-0").exists() {
        let _ = command("dmsetup", &["resume", "--noudevsync", FAULTY]);
        left.push(
            match command("dmsetup", &["remove", "--noudevsync", FAULTY]) {
                Ok(()) => "a device that fails".to_string(),
                Err(e) => format!("a device that fails, which stays: {e}"),
            },
        );
    }
    left
}

/// Removes the device of [`Disk::zram`].
pub fn remove_zram() -> Outcome {
    sys::rmmod("zram").doing("rmmod zram")
}

/// Removes the RAM disk that stands in for one the guest does not have, with its memory.
pub fn remove_ram() -> Outcome {
    match Path::new("/dev/ram0").exists() {
        true => sys::rmmod("brd").doing("rmmod brd"),
        false => Ok(()),
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
