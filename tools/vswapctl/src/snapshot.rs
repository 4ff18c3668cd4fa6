// SPDX-License-Identifier: GPL-2.0
//! All that the commands look at, read at one time.

use crate::kernel::cgroups::{self, Cgroup};
use crate::kernel::fields::Fields;
use crate::kernel::ghost::{self, Ghost};
use crate::kernel::parameters::{self, Module};
use crate::kernel::pressure::{self, Pressure};
use crate::kernel::swaps::{self, Swap};
use crate::root::Root;
use std::time::Duration;

/// See above.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The module; `None` where it is not there.
    pub module: Option<Module>,
    /// The ghost's statistics; `None` where there is none.
    pub ghost: Option<Ghost>,
    /// Swap devices that are on.
    pub swaps: Vec<Swap>,
    /// `/proc/meminfo`, in bytes.
    pub meminfo: Fields,
    /// `/proc/vmstat`.
    pub vmstat: Fields,
    /// `/proc/pressure/memory`; `None` where the kernel has no such file.
    pub pressure: Option<Pressure>,
    /// Time since booting.
    pub uptime: Duration,
}

impl Snapshot {
    /// Reads all of it. What is missing is left out.
    pub fn read(root: &Root) -> Self {
        let fields = |path: &str| Fields::parse(&root.read(path).unwrap_or_default());
        Self {
            module: parameters::read(root),
            ghost: ghost::read(root),
            swaps: swaps::parse(&root.read("/proc/swaps").unwrap_or_default()),
            meminfo: fields("/proc/meminfo"),
            vmstat: fields("/proc/vmstat"),
            pressure: root
                .value("/proc/pressure/memory")
                .and_then(|text| pressure::parse(&text)),
            uptime: uptime(&root.value("/proc/uptime").unwrap_or_default()),
        }
    }

    /// The ghost's line of `/proc/swaps`, if it is on.
    pub fn ghost_swap(&self) -> Option<&Swap> {
        self.swaps.iter().find(|swap| swap.is_ghost())
    }

    /// The other swap devices.
    pub fn others(&self) -> impl Iterator<Item = &Swap> {
        self.swaps.iter().filter(|swap| !swap.is_ghost())
    }
}

/// The cgroups that have something in swap, those with most of it first.
pub fn swapped_cgroups(root: &Root) -> Vec<Cgroup> {
    let mut groups = cgroups::read(root);
    groups.retain(|group| group.swap + group.zswap > 0);
    groups.sort_by_key(|group| std::cmp::Reverse(group.swap + group.zswap));
    groups
}

fn uptime(text: &str) -> Duration {
    let seconds = text.split(' ').next().and_then(|word| word.parse().ok());
    Duration::try_from_secs_f64(seconds.unwrap_or(0.0)).unwrap_or_default()
}
