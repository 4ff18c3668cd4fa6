// SPDX-License-Identifier: GPL-2.0
//! Trees of files as a machine has them, in the forms of the kernel's, for tests.
#![allow(dead_code)] // no test uses all of it

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use vswapctl::root::Root;

const GHOST: &str = "sys/class/misc/ghostswap";
const PARAMETERS: &str = "sys/module/vswap/parameters";

/// A tree, which goes when this does.
pub struct Tree(PathBuf);

impl Tree {
    /// An empty one: a machine of which nothing can be read.
    pub fn empty() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("vswapctl-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// A patched kernel without the module; swap is off.
    pub fn patched() -> Self {
        Self::empty()
            .file("proc/sys/kernel/osrelease", "7.3.1-vswap\n")
            .file("proc/kallsyms", "0000000000000000 T vswap_register\n")
            .file("lib/modules/7.3.1-vswap/modules.dep", "updates/vswap.ko.xz: kernel/mm/zsmalloc.ko\n")
            .file("proc/uptime", "1000.00 1900.00\n")
            .file("proc/meminfo", "MemTotal:  1048576 kB\nMemFree: 4096 kB\nCommitLimit: 3145728 kB\n")
            .file("proc/vmstat", "zswpout 1000\nswpout_zero 24\nzswpin 256\nswpin_zero 0\nzswpwb 128\npswpout 130\npswpin 2\n")
            .file(
                "proc/pressure/memory",
                "some avg10=1.25 avg60=0.50 avg300=0.10 total=12345\n\
                 full avg10=0.75 avg60=0.25 avg300=0.05 total=678\n",
            )
            .file("proc/sys/vm/swappiness", "60\n")
            .file("proc/sys/vm/page-cluster", "3\n")
            .file("proc/sys/vm/overcommit_memory", "0\n")
            .swaps(&[])
    }

    /// The ghost is on, with pages of all kinds in two pools and on a disk.
    pub fn ghost() -> Self {
        Self::patched()
            .module()
            .swaps(&[
                "/dev/ghostswap ghost 1048576 4000 32767",
                "/dev/vdb partition 262144 512 -1",
            ])
            .file("etc/fstab", "/dev/ghostswap none swap sw 0 0\n")
            .numbers(
                "stats",
                &[
                    ("stored_pages", 1128),
                    ("same_filled_pages", 100),
                    ("compressed_pages", 890),
                    ("incompressible_pages", 10),
                    ("physical_pages", 128),
                    ("packed_pages", 60),
                    ("physical_slots", 90),
                    ("original_bytes", 3_686_400),
                    ("compressed_bytes", 1_228_800),
                    ("pool_total_size", 1_253_376),
                    ("metadata_size", 16_256),
                    ("written_back_pages", 128),
                    ("evacuated_pages", 1),
                    ("recompressed_pages", 300),
                    ("recompress_saved_bytes", 120_000),
                    ("recompress_rejected", 7),
                    ("recompress_cpu_usec", 9_000),
                    ("pool_limit_hit", 2),
                    ("reject_compress_fail", 0),
                    ("reject_alloc_fail", 4),
                    ("reject_incompressible", 5),
                    ("decompress_fail", 0),
                ],
            )
            .file(format!("{GHOST}/pool0/compressor"), "lz4\n")
            .numbers(
                "pool0",
                &[
                    ("current", 0),
                    ("stored_pages", 300),
                    ("original_bytes", 1_228_800),
                    ("compressed_bytes", 409_600),
                    ("pool_total_size", 417_792),
                ],
            )
            .file(format!("{GHOST}/pool1/compressor"), "zstd\n")
            .numbers(
                "pool1",
                &[
                    ("current", 1),
                    ("stored_pages", 600),
                    ("original_bytes", 2_457_600),
                    ("compressed_bytes", 819_200),
                    ("pool_total_size", 835_584),
                ],
            )
            .file(format!("{GHOST}/tier1/device"), "/dev/vdb\n")
            .numbers(
                "tier1",
                &[
                    ("stored_pages", 128),
                    ("original_bytes", 524_288),
                    ("compressed_bytes", 524_288),
                ],
            )
    }

    /// The module is loaded.
    pub fn module(self) -> Self {
        self.file(
            "sys/module/vswap/version",
            format!("{}\n", env!("CARGO_PKG_VERSION")),
        )
        .parameter("size", 1_073_741_824u64)
        .parameter("compressor", "zstd")
        .parameter("recompressor", "zstd")
        .parameter("recompress_after", 300)
        .parameter("max_pool_percent", "auto")
        .parameter("accept_threshold_percent", 90)
        .parameter("shrinker_enabled", "Y")
        .parameter("pack_writeback", "N")
        .numbers("stats", &[])
    }

    /// Writes a file.
    pub fn file(self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) -> Self {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// Sets a parameter of the module.
    pub fn parameter(self, name: &str, value: impl std::fmt::Display) -> Self {
        self.file(format!("{PARAMETERS}/{name}"), format!("{value}\n"))
    }

    /// Sets statistics.
    pub fn numbers(self, directory: &str, numbers: &[(&str, u64)]) -> Self {
        std::fs::create_dir_all(self.0.join(format!("{GHOST}/{directory}"))).unwrap();
        numbers.iter().fold(self, |tree, (name, n)| {
            tree.file(format!("{GHOST}/{directory}/{name}"), format!("{n}\n"))
        })
    }

    /// Writes /proc/swaps.
    pub fn swaps(self, lines: &[&str]) -> Self {
        self.file(
            "proc/swaps",
            swaps_text(lines.iter().map(|line| line.to_string())),
        )
    }

    /// Makes a cgroup.
    pub fn cgroup(self, path: &str, files: &[(&str, &str)]) -> Self {
        files.iter().fold(self, |tree, (name, value)| {
            tree.file(format!("sys/fs/cgroup/{path}/{name}"), format!("{value}\n"))
        })
    }

    /// Removes a file or a directory.
    pub fn without(self, path: &str) -> Self {
        let path = self.0.join(path);
        match path.is_dir() {
            true => std::fs::remove_dir_all(path).unwrap(),
            false => std::fs::remove_file(path).unwrap(),
        }
        self
    }

    /// What a file has.
    pub fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.0.join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// As the library takes it.
    pub fn root(&self) -> Root {
        Root::new(&self.0)
    }

    /// Runs the program on it.
    pub fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_vswapctl"))
            .arg("--root")
            .arg(&self.0)
            .args(arguments)
            .output()
            .unwrap()
    }

    /// What the program prints; it must end well.
    pub fn prints(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && said.is_empty(),
            "{arguments:?}: {}, {said}",
            output.status
        );
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The text of /proc/swaps with these lines.
pub fn swaps_text(lines: impl IntoIterator<Item = String>) -> String {
    let heading = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n".to_string();
    lines.into_iter().fold(heading, |text, line| {
        text + &line.replace(' ', "\t\t") + "\n"
    })
}
