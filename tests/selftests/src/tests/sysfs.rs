// SPDX-License-Identifier: GPL-2.0
//! Statistics in sysfs: those documented are there and no others, anyone may read them, and they are
//! true: of the ghost, of each pool, of each disk below. Files may be open when the module goes.

use crate::data::Kind;
use crate::disk::{remove_ram, Disk};
use crate::ghost::{counter, insmod, parameter, set_parameter, Ghost, MODULE};
use crate::harness::Env;
use crate::kernel::{self, SwapLine};
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::sys::{self, expect_errno};
use crate::sysfs::{self, number, numbers, sum};
use crate::worker::{Board, Worker};
use crate::{pools, PAGE};
use std::fs::File;
use std::io::{Read, Seek};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

const OWNER: u32 = 310;
/// What all of debugfs's files are called that have one number.
const IN_DEBUGFS: [&str; 20] = [
    "stored_pages",
    "same_filled_pages",
    "compressed_pages",
    "incompressible_pages",
    "physical_pages",
    "packed_pages",
    "compacted_pages",
    "physical_slots",
    "pool_total_size",
    "metadata_size",
    "written_back_pages",
    "evacuated_pages",
    "recompressed_pages",
    "recompress_saved_bytes",
    "recompress_rejected",
    "recompress_cpu_usec",
    "pool_limit_hit",
    "reject_compress_fail",
    "reject_alloc_fail",
    "decompress_fail",
];

/// See above.
pub fn run(env: &Env) -> Outcome {
    kernel::write("/proc/sys/vm/page-cluster", 0)?;
    let ghost = Ghost::start("shrinker_enabled=N")?;
    one_pool(env)?;
    two_pools(env)?;
    ghost.stop()?;

    let ghost = Ghost::start("shrinker_enabled=N")?;
    two_disks(env, ghost)?;
    open_files()?;
    readers(env)
}

/// All is as at rest, and nothing is in a pool.
fn ensure_nothing() -> Outcome {
    agree()?;
    for file in ["stored_pages", "original_bytes", "compressed_bytes"] {
        ensure_eq!(number(&format!("stats/{file}"))?, 0, "stats/{file}");
        ensure_eq!(sum("pool", file)?, 0, "{file} of all pools");
        ensure_eq!(sum("tier", file)?, 0, "{file} of all tiers");
    }
    Ok(())
}

/// Each file agrees with debugfs and with the others. Read when nothing changes: it may be that the
/// process that reads needs a page of its own that is out.
fn agree() -> Outcome {
    let mut result = agree_now();
    for _ in 0..100 {
        if result.is_ok() {
            break;
        }
        sys::pause_ms(10);
        result = agree_now();
    }
    result
}

fn agree_now() -> Outcome {
    for name in IN_DEBUGFS {
        ensure_eq!(number(&format!("stats/{name}"))?, counter(name)?, "{name}");
    }
    let stats = |name: &str| number(&format!("stats/{name}"));
    for name in ["original_bytes", "compressed_bytes", "pool_total_size"] {
        ensure_eq!(sum("pool", name)?, stats(name)?, "{name} of all pools");
    }
    let in_pools = stats("compressed_pages")? + stats("incompressible_pages")?;
    ensure_eq!(sum("pool", "stored_pages")?, in_pools, "pages in all pools");
    let on_tiers = sum("tier", "stored_pages")?;
    ensure_eq!(on_tiers, stats("physical_pages")?, "pages on all tiers");
    let (packed, slots) = (stats("packed_pages")?, stats("physical_slots")?);
    ensure!(
        packed <= on_tiers && slots <= on_tiers && slots >= on_tiers - packed,
        "{on_tiers} pages are in {slots} slots, {packed} of them in blocks"
    );
    let kinds = stats("same_filled_pages")? + in_pools + on_tiers;
    ensure_eq!(kinds, stats("stored_pages")?, "pages of all kinds");

    let listed = pools::list()?;
    ensure_eq!(
        numbers("pool")?,
        listed.iter().map(|pool| pool.number).collect::<Vec<_>>(),
        "pools"
    );
    for pool in listed {
        let of = |name: &str| format!("pool{}/{name}", pool.number);
        ensure_eq!(
            sysfs::text(&of("compressor"))?,
            pool.compressor,
            "{}",
            of("compressor")
        );
        ensure_eq!(
            number(&of("current"))?,
            u64::from(pool.current),
            "{}",
            of("current")
        );
        let (pages, original, compressed) = bytes_of(&format!("pool{}", pool.number))?;
        let takes = number(&of("pool_total_size"))?;
        ensure_eq!(takes, (pool.pages * PAGE) as u64, "pool_total_size");
        ensure!(
            compressed <= original && compressed <= takes && (compressed > 0) == (pages > 0),
            "pool{}: {compressed} of {original} bytes are in {takes}",
            pool.number
        );
    }
    for tier in numbers("tier")? {
        let (_, original, compressed) = bytes_of(&format!("tier{tier}"))?;
        ensure_eq!(compressed, original, "bytes on tier{tier}");
    }
    Ok(())
}

/// Pages, and their bytes before and after, of a pool or tier.
fn bytes_of(directory: &str) -> Outcome<(u64, u64, u64)> {
    let of = |name: &str| number(&format!("{directory}/{name}"));
    let (pages, original) = (of("stored_pages")?, of("original_bytes")?);
    ensure_eq!(original, pages * PAGE as u64, "bytes of {directory}");
    Ok((pages, original, of("compressed_bytes")?))
}

/// Every documented file of these directories is there and no other; anyone may read them.
fn documented(kinds: &[&str]) -> Outcome {
    let wanted = sysfs::documented()?;
    let files = sysfs::files()?;
    for file in &files {
        ensure!(
            wanted.contains(&file.form),
            "{} is not documented",
            file.path.display()
        );
        let meta = std::fs::metadata(&file.path).doing(file.path.display())?;
        ensure_eq!(
            meta.mode() & 0o7777,
            0o444,
            "mode of {}",
            file.path.display()
        );
    }
    for directory in sysfs::directories()? {
        let kind = directory.trim_end_matches(|c: char| c.is_ascii_digit());
        ensure!(kinds.contains(&kind), "there is a directory {directory}");
        let prefix = match kind {
            "stats" => "stats/".to_string(),
            _ => format!("{kind}<N>/"),
        };
        let documented = wanted.iter().filter(|form| form.starts_with(&prefix));
        let there = files
            .iter()
            .filter(|file| file.path.parent().is_some_and(|d| d.ends_with(&directory)));
        ensure_eq!(there.count(), documented.count(), "files in {directory}");
    }
    for kind in kinds {
        let found = files.iter().any(|file| file.form.starts_with(kind));
        ensure!(found, "there is no directory {kind}");
    }
    Worker::start(|| {
        // SAFETY: Plain system calls.
        let result = unsafe {
            libc::setgroups(0, std::ptr::null()) | libc::setgid(65534) | libc::setuid(65534)
        };
        sys::check(result.into()).doing("becoming nobody")?;
        for file in &files {
            one_value(&file.path)?;
            expect_errno(
                File::options().write(true).open(&file.path),
                &[libc::EACCES],
                "opening a file for writing as nobody",
            )?;
        }
        Ok(())
    })?
    .join()
}

/// A file has one value and a newline.
fn one_value(path: &Path) -> Outcome {
    let text = std::fs::read_to_string(path).doing(path.display())?;
    let value = text.strip_suffix('\n').unwrap_or_default();
    let good = if path.ends_with("compressor") || path.ends_with("device") {
        !value.is_empty() && !value.contains(char::is_whitespace)
    } else {
        value.parse::<u64>().is_ok()
    };
    ensure!(good, "{} has {text:?}", path.display());
    Ok(())
}

/// Pages of each kind come and go.
fn one_pool(env: &Env) -> Outcome {
    sysfs::ensure_device()?;
    documented(&["stats", "pool"])?;
    ensure_nothing()?;
    let part = env.count(1024, 128);

    // Bytes that no compressor makes smaller are kept as they are: of these the length is known.
    let mut random = Mapping::private(part)?;
    random.fill(random.all(), Kind::Random, OWNER, 0);
    random.page_out(random.all())?;
    let whole = (part * PAGE) as u64;
    agree()?;
    ensure_eq!(
        bytes_of("pool0")?,
        (part as u64, whole, whole),
        "random pages in pool0"
    );

    let mut real = Mapping::private(part)?;
    real.fill(real.all(), Kind::Real, OWNER, 1);
    real.page_out(real.all())?;
    agree()?;
    let (pages, original, compressed) = bytes_of("pool0")?;
    ensure_eq!(pages, 2 * part as u64, "pages in pool0");
    let shrunk = compressed - whole;
    println!("# {shrunk} bytes of {whole} of real data");
    ensure!(
        shrunk > 0 && shrunk < whole * 3 / 4,
        "real data: {shrunk} bytes of {whole}"
    );

    // What is same-filled is in no pool.
    let mut same = Mapping::private(part)?;
    same.fill(same.all(), Kind::Same, OWNER, 2);
    same.page_out(same.all())?;
    agree()?;
    ensure_eq!(
        bytes_of("pool0")?,
        (pages, original, compressed),
        "pool0 after same-filled pages"
    );
    ensure_eq!(
        number("stats/stored_pages")?,
        3 * part as u64,
        "stats/stored_pages"
    );

    // One by one, and in long ranges.
    random.check(random.all(), Kind::Random, OWNER, 0)?;
    real.check(real.all(), Kind::Real, OWNER, 1)?;
    real.page_out(real.all())?;
    agree()?;
    for page in (0..part).step_by(2) {
        real.advise(page..page + 1, libc::MADV_DONTNEED)
            .doing("MADV_DONTNEED")?;
    }
    drop(random);
    agree()?;
    let (_, _, half) = bytes_of("pool0")?;
    ensure!(
        half > 0 && half < shrunk,
        "{half} bytes are left of {shrunk}"
    );
    drop((real, same));
    ensure_nothing()
}

/// Neighbouring pages are in two pools.
fn two_pools(env: &Env) -> Outcome {
    let part = env.count(1024, 128);
    let mut map = Mapping::private(part)?;
    map.fill(map.all(), Kind::Real, OWNER, 3);
    let page_out = |first: usize| {
        (first..part)
            .step_by(2)
            .try_for_each(|page| map.page_out(page..page + 1))
    };
    page_out(0)?;
    let of_lz4 = bytes_of("pool0")?;
    ensure_eq!(of_lz4.0, part as u64 / 2, "pages in pool0");
    set_parameter("compressor", "zstd")?;
    ensure_eq!(numbers("pool")?, [0, 1], "pools after a change");
    documented(&["stats", "pool"])?;
    page_out(1)?;
    agree()?;
    ensure_eq!(bytes_of("pool0")?, of_lz4, "the old pool");
    ensure_eq!(bytes_of("pool1")?.0, part as u64 / 2, "pages in pool1");
    ensure_eq!(sysfs::text("pool1/compressor")?, "zstd", "compressor");

    // Read, written anew, and out: those of one pool go to the other.
    map.check(map.all(), Kind::Real, OWNER, 3)?;
    map.fill(0..part / 2, Kind::Real, OWNER, 4);
    map.page_out(map.all())?;
    agree()?;
    ensure_eq!(sum("pool", "stored_pages")?, part as u64, "pages in pools");
    map.check(0..part / 2, Kind::Real, OWNER, 4)?;
    map.check(part / 2..part, Kind::Real, OWNER, 3)?;
    map.page_out(map.all())?;
    drop(map);
    agree()?;
    ensure_eq!(sum("pool", "compressed_bytes")?, 0, "bytes in pools");
    pools::until_idle()?;
    // It goes when the pool has gone.
    for _ in 0..200 {
        if numbers("pool")? == [1] {
            break;
        }
        sys::pause_ms(50);
    }
    ensure_eq!(numbers("pool")?, [1], "pools after the old one has gone");
    ensure_nothing()
}

/// What is on each disk is told apart.
fn two_disks(env: &Env, ghost: Ghost) -> Outcome {
    // Room for some clusters only, so that the rest goes to the other.
    let part = env.count(1024, 512);
    let (first, second) = (Disk::new()?, Disk::second()?);
    first.shrink(part * PAGE)?;
    first.on()?;
    ensure!(numbers("tier")?.is_empty(), "tiers before the first page");
    let on_disks = || -> Outcome {
        agree()?;
        for tier in numbers("tier")? {
            let line = line_of(tier)?;
            let (pages, ..) = bytes_of(&format!("tier{tier}"))?;
            ensure_eq!(pages, line.used / 4, "pages on {}", line.path);
            ensure_eq!(device(tier)?, line.path, "tier{tier}/device");
        }
        ensure_eq!(
            number("stats/physical_pages")?,
            first.used()? + second.used()?,
            "pages on disks"
        );
        Ok(())
    };

    // What does not fit on the first, or does not come to it, is on the second.
    let mut random = Mapping::private(2 * part)?;
    random.fill(random.all(), Kind::Random, OWNER, 5);
    random.page_out(0..part / 2)?;
    wait_for_tiers(1)?;
    ensure_eq!(numbers("tier")?, [1], "tiers");
    on_disks()?;
    second.on()?;
    random.page_out(part / 2..2 * part)?;
    wait_for_tiers(2)?;
    ensure_eq!(numbers("tier")?, [1, 2], "tiers");
    documented(&["stats", "pool", "tier"])?;
    on_disks()?;
    for disk in [&first, &second] {
        println!("# {} pages on {}", disk.used()?, disk.path());
        ensure!(
            disk.used()? >= part as u64 / 2,
            "{} pages on {}",
            disk.used()?,
            disk.path()
        );
    }
    ensure_eq!(
        number("stats/physical_pages")?,
        2 * part as u64,
        "stats/physical_pages"
    );
    random.check(random.all(), Kind::Random, OWNER, 5)?;
    drop(random);
    agree()?;
    ensure_eq!(number("stats/physical_pages")?, 0, "physical_pages");

    // From a pool: with no room for any page, all of them go.
    let mut real = Mapping::private(part / 2)?;
    real.fill(real.all(), Kind::Real, OWNER, 6);
    real.page_out(real.all())?;
    let (pages, _, before) = bytes_of("pool0")?;
    let percent = parameter("max_pool_percent")?;
    set_parameter("max_pool_percent", 0)?;
    let mut more = Mapping::private(1)?;
    more.fill(more.all(), Kind::Real, OWNER, 7);
    more.try_page_out(more.all())?;
    for _ in 0..200 {
        if number("stats/written_back_pages")? >= pages {
            break;
        }
        sys::pause_ms(50);
    }
    set_parameter("max_pool_percent", percent)?;
    on_disks()?;
    let (left, _, bytes) = bytes_of("pool0")?;
    let written = number("stats/written_back_pages")?;
    println!(
        "# {written} pages of {pages} were written to disks; {bytes} bytes of {before} stayed"
    );
    ensure!(
        written > 0 && left + written >= pages && bytes < before,
        "{written} pages of {pages} were written, {left} are left"
    );
    ensure!(
        sum("tier", "stored_pages")? >= written,
        "{written} pages were written to disks, which have {} pages",
        sum("tier", "stored_pages")?
    );
    first.off()?;
    on_disks_after_off(&second)?;
    real.check(real.all(), Kind::Real, OWNER, 6)?;
    more.check(more.all(), Kind::Real, OWNER, 7)?;
    drop((real, more));
    ensure_nothing()?;
    second.off()?;
    ensure_nothing()?;
    ghost.stop()?;
    remove_ram()
}

/// The tier of a disk that is off has nothing; its directory stays.
fn on_disks_after_off(second: &Disk) -> Outcome {
    agree()?;
    ensure_eq!(numbers("tier")?, [1, 2], "tiers after swapoff of one");
    ensure_eq!(bytes_of("tier1")?, (0, 0, 0), "the tier that is off");
    ensure_eq!(device(1)?, "none", "device of the tier that is off");
    ensure_eq!(device(2)?, second.path(), "tier2/device");
    ensure_eq!(
        bytes_of("tier2")?.0,
        second.used()?,
        "pages on {}",
        second.path()
    );
    Ok(())
}

/// What sysfs calls the device of a tier.
fn device(tier: usize) -> Outcome<String> {
    kernel::read(format!("{}/tier{tier}/device", sysfs::DIRECTORY))
}

/// The line of /proc/swaps for a swap type, where all that ever were on are.
fn line_of(number: usize) -> Outcome<SwapLine> {
    let lines = kernel::swaps()?;
    match lines.get(number) {
        Some(line) => Ok(line.clone()),
        None => fail!("/proc/swaps has no line {number}, but {lines:?}"),
    }
}

/// The directories are made in a worker.
fn wait_for_tiers(count: usize) -> Outcome {
    for _ in 0..200 {
        if numbers("tier")?.len() >= count {
            return Ok(());
        }
        sys::pause_ms(50);
    }
    fail!("of {count} tiers there are {:?}", numbers("tier")?)
}

/// Open files do not keep the module; they show nothing of the next one.
fn open_files() -> Outcome {
    let ghost = Ghost::load("")?;
    let mut files = Vec::new();
    for file in sysfs::files()? {
        let mut open = File::open(&file.path).doing(file.path.display())?;
        let mut first = [0];
        open.read_exact(&mut first).doing(file.path.display())?;
        files.push((open, file.path));
    }
    ensure!(!files.is_empty(), "there are no files");
    ghost.unload()?;
    ensure!(
        !Path::new(sysfs::DIRECTORY).exists(),
        "{} is there after rmmod",
        sysfs::DIRECTORY
    );
    for loaded in [false, true] {
        if loaded {
            insmod("").doing("insmod while files of the last one are open")?;
        }
        for (open, path) in &mut files {
            let mut text = String::new();
            let again = open.rewind().and_then(|()| open.read_to_string(&mut text));
            let what = format!("reading {} of a module that is gone", path.display());
            expect_errno(again, &[libc::ENODEV], &what)?;
        }
    }
    documented(&["stats", "pool"])?;
    drop(files);
    sys::rmmod(MODULE).doing("rmmod")
}

/// Processes read all the time while pools and the module come and go.
fn readers(env: &Env) -> Outcome {
    let board = Board::new()?;
    let read = || {
        let mut reads = 0u64;
        while board.get(0) == 0 {
            // The directories change while they are listed.
            for file in sysfs::files().unwrap_or_default() {
                let mut text = String::new();
                match File::open(&file.path).and_then(|mut open| open.read_to_string(&mut text)) {
                    Ok(_) => {
                        ensure!(text.ends_with('\n'), "{} has {text:?}", file.form);
                        reads += 1;
                    }
                    Err(e) if matches!(sys::errno(&e), libc::ENOENT | libc::ENODEV) => (),
                    Err(e) => fail!("{}: {e}", file.path.display()),
                }
            }
            board.set(1, reads);
        }
        ensure!(reads > 0, "nothing was read");
        Ok(())
    };
    let workers = [Worker::start(read)?, Worker::start(read)?];
    for _ in 0..env.count(8, 3) {
        let ghost = Ghost::start("")?;
        let mut map = Mapping::private(64)?;
        map.fill(map.all(), Kind::Real, OWNER, 8);
        for name in ["lz4", "zstd", "lzo-rle", "lz4"] {
            set_parameter("compressor", name)?;
            map.page_out(map.all())?;
            map.check(map.all(), Kind::Real, OWNER, 8)?;
        }
        drop(map);
        let before = board.get(1);
        while board.get(1) == before && workers.iter().all(Worker::is_running) {
            sys::pause_ms(1);
        }
        ghost.stop()?;
    }
    board.set(0, 1);
    println!("# {} files were read by one of them", board.get(1));
    workers.into_iter().try_for_each(Worker::join)
}
