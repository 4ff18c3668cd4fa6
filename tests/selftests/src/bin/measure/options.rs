// SPDX-License-Identifier: GPL-2.0
//! The command line.

use crate::devices::Device;
use crate::pages::Data;
use selftests::fail;
use selftests::outcome::{Doing, Outcome, Stop};

/// What --help says.
pub const USAGE: &str = "usage: measure [PART] [OPTION]...
parts:
  micro           a page's share of out, in and free (this one unless said)
  ram             RAM for each page that is out
  static          what turning the device on costs
  swapoff         a page's share of swapoff, with --mapped MiB of other memory
  packed          cold pages that go to a disk below the ghost, and come back; with
                  --setup vswap-disk
  fork            munmap of pages that are out and that a child has too
  cpus            two processors at once: vswap, zram and zswap in turn
  contention      locks that threads on all processors wait for
  on              only turn the device on
  mark            tells scripts/profile that something else begins
  sweep           processes that go through more memory than they have
  tail            single faults, in a group with three quarters of the memory
  capacity        the largest working set that lives, for each of --setup's list:
                  zram-1x, zram-2x (of RAM), zswap, vswap (as they come; zswap with a
                  disk), vswap-loose (no recompressor), vswap-disk, vswap-disk-packed
                  (pack_writeback); or with --at what one costs
  pages           writes --mb MiB of a kind to standard output, and measures nothing
options:
  --setup DEVICE  vswap, tier (over a RAM disk), zram, zswap (over a disk), zswap-brd,
                  brd or disk
  --contender C   its name in the results (DEVICE)
  --compressor C  lz4 unless said
  --size BYTES    of the device, with K, M, G or T (twice the data)
  --parameters P  more parameters of the module
  --mb N          MiB of data (48)
  --kind K,...    real, incompressible, zero, same, head, stripes, heap, sparse
                  or mixture (real)
  --order O,...   size of the folios, 4k or 64k; shmem: shared memory (4k)
  --runs N        runs, of which the least counts; in capacity, how often what was
                  filled is read back (2)
  --mapped N      MiB of zero pages that are mapped beside the data
  --processes N   of sweep and capacity (1)
  --ram N         MiB of RAM that the guest was given, for capacity
  --step N        MiB that capacity is found to (1/64 of RAM)
  --at N          MiB of the working set of which capacity tells the cost
  --pool N        MiB of compressed pages that the group of tail may have
  --title         print the line with the columns' names";

/// What was asked for.
pub struct Options {
    pub part: String,
    pub setup: Option<String>,
    pub contender: Option<String>,
    pub compressor: String,
    pub size: Option<String>,
    pub parameters: String,
    pub mib: usize,
    pub kinds: Vec<Data>,
    pub orders: Vec<String>,
    pub runs: usize,
    pub mapped: usize,
    pub processes: usize,
    pub pool: Option<usize>,
    pub ram: usize,
    pub step: Option<usize>,
    pub at: Option<usize>,
    pub title: bool,
}

impl Options {
    /// Reads it.
    pub fn from_command_line() -> Outcome<Self> {
        let mut words = std::env::args().skip(1).peekable();
        let part = words.next_if(|word| !word.starts_with("--"));
        let mut options = Self {
            part: part.unwrap_or_else(|| "micro".to_string()),
            setup: None,
            contender: None,
            compressor: "lz4".to_string(),
            size: None,
            parameters: String::new(),
            mib: 48,
            kinds: vec![Data::Real],
            orders: vec!["4k".to_string()],
            runs: 2,
            mapped: 0,
            processes: 1,
            pool: None,
            ram: 0,
            step: None,
            at: None,
            title: false,
        };
        while let Some(word) = words.next() {
            let mut value = || {
                words
                    .next()
                    .ok_or_else(|| Stop::Fail(format!("{word} needs a value")))
            };
            let number = |text: String| text.parse().doing(format_args!("{text} is no number"));
            match &word[..] {
                "--setup" => options.setup = Some(value()?),
                "--contender" => options.contender = Some(value()?),
                "--compressor" => options.compressor = value()?,
                "--size" => options.size = Some(value()?),
                "--parameters" => options.parameters = value()?,
                "--mb" => options.mib = number(value()?)?,
                "--kind" => {
                    options.kinds = value()?
                        .split(',')
                        .map(Data::named)
                        .collect::<Outcome<_>>()?
                }
                "--order" => options.orders = value()?.split(',').map(str::to_string).collect(),
                "--runs" => options.runs = number(value()?)?,
                "--mapped" => options.mapped = number(value()?)?,
                "--processes" => options.processes = number(value()?)?,
                "--pool" => options.pool = Some(number(value()?)?),
                "--ram" => options.ram = number(value()?)?,
                "--step" => options.step = Some(number(value()?)?),
                "--at" => options.at = Some(number(value()?)?),
                "--title" => options.title = true,
                "--help" => {
                    println!("{USAGE}");
                    std::process::exit(0);
                }
                _ => fail!("'{word}' is no option\n{USAGE}"),
            }
        }
        if let Some(odd) = options
            .orders
            .iter()
            .find(|o| !["4k", "64k", "shmem"].contains(&&o[..]))
        {
            fail!("'{odd}' is no size of folios\n{USAGE}");
        }
        Ok(options)
    }

    /// The device that was asked for.
    pub fn device(&self) -> Outcome<Device> {
        let Some(name) = &self.setup else {
            fail!("--setup DEVICE is needed\n{USAGE}");
        };
        Ok(Device {
            name: name.clone(),
            contender: self.contender.clone().unwrap_or_else(|| name.clone()),
            compressor: self.compressor.clone(),
            size: match &self.size {
                Some(size) => bytes(size)?,
                None => (self.mib as u64) << 21,
            },
            parameters: self.parameters.clone(),
        })
    }
}

/// A number with a suffix.
fn bytes(text: &str) -> Outcome<u64> {
    let shift = match text.chars().last() {
        Some('K') => 10,
        Some('M') => 20,
        Some('G') => 30,
        Some('T') => 40,
        _ => 0,
    };
    let digits = text.trim_end_matches(|c: char| c.is_ascii_uppercase());
    let number: u64 = digits.parse().doing(format_args!("{text} is no size"))?;
    Ok(number << shift)
}
