// SPDX-License-Identifier: GPL-2.0
//! Each figure of `vswapctl status` is the kernel's, under load too: as JSON, in the table, and as rates.
//! It is run by nobody, who may read all of it.

use crate::data::Kind;
use crate::disk::{remove_ram, Disk};
use crate::ghost::{set_parameter, Ghost};
use crate::harness::Env;
use crate::kernel::{self, vmstat};
use crate::mapping::Mapping;
use crate::outcome::{Outcome, Stop};
use crate::sysfs::{self, number};
use crate::vswapctl::{in_terminal, json, prints, run as vswapctl};
use crate::worker::{Board, Worker};
use crate::{sys, PAGE};
use serde_json::{json, Value};
use std::collections::BTreeMap;

const OWNER: u32 = 410;
const PART: usize = 1024;

/// See above.
pub fn run(_: &Env) -> Outcome {
    let output = vswapctl(&["status"])?;
    ensure!(
        !output.status.success(),
        "status ends well without the module"
    );
    kernel::write("/proc/sys/vm/page-cluster", 0)?;
    let ghost = Ghost::start("shrinker_enabled=N")?;
    agree()?;
    let disk = Disk::new()?;
    disk.on()?;
    agree()?;
    all_tiers()?;
    under_load()?;
    checks()?;
    agree()?;
    disk.off()?;
    agree()?;
    ghost.stop()?;
    remove_ram()
}

/// What the kernel says.
#[derive(Debug, PartialEq)]
struct Kernel {
    files: BTreeMap<String, String>,
    swaps: Vec<(String, u64, u64, i64)>,
}

impl Kernel {
    fn read() -> Outcome<Self> {
        let directory = std::path::Path::new(sysfs::DIRECTORY);
        let mut files = BTreeMap::new();
        for file in sysfs::files()? {
            let name = file.path.strip_prefix(directory).unwrap_or(&file.path);
            if let Some(text) = sysfs::text_if_there(&file.path)? {
                files.insert(name.display().to_string(), text);
            }
        }
        let lines = kernel::swaps()?.into_iter();
        Ok(Self {
            files,
            swaps: lines
                .map(|line| (line.path, line.size << 10, line.used << 10, line.priority))
                .collect(),
        })
    }

    fn text(&self, file: &str) -> Outcome<&str> {
        match self.files.get(file) {
            Some(text) => Ok(text),
            None => fail!("there is no {file}"),
        }
    }

    fn number(&self, file: &str) -> Outcome<u64> {
        match self.text(file)?.parse() {
            Ok(number) => Ok(number),
            Err(e) => fail!("{file}: {e}"),
        }
    }
}

/// Compares all of it at a moment when the kernel says the same before and after.
fn agree() -> Outcome {
    for _ in 0..100 {
        let before = Kernel::read()?;
        let status = json(&["status", "--json", "--bytes"])?;
        let table = prints(&["status", "--bytes", "--noheadings"])?;
        if Kernel::read()? == before {
            compare(&before, &status)?;
            return compare_table(&status, &table);
        }
        sys::pause_ms(20);
    }
    fail!("the kernel's figures change all the time, and nothing is swapped")
}

fn compare(kernel: &Kernel, status: &Value) -> Outcome {
    // Each file is there, by its name, and no other.
    let mut stats = serde_json::Map::new();
    for name in kernel.files.keys() {
        if let Some(stat) = name.strip_prefix("stats/") {
            stats.insert(stat.to_string(), json!(kernel.number(name)?));
        }
    }
    ensure_eq!(status["counters"], Value::Object(stats), "counters");

    let rows = status["tiers"].as_array().cloned().unwrap_or_default();
    let same = kernel.number("stats/same_filled_pages")?;
    row(&rows[0], "same-filled", same, same * PAGE as u64, 0, 0)?;
    let mut left = rows[1..].iter();
    let (mut on_disks, mut bytes_on_disks) = (0, 0);
    for pool in sysfs::numbers("pool")? {
        let (name, of) = (format!("pool{pool}"), |file: &str| {
            kernel.number(&format!("pool{pool}/{file}"))
        });
        let is = left.next().unwrap_or(&Value::Null);
        row(
            is,
            &name,
            of("stored_pages")?,
            of("original_bytes")?,
            of("compressed_bytes")?,
            of("pool_total_size")?,
        )?;
        let compressor = kernel.text(&format!("{name}/compressor"))?;
        ensure_eq!(is["compressor"], json!(compressor), "compressor of {name}");
        ensure_eq!(
            is["in_use"],
            json!(of("current")? == 1),
            "whether {name} is in use"
        );
    }
    for tier in sysfs::numbers("tier")? {
        let (name, of) = (format!("tier{tier}"), |file: &str| {
            kernel.number(&format!("tier{tier}/{file}"))
        });
        let is = left.next().unwrap_or(&Value::Null);
        let (pages, bytes) = (of("stored_pages")?, of("compressed_bytes")?);
        row(is, &name, pages, of("original_bytes")?, bytes, 0)?;
        if let Ok(device) = kernel.text(&format!("{name}/device")) {
            let swap = kernel.swaps.iter().find(|swap| swap.0 == device);
            ensure_eq!(
                is["size_bytes"],
                json!(swap.map(|swap| swap.1)),
                "size of {name}"
            );
            ensure_eq!(
                is["device"],
                json!(swap.map(|swap| &swap.0)),
                "device of {name}"
            );
        }
        on_disks += pages;
        bytes_on_disks += bytes;
    }
    ensure_eq!(
        on_disks,
        kernel.number("stats/physical_pages")?,
        "pages on all disks"
    );
    // What is left has no directory: disks without a page.
    for is in left {
        row(is, "tier", 0, 0, 0, 0)?;
    }

    let stored = kernel.number("stats/stored_pages")?;
    row(
        &status["total"],
        "total",
        stored,
        stored * PAGE as u64,
        kernel.number("stats/compressed_bytes")? + bytes_on_disks,
        kernel.number("stats/pool_total_size")? + kernel.number("stats/metadata_size")?,
    )?;
    let ghost = kernel
        .swaps
        .iter()
        .find(|swap| swap.0.ends_with("ghostswap"));
    let Some((path, size, used, priority)) = ghost else {
        fail!("the ghost is off");
    };
    let wanted =
        json!({"device": path, "size_bytes": size, "used_bytes": used, "priority": priority});
    ensure_eq!(status["ghost"], wanted, "the ghost");
    Ok(())
}

/// A line: what the kernel has, and what follows from that.
fn row(is: &Value, name: &str, pages: u64, original: u64, compressed: u64, memory: u64) -> Outcome {
    let wanted = [
        ("tier", json!(name)),
        ("stored_pages", json!(pages)),
        ("original_bytes", json!(original)),
        ("compressed_bytes", json!(compressed)),
        ("memory_bytes", json!(memory)),
        ("ram_saved_bytes", json!(original as i64 - memory as i64)),
    ];
    for (field, wanted) in wanted {
        ensure_eq!(is[field], wanted, "{field} of {name}");
    }
    let ratio = (compressed > 0).then(|| original as f64 / compressed as f64);
    ensure_eq!(is["ratio"].as_f64(), ratio, "ratio of {name}");
    Ok(())
}

/// The table has what JSON has.
fn compare_table(status: &Value, table: &str) -> Outcome {
    let rows = status["tiers"].as_array().into_iter().flatten();
    let rows: Vec<_> = rows.chain([&status["total"]]).collect();
    ensure_eq!(table.lines().count(), rows.len(), "lines of: {table}");
    for (line, row) in table.lines().zip(rows) {
        let words: Vec<_> = line.split_whitespace().collect();
        let [tier, _, size, stored, original, compressed, memory, ratio, saved, ..] = words[..]
        else {
            fail!("a line of another form: {line}");
        };
        let text = |field: &str| match &row[field] {
            Value::Null => "-".to_string(),
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        for (is, field) in [
            (tier, "tier"),
            (size, "size_bytes"),
            (stored, "stored_pages"),
            (original, "original_bytes"),
            (compressed, "compressed_bytes"),
            (memory, "memory_bytes"),
            (saved, "ram_saved_bytes"),
        ] {
            ensure_eq!(is, text(field), "{field} in the table, in line '{line}'");
        }
        let wanted = row["ratio"].as_f64();
        let wanted = wanted.map_or("-".to_string(), |ratio| format!("{ratio:.2}"));
        ensure_eq!(ratio, wanted, "ratio in the table, in line '{line}'");
    }
    Ok(())
}

/// Pages in two pools, of one word, and on a disk: at once and written back.
fn all_tiers() -> Outcome {
    let mut kinds = Vec::new();
    for (i, (kind, compressor)) in [
        (Kind::Real, "lz4"),
        (Kind::Heap, "zstd"),
        (Kind::Same, "zstd"),
        (Kind::Random, "zstd"),
    ]
    .into_iter()
    .enumerate()
    {
        set_parameter("compressor", compressor)?;
        let mut map = Mapping::private(PART)?;
        map.fill(map.all(), kind, OWNER, i as u32);
        map.try_page_out(map.all())?;
        kinds.push((kind, map));
        agree()?;
    }
    set_parameter("max_pool_percent", 0)?;
    let mut more = Mapping::private(1)?;
    more.fill(more.all(), Kind::Real, OWNER, 9);
    more.try_page_out(more.all())?;
    for _ in 0..200 {
        if number("stats/written_back_pages")? > 0 {
            break;
        }
        sys::pause_ms(50);
    }
    set_parameter("max_pool_percent", "auto")?;
    agree()?;
    let status = json(&["status", "--json"])?;
    for (what, value) in [
        ("same-filled pages", &status["tiers"][0]["stored_pages"]),
        ("pages on the disk", &status["counters"]["physical_pages"]),
        (
            "pages written back",
            &status["counters"]["written_back_pages"],
        ),
    ] {
        ensure!(value.as_u64() > Some(0), "{what}: {value}");
    }
    for (i, (kind, map)) in kinds.iter().enumerate() {
        map.check(map.all(), *kind, OWNER, i as u32)?;
    }
    more.check(more.all(), Kind::Real, OWNER, 9)?;
    agree()
}

/// Somebody swaps all the time. What only grows is between what it was before and after; where the load
/// is halted for a moment, everything is exact.
fn under_load() -> Outcome {
    let board = Board::new()?;
    let worker = Worker::start(|| {
        let mut map = Mapping::private(4 * PART)?;
        let mut generation = 0;
        while board.get(1) == 0 {
            map.fill(map.all(), Kind::Mixed, OWNER, generation);
            map.try_page_out(map.all())?;
            map.check(map.all(), Kind::Mixed, OWNER, generation)?;
            generation += 1;
            board.step(0);
        }
        Ok(())
    })?;
    let workers = [worker];
    board.wait_for(0, 1, &workers)?;
    for round in 0..5 {
        grows()?;
        workers[0].signal(libc::SIGSTOP);
        let result = agree();
        workers[0].signal(libc::SIGCONT);
        result?;
        // Another moment of what it does.
        sys::pause_ms(37 * (round + 1));
    }
    // On a slow machine it may not get to swapping in a second, so it is given more of them.
    let mut moved = [0, 0];
    for _ in 0..100 {
        let [out, back] = rates()?;
        moved = [moved[0] + out, moved[1] + back];
        if moved[0] > 0 && moved[1] > 0 {
            break;
        }
    }
    println!(
        "# {} rounds of load, {moved:?} pages out and in by the rates",
        board.get(0)
    );
    ensure!(moved[0] > 0 && moved[1] > 0, "rates of nothing: {moved:?}");
    board.set(1, 1);
    workers.into_iter().try_for_each(Worker::join)
}

/// Counters, read while they grow.
fn grows() -> Outcome {
    const GROWING: [&str; 11] = [
        "written_back_pages",
        "evacuated_pages",
        "recompressed_pages",
        "recompress_saved_bytes",
        "recompress_rejected",
        "recompress_cpu_usec",
        "pool_limit_hit",
        "reject_compress_fail",
        "reject_alloc_fail",
        "reject_incompressible",
        "decompress_fail",
    ];
    let read = || -> Outcome<Vec<u64>> {
        let of = |name: &&str| number(&format!("stats/{name}"));
        GROWING.iter().map(of).collect()
    };
    let before = read()?;
    let status = json(&["status", "--json"])?;
    let after = read()?;
    for (i, name) in GROWING.iter().enumerate() {
        let is = status["counters"][name].as_u64().unwrap_or(u64::MAX);
        ensure!(
            (before[i]..=after[i]).contains(&is),
            "{name}: {is}, which was {} before and {} after",
            before[i],
            after[i]
        );
    }
    Ok(())
}

/// Rates are not more than was moved around the time in which they were measured. Gives how many pages
/// went out and came in by them.
fn rates() -> Outcome<[u64; 2]> {
    let counts = || -> Outcome<[u64; 2]> {
        Ok([
            vmstat("zswpout")? + vmstat("swpout_zero")?,
            vmstat("zswpin")? + vmstat("swpin_zero")?,
        ])
    };
    let before = counts()?;
    let status = json(&["status", "--json", "--interval", "1"])?;
    let after = counts()?;
    let rates = &status["rates"];
    ensure_eq!(rates["since_boot"], json!(false), "since_boot");
    let seconds = rates["over_seconds"].as_f64().unwrap_or(0.0);
    let mut moved = [0; 2];
    for (i, name) in ["out_bytes_per_second", "in_bytes_per_second"]
        .iter()
        .enumerate()
    {
        let rate = rates[name].as_f64().unwrap_or(f64::NAN);
        moved[i] = (rate * seconds / PAGE as f64).round() as u64;
        let most = after[i] - before[i];
        ensure!(
            rate >= 0.0 && moved[i] <= most,
            "{name}: {rate} over {seconds} s are {} pages, of {most} at most",
            moved[i]
        );
    }
    Ok(moved)
}

/// The other commands, on a machine that is well.
fn checks() -> Outcome {
    let report = vswapctl(&["check", "--json"])?;
    let report: Value = match serde_json::from_slice(&report.stdout) {
        Ok(report) => report,
        Err(e) => fail!("check --json: {e}"),
    };
    ensure_eq!(report["well"], json!(true), "well, in {report:#}");
    let level = |name: &str| {
        let findings = report["findings"].as_array().into_iter().flatten();
        let mut named = findings.filter(|finding| finding["name"] == name);
        named.next().map(|finding| finding["level"].clone())
    };
    for name in [
        "kernel", "module", "version", "ghost", "priority", "health", "zram",
    ] {
        ensure_eq!(level(name), Some(json!("ok")), "{name}, in {report:#}");
    }
    let screen = prints(&["top", "--once", "--interval", "0.2"])?;
    ensure_eq!(screen.lines().count(), 24, "lines of a screen");
    let total = screen.lines().find(|line| line.starts_with("total "));
    let on = total.is_some_and(|line| line.contains("/dev/ghostswap"));
    ensure!(on, "no ghost on the screen:\n{screen}");
    // In a terminal, which is as before when it ends.
    let wrote = in_terminal("top --interval 0.5", 'q')?;
    for wanted in ["\x1b[?1049h", "/dev/ghostswap", "q quit", "\x1b[?1049l"] {
        ensure!(wrote.contains(wanted), "no {wanted:?} in {wrote:?}");
    }
    let metrics = prints(&["status", "--metrics"])?;
    let is_on = metrics.lines().any(|line| line == "vswap_ghost_on 1");
    ensure!(is_on, "no ghost in the metrics:\n{metrics}");
    let refused = vswapctl(&["migrate", "zram", "--apply"])?;
    match String::from_utf8_lossy(&refused.stderr) {
        said if !refused.status.success() && said.contains("only root") => Ok(()),
        said => Err(Stop::Fail(format!("nobody may migrate: {said}"))),
    }
}
