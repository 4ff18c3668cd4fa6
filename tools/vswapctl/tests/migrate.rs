// SPDX-License-Identifier: GPL-2.0
//! `migrate zram`: what it finds, the order of its steps, and that nothing is lost where one fails.

mod common;

use common::{swaps_text, Tree};
use vswapctl::error::{Error, Result};
use vswapctl::migrate::plan::Plan;
use vswapctl::migrate::setups::{find, Setup};
use vswapctl::migrate::system::System;
use vswapctl::migrate::{apply, steps::Step};

const ZRAM: &str = "/dev/zram0 partition 524288 1000 100";
const DISK: &str = "/dev/vdb partition 262144 512 -1";
const GHOST: &str = "/dev/ghostswap ghost 1048576 0 32767";

/// A machine in which commands do what they would, but for one that fails.
struct Machine<'a> {
    tree: &'a Tree,
    commands: Vec<String>,
    fails: Option<&'static str>,
}

impl<'a> Machine<'a> {
    fn new(tree: &'a Tree) -> Self {
        Self {
            tree,
            commands: Vec::new(),
            fails: None,
        }
    }

    fn swaps(&self) -> Vec<String> {
        let text = self.tree.text("proc/swaps");
        let line = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        text.lines().skip(1).map(line).collect()
    }

    fn apply(&mut self) -> (Result, String) {
        let (root, mut out) = (self.tree.root(), Vec::new());
        let result = apply(&root, &Plan::make(&root), self, &mut out);
        // At any time there is swap: the ghost, or zram.
        assert!(!self.swaps().is_empty());
        (result, String::from_utf8(out).unwrap())
    }
}

impl System for Machine<'_> {
    fn run(&mut self, program: &str, arguments: &[&str]) -> Result {
        let command = format!("{program} {}", arguments.join(" "));
        if self.fails == Some(&command) {
            return Err(Error::new(format_args!("'{command}' failed: for a test")));
        }
        let mut swaps = self.swaps();
        match (program, arguments) {
            ("modprobe", ["vswap"]) => {
                let file = self.tree.path().join("sys/module/vswap/version");
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                std::fs::write(file, "0.7.0\n").unwrap();
            }
            ("swapon", ["/dev/ghostswap"]) => swaps.push(GHOST.to_string()),
            ("swapoff", [device]) => {
                assert!(
                    swaps.contains(&GHOST.to_string()),
                    "{device} goes before the ghost is on"
                );
                swaps.retain(|line| !line.starts_with(&format!("{device} ")));
            }
            ("systemctl", ["disable", unit]) => {
                let wants = self
                    .tree
                    .path()
                    .join("etc/systemd/system/multi-user.target.wants");
                std::fs::remove_file(wants.join(unit)).unwrap();
            }
            ("systemctl", ["daemon-reload"]) => {}
            _ => panic!("an odd command: {command}"),
        }
        std::fs::write(self.tree.path().join("proc/swaps"), swaps_text(swaps)).unwrap();
        self.commands.push(command);
        Ok(())
    }
}

/// zram is on, and set up in every way there is.
fn zram() -> Tree {
    Tree::patched()
        .swaps(&[ZRAM, DISK])
        .file("sys/block/zram0/reset", "")
        .file("run/systemd/system/x", "")
        .file(
            "etc/systemd/zram-generator.conf",
            "[zram0]\nzram-size = ram / 2\n",
        )
        .file(
            "usr/lib/systemd/zram-generator.conf.d/more.conf",
            "[zram1]\n",
        )
        .file("etc/default/zramswap", "PERCENT=50\n")
        .file(
            "etc/systemd/system/multi-user.target.wants/zramswap.service",
            "",
        )
        .file(
            "etc/systemd/system/own.service",
            "[Service]\nExecStart=/sbin/zramctl --find\n",
        )
        .file("etc/systemd/system/multi-user.target.wants/own.service", "")
        .file(
            "etc/fstab",
            "/dev/vdb none swap sw 0 0\n/dev/zram0 none swap pri=100 0 0\n",
        )
        .file("etc/modules-load.d/zram.conf", "# for swap\nzram\n")
        .file("etc/modprobe.d/zram.conf", "options zram num_devices=1\n")
        .file(
            "etc/udev/rules.d/99-zram.rules",
            "KERNEL==\"zram0\", ATTR{disksize}=\"512M\", RUN+=\"/sbin/mkswap /dev/zram0\"\n",
        )
}

#[test]
fn it_is_replaced() {
    let tree = zram();
    let mut machine = Machine::new(&tree);
    let (result, said) = machine.apply();
    result.unwrap();
    assert_eq!(machine.swaps(), [DISK, GHOST]);
    assert_eq!(
        machine.commands,
        [
            "modprobe vswap",
            "swapon /dev/ghostswap",
            "swapoff /dev/zram0",
            "systemctl disable own.service",
            "systemctl disable zramswap.service",
            "systemctl daemon-reload"
        ]
    );
    assert_eq!(tree.text("sys/block/zram0/reset"), "1");
    assert_eq!(tree.text("etc/modules-load.d/vswap.conf"), "vswap\n");
    assert_eq!(
        tree.text("etc/fstab"),
        "/dev/vdb none swap sw 0 0\n#/dev/zram0 none swap pri=100 0 0\n/dev/ghostswap none swap sw 0 0\n"
    );
    assert_eq!(
        tree.text("etc/fstab.before-vswap"),
        "/dev/vdb none swap sw 0 0\n/dev/zram0 none swap pri=100 0 0\n"
    );
    assert_eq!(
        tree.text("etc/modules-load.d/zram.conf"),
        "# for swap\n#zram\n"
    );
    assert!(tree
        .text("etc/systemd/zram-generator.conf.before-vswap")
        .contains("[zram0]"));
    assert!(
        tree.text("usr/lib/systemd/zram-generator.conf.d/more.conf")
            .contains("[zram1]"),
        "not ours to change"
    );
    assert!(
        said.ends_with("'vswapctl check' looks at the result.\n"),
        "{said}"
    );
    // Nothing is left to do.
    assert_eq!(find(&tree.root()), []);
    assert!(tree
        .prints(&["migrate", "zram"])
        .contains("nothing to replace"));
}

/// Whichever command fails, it stops there, and once mended goes on from there.
#[test]
fn a_step_that_fails() {
    for fails in [
        "modprobe vswap",
        "swapon /dev/ghostswap",
        "swapoff /dev/zram0",
        "systemctl disable own.service",
        "systemctl disable zramswap.service",
        "systemctl daemon-reload",
    ] {
        let tree = zram();
        let mut machine = Machine::new(&tree);
        machine.fails = Some(fails);
        let (result, said) = machine.apply();
        let error = result.expect_err(fails).to_string();
        assert!(said.ends_with("failed\n"), "{fails}: {said}");
        assert!(
            error.contains(fails) && error.contains("Not done:"),
            "{error}"
        );
        assert!(!machine.commands.contains(&fails.to_string()));
        let zram_is_on = machine.swaps().contains(&ZRAM.to_string());
        let before_swapoff = ["modprobe", "swapon", "swapoff"]
            .iter()
            .any(|word| fails.starts_with(word));
        assert_eq!(zram_is_on, before_swapoff, "zram after {fails}");
        if before_swapoff {
            assert!(
                tree.text("etc/systemd/zram-generator.conf")
                    .contains("[zram0]"),
                "disabled after {fails}"
            );
        }

        machine.fails = None;
        machine.commands.clear();
        machine.apply().0.unwrap();
        assert!(
            !machine.commands.iter().any(|c| c.starts_with("modprobe"))
                || fails.starts_with("modprobe")
        );
        assert_eq!(machine.swaps(), [DISK, GHOST], "after {fails}");
        assert_eq!(tree.text("sys/block/zram0/reset"), "1", "after {fails}");
        assert_eq!(find(&tree.root()), [], "after {fails}");
        assert_eq!(tree.text("etc/fstab").matches("ghostswap").count(), 1);
    }
}

/// swapon says that all is well, and it is not.
#[test]
fn a_ghost_that_is_not_on_takes_no_zram_with_it() {
    struct Idle;
    impl System for Idle {
        fn run(&mut self, _: &str, _: &[&str]) -> Result {
            Ok(())
        }
    }
    let tree = zram();
    let root = tree.root();
    let error = apply(&root, &Plan::make(&root), &mut Idle, &mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("off after swapon"), "{error}");
    let error = Step::Off("/dev/zram0".to_string())
        .run(&root, &mut Idle)
        .unwrap_err();
    assert!(error.to_string().contains("the ghost is off"), "{error}");
}

#[test]
fn it_is_only_shown() {
    let tree = zram();
    let text = tree.prints(&["migrate", "zram"]);
    for wanted in [
        "  1. load the module vswap\n         modprobe vswap\n",
        "  2. turn the ghost on\n         swapon /dev/ghostswap\n",
        "         swapoff /dev/zram0\n",
        "         mv /etc/udev/rules.d/99-zram.rules /etc/udev/rules.d/99-zram.rules.before-vswap\n",
        "Nothing was changed.",
    ] {
        assert!(text.contains(wanted), "no '{wanted}' in\n{text}");
    }
    assert_eq!(Machine::new(&tree).swaps(), [ZRAM, DISK]);
    assert!(!tree.path().join("etc/fstab.before-vswap").exists());
}

/// Another tree is never applied to by commands of this machine.
#[test]
fn apply_is_for_this_machine() {
    let tree = zram();
    let output = tree.run(&["migrate", "zram", "--apply"]);
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("--root"));
    assert_eq!(Machine::new(&tree).swaps(), [ZRAM, DISK]);
}

#[test]
fn file_systems_on_zram_stay() {
    let tree = zram()
        .file(
            "etc/systemd/zram-generator.conf",
            "[zram0]\n[zram1]\nmount-point = /var/tmp\n",
        )
        .file("proc/mounts", "/dev/zram1 /var/tmp ext2 rw 0 0\n");
    let mut machine = Machine::new(&tree);
    let (result, said) = machine.apply();
    result.unwrap();
    assert!(
        said.contains("note: /etc/systemd/zram-generator.conf"),
        "{said}"
    );
    for (file, text) in [
        ("etc/systemd/zram-generator.conf", "[zram1]"),
        ("etc/modules-load.d/zram.conf", "\nzram\n"),
        ("etc/udev/rules.d/99-zram.rules", "mkswap"),
    ] {
        assert!(tree.text(file).contains(text), "{file}");
    }
    assert_eq!(machine.swaps(), [DISK, GHOST]);
}

#[test]
fn a_ghost_that_is_set_up_is_not_set_up_again() {
    let tree = zram()
        .module()
        .swaps(&[ZRAM, GHOST])
        .file("run/systemd/generator/dev-ghostswap.swap", "")
        .file(
            "run/systemd/generator/swap.target.wants/dev-ghostswap.swap",
            "",
        );
    let plan = Plan::make(&tree.root());
    assert_eq!(plan.steps[0], Step::Off("/dev/zram0".to_string()));
    let text = plan.text(&tree.root());
    assert!(
        !text.contains("modules-load.d/vswap.conf") && !text.contains("/dev/ghostswap none"),
        "{text}"
    );
}

#[test]
fn what_zram_generator_does_not_read() {
    // The first file of a name counts, and one without a section is nothing.
    let tree = Tree::patched()
        .file("etc/systemd/zram-generator.conf", "# none\n")
        .file("usr/lib/systemd/zram-generator.conf", "[zram0]\n")
        .file("etc/systemd/zram-generator.conf.d/a.conf", "")
        .file("usr/lib/systemd/zram-generator.conf.d/a.conf", "[zram0]\n")
        .file("usr/lib/systemd/zram-generator.conf.d/b.conf", "[zram0]\n");
    let found = find(&tree.root());
    let mask = "/etc/systemd/zram-generator.conf.d/b.conf".to_string();
    let path = "/usr/lib/systemd/zram-generator.conf.d/b.conf".to_string();
    assert_eq!(found, [Setup::Generator { path, mask }]);
}

#[test]
fn a_generator_with_file_systems() {
    let of = |text: &str| {
        let path = "etc/systemd/zram-generator.conf";
        find(&Tree::patched().file(path, text).root())
    };
    assert_eq!(
        of("[zram0]\n mount-point = /tmp\n[zram1]\nfs-type=ext2\n"),
        []
    );
    let mixed = of("[zram0]\nfs-type=ext2\n[zram1]\n# fs-type=ext2\n");
    assert!(matches!(mixed[..], [Setup::ByHand { .. }]), "{mixed:?}");
    let swap = of("[zram0]\n;mount-point=/tmp\n[zram1]\nzram-size=ram\n");
    assert!(matches!(swap[..], [Setup::Generator { .. }]), "{swap:?}");
}
