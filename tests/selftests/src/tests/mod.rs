// SPDX-License-Identifier: GPL-2.0
//! The tests, a file each; the top of each file says what it tests.

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
    resize: Patched,
    swap_free: Patched,
    recompress: Release,
    recompress_idle: Patched,
    pack_writeback: Patched,
    pack_compact: Patched,
    pack_damage: Patched,
    device: Patched,
    debugfs_open: Patched,
    sysfs: Patched,
    kinds: Patched,
    mappings: Patched,
    advice: Patched,
    willneed: Patched,
    fork: Patched,
    shmem: Patched,
    pagemap: Any,
    pagemap_uffd: Patched,
    pagemap_race: Patched,
    ksm: Patched,
    thp: Patched,
    purge_race: Patched,
    compressors: Patched,
    switches: Patched,
    pools_full: Patched,
    hotplug: Patched,
    pool_limit: Patched,
    room_again: Patched,
    limits: Patched,
    tools: Patched,
    vswapctl: Release,
    vswapctl_migrate: Release,
    memcg: Patched,
    memcg_limit: Patched,
    memcg_no_swap: Patched,
    memcg_order: Patched,
    split_store: Patched,
    memcg_removal: Patched,
    random: Patched,
    pressure: Patched,
    hogs: Alone,
    swapoff_load: Patched,
    swapoff_signal: Patched,
    swapoff_full: Patched,
    tier: Patched,
    clean_reread: Patched,
    tier_errors: Patched,
    tier_pressure: Patched,
    evacuated_reclaim: Patched,
    swapoff_no_room: Patched,
    writeback_bystander: Patched,
    tier_thp: Patched,
    stable_writes: Patched,
    io_charge: Patched,
    discard: Patched,
    tier_race: Patched,
    tier_heat: Patched,
    cgroup_v1: Alone,
    faults: Debug,
    fail_nth: Debug,
    fail_nth_setup: Debug,
    fail_nth_pack: Debug,
    hibernation: Patched,
    hibernate: Alone,
    metadata: Release,
    cost: Release,
    leak: Patched,
    storm: Alone,
}
