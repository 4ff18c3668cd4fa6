// SPDX-License-Identifier: GPL-2.0

//! Whether this boot is one in which the ghost is turned on: what is known of the machine.

use crate::settings::{
    self,
    Settings, //
};

/// What is known of the machine, as text of the files named.
pub struct Machine<'a> {
    /// In the initramfs, where swap is not yet wanted.
    pub in_initrd: bool,
    /// In a container, which has the host's swap.
    pub in_container: bool,
    /// `/proc/cmdline`.
    pub command_line: &'a str,
    /// `/etc/fstab`.
    pub fstab: &'a str,
    /// Whether the running kernel has the module, loaded or to be loaded.
    pub has_module: bool,
}

/// What becomes of the ghost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A swap unit is made.
    On,
    /// There is one from `/etc/fstab`.
    ByFstab,
    /// There is nothing to say: another system is responsible.
    NotHere,
    /// The kernel's command line has `vswap=off`.
    OffByCommandLine,
    /// `vswap.conf` has `enabled=no`.
    OffBySettings,
    /// The running kernel is another one.
    NoModule,
}

impl Decision {
    /// What to tell the log; `None` where that would say nothing new.
    pub fn explanation(self) -> Option<&'static str> {
        Some(match self {
            Self::On | Self::NotHere => return None,
            Self::ByFstab => "/etc/fstab turns the ghost on, so vswap.conf does not",
            Self::OffByCommandLine => "the ghost stays off: the kernel was started with vswap=off",
            Self::OffBySettings => "the ghost stays off: vswap.conf has enabled=no",
            Self::NoModule => {
                "the ghost stays off: the running kernel has no module vswap; boot one that has"
            }
        })
    }
}

/// Decides what becomes of the ghost.
pub fn decide(machine: &Machine<'_>, settings: &Settings) -> Decision {
    if machine.in_initrd || machine.in_container {
        Decision::NotHere
    } else if !allowed(machine.command_line) {
        Decision::OffByCommandLine
    } else if fstab_has_ghost(machine.fstab) {
        Decision::ByFstab
    } else if !settings.enabled {
        Decision::OffBySettings
    } else if !machine.has_module {
        Decision::NoModule
    } else {
        Decision::On
    }
}

/// What the last `vswap=` of the kernel's command line says. One that is neither is ignored.
fn allowed(command_line: &str) -> bool {
    let words = command_line.split_whitespace();
    words
        .filter_map(|word| settings::switch(word.strip_prefix("vswap=")?))
        .next_back()
        .unwrap_or(true)
}

fn fstab_has_ghost(fstab: &str) -> bool {
    fstab.lines().any(|line| {
        let mut fields = line.split_whitespace();
        let (device, kind) = (fields.next(), fields.nth(1));
        device == Some("/dev/ghostswap") && kind == Some("swap")
    })
}

/// Whether `modules.dep` or `modules.builtin` names the module.
pub fn lists_module(modules: &str) -> bool {
    modules.lines().any(|line| {
        let path = line.split(':').next().unwrap_or("");
        let name = path.rsplit('/').next().unwrap_or("");
        matches!(
            name.strip_prefix("vswap.ko"),
            Some("" | ".xz" | ".zst" | ".gz")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Machine<'static> {
        Machine {
            in_initrd: false,
            in_container: false,
            command_line: "root=/dev/vda1 ro quiet\n",
            fstab: "/dev/vda1 / ext4 defaults 0 1\n/dev/vda2 none swap sw 0 0\n",
            has_module: true,
        }
    }

    fn decided(change: impl FnOnce(&mut Machine<'static>)) -> Decision {
        let mut machine = machine();
        change(&mut machine);
        decide(&machine, &Settings::default())
    }

    #[test]
    fn on_unless_something_says_otherwise() {
        assert_eq!(decided(|_| ()), Decision::On);
        assert_eq!(decided(|m| m.in_initrd = true), Decision::NotHere);
        assert_eq!(decided(|m| m.in_container = true), Decision::NotHere);
        assert_eq!(decided(|m| m.has_module = false), Decision::NoModule);
        let off = Settings {
            enabled: false,
            ..Settings::default()
        };
        assert_eq!(decide(&machine(), &off), Decision::OffBySettings);
    }

    #[test]
    fn the_last_argument_of_the_kernel_counts() {
        for (line, on) in [
            ("quiet vswap=off", false),
            ("vswap=0", false),
            ("vswap=no ro", false),
            ("vswap=off vswap=on", true),
            ("vswap=on vswap=off", false),
            ("vswap=perhaps", true),
            ("xvswap=off vswap.size=1G vswap", true),
        ] {
            let wanted = if on {
                Decision::On
            } else {
                Decision::OffByCommandLine
            };
            assert_eq!(decided(|m| m.command_line = line), wanted, "{line}");
        }
    }

    #[test]
    fn a_line_of_fstab_comes_first() {
        let line = "/dev/ghostswap none swap pri=5 0 0";
        assert_eq!(decided(|m| m.fstab = line), Decision::ByFstab);
        assert_eq!(
            decided(|m| m.fstab = "# /dev/ghostswap none swap sw"),
            Decision::On
        );
        assert_eq!(decided(|m| m.fstab = "/dev/ghostswap"), Decision::On);
    }

    #[test]
    fn the_module_is_found_compressed_or_not() {
        assert!(lists_module(
            "kernel/a.ko:\nkernel/mm/vswap/vswap.ko: kernel/b.ko\n"
        ));
        assert!(lists_module("updates/vswap.ko.xz:\n"));
        assert!(!lists_module(
            "kernel/mm/xvswap.ko: kernel/vswap.ko\nvswap.kox:\n"
        ));
        assert!(!lists_module(""));
    }
}
