// SPDX-License-Identifier: GPL-2.0
//! Counts what a page costs on its way out, in, and when it is given up, on a
//! swap device. In a guest that counts instructions (scripts/guest --icount) a
//! nanosecond is an instruction.
//!
//! A line for each run: device, kind, order, MiB, run, and a page's share of
//! out, in and free; with --fork of munmap in a child that was forked with the
//! pages out, with --swapoff of swapoff, too.

use selftests::data::Kind;
use selftests::ghost;
use selftests::mapping::Mapping;
use selftests::outcome::{Doing, Outcome, Stop};
use selftests::worker::{Board, Worker};
use selftests::{ensure, fail, kernel, sys, PAGE};
use std::process::Command;

const USAGE: &str = "usage: measure [OPTION]...
  --setup DEVICE  turn a device on before: vswap, zram, zswap (over brd) or brd
  --mb N          MiB of data (48)
  --kind KIND     real, incompressible, zero or same (real)
  --order SIZE    4k or 64k: size of the folios (4k)
  --shmem         shared memory instead of private
  --runs N        runs (2; the first one pays for what is set up once)
  --mapped N      MiB of zero pages that are mapped beside the data
  --parameters P  parameters of the module
  --fork          measure munmap in a forked child
  --swapoff       measure swapoff";

struct Options {
    setup: Option<String>,
    mib: usize,
    kind: String,
    order: String,
    shmem: bool,
    runs: usize,
    mapped: usize,
    parameters: String,
    fork: bool,
    swapoff: bool,
}

fn main() {
    if let Err(error) = options().and_then(|options| run(&options)) {
        eprintln!("measure: {error}");
        std::process::exit(1);
    }
}

fn options() -> Outcome<Options> {
    let mut options = Options {
        setup: None,
        mib: 48,
        kind: "real".to_string(),
        order: "4k".to_string(),
        shmem: false,
        runs: 2,
        mapped: 0,
        parameters: "size=4G".to_string(),
        fork: false,
        swapoff: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || {
            words
                .next()
                .ok_or_else(|| Stop::Fail(format!("{word} needs a value")))
        };
        let number = |text: String| text.parse().doing(format_args!("{text} is no number"));
        match &word[..] {
            "--setup" => options.setup = Some(value()?),
            "--mb" => options.mib = number(value()?)?,
            "--kind" => options.kind = value()?,
            "--order" => options.order = value()?,
            "--shmem" => options.shmem = true,
            "--runs" => options.runs = number(value()?)?,
            "--mapped" => options.mapped = number(value()?)?,
            "--parameters" => options.parameters = value()?,
            "--fork" => options.fork = true,
            "--swapoff" => options.swapoff = true,
            _ => fail!("'{word}' is no option\n{USAGE}"),
        }
    }
    Ok(options)
}

fn run(options: &Options) -> Outcome {
    let kind = match &options.kind[..] {
        "real" => Kind::Blend,
        "incompressible" => Kind::Random,
        "zero" => Kind::Zero,
        "same" => Kind::Word(0x5a5a_5a5a),
        other => fail!("'{other}' is no kind of data\n{USAGE}"),
    };
    let large = match &options.order[..] {
        "4k" => false,
        "64k" => true,
        other => fail!("'{other}' is no size of folios\n{USAGE}"),
    };
    if large && options.shmem {
        fail!("--order 64k is not for --shmem\n{USAGE}");
    }
    if large {
        kernel::write(
            "/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled",
            "always",
        )?;
    }
    if let Some(device) = &options.setup {
        set_up(device, options)?;
    }
    let [device] = &kernel::swaps()?[..] else {
        fail!("not just one swap device is on")
    };
    let name = options.setup.clone().unwrap_or_else(|| device.path.clone());
    let mapped = Mapping::private(options.mapped.max(1) * 256)?;
    if options.mapped > 0 {
        mapped.touch(mapped.all());
    }
    println!(
        "device,kind,order,mib,run,out,in,free{}{}",
        if options.fork { ",free_forked" } else { "" },
        if options.swapoff { ",swapoff" } else { "" }
    );
    for run in 1..=options.runs {
        let costs = costs(options, kind, large, &device.path)?;
        let costs: Vec<_> = costs.iter().map(u64::to_string).collect();
        println!(
            "{name},{},{},{},{run},{}",
            options.kind,
            options.order,
            options.mib,
            costs.join(",")
        );
    }
    Ok(())
}

/// Memory with data, in folios of one size.
fn filled(options: &Options, kind: Kind, large: bool) -> Outcome<Mapping> {
    let pages = options.mib * 256;
    let mut map = if options.shmem {
        Mapping::shared(pages)?
    } else if large {
        Mapping::aligned(pages, 16)?
    } else {
        Mapping::private(pages)?
    };
    map.fill(map.all(), kind, 1, 0);
    Ok(map)
}

/// Number of pages that are out.
fn out(options: &Options, map: &Mapping) -> Outcome<usize> {
    if options.shmem {
        map.absent(map.all())
    } else {
        map.out(map.all())
    }
}

/// Sends all pages out in one call; a few may have been in use.
fn page_out(options: &Options, map: &Mapping) -> Outcome<u64> {
    sys::drain_lru().doing("draining per-CPU batches of pages")?;
    let result = timed(map.pages(), || map.advise(map.all(), libc::MADV_PAGEOUT));
    let cost = result.doing("MADV_PAGEOUT")?;
    let out = out(options, map)?;
    ensure!(
        out >= map.pages() * 99 / 100,
        "only {out} of {} pages went out",
        map.pages()
    );
    Ok(cost)
}

fn costs(options: &Options, kind: Kind, large: bool, device: &str) -> Outcome<Vec<u64>> {
    let map = filled(options, kind, large)?;
    let pages = map.pages();
    let cost = page_out(options, &map)?;
    let back = timed(pages, || {
        map.touch(map.all());
        Ok(())
    });
    let back = back.doing("reading")?;
    ensure!(
        out(options, &map)? == 0,
        "pages are out after they were read"
    );
    map.check(map.all(), kind, 1, 0)?;
    page_out(options, &map)?;
    let mut costs = vec![cost, back];
    let forked = if options.fork {
        Some(free_forked(&map)?)
    } else {
        None
    };
    let free = timed(pages, || {
        drop(map);
        Ok(())
    });
    costs.push(free.doing("munmap")?);
    costs.extend(forked);
    if options.swapoff {
        let map = filled(options, kind, large)?;
        page_out(options, &map)?;
        costs.push(timed(pages, || sys::swapoff(device)).doing("swapoff")?);
        map.check(map.all(), kind, 1, 0)?;
        sys::swapon(device, None).doing("swapon")?;
    }
    Ok(costs)
}

/// munmap in a child that shares the pages with its parent.
fn free_forked(map: &Mapping) -> Outcome<u64> {
    let board = Board::new()?;
    Worker::start(|| {
        let cost = timed(map.pages(), || {
            map.unmap(map.all())
                .map_err(|e| std::io::Error::other(e.to_string()))
        });
        board.set(0, cost.doing("munmap in a child")?);
        Ok(())
    })?
    .join()?;
    Ok(board.get(0))
}

/// Nanoseconds that a call takes, for each page.
fn timed(pages: usize, call: impl FnOnce() -> std::io::Result<()>) -> std::io::Result<u64> {
    let start = now();
    call()?;
    Ok((now() - start) / pages as u64)
}

fn now() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` outlives the call.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

fn set_up(device: &str, options: &Options) -> Outcome {
    let bytes = 2 * options.mib * 256 * PAGE;
    let zswap = if device == "zswap" { "Y" } else { "" };
    match device {
        "vswap" => {
            ghost::insmod(&options.parameters).doing("insmod")?;
            sys::swapon(ghost::DEVICE, None).doing("swapon")
        }
        "zram" => command(&format!(
            "modprobe zram num_devices=1 && echo lz4 >/sys/block/zram0/comp_algorithm &&
                 echo {bytes} >/sys/block/zram0/disksize && mkswap /dev/zram0 && swapon /dev/zram0"
        )),
        "brd" | "zswap" => {
            if !zswap.is_empty() {
                kernel::write("/sys/module/zswap/parameters/compressor", "lz4")?;
                kernel::write("/sys/module/zswap/parameters/enabled", zswap)?;
            }
            command(&format!(
                "modprobe brd rd_nr=1 rd_size={} && mkswap /dev/ram0 && swapon /dev/ram0",
                bytes / 1024
            ))
        }
        other => fail!("'{other}' is no device that measure can set up\n{USAGE}"),
    }
}

fn command(text: &str) -> Outcome {
    let output = Command::new("sh").args(["-c", text]).output().doing("sh")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{text}: {}, {said}", output.status);
    Ok(())
}
