// SPDX-License-Identifier: GPL-2.0

//! Runs the generator on the files of a machine that is none.

use std::{
    env,
    fs,
    os::unix::fs::symlink,
    path::PathBuf,
    process::{
        self,
        Command, //
    }, //
};

struct Machine {
    root: PathBuf,
    out: PathBuf,
}

impl Machine {
    fn new(name: &str) -> Self {
        let base = env::temp_dir().join(format!("vswap-generator-{}-{name}", process::id()));
        let machine = Self {
            root: base.join("root"),
            out: base.join("out"),
        };
        fs::create_dir_all(&machine.out).unwrap();
        machine.write("proc/sys/kernel/osrelease", "7.3.4-test\n");
        machine.write("proc/cmdline", "quiet\n");
        machine.write(
            "lib/modules/7.3.4-test/modules.dep",
            "kernel/mm/vswap/vswap.ko:\n",
        );
        machine
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Runs it; the unit, if one was made, and what was told.
    fn run(&self, environment: &[(&str, &str)]) -> (Option<String>, String) {
        let result = Command::new(env!("CARGO_BIN_EXE_vswap-generator"))
            .args([&self.out, &self.out, &self.out])
            .env("VSWAP_ROOT", &self.root)
            .env_remove("SYSTEMD_VIRTUALIZATION")
            .env_remove("SYSTEMD_IN_INITRD")
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        assert!(result.status.success(), "{result:?}");
        let unit = fs::read_to_string(self.out.join("dev-ghostswap.swap")).ok();
        (unit, String::from_utf8(result.stderr).unwrap())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.root.parent().unwrap());
    }
}

#[test]
fn a_unit_that_swap_target_wants() {
    let machine = Machine::new("on");
    machine.write("etc/vswap.conf", "[vswap]\npriority=7\n");
    let (unit, said) = machine.run(&[("SYSTEMD_VIRTUALIZATION", "vm:kvm")]);
    assert!(unit.unwrap().ends_with("What=/dev/ghostswap\nPriority=7\n"));
    assert_eq!(said, "");
    let wanted = machine.out.join("swap.target.wants/dev-ghostswap.swap");
    let target = fs::canonicalize(wanted).unwrap();
    let unit = fs::canonicalize(machine.out.join("dev-ghostswap.swap")).unwrap();
    assert_eq!(target, unit);
    // Again, as daemon-reload does if systemd had not emptied the directory.
    assert!(machine.run(&[]).0.is_some());
}

#[test]
fn mistakes_do_not_keep_it_from_making_one() {
    let machine = Machine::new("mistakes");
    machine.write("etc/vswap.conf", "[vswap\n]]\npriority\n");
    symlink("nowhere", machine.root.join("etc/fstab")).unwrap();
    assert!(machine.run(&[]).0.is_some());
}

#[test]
fn none_where_another_system_has_the_swap() {
    let machine = Machine::new("container");
    assert_eq!(
        machine.run(&[("SYSTEMD_VIRTUALIZATION", "container:lxc")]),
        (None, String::new())
    );
    assert_eq!(
        machine.run(&[("SYSTEMD_IN_INITRD", "1")]),
        (None, String::new())
    );
    // systemd before 251
    machine.write("run/systemd/container", "docker");
    assert_eq!(machine.run(&[]), (None, String::new()));
}

#[test]
fn none_with_another_kernel_or_where_it_was_refused_and_the_log_says_why() {
    let machine = Machine::new("off");
    machine.write("proc/cmdline", "quiet vswap=off\n");
    let (unit, said) = machine.run(&[]);
    assert!(unit.is_none() && said.contains("vswap=off"), "{said}");
    machine.write("proc/cmdline", "quiet\n");
    machine.write("proc/sys/kernel/osrelease", "6.12.0-amd64\n");
    let (unit, said) = machine.run(&[]);
    assert!(unit.is_none() && said.contains("no module vswap"), "{said}");
    // Loaded from elsewhere
    machine.write("sys/module/vswap/parameters/size", "");
    assert!(machine.run(&[]).0.is_some());
}

#[test]
fn it_tells_the_kernels_log_as_there_is_no_other_yet() {
    let machine = Machine::new("log");
    machine.write("proc/cmdline", "quiet vswap=off\n");
    machine.write("dev/kmsg", "");
    assert_eq!(machine.run(&[]), (None, String::new()));
    assert_eq!(
        fs::read_to_string(machine.root.join("dev/kmsg")).unwrap(),
        "<6>vswap-generator: the ghost stays off: the kernel was started with vswap=off\n"
    );
}
