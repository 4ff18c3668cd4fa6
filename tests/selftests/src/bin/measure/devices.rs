// SPDX-License-Identifier: GPL-2.0
//! The swap devices that are compared, turned on and off.

use crate::clock::Clock;
use selftests::outcome::{Doing, Outcome};
use selftests::{ensure, fail, ghost, kernel, sys};
use std::path::Path;
use std::process::Command;

const ZSWAP: &str = "/sys/module/zswap/parameters";

/// Loads a module that is none of those compared: with the first one x86 sets 2
/// MiB aside for the text of modules.
pub fn first_module() -> Outcome {
    command("modprobe loop")
}

/// A device.
pub struct Device {
    pub name: String,
    pub contender: String,
    pub compressor: String,
    pub size: u64,
    pub parameters: String,
}

impl Device {
    /// Path of what swapon is given.
    pub fn path(&self) -> &'static str {
        match &self.name[..] {
            "vswap" | "vswap-default" => ghost::DEVICE,
            "zram" => "/dev/zram0",
            "brd" | "zswap-brd" | "tier" => "/dev/ram0",
            _ => "/dev/vda",
        }
    }

    /// The compressor, or none.
    pub fn compressor_used(&self) -> &str {
        if matches!(&self.name[..], "brd" | "disk") {
            "none"
        } else {
            &self.compressor
        }
    }

    /// Waiting for a disk is no cost that instructions could tell.
    pub fn clock(&self) -> Clock {
        if self.name == "disk" {
            Clock::Own
        } else {
            Clock::All
        }
    }

    /// How often pages must be asked to go out.
    pub fn turns(&self) -> usize {
        if self.name == "disk" {
            20
        } else {
            1
        }
    }

    /// Makes the device, without turning it on.
    pub fn make(&self) -> Outcome {
        let (size, compressor) = (self.size, &self.compressor);
        match &self.name[..] {
            "vswap" => self.insmod(),
            "vswap-default" => self.insmod_default(),
            // A ghost with a disk below.
            "tier" => {
                self.insmod()?;
                self.make_brd()
            }
            "vswap-disk" => {
                self.insmod_default()?;
                make_disk()
            }
            "zram" => command(&format!(
                "modprobe zram num_devices=1 &&
                 echo {compressor} >/sys/block/zram0/comp_algorithm &&
                 echo {size} >/sys/block/zram0/disksize && mkswap /dev/zram0"
            )),
            "brd" | "zswap-brd" => self.make_brd(),
            "disk" | "zswap" | "zswap-default" => make_disk(),
            other => fail!("'{other}' is no device\n{}", crate::options::USAGE),
        }
    }

    fn insmod(&self) -> Outcome {
        let parameters = format!(
            "size={} compressor={} {}",
            self.size, self.compressor, self.parameters
        );
        ghost::insmod(parameters.trim()).doing("insmod")
    }

    /// As it comes, but for what was asked for.
    fn insmod_default(&self) -> Outcome {
        ghost::insmod(&self.parameters).doing("insmod")
    }

    fn make_brd(&self) -> Outcome {
        command(&format!(
            "modprobe brd rd_nr=1 rd_size={} && mkswap /dev/ram0",
            self.size >> 10
        ))
    }

    /// Turns swap on.
    pub fn swapon(&self) -> Outcome {
        if self.name.starts_with("zswap") {
            kernel::write(format!("{ZSWAP}/compressor"), &self.compressor)?;
            if self.name != "zswap-default" {
                kernel::write(format!("{ZSWAP}/max_pool_percent"), 80)?;
            }
            kernel::write(format!("{ZSWAP}/enabled"), "Y")?;
        }
        if self.is_below_ghost() {
            sys::swapon(ghost::DEVICE, None).doing("swapon of the ghost")?;
        }
        sys::swapon(self.path(), None).doing("swapon")
    }

    /// Turns swap off.
    pub fn swapoff(&self) -> Outcome {
        if self.is_below_ghost() {
            sys::swapoff(ghost::DEVICE).doing("swapoff of the ghost")?;
        }
        sys::swapoff(self.path()).doing("swapoff")?;
        if self.name.starts_with("zswap") {
            kernel::write(format!("{ZSWAP}/enabled"), "N")?;
        }
        Ok(())
    }

    /// Takes away what was made, once it is off.
    pub fn unmake(&self) -> Outcome {
        match &self.name[..] {
            "zram" => command("rmmod zram"),
            name if name.starts_with("vswap") => sys::rmmod(ghost::MODULE).doing("rmmod"),
            _ => Ok(()),
        }
    }

    fn is_below_ghost(&self) -> bool {
        matches!(&self.name[..], "tier" | "vswap-disk")
    }

    /// Makes it and turns it on. Gives how long the latter took.
    pub fn on(&self) -> Outcome<u64> {
        self.make()?;
        let start = Clock::All.now();
        self.swapon()?;
        Ok(Clock::All.now() - start)
    }
}

fn make_disk() -> Outcome {
    ensure!(Path::new("/dev/vda").exists(), "the guest has no --disk");
    command("mkswap /dev/vda")
}

fn command(text: &str) -> Outcome {
    let output = Command::new("sh").args(["-c", text]).output().doing("sh")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{text}: {}, {said}", output.status);
    Ok(())
}
