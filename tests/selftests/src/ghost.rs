// SPDX-License-Identifier: GPL-2.0
//! The module and its device.

use crate::kernel::{self, SwapLine};
use crate::outcome::{Doing, Outcome};
use crate::sys;
use std::fs::File;
use std::path::{Path, PathBuf};

/// The module's name.
pub const MODULE: &str = "vswap";
/// The device.
pub const DEVICE: &str = "/dev/ghostswap";
/// Where the counters are.
pub const COUNTERS: &str = "/sys/kernel/debug/vswap";
/// Where the parameters are.
pub const PARAMETERS: &str = "/sys/module/vswap/parameters";

/// The flavor of the running kernel, as the guest's runner says.
pub fn flavor() -> String {
    std::env::var("VSWAP_FLAVOR").unwrap_or_else(|_| "release".to_string())
}

/// The project's directory: this program is in build/selftests of it.
pub fn project() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    program
        .ancestors()
        .nth(3)
        .unwrap_or(Path::new("."))
        .to_path_buf()
}

/// The module's file for a flavor of the kernel: the copy, if there is one.
pub fn file(flavor: &str) -> PathBuf {
    let copy = copy_path(flavor);
    if copy.exists() {
        return copy;
    }
    built(flavor)
}

/// Copies the module's file: a build may replace it while tests are run, and
/// the new one need not fit the kernel that is running.
pub fn keep_copy(flavor: &str) {
    let _ = std::fs::copy(built(flavor), copy_path(flavor));
}

fn built(flavor: &str) -> PathBuf {
    project().join("build").join(flavor).join("vswap.ko")
}

fn copy_path(flavor: &str) -> PathBuf {
    format!("/run/vswap-{flavor}.ko").into()
}

/// Loads the module.
pub fn insmod(parameters: &str) -> std::io::Result<()> {
    sys::insmod(&File::open(file(&flavor()))?, parameters)
}

/// Whether the module is loaded.
pub fn is_loaded() -> bool {
    Path::new("/sys/module")
        .join(MODULE)
        .join("refcnt")
        .exists()
}

/// Reads a parameter.
pub fn parameter(name: &str) -> Outcome<String> {
    kernel::read(Path::new(PARAMETERS).join(name))
}

/// Sets a parameter.
pub fn set_parameter(name: &str, value: impl ToString) -> Outcome {
    kernel::write(Path::new(PARAMETERS).join(name), value)
}

/// Sets a parameter, where an error is of interest.
pub fn try_set_parameter(name: &str, value: &str) -> std::io::Result<()> {
    kernel::try_write(Path::new(PARAMETERS).join(name), value)
}

/// Reads a counter.
pub fn counter(name: &str) -> Outcome<u64> {
    kernel::number(Path::new(COUNTERS).join(name))
}

/// All counters that are not zero, for who asks why a test failed; none without a ghost.
pub fn all_counters() -> Vec<String> {
    let files = std::fs::read_dir(COUNTERS).into_iter().flatten().flatten();
    let mut all: Vec<_> = files
        .filter_map(|file| {
            let name = file.file_name().to_string_lossy().to_string();
            let value = counter(&name).ok().filter(|value| *value != 0)?;
            Some(format!("{name} {value}"))
        })
        .collect();
    all.sort();
    all
}

/// The counters of pages by kind, and of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// All pages the module has.
    pub stored: u64,
    /// Of these, repeated words.
    pub same_filled: u64,
    /// Of these, compressed ones.
    pub compressed: u64,
    /// Of these, kept whole.
    pub incompressible: u64,
    /// Of these, on another device.
    pub physical: u64,
    /// Bytes of the pool.
    pub pool: u64,
    /// Bytes of descriptors and handles.
    pub metadata: u64,
}

impl Counters {
    /// Reads them, at a moment when they do not change: to read them, a process may need pages of its own
    /// that are out. Where others swap all the time, there is no such moment.
    pub fn read() -> Outcome<Self> {
        let mut last = Self::one_by_one()?;
        for _ in 0..100 {
            let next = Self::one_by_one()?;
            if next == last {
                break;
            }
            last = next;
        }
        Ok(last)
    }

    fn one_by_one() -> Outcome<Self> {
        Ok(Self {
            stored: counter("stored_pages")?,
            same_filled: counter("same_filled_pages")?,
            compressed: counter("compressed_pages")?,
            incompressible: counter("incompressible_pages")?,
            physical: counter("physical_pages")?,
            pool: counter("pool_total_size")?,
            metadata: counter("metadata_size")?,
        })
    }

    /// Fails if pages are stored, or counted as such.
    pub fn ensure_nothing_stored(&self) -> Outcome {
        let counted = [
            self.stored,
            self.same_filled,
            self.compressed,
            self.incompressible,
            self.physical,
        ];
        ensure!(
            counted == [0; 5],
            "pages are counted as stored, where none is: {self:?}"
        );
        Ok(())
    }

    /// Fails if the kinds do not add up.
    pub fn ensure_sum(&self) -> Outcome {
        let sum = self.same_filled + self.compressed + self.incompressible + self.physical;
        ensure_eq!(self.stored, sum, "stored_pages and the sum of its kinds");
        Ok(())
    }
}

/// The ghost's line in /proc/swaps.
pub fn swap_line() -> Outcome<Option<SwapLine>> {
    Ok(kernel::swaps()?
        .into_iter()
        .find(|line| line.path.ends_with("ghostswap")))
}

/// The loaded module. A test that ends well says [`Ghost::stop`]; after one
/// that does not, the harness cleans up.
pub struct Ghost(());

impl Ghost {
    /// Loads the module.
    pub fn load(parameters: &str) -> Outcome<Self> {
        let others = kernel::swaps()?;
        ensure!(others.is_empty(), "swap is on already: {others:?}");
        insmod(parameters).doing(format_args!("insmod vswap.ko {parameters}"))?;
        Ok(Self(()))
    }

    /// Loads the module and turns swap on.
    pub fn start(parameters: &str) -> Outcome<Self> {
        let ghost = Self::load(parameters)?;
        ghost.on()?;
        Ok(ghost)
    }

    /// Turns swap on.
    pub fn on(&self) -> Outcome {
        sys::swapon(DEVICE, None).doing("swapon")?;
        ensure!(
            swap_line()?.is_some(),
            "/proc/swaps does not show the ghost after swapon"
        );
        Ok(())
    }

    /// Turns swap off: nothing may be stored after that.
    pub fn off(&self) -> Outcome {
        sys::swapoff(DEVICE).doing("swapoff")?;
        ensure!(
            swap_line()?.is_none(),
            "/proc/swaps shows the ghost after swapoff"
        );
        Counters::read()?.ensure_nothing_stored()
    }

    /// Unloads the module.
    pub fn unload(self) -> Outcome {
        sys::rmmod(MODULE).doing("rmmod")?;
        ensure!(!is_loaded(), "the module is there after rmmod");
        ensure!(!Path::new(DEVICE).exists(), "{DEVICE} is there after rmmod");
        Ok(())
    }

    /// Turns swap off and unloads the module. No page may have failed to
    /// decompress meanwhile.
    pub fn stop(self) -> Outcome {
        self.off()?;
        ensure_eq!(counter("decompress_fail")?, 0, "decompress_fail");
        self.unload()
    }
}

/// Turns off and unloads what a test left behind.
pub fn clean_up() -> Vec<String> {
    let mut left = Vec::new();
    for line in kernel::swaps().unwrap_or_default() {
        let result = sys::swapoff(&line.path);
        left.push(format!("swap on {}{}", line.path, unless_ok(&result)));
    }
    if is_loaded() {
        let result = sys::rmmod(MODULE);
        left.push(format!("the module{}", unless_ok(&result)));
    }
    left
}

fn unless_ok(result: &std::io::Result<()>) -> String {
    result
        .as_ref()
        .err()
        .map_or_else(String::new, |e| format!(", which stays: {e}"))
}
