// SPDX-License-Identifier: GPL-2.0
//! `check`: each thing that can be wrong is found, alone, and what is well is not.

mod common;

use common::Tree;
use std::collections::BTreeMap;
use vswapctl::check::finding::{Finding, Level};

fn findings(tree: &Tree) -> Vec<Finding> {
    vswapctl::check::all(&tree.root())
}

/// What is not well, by name.
fn not_well(tree: &Tree) -> BTreeMap<&'static str, Level> {
    let findings = findings(tree);
    for finding in &findings {
        let has_advice = finding.advice.is_some();
        assert_eq!(
            has_advice,
            finding.level != Level::Ok,
            "advice of {finding:?}"
        );
    }
    let bad = findings
        .into_iter()
        .filter(|finding| finding.level != Level::Ok);
    bad.map(|finding| (finding.name, finding.level)).collect()
}

#[test]
fn all_is_well() {
    let tree = Tree::ghost();
    assert_eq!(not_well(&tree), BTreeMap::new());
    let text = tree.prints(&["check", "--strict"]);
    assert!(text.ends_with(" ok, 0 to look at, 0 wrong\n"), "{text}");
}

#[test]
fn one_thing_that_is_not() {
    use Level::{Fail, Warn};
    let disk = "/dev/vdb partition 262144 512 -1";
    let ghost = "/dev/ghostswap ghost 1048576 4000 32767";
    let swaps = |lines: &[&str]| Tree::ghost().swaps(lines);
    let cases: Vec<(&str, Level, Tree)> = vec![
        (
            "version",
            Warn,
            Tree::ghost().file("sys/module/vswap/version", "0.1.0\n"),
        ),
        (
            "version",
            Warn,
            Tree::ghost().without("sys/module/vswap/version"),
        ),
        (
            "parameters",
            Warn,
            Tree::ghost().parameter("max_pool_percent", 0),
        ),
        (
            "parameters",
            Warn,
            Tree::ghost().parameter("max_pool_percent", 95),
        ),
        (
            "parameters",
            Warn,
            Tree::ghost().parameter("shrinker_enabled", "N"),
        ),
        ("parameters", Warn, Tree::ghost().parameter("size", 1 << 20)),
        ("ghost", Fail, swaps(&[disk])),
        (
            "priority",
            Fail,
            swaps(&["/dev/ghostswap ghost 1048576 4000 -1", disk]),
        ),
        (
            "priority",
            Fail,
            swaps(&[ghost, "/dev/vdb partition 262144 512 32767"]),
        ),
        (
            "health",
            Fail,
            Tree::ghost().numbers("stats", &[("decompress_fail", 1)]),
        ),
        (
            "health",
            Warn,
            Tree::ghost().numbers("stats", &[("reject_compress_fail", 1)]),
        ),
        (
            "boot",
            Warn,
            Tree::ghost().file("etc/fstab", "#/dev/ghostswap none swap sw 0 0\n"),
        ),
        (
            "disks",
            Warn,
            swaps(&[ghost, "/dev/vdb partition 262144 262144 -1"]),
        ),
        (
            "zram",
            Warn,
            swaps(&[ghost, disk, "/dev/zram0 partition 1024 0 100"]),
        ),
        (
            "zram",
            Warn,
            Tree::ghost().file("etc/systemd/zram-generator.conf", "[zram0]\n"),
        ),
        (
            "swappiness",
            Warn,
            Tree::ghost().file("proc/sys/vm/swappiness", "0\n"),
        ),
        (
            "swappiness",
            Warn,
            Tree::ghost().file("proc/sys/vm/swappiness", "10\n"),
        ),
        (
            "page-cluster",
            Warn,
            Tree::ghost().file("proc/sys/vm/page-cluster", "7\n"),
        ),
        (
            "page-cluster",
            Warn,
            Tree::ghost()
                .file("proc/sys/vm/page-cluster", "0\n")
                .file("sys/class/block/vdb/queue/rotational", "1\n"),
        ),
        (
            "overcommit",
            Warn,
            Tree::ghost().file("proc/sys/vm/overcommit_memory", "2\n"),
        ),
        (
            "cgroups",
            Warn,
            Tree::ghost().cgroup("a", &[("memory.current", "1"), ("memory.swap.max", "0")]),
        ),
        (
            "cgroups",
            Warn,
            Tree::ghost().cgroup("a/b", &[("memory.current", "1"), ("memory.zswap.max", "0")]),
        ),
    ];
    for (i, (name, level, tree)) in cases.iter().enumerate() {
        assert_eq!(
            not_well(tree),
            BTreeMap::from([(*name, *level)]),
            "case {i}, {name}"
        );
        let status = tree.run(&["check"]).status.code();
        assert_eq!(
            status,
            Some(i32::from(*level == Fail)),
            "status of case {i}, {name}"
        );
        assert_eq!(
            tree.run(&["check", "--strict"]).status.code(),
            Some(1),
            "strict, case {i}"
        );
    }
}

#[test]
fn what_only_looks_wrong() {
    for tree in [
        Tree::ghost().file("sys/module/zswap/parameters/enabled", "Y\n"),
        Tree::ghost().cgroup("a", &[("memory.current", "1"), ("memory.swap.max", "max")]),
        Tree::ghost()
            .file("proc/sys/vm/page-cluster", "0\n")
            .file("sys/class/block/vdb/queue/rotational", "0\n"),
        Tree::ghost()
            .without("etc/fstab")
            .file("run/systemd/generator/dev-ghostswap.swap", "")
            .file(
                "run/systemd/generator/swap.target.wants/dev-ghostswap.swap",
                "",
            ),
        Tree::ghost().file("etc/systemd/zram-generator.conf", "# nothing\n"),
    ] {
        assert_eq!(not_well(&tree), BTreeMap::new());
    }
}

#[test]
fn a_kernel_without_it() {
    use Level::{Fail, Warn};
    let of = |tree: &Tree| not_well(tree).get("kernel").copied();
    let unpatched = || Tree::patched().file("proc/kallsyms", "0 T swap_writeout\n");
    assert_eq!(of(&unpatched()), Some(Fail));
    assert_eq!(of(&Tree::patched().without("proc/kallsyms")), Some(Warn));
    let configured = |line| {
        Tree::patched()
            .without("proc/kallsyms")
            .file("boot/config-7.3.1-vswap", line)
    };
    assert_eq!(of(&configured("CONFIG_VSWAP=y\n")), None);
    assert_eq!(of(&configured("# CONFIG_VSWAP is not set\n")), Some(Fail));
}

#[test]
fn where_the_module_is() {
    let advice = |tree: &Tree| {
        let module = findings(tree)
            .into_iter()
            .find(|finding| finding.name == "module")
            .unwrap();
        assert_eq!(module.level, Level::Fail);
        module.what
    };
    assert_eq!(
        advice(&Tree::patched()),
        "vswap is installed, but not loaded"
    );
    let dep = "lib/modules/7.3.1-vswap/modules.dep";
    assert!(advice(&Tree::patched().file(dep, "kernel/myvswap.ko:\n"))
        .contains("is not in /lib/modules"));
    let builtin = "lib/modules/7.3.1-vswap/modules.builtin";
    let tree = Tree::patched()
        .without(dep)
        .file(builtin, "kernel/mm/vswap.ko\n");
    assert!(advice(&tree).contains("part of the kernel"));
}

#[test]
fn of_a_machine_of_which_nothing_can_be_read() {
    let output = Tree::empty().run(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stderr.is_empty());
}

#[test]
fn json() {
    let output = Tree::patched().run(&["check", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["well"], false);
    assert_eq!(value["findings"][0]["name"], "kernel");
    assert_eq!(value["findings"][1]["level"], "fail");
    assert!(value["findings"][1]["advice"]
        .as_str()
        .unwrap()
        .contains("modprobe"));
}

#[test]
fn units_that_do_not_start() {
    use std::os::unix::fs::symlink;
    let of = |tree: &Tree| not_well(tree).contains_key("boot");
    let unit = "usr/lib/systemd/system/dev-ghostswap.swap";
    let tree = Tree::ghost().without("etc/fstab").file(unit, "");
    assert!(of(&tree), "nothing wants it");
    let tree = tree.file(
        "etc/systemd/system/swap.target.wants/dev-ghostswap.swap",
        "",
    );
    assert!(!of(&tree));
    symlink(
        "/dev/null",
        tree.path().join("etc/systemd/system/dev-ghostswap.swap"),
    )
    .unwrap();
    assert!(of(&tree), "it is masked");
}
