// SPDX-License-Identifier: GPL-2.0
//! The tests, a file each; what a test is for is said at the top of its file.

use crate::harness::{On, Test};

mod access;

macro_rules! tests {
    ($($name:ident: $on:ident,)*) => {
        $(pub mod $name;)*

        /// All tests, in the order in which they are run.
        pub const ALL: &[Test] = &[
            $(Test { name: stringify!($name), on: On::$on, run: $name::run },)*
        ];
    };
}

tests! {
    vanilla: Vanilla,
    cycles: Patched,
    swapon: Patched,
    parameters: Patched,
    device: Patched,
    kinds: Patched,
    mappings: Patched,
    advice: Patched,
    fork: Patched,
    shmem: Patched,
    pagemap: Any,
    pagemap_uffd: Patched,
    pagemap_race: Patched,
    ksm: Patched,
    thp: Patched,
    compressors: Patched,
    switches: Patched,
    pools_full: Patched,
    hotplug: Patched,
    pool_limit: Patched,
    limits: Patched,
    tools: Patched,
    memcg: Patched,
    memcg_limit: Patched,
    memcg_removal: Patched,
    random: Patched,
    pressure: Patched,
    swapoff_load: Patched,
    swapoff_signal: Patched,
    swapoff_full: Patched,
    tier: Patched,
    tier_errors: Patched,
    tier_pressure: Patched,
    tier_thp: Patched,
    tier_race: Patched,
    tier_heat: Patched,
    cgroup_v1: Alone,
    faults: Debug,
    hibernation: Patched,
    metadata: Release,
    cost: Release,
    leak: Patched,
}
