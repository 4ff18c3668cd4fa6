// SPDX-License-Identifier: GPL-2.0
//! Memory control groups.

use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome, Stop};
use crate::sys;
use crate::worker::{self, Worker};
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = "/sys/fs/cgroup";
const PAGE_CLUSTER: &str = "/proc/sys/vm/page-cluster";
/// How the names of the tests' groups start.
const PREFIX: &str = "vswap-";

/// A group, removed when dropped. Its processes must have ended, or left.
pub struct Cgroup(PathBuf);

impl Cgroup {
    /// Makes a group with the memory controller.
    pub fn new(name: &str) -> Outcome<Self> {
        kernel::write(format!("{ROOT}/cgroup.subtree_control"), "+memory")?;
        let path = Path::new(ROOT).join(format!("{PREFIX}{name}"));
        fs::create_dir(&path).doing(format_args!("making the group {name}"))?;
        Ok(Self(path))
    }

    /// Makes a group with the I/O controller, too.
    pub fn with_io(name: &str) -> Outcome<Self> {
        kernel::write(format!("{ROOT}/cgroup.subtree_control"), "+io")?;
        Self::new(name)
    }

    /// Makes a group with the controller that limits the number of processes, too.
    pub fn with_pids(name: &str) -> Outcome<Self> {
        kernel::write(format!("{ROOT}/cgroup.subtree_control"), "+pids")?;
        Self::new(name)
    }

    /// What io.stat has for a device after a key, 0 if it has no such line.
    pub fn io(&self, device: &str, key: &str) -> Outcome<u64> {
        let text = self.read("io.stat")?;
        let line = text
            .lines()
            .find(|line| line.split(' ').next() == Some(device));
        let value = line.into_iter().flat_map(|line| line.split(' '));
        let value = value
            .filter_map(|word| word.split_once('='))
            .find(|pair| pair.0 == key);
        value.map_or(Ok(0), |(_, value)| value.parse().doing("io.stat"))
    }

    /// Makes a group inside of this one.
    pub fn child(&self, name: &str) -> Outcome<Self> {
        self.set("cgroup.subtree_control", "+memory")?;
        let path = self.0.join(name);
        fs::create_dir(&path).doing(format_args!("making the group {name}"))?;
        Ok(Self(path))
    }

    /// Removes the group, from which all processes have gone.
    pub fn remove(self) -> Outcome {
        remove(&self.0)
    }

    /// Removes the groups inside of this one, from which all processes have gone.
    pub fn remove_children(&self) -> Outcome {
        let entries = fs::read_dir(&self.0).doing(self.0.display())?;
        for entry in entries.flatten().filter(|entry| entry.path().is_dir()) {
            remove(&entry.path())?;
        }
        Ok(())
    }

    /// Sets one of the group's files.
    pub fn set(&self, file: &str, value: impl ToString) -> Outcome {
        kernel::write(self.0.join(file), value)
    }

    /// Sets one, where an error is of interest.
    pub fn try_set(&self, file: &str, value: &str) -> std::io::Result<()> {
        kernel::try_write(self.0.join(file), value)
    }

    /// Opens one for writing.
    pub fn open(&self, file: &str) -> Outcome<fs::File> {
        let path = self.0.join(file);
        let file = fs::File::options().write(true).open(&path);
        file.doing(path.display())
    }

    /// Reads one of the group's files.
    pub fn read(&self, file: &str) -> Outcome<String> {
        kernel::read(self.0.join(file))
    }

    /// The number in one of the group's files.
    pub fn number(&self, file: &str) -> Outcome<u64> {
        kernel::number(self.0.join(file))
    }

    /// A number from memory.stat, memory.events and the like.
    pub fn field(&self, file: &str, name: &str) -> Outcome<u64> {
        kernel::field(&self.read(file)?, name)
            .ok_or_else(|| Stop::Fail(format!("{file} has no {name}")))
    }

    /// Tries a check of the group's counts until it holds, for ten seconds: they
    /// are only brought up to date every two, while few changed.
    pub fn eventually(&self, check: impl Fn(&Self) -> Outcome) -> Outcome {
        for _ in 0..100 {
            if check(self).is_ok() {
                return Ok(());
            }
            sys::pause_ms(100);
        }
        check(self)
    }

    /// Brings the calling process into the group.
    pub fn enter(&self) -> Outcome {
        self.set("cgroup.procs", std::process::id())
    }

    /// Brings the calling process back to the root.
    pub fn leave(&self) -> Outcome {
        kernel::write(format!("{ROOT}/cgroup.procs"), std::process::id())
    }

    /// Joins workers that run in the group and use all of its memory.
    ///
    /// The kernel decides what to reclaim by counts that it brings up to date
    /// every two seconds, or when memory.stat is read. With old ones, it may
    /// find that a young group has nothing to reclaim.
    pub fn join_all(&self, workers: Vec<Worker>) -> Outcome {
        while workers.iter().any(Worker::is_running) {
            self.read("memory.stat")?;
            sys::pause_ms(20);
        }
        worker::join_all(workers)
    }

    /// Asks for so many bytes of anonymous and shared memory to be reclaimed,
    /// once. It may be fewer.
    pub fn try_reclaim(&self, bytes: usize) -> Outcome {
        sys::drain_lru().doing("draining per-CPU batches of pages")?;
        // For counts that are up to date: see join_all.
        self.read("memory.stat")?;
        match self.try_set("memory.reclaim", &format!("{bytes} swappiness=max")) {
            // Less was reclaimed than was asked for.
            Err(e) if sys::errno(&e) == libc::EAGAIN => Ok(()),
            other => other.doing("writing to memory.reclaim"),
        }
    }

    /// Reclaims anonymous and shared memory of the group until all of these
    /// pages are out, also where processes share them.
    pub fn reclaim(&self, map: &Mapping) -> Outcome {
        // The process that asks is out, too. What it needs to look comes in again, and
        // would bring neighbours into the swap cache.
        let window = kernel::read(PAGE_CLUSTER)?;
        kernel::write(PAGE_CLUSTER, 0)?;
        let result = self.reclaim_all(map);
        kernel::write(PAGE_CLUSTER, window)?;
        result
    }

    fn reclaim_all(&self, map: &Mapping) -> Outcome {
        let count = map.pages();
        let mut out = 0;
        for round in 0..40 {
            self.try_reclaim((count + 64) * crate::PAGE)?;
            out = map.out(map.all())?;
            if out == count {
                return Ok(());
            }
            sys::pause_ms(5 * round);
        }
        fail!("reclaim brought only {out} of {count} pages out")
    }
}

fn remove(path: &Path) -> Outcome {
    let mut result = Ok(());
    // A process that was waited for can still be on its way out.
    for _ in 0..100 {
        result = fs::remove_dir(path);
        match &result {
            Err(e) if sys::errno(e) == libc::EBUSY => sys::pause_ms(10),
            _ => break,
        }
    }
    result.doing(format_args!("removing {}", path.display()))
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

/// Ends what runs in groups that a test left behind, and removes them.
pub fn clean_up() -> Vec<String> {
    let mut left = Vec::new();
    for entry in fs::read_dir(ROOT).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().to_string();
        if !name.starts_with(PREFIX) {
            continue;
        }
        let _ = kernel::try_write(entry.path().join("cgroup.kill"), "1");
        let gone = (0..200).any(|_| {
            sys::pause_ms(10);
            for inner in fs::read_dir(entry.path()).into_iter().flatten().flatten() {
                let _ = fs::remove_dir(inner.path());
            }
            fs::remove_dir(entry.path()).is_ok()
        });
        left.push(format!(
            "the group {name}{}",
            if gone { "" } else { ", which stays" }
        ));
    }
    left
}
