// SPDX-License-Identifier: GPL-2.0
//! The ghost is on, with sane parameters, and has not failed.

use super::finding::Finding;
use crate::kernel::ghost::Stats;
use crate::kernel::parameters::{Module, PoolLimit};
use crate::kernel::swaps::Swap;
use crate::root::Root;
use crate::snapshot::Snapshot;
use crate::units::bytes;
use crate::GHOST;

pub fn check(root: &Root, now: &Snapshot) -> Vec<Finding> {
    let Some(module) = &now.module else {
        return Vec::new();
    };
    let mut findings = parameters(module, now);
    findings.extend(swapped_on(root, now));
    findings.extend(now.ghost.as_ref().map(|ghost| health(&ghost.stats)));
    findings
}

fn parameters(module: &Module, now: &Snapshot) -> Vec<Finding> {
    let name = "parameters";
    let mut odd = Vec::new();
    let mut warn = |what: String, advice: &str| odd.push(Finding::warn(name, what, advice));
    let file = "/sys/module/vswap/parameters";
    if module.max_pool == Some(PoolLimit::Percent(0)) {
        warn(
            "max_pool_percent=0: nothing is compressed".to_string(),
            &format!("Give auto: 'echo auto >{file}/max_pool_percent'."),
        );
    }
    if let Some(PoolLimit::Percent(percent @ 81..)) = module.max_pool {
        warn(
            format!("max_pool_percent={percent}: compressed pages may take nearly all memory"),
            &format!("Programs need some, too: give auto, 'echo auto >{file}/max_pool_percent'."),
        );
    }
    if module.shrinker == Some(false) && now.others().next().is_some() {
        warn(
            "shrinker_enabled=N: old pages stay in memory though there is a disk".to_string(),
            &format!("If that is not wanted, 'echo Y >{file}/shrinker_enabled'."),
        );
    }
    let (size, memory) = (module.size, now.meminfo.get("MemTotal"));
    if let (Some(size), Some(memory)) = (size, memory) {
        if size < memory / 8 {
            warn(
                format!(
                    "size={}: less than an eighth of memory may go out",
                    bytes(size)
                ),
                &format!("More costs nothing: 'echo {memory} >{file}/size' is the default."),
            );
        }
    }
    if odd.is_empty() {
        let limit = match module.max_pool {
            Some(PoolLimit::Auto) => "auto".to_string(),
            Some(PoolLimit::Percent(percent)) => format!("{percent}%"),
            None => "unknown".to_string(),
        };
        odd.push(Finding::ok(
            name,
            format!(
                "compressor {}, pool limit {limit}, size {}",
                module.compressor.as_deref().unwrap_or("unknown"),
                size.map_or_else(|| "unknown".to_string(), bytes)
            ),
        ));
    }
    odd
}

fn swapped_on(root: &Root, now: &Snapshot) -> Vec<Finding> {
    let name = "ghost";
    let Some(ghost) = now.ghost_swap() else {
        return vec![match root.exists(GHOST) {
            true => Finding::fail(
                name,
                format!("{GHOST} is off"),
                format!("Turn it on with 'swapon {GHOST}'."),
            ),
            false => Finding::fail(
                name,
                format!("there is no {GHOST}, though the module is loaded"),
                "The kernel makes it in a devtmpfs: mount one at /dev. In a container there is none.",
            ),
        }];
    };
    let on = Finding::ok(
        name,
        format!(
            "{GHOST} is on: {} of {} used",
            bytes(ghost.used),
            bytes(ghost.size)
        ),
    );
    vec![on, priority(ghost, now)]
}

fn priority(ghost: &Swap, now: &Snapshot) -> Finding {
    let name = "priority";
    let rival = now.others().max_by_key(|swap| swap.priority);
    match rival.filter(|swap| swap.priority >= ghost.priority) {
        None => Finding::ok(
            name,
            format!("{}: pages go to the ghost first", ghost.priority),
        ),
        Some(swap) => Finding::fail(
            name,
            format!(
                "{} has priority {}, the ghost {}: pages go past the ghost",
                swap.path, swap.priority, ghost.priority
            ),
            format!(
                "Turn it on again with a lower one ('swapoff {0} && swapon -p 0 {0}'), and give \
                 pri= less than 32767 in /etc/fstab.",
                swap.path
            ),
        ),
    }
}

fn health(stats: &Stats) -> Finding {
    let name = "health";
    let count = |n: Option<u64>| n.unwrap_or(0);
    match stats {
        stats if count(stats.decompress_fail) > 0 => Finding::fail(
            name,
            format!("{} times a page could not be read back", count(stats.decompress_fail)),
            "Memory was overwritten, the compressor is broken, or with pack_writeback=Y the disk: look into \
             'dmesg', test the memory, choose another compressor.",
        ),
        stats if count(stats.reject_compress_fail) > 0 => Finding::warn(
            name,
            format!("the compressor failed with {} pages", count(stats.reject_compress_fail)),
            "They stayed in memory. Choose another compressor.",
        ),
        _ => Finding::ok(name, "no page was lost, and no compressor failed"),
    }
}
