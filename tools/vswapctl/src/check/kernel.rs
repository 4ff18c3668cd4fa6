// SPDX-License-Identifier: GPL-2.0
//! The kernel has the patches, and the module is there.

use super::finding::Finding;
use crate::root::Root;
use crate::snapshot::Snapshot;

const SYMBOL: &str = "vswap_register";

pub fn check(root: &Root, now: &Snapshot) -> Vec<Finding> {
    vec![patched(root, now), module(root, now), version(now)]
        .into_iter()
        .flatten()
        .collect()
}

fn release(root: &Root) -> Option<String> {
    root.value("/proc/sys/kernel/osrelease")
}

fn patched(root: &Root, now: &Snapshot) -> Option<Finding> {
    let name = "kernel";
    let release = release(root).unwrap_or_else(|| "of an unknown version".to_string());
    Some(match is_patched(root, now) {
        Some(true) => Finding::ok(name, format!("Linux {release} has CONFIG_VSWAP")),
        Some(false) => Finding::fail(
            name,
            format!("Linux {release} is without CONFIG_VSWAP"),
            "Boot a kernel with the patches of vswap and CONFIG_VSWAP=y; other kernels have no ghost.",
        ),
        None => Finding::warn(
            name,
            format!("Linux {release} does not tell whether it has CONFIG_VSWAP"),
            "It has neither /proc/kallsyms nor its configuration in /boot. Try 'modprobe vswap'.",
        ),
    })
}

/// `None` where nothing tells.
fn is_patched(root: &Root, now: &Snapshot) -> Option<bool> {
    if now.module.is_some() {
        return Some(true);
    }
    let has_symbol = |text: String| {
        let is_it = |line: &str| line.split_whitespace().nth(2) == Some(SYMBOL);
        (!text.is_empty()).then(|| text.lines().any(is_it))
    };
    let configured = || {
        let text = root.value(format!("/boot/config-{}", release(root)?))?;
        Some(text.lines().any(|line| line == "CONFIG_VSWAP=y"))
    };
    root.value("/proc/kallsyms")
        .and_then(has_symbol)
        .or_else(configured)
}

fn module(root: &Root, now: &Snapshot) -> Option<Finding> {
    let name = "module";
    if now.module.is_some() {
        return Some(Finding::ok(name, "vswap is loaded"));
    }
    let modules = format!("/lib/modules/{}", release(root).unwrap_or_default());
    let listed = |file: &str| root.value(format!("{modules}/{file}")).unwrap_or_default();
    let is_it = |line: &str| {
        let path = line.split(':').next().unwrap_or_default();
        let file = path.rsplit('/').next().unwrap_or_default();
        file == "vswap.ko" || file.starts_with("vswap.ko.")
    };
    Some(if listed("modules.dep").lines().any(is_it) {
        Finding::fail(
            name,
            "vswap is installed, but not loaded",
            "Load it with 'modprobe vswap'. If that fails, the end of 'dmesg' says why.",
        )
    } else if listed("modules.builtin").lines().any(is_it) {
        Finding::fail(
            name,
            "vswap is part of the kernel, but did not start",
            "'dmesg | grep vswap' says why: a parameter on the kernel's command line may be wrong.",
        )
    } else {
        Finding::fail(
            name,
            format!("vswap is not in {modules}"),
            "Install the module for this kernel, then run 'depmod' and 'modprobe vswap'.",
        )
    })
}

fn version(now: &Snapshot) -> Option<Finding> {
    let name = "version";
    let module = now.module.as_ref()?.version.as_deref();
    let own = env!("CARGO_PKG_VERSION");
    Some(match module {
        Some(module) if module == own => {
            Finding::ok(name, format!("module and vswapctl are {own}"))
        }
        Some(module) => Finding::warn(
            name,
            format!("the module is {module}, vswapctl is {own}"),
            "Install both of one version: one may not know what the other has.",
        ),
        None => Finding::warn(
            name,
            "the module does not tell its version",
            format!("It is not one that was released; vswapctl is {own}."),
        ),
    })
}
