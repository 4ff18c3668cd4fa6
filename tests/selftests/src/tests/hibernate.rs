// SPDX-License-Identifier: GPL-2.0
//! Hibernation, with the ghost as the first swap device and a disk as the second:
//! the kernel chooses the disk, writes its image there, and resumes from it; all
//! data is right, out or in. Runs in a guest of its own: see tests/hibernate/run.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::disk::Disk;
use crate::ghost::{counter, Counters, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::worker::Worker;

const OWNER: u32 = 171;
/// The device to resume from. It is chosen after the image was made, which resuming
/// brings back: so then it is none again.
const RESUME: &str = "/sys/power/resume";

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::start("shrinker_enabled=N")?;
    let disk = Disk::new()?;
    disk.on()?;
    ensure_eq!(kernel::read(RESUME)?, "0:0", "{RESUME}");
    let group = Cgroup::new("hibernate")?;
    Worker::start(|| {
        group.enter()?;
        across(env, &group)
    })?
    .join()?;
    disk.off()?;
    ghost.stop()
}

fn across(env: &Env, group: &Cgroup) -> Outcome {
    let mut out = Mapping::private(env.pages(16))?;
    out.fill(out.all(), Kind::Mixed, OWNER, 0);
    group.reclaim(&out)?;
    let mut here = Mapping::private(env.pages(16))?;
    here.fill(here.all(), Kind::Mixed, OWNER, 1);
    println!("# {:?}", Counters::read()?);

    // As a real one, but that the machine is not turned off between.
    kernel::write("/sys/power/disk", "test_resume")?;
    kernel::write("/sys/power/state", "disk")?;
    ensure_eq!(kernel::read(RESUME)?, "0:0", "{RESUME} in the image");

    println!("# {:?}", Counters::read()?);
    Counters::read()?.ensure_sum()?;
    ensure_eq!(out.out(out.all())?, out.pages(), "pages that are out");
    out.check(out.all(), Kind::Mixed, OWNER, 0)?;
    here.check(here.all(), Kind::Mixed, OWNER, 1)?;
    // All of it still works.
    group.reclaim(&here)?;
    ensure!(counter("physical_pages")? > 0, "no page is on the disk");
    here.check(here.all(), Kind::Mixed, OWNER, 1)
}
