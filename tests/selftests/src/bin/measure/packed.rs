// SPDX-License-Identifier: GPL-2.0
//! Cold pages that go to a disk below the ghost, and come back: how much is written for
//! them, how much of the disk they take, what it costs to read them in order and in
//! random order, and to turn the disk off.
//!
//! They are a group's, and go because it is reclaimed, or because the pools are at their
//! limit. Others, which are younger, stay in memory: so many that there is a pool for the
//! recompressor, as there is where pages have time to get cold.

use crate::clock::Clock;
use crate::devices::Device;
use crate::options::Options;
use crate::pages::{filled, Data};
use crate::report::{Case, INSTRUCTIONS};
use selftests::cgroup::Cgroup;
use selftests::data::Rng;
use selftests::ghost::{self, counter, parameter, set_parameter};
use selftests::outcome::{Doing, Outcome};
use selftests::{ensure, fail, kernel, pools, sys, PAGE};

/// MiB of pages that stay in memory.
const YOUNG: usize = 32;
/// The limit of the pools, in percent: what these take, or less.
const LIMIT: usize = 2;
/// Of the cold pages one in so many may stay in memory.
const FEW: u64 = 100;
/// For how many instructions counts must be the same for nothing to be on its way any
/// more. A sleep would take none.
const QUIET: u64 = 300_000_000;

/// Why pages go.
#[derive(Clone, Copy)]
enum Cause {
    Reclaim,
    Limit,
}

/// How they come back.
#[derive(Clone, Copy)]
enum Way {
    InOrder,
    Random,
    Swapoff,
}

impl Cause {
    fn name(self) -> &'static str {
        match self {
            Self::Reclaim => "by reclaim",
            Self::Limit => "by the limit",
        }
    }
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::InOrder => "read in order",
            Self::Random => "read in random order",
            Self::Swapoff => "swapoff",
        }
    }
}

/// See above: the least of some runs.
pub fn run(options: &Options) -> Outcome {
    let device = options.device()?;
    // As in swapoff.
    kernel::write("/proc/sys/vm/percpu_pagelist_high_fraction", 1000)?;
    let mut figures = Figures(Vec::new());
    let mut compressor = String::new();
    for _ in 0..options.runs {
        for cause in [Cause::Reclaim, Cause::Limit] {
            for way in [Way::InOrder, Way::Random, Way::Swapoff] {
                compressor = once(options, &device, cause, way, &mut figures)?;
            }
        }
    }
    let case = Case {
        part: "packed",
        device: &device,
        data: options.kinds[0].name(),
        folios: "4k",
    };
    case.say("compressor on the disk", "name", compressor);
    for Figure { name, unit, value } in &figures.0 {
        match *unit {
            INSTRUCTIONS => case.say(name, unit, format_args!("{value:.1}")),
            _ => case.say(name, unit, format_args!("{value:.4}")),
        }
    }
    Ok(())
}

struct Figure {
    name: String,
    unit: &'static str,
    value: f64,
}

/// The least of each.
struct Figures(Vec<Figure>);

impl Figures {
    fn add(&mut self, name: String, unit: &'static str, value: f64) {
        match self.0.iter_mut().find(|figure| figure.name == name) {
            Some(figure) => figure.value = figure.value.min(value),
            None => self.0.push(Figure { name, unit, value }),
        }
    }
}

/// Gives the compressor of what is on the disk.
fn once(
    options: &Options,
    device: &Device,
    cause: Cause,
    way: Way,
    figures: &mut Figures,
) -> Outcome<String> {
    device.on()?;
    let data = options.kinds[0];
    let group = Cgroup::new("packed")?;
    group.enter()?;
    let cold = filled(data, "4k", options.mib)?;
    cold.page_out(cold.all())?;
    group.leave()?;
    // Those that do not shrink went to the disk at once.
    let whole = counter("physical_pages")?;
    let young = filled(data, "4k", YOUNG)?;
    young.page_out(young.all())?;
    let others = counter("physical_pages")? - whole;
    let compressor = compressor()?;

    let before = Counts::now()?;
    let all = cold_in_memory(&group)?;
    let own = match cause {
        Cause::Reclaim => by_reclaim(&group)?,
        Cause::Limit => by_limit(&group, all)?,
    };
    let gone = Counts::now()?.since(&before);
    let left = cold_in_memory(&group)?;
    ensure!(
        self::compressor()? == compressor,
        "the pool of the recompressor has gone"
    );
    let pages = gone.written_back as f64;
    let mut add = |figure: &str, unit, value| {
        figures.add(format!("{}: {figure}", cause.name()), unit, value);
    };
    add("written", INSTRUCTIONS, (own + gone.others) as f64 / pages);
    add("blocks written", "blocks/page", gone.blocks_written / pages);
    let of_others = gone.written_back.saturating_sub(all - left) as f64;
    add("younger pages written", "of pages", of_others / pages);
    add("memory freed", "pages/page", gone.pool / pages);
    add("left in memory", "of pages", left as f64 / all as f64);
    let (on_disk, slots) = (counter("physical_pages")?, counter("physical_slots")?);
    let slots_a_page = (slots - others) as f64 / (on_disk - others) as f64;
    add("space on the disk", "slots/page", slots_a_page);

    let before = Counts::now()?;
    let (pages, cost) = match way {
        Way::Swapoff => {
            let cost = Clock::Own.time("swapoff", || sys::swapoff(device.path()))?;
            (on_disk, cost)
        }
        _ => {
            let order = order(cold.pages(), way);
            let read = || order.iter().for_each(|i| cold.touch(*i..*i + 1));
            let cost = Clock::Own.time("reading", || {
                read();
                Ok(())
            })?;
            (cold.pages() as u64, cost)
        }
    };
    let back = Counts::now()?.since(&before);
    data.check(&cold, cold.all(), 0)?;
    data.check(&young, young.all(), 0)?;
    ensure!(counter("decompress_fail")? == 0, "a page was not read back");
    let mut add = |figure: &str, unit, value: f64| {
        let name = format!("{}: {}{figure}", cause.name(), way.name());
        figures.add(name, unit, value / pages as f64);
    };
    add("", INSTRUCTIONS, cost as f64);
    add("; requests", "requests/page", back.reads);
    add("; blocks", "blocks/page", back.blocks_read);

    drop((cold, young));
    if !matches!(way, Way::Swapoff) {
        sys::swapoff(device.path()).doing("swapoff")?;
    }
    sys::swapoff(ghost::DEVICE).doing("swapoff of the ghost")?;
    device.unmake()?;
    Ok(compressor)
}

/// The compressor of what goes to the disk. Waits for the pool of the recompressor, which
/// is made as the machine is idle.
fn compressor() -> Outcome<String> {
    if parameter("pack_writeback")? == "N" {
        return Ok("none".to_string());
    }
    let tight = !parameter("recompressor")?.is_empty();
    for _ in 0..1000 {
        let mut pools = pools::list()?.into_iter();
        if let Some(pool) = pools.find(|pool| if tight { pool.tight } else { pool.current }) {
            return Ok(pool.compressor);
        }
        sys::pause_ms(1000);
    }
    fail!(
        "there is no pool for the recompressor: {:?}",
        pools::list()?
    )
}

/// How many pages of the group are in the pools.
fn cold_in_memory(group: &Cgroup) -> Outcome<u64> {
    Ok(group.field("memory.stat", "zswapped")? / PAGE as u64)
}

/// Has the group's pages written to the disk. Gives what that took this process.
fn by_reclaim(group: &Cgroup) -> Outcome<u64> {
    let (all, mut cost) = (cold_in_memory(group)?, 0);
    for _ in 0..100 {
        let left = cold_in_memory(group)?;
        if left < all / FEW {
            settle()?;
            return Ok(cost);
        }
        let start = Clock::Own.now();
        group.try_reclaim(left as usize * PAGE)?;
        cost += Clock::Own.now() - start;
    }
    fail!("{} of {all} pages stay in memory", cold_in_memory(group)?)
}

/// Has the oldest pages written to the disk until few of the group's are left, or the
/// pools are below their limit. Others do that.
fn by_limit(group: &Cgroup, all: u64) -> Outcome<u64> {
    let limit = parameter("max_pool_percent")?;
    set_parameter("max_pool_percent", LIMIT)?;
    // A store looks at it.
    let one = filled(Data::Real, "4k", 1)?;
    one.try_page_out(0..1)?;
    let (mut last, mut since) = (0, Clock::All.now());
    while cold_in_memory(group)? >= all / FEW && Clock::All.now() - since < QUIET {
        let now = counter("written_back_pages")?;
        if now != last {
            (last, since) = (now, Clock::All.now());
        }
    }
    set_parameter("max_pool_percent", limit)?;
    settle()?;
    Ok(0)
}

/// Waits until nothing is on its way to the disk.
fn settle() -> Outcome {
    let (mut last, mut since) = ((0, 0), Clock::All.now());
    while last.1 > 0 || Clock::All.now() - since < QUIET {
        let writing = kernel::vmstat("nr_writeback")?;
        let now = (counter("written_back_pages")?, writing);
        if now != last {
            (last, since) = (now, Clock::All.now());
        }
    }
    Ok(())
}

fn order(pages: usize, way: Way) -> Vec<usize> {
    let mut order: Vec<usize> = (0..pages).collect();
    if matches!(way, Way::Random) {
        let mut random = Rng::new(1);
        for i in (1..pages).rev() {
            order.swap(i, random.below(i + 1));
        }
    }
    order
}

/// What was counted since the beginning.
struct Counts {
    /// Instructions of all processes but this one.
    others: u64,
    written_back: u64,
    /// Pages of memory that the pools have given back, below 0 for those they have.
    pool: f64,
    /// Of the disk.
    reads: f64,
    blocks_read: f64,
    blocks_written: f64,
}

impl Counts {
    fn now() -> Outcome<Self> {
        let stat = kernel::read("/sys/block/vda/stat")?;
        let mut words = stat.split_whitespace();
        let mut number = |skip: usize| -> Outcome<f64> {
            let word = words.nth(skip).unwrap_or("");
            word.parse().doing("/sys/block/vda/stat")
        };
        const SECTORS: f64 = (PAGE / 512) as f64;
        Ok(Self {
            reads: number(0)?,
            blocks_read: number(1)? / SECTORS,
            blocks_written: number(3)? / SECTORS,
            pool: -(counter("pool_total_size")? as f64) / PAGE as f64,
            written_back: counter("written_back_pages")?,
            others: others()?,
        })
    }

    fn since(self, before: &Self) -> Self {
        Self {
            reads: self.reads - before.reads,
            blocks_read: self.blocks_read - before.blocks_read,
            blocks_written: self.blocks_written - before.blocks_written,
            pool: self.pool - before.pool,
            written_back: self.written_back - before.written_back,
            others: self.others - before.others,
        }
    }
}

/// What all processes but this one have taken, those of the kernel above all.
fn others() -> Outcome<u64> {
    let own = std::process::id();
    let mut sum = 0;
    for entry in std::fs::read_dir("/proc").doing("/proc")?.flatten() {
        let name = entry.file_name();
        match name.to_str().and_then(|name| name.parse().ok()) {
            Some(process) if process != own => sum += Clock::Of(process).now(),
            _ => (),
        }
    }
    Ok(sum)
}
