// SPDX-License-Identifier: GPL-2.0
//! Shows vswap at work: loads it, swaps on, sends the files of this system
//! through it, more than a GiB in all, compares every byte that comes back with
//! the files, swaps off, unloads, and prints where the pages were.

use selftests::corpus;
use selftests::ghost::{self, counter, Counters, Ghost};
use selftests::mapping::Mapping;
use selftests::outcome::{Doing, Outcome};
use selftests::worker::{join_all, Board, Worker};
use selftests::{ensure, fail, kernel, sys, PAGE};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Rounds, and MiB that are out at a time.
const ROUNDS: usize = 4;
const MIB: usize = 260;
/// Pages filled before they go out.
const CHUNK: usize = 2048;

/// Numbers on the board: processes whose pages are all out, rounds in which
/// they may come back.
const OUT: usize = 0;
const BACK: usize = 1;

fn main() {
    let result = run();
    if let Err(error) = &result {
        eprintln!("demo: {error}");
        for left in ghost::clean_up() {
            eprintln!("demo: it left behind {left}");
        }
    }
    std::process::exit(i32::from(result.is_err()));
}

fn run() -> Outcome {
    let files = files()?;
    let bytes: u64 = files
        .iter()
        .filter_map(|f| f.metadata().ok())
        .map(|m| m.len())
        .sum();
    println!(
        "{} MiB of RAM, {} files with {} MiB",
        kernel::meminfo("MemTotal")? >> 10,
        files.len(),
        bytes >> 20
    );
    let ghost = Ghost::start("size=1G max_pool_percent=50")?;
    if let Some(line) = ghost::swap_line()? {
        println!(
            "swap on {}, type {}, {} MiB, priority {}",
            line.path,
            line.kind,
            line.size >> 10,
            line.priority
        );
    }
    let mut total = Total::default();
    for round in 0..ROUNDS {
        let counters = one_round(&files, round)?;
        counters.ensure_sum()?;
        total.add(&counters);
        println!(
            "round {} of {ROUNDS}: {} MiB out, in {} MiB; all bytes came back right",
            round + 1,
            counters.stored >> 8,
            (counters.pool + counters.metadata) >> 20
        );
    }
    let hits = counter("pool_limit_hit")?;
    ensure!(hits == 0, "the pool was full {hits} times");
    ghost.stop()?;
    println!("swap off, module unloaded\n");
    total.print();
    Ok(())
}

/// Programs, libraries and texts of the system, the kernel and the project's own
/// files. The latter are copied: who works on them may change them meanwhile.
fn files() -> Outcome<Vec<PathBuf>> {
    let project = ghost::project();
    let mut own = vec![project.join("build").join(ghost::flavor()).join("bzImage")];
    for part in [
        "build/selftests",
        "rust",
        "patches",
        "tests",
        "Documentation",
    ] {
        own.extend(corpus::files(&project.join(part)));
    }
    let copies = Path::new("/var/tmp/vswap-demo");
    std::fs::create_dir_all(copies).doing(copies.display())?;
    for (number, file) in own.iter().enumerate() {
        std::fs::copy(file, copies.join(number.to_string())).doing(file.display())?;
    }
    let mut files = corpus::files(Path::new("/usr"));
    files.extend(corpus::files(copies));
    files.retain(|file| file.metadata().is_ok_and(|m| m.len() > 0));
    Ok(files)
}

/// The bytes of files, one after the other, round and round.
struct Stream<'a> {
    files: &'a [PathBuf],
    next: usize,
    open: Option<File>,
}

impl<'a> Stream<'a> {
    /// Starts with a file, at any byte of it, so that its bytes have other
    /// places in pages each time.
    fn new(files: &'a [PathBuf], first: usize, skip: usize) -> Outcome<Self> {
        let mut stream = Self {
            files,
            next: first % files.len(),
            open: None,
        };
        stream.read(&mut vec![0; skip])?;
        Ok(stream)
    }

    fn read(&mut self, mut room: &mut [u8]) -> Outcome {
        while !room.is_empty() {
            let path = &self.files[self.next];
            let mut file = match self.open.take() {
                Some(file) => file,
                None => File::open(path).doing(path.display())?,
            };
            let count = file.read(room).doing(path.display())?;
            if count == 0 {
                self.next = (self.next + 1) % self.files.len();
            } else {
                self.open = Some(file);
                room = &mut room[count..];
            }
        }
        Ok(())
    }
}

/// Sends pages out and back; gives the counters with all of them out.
fn one_round(files: &[PathBuf], round: usize) -> Outcome<Counters> {
    let workers = sys::cpus();
    let parts = ROUNDS * workers;
    let board = Board::new()?;
    let start = |worker| {
        // Each begins elsewhere in the files.
        let part = round * workers + worker;
        let place = (first_file(files, part, parts), 1000 * part + 1);
        Worker::start(|| through(files, place, MIB * 256 / workers, &board))
    };
    let running = (0..workers).map(start).collect::<Outcome<Vec<_>>>()?;
    if let Err(early) = board.wait_for(OUT, workers as u64, &running) {
        join_all(running)?;
        return Err(early);
    }
    let counters = Counters::read()?;
    board.set(BACK, 1);
    join_all(running)?;
    let wanted = (MIB * 256 / workers * workers) as u64;
    // The processes' other memory is not asked to go out, but may.
    ensure!(
        (wanted..wanted + 256).contains(&counters.stored),
        "{} pages are stored, {wanted} went out",
        counters.stored
    );
    Ok(counters)
}

/// The file at which a part of all bytes begins.
fn first_file(files: &[PathBuf], part: usize, parts: usize) -> usize {
    let sizes: Vec<_> = files
        .iter()
        .map(|f| f.metadata().map_or(0, |m| m.len()))
        .collect();
    let wanted = sizes.iter().sum::<u64>() / parts as u64 * part as u64;
    let mut before = 0;
    let reached = |size: &u64| {
        before += size;
        before > wanted
    };
    sizes.iter().position(reached).unwrap_or(0)
}

/// A process: fills memory from files, sends it out, compares what comes back.
fn through(files: &[PathBuf], place: (usize, usize), pages: usize, board: &Board) -> Outcome {
    let mut map = Mapping::private(pages)?;
    let mut source = Stream::new(files, place.0, place.1)?;
    let mut buffer = vec![0; CHUNK * PAGE];
    for start in (0..pages).step_by(CHUNK) {
        let chunk = start..(start + CHUNK).min(pages);
        source.read(&mut buffer[..chunk.len() * PAGE])?;
        for (index, page) in chunk.clone().zip(buffer.chunks_exact(PAGE)) {
            map.page_mut(index).copy_from_slice(page);
        }
        map.page_out(chunk)?;
    }
    board.step(OUT);
    board.wait_for(BACK, 1, &[])?;
    let mut source = Stream::new(files, place.0, place.1)?;
    for start in (0..pages).step_by(CHUNK) {
        let chunk = start..(start + CHUNK).min(pages);
        source.read(&mut buffer[..chunk.len() * PAGE])?;
        for (index, page) in chunk.clone().zip(buffer.chunks_exact(PAGE)) {
            if map.page(index) != page {
                fail!(
                    "page {index} did not come back as it was ({})",
                    files[source.next].display()
                );
            }
        }
        map.advise(chunk, libc::MADV_DONTNEED)
            .doing("MADV_DONTNEED")?;
    }
    Ok(())
}

/// Sums over the rounds.
#[derive(Default)]
struct Total {
    stored: u64,
    same_filled: u64,
    compressed: u64,
    incompressible: u64,
    pool: u64,
    metadata: u64,
}

impl Total {
    fn add(&mut self, counters: &Counters) {
        self.stored += counters.stored;
        self.same_filled += counters.same_filled;
        self.compressed += counters.compressed;
        self.incompressible += counters.incompressible;
        self.pool += counters.pool;
        self.metadata += counters.metadata;
    }

    fn print(&self) {
        let bytes = (self.stored * PAGE as u64) as f64;
        let in_pool = ((self.compressed + self.incompressible) * PAGE as u64) as f64;
        let mib = |bytes: f64| bytes / f64::from(1 << 20);
        let taken = (self.pool + self.metadata) as f64;
        let row = |name: &str, pages: u64| {
            println!(
                "{name:<24}{pages:>10}{:>8.1} %",
                100.0 * pages as f64 / self.stored as f64
            );
        };
        println!("{:<24}{:>10}", "stored", "pages");
        row("zero, same-filled", self.same_filled);
        row("compressed", self.compressed);
        row("incompressible", self.incompressible);
        row("all", self.stored);
        println!();
        println!(
            "{:<24}{:>10.1} MiB, every byte verified",
            "data",
            mib(bytes)
        );
        println!(
            "{:<24}{:>10.2} (pool alone: {:.2})",
            "compression ratio",
            bytes / taken,
            in_pool / self.pool as f64
        );
        println!(
            "{:<24}{:>10.1} MiB of {:.1} on average",
            "RAM saved",
            mib(bytes - taken) / ROUNDS as f64,
            mib(bytes) / ROUNDS as f64
        );
        println!(
            "{:<24}{:>10.1} bytes",
            "metadata per page",
            self.metadata as f64 / self.stored as f64
        );
    }
}
