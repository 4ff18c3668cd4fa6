// SPDX-License-Identifier: GPL-2.0
//! Control groups of version 1: memory.limit_in_bytes makes pages go out, and
//! memory.memsw counts them wherever they are, like swap on other devices.
//!
//! Version 1 can have the memory controller only while version 2 has had no
//! groups, so this runs in a guest of its own.

use crate::data::Kind;
use crate::ghost::{counter, Ghost};
use crate::harness::Env;
use crate::kernel::{self, field};
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::worker::{End, Worker};
use crate::{sys, PAGE};
use std::fs;
use std::process::Command;

const OWNER: u32 = 230;
const PLACE: &str = "/run/vswap-cgroup-v1";

/// See above.
pub fn run(env: &Env) -> Outcome {
    let _ = kernel::try_write("/sys/fs/cgroup/cgroup.subtree_control", "-memory");
    fs::create_dir_all(PLACE).doing(PLACE)?;
    mount("mount", &["-t", "cgroup", "-o", "memory", "none", PLACE])?;
    // What a failed test leaves behind goes with the guest.
    limits(env)?;
    mount("umount", &[PLACE])
}

fn mount(program: &str, arguments: &[&str]) -> Outcome {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .doing(program)?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} {arguments:?}: {said}");
    Ok(())
}

fn limits(env: &Env) -> Outcome {
    let ghost = Ghost::start("")?;
    let group = format!("{PLACE}/group");
    fs::create_dir(&group).doing("making a group")?;
    let pages = env.pages(12);
    let number = |file: &str| kernel::number(format!("{group}/{file}"));
    kernel::write(format!("{group}/memory.limit_in_bytes"), pages / 3 * PAGE)?;
    Worker::start(|| {
        kernel::write(format!("{group}/cgroup.procs"), std::process::id())?;
        let mut map = Mapping::private(pages)?;
        for generation in 0..2 {
            map.fill(map.all(), Kind::Mixed, OWNER, generation);
            map.check(map.all(), Kind::Mixed, OWNER, generation)?;
        }
        map.page_out(map.all())?;
        let usage = number("memory.memsw.usage_in_bytes")? - number("memory.usage_in_bytes")?;
        let swap = field(&kernel::read(format!("{group}/memory.stat"))?, "swap").unwrap_or(0);
        ensure!(
            usage >= (pages * PAGE) as u64,
            "{pages} pages are out, memory.memsw has {usage} bytes of them"
        );
        ensure!(
            swap >= (pages * PAGE) as u64,
            "{pages} pages are out, memory.stat has {swap} bytes of swap"
        );
        ensure!(
            counter("stored_pages")? >= pages as u64,
            "stored_pages is too small"
        );
        map.check(map.all(), Kind::Mixed, OWNER, 1)
    })?
    .join()?;
    // memory.memsw bounds memory and swap together.
    kernel::write(
        format!("{group}/memory.memsw.limit_in_bytes"),
        pages / 2 * PAGE,
    )?;
    let glutton = Worker::start(|| {
        kernel::write(format!("{group}/cgroup.procs"), std::process::id())?;
        kernel::write("/proc/self/oom_score_adj", 1000)?;
        let mut map = Mapping::private(pages)?;
        map.fill(map.all(), Kind::Mixed, OWNER, 2);
        Ok(())
    })?;
    match glutton.end()? {
        End::Killed(libc::SIGKILL) => {}
        other => fail!("over memory.memsw.limit_in_bytes: expected SIGKILL, got {other:?}"),
    }
    ensure_eq!(counter("stored_pages")?, 0, "stored_pages at the end");
    let swap = field(&kernel::read(format!("{group}/memory.stat"))?, "swap").unwrap_or(1);
    ensure_eq!(swap, 0, "swap in memory.stat at the end");
    let removed = (0..100).any(|_| {
        sys::pause_ms(20);
        fs::remove_dir(&group).is_ok()
    });
    ensure!(removed, "the group cannot be removed");
    ghost.stop()
}
