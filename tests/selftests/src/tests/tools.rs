// SPDX-License-Identifier: GPL-2.0
//! What tools show: the counts of swap, of transfers and of what is kept agree
//! in /proc, in the cgroup's files and in free, vmstat and top.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::ghost::{swap_line, Counters, Ghost};
use crate::harness::Env;
use crate::kernel::{meminfo, vmstat};
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome, Stop};
use crate::worker::Worker;
use std::process::Command;

const OWNER: u32 = 220;
/// Differences that what else runs in the machine makes, in pages.
const OTHERS: u64 = 512;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::start("size=1G")?;
    let group = Cgroup::new("tools")?;
    Worker::start(|| {
        group.enter()?;
        out_and_in(env, &group)
    })?
    .join()?;
    ensure_eq!(used()?, 0, "used swap at the end, in KiB");
    drop(group);
    ghost.stop()
}

fn out_and_in(env: &Env, group: &Cgroup) -> Outcome {
    let pages = env.pages(16).max(1024);
    let mut map = Mapping::private(pages)?;
    map.fill(map.all(), Kind::Real, OWNER, 0);
    let before = Events::now()?;
    map.page_out(map.all())?;
    let events = Events::now()?;
    close("zswpout of /proc/vmstat", events.out - before.out, pages)?;
    group.eventually(|group| {
        close(
            "zswpout of memory.stat",
            group.field("memory.stat", "zswpout")?,
            pages,
        )
    })?;
    swap_is_used(pages)?;
    kept(pages)?;

    map.check(map.all(), Kind::Real, OWNER, 0)?;
    let after = Events::now()?;
    close("zswpin of /proc/vmstat", after.r#in - events.r#in, pages)?;
    group.eventually(|group| {
        close(
            "zswpin of memory.stat",
            group.field("memory.stat", "zswpin")?,
            pages,
        )
    })?;
    // Nothing goes to a disk, or comes from one.
    ensure_eq!(
        after.disk,
        before.disk,
        "pswpin and pswpout of /proc/vmstat"
    );
    ensure_eq!(after.back, before.back, "zswpwb of /proc/vmstat");
    ensure_eq!(
        group.field("memory.stat", "zswpwb")?,
        0,
        "zswpwb of memory.stat"
    );
    ensure_eq!(
        group.number("memory.swap.current")?,
        0,
        "memory.swap.current"
    );
    Ok(())
}

fn close(what: &str, is: u64, wanted: usize) -> Outcome {
    let wanted = wanted as u64;
    ensure!(
        (wanted..=wanted + OTHERS).contains(&is),
        "{what}: expected {wanted}, or a little more, got {is}"
    );
    Ok(())
}

struct Events {
    out: u64,
    r#in: u64,
    back: u64,
    disk: [u64; 2],
}

impl Events {
    fn now() -> Outcome<Self> {
        Ok(Self {
            out: vmstat("zswpout")?,
            r#in: vmstat("zswpin")?,
            back: vmstat("zswpwb")?,
            disk: [vmstat("pswpout")?, vmstat("pswpin")?],
        })
    }
}

fn used() -> Outcome<u64> {
    Ok(meminfo("SwapTotal")? - meminfo("SwapFree")?)
}

/// The sizes of swap, by the kernel and by tools, with so many pages out.
fn swap_is_used(pages: usize) -> Outcome {
    let (total, used) = (meminfo("SwapTotal")?, used()?);
    close("used swap of /proc/meminfo", used / 4, pages)?;
    let line = swap_line()?.ok_or_else(|| Stop::Fail("the ghost is off".to_string()))?;
    ensure_eq!(
        (line.size, line.used),
        (total, used),
        "size and used of /proc/swaps"
    );

    // Tools convert, each in its way: 1 % is for that.
    let same = |what: &str, is: f64, wanted: u64| {
        ensure!(
            (is - wanted as f64).abs() <= 0.01 * wanted as f64 + 4.0 * OTHERS as f64 / 8.0,
            "{what}: expected about {wanted} KiB, got {is}"
        );
        Ok(())
    };
    let free = output("free", &["-k"])?;
    let row = numbers(&free, "Swap:")?;
    same("free: total", row[0], total)?;
    same("free: used", row[1], used)?;
    same("free: free", row[2], total - used)?;
    let stat = output("vmstat", &["-s"])?;
    for (what, wanted) in [
        ("K total swap", total),
        ("K used swap", used),
        ("K free swap", total - used),
    ] {
        let row = stat.lines().find(|line| line.ends_with(what));
        let number = row.and_then(|line| line.split_whitespace().next()?.parse().ok());
        same(what, number.unwrap_or(-1.0), wanted)?;
    }
    let top = output("top", &["-b", "-n", "1", "-E", "k"])?;
    let row = numbers(&top, "KiB Swap:")?;
    same("top: total", row[0], total)?;
    same("top: free", row[1], total - used)?;
    same("top: used", row[2], used)
}

/// What is kept of the pages is in /proc/meminfo.
fn kept(pages: usize) -> Outcome {
    let counters = Counters::read()?;
    close("Zswapped of /proc/meminfo", meminfo("Zswapped")? / 4, pages)?;
    ensure_eq!(
        meminfo("Zswapped")? * 1024,
        counters.stored * crate::PAGE as u64,
        "Zswapped of /proc/meminfo, and stored_pages"
    );
    ensure_eq!(
        meminfo("Zswap")? * 1024,
        counters.pool,
        "Zswap of /proc/meminfo, and pool_total_size"
    );
    Ok(())
}

fn output(program: &str, arguments: &[&str]) -> Outcome<String> {
    let output = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C")
        .output()
        .doing(program)?;
    ensure!(output.status.success(), "{program}: {}", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).to_string())
}

/// The numbers of a tool's line that starts with `name`.
fn numbers(text: &str, name: &str) -> Outcome<Vec<f64>> {
    let line = text
        .lines()
        .find(|line| line.trim_start().replace("  ", " ").starts_with(name))
        .ok_or_else(|| Stop::Fail(format!("no '{name}' in: {text}")))?;
    let numbers: Vec<_> = line
        .split([' ', ','])
        .filter_map(|word| word.parse::<f64>().ok())
        .collect();
    ensure!(numbers.len() >= 3, "too few numbers in '{line}'");
    Ok(numbers)
}
