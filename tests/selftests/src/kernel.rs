// SPDX-License-Identifier: GPL-2.0
//! The kernel's files: /proc, /sys and debugfs.

use crate::outcome::{Doing, Outcome, Stop};
use std::fs;
use std::path::Path;

/// The content of a file, without white space around it.
pub fn read(path: impl AsRef<Path>) -> Outcome<String> {
    let path = path.as_ref();
    let text = fs::read_to_string(path).doing(format_args!("reading {}", path.display()))?;
    Ok(text.trim().to_string())
}

/// The number in a file.
pub fn number(path: impl AsRef<Path>) -> Outcome<u64> {
    let path = path.as_ref();
    let text = read(path)?;
    text.parse().doing(format_args!(
        "{} has '{text}', which is no number",
        path.display()
    ))
}

/// Writes to a file of the kernel. The harness knows what was there before if
/// the file is in its list, and puts it back when the test has ended.
pub fn write(path: impl AsRef<Path>, value: impl ToString) -> Outcome {
    let (path, value) = (path.as_ref(), value.to_string());
    try_write(path, &value).doing(format_args!("writing '{value}' to {}", path.display()))
}

/// Writes to a file of the kernel, where an error is of interest.
pub fn try_write(path: impl AsRef<Path>, value: &str) -> std::io::Result<()> {
    use std::io::Write;
    let mut file = fs::OpenOptions::new().write(true).open(path)?;
    file.write_all(value.as_bytes())
}

/// The number after a name in a text of "name number" or "name: number kB".
pub fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let word = words.next()?;
        if word.trim_end_matches(':') != name {
            return None;
        }
        words.next()?.parse().ok()
    })
}

/// A counter of /proc/vmstat.
pub fn vmstat(name: &str) -> Outcome<u64> {
    field(&read("/proc/vmstat")?, name)
        .ok_or_else(|| Stop::Fail(format!("/proc/vmstat has no {name}")))
}

/// A line of /proc/meminfo, in KiB.
pub fn meminfo(name: &str) -> Outcome<u64> {
    field(&read("/proc/meminfo")?, name)
        .ok_or_else(|| Stop::Fail(format!("/proc/meminfo has no {name}")))
}

/// Counters of pages that went out to, and came in from, any swap: written,
/// compressed or zero.
#[derive(Clone, Copy, Debug)]
pub struct SwapEvents {
    /// Pages that went out.
    pub out: u64,
    /// Pages that came in.
    pub r#in: u64,
}

/// Pages swapped since boot.
pub fn swap_events() -> Outcome<SwapEvents> {
    let text = read("/proc/vmstat")?;
    let sum = |names: [&str; 3]| names.iter().filter_map(|name| field(&text, name)).sum();
    Ok(SwapEvents {
        out: sum(["pswpout", "zswpout", "swpout_zero"]),
        r#in: sum(["pswpin", "zswpin", "swpin_zero"]),
    })
}

/// One line of /proc/swaps.
#[derive(Clone, Debug)]
pub struct SwapLine {
    /// Path of the device.
    pub path: String,
    /// Type: partition, file, ghost.
    pub kind: String,
    /// Size in KiB.
    pub size: u64,
    /// Used, in KiB.
    pub used: u64,
    /// Priority.
    pub priority: i64,
}

/// The swap devices that are on.
pub fn swaps() -> Outcome<Vec<SwapLine>> {
    let text = read("/proc/swaps")?;
    text.lines().skip(1).map(swap_line).collect()
}

fn swap_line(line: &str) -> Outcome<SwapLine> {
    let odd = || {
        Stop::Fail(format!(
            "/proc/swaps has a line of an unknown form: '{line}'"
        ))
    };
    let words: Vec<_> = line.split_whitespace().collect();
    let [path, kind, size, used, priority] = words[..] else {
        return Err(odd());
    };
    Ok(SwapLine {
        path: path.to_string(),
        kind: kind.to_string(),
        size: size.parse().map_err(|_| odd())?,
        used: used.parse().map_err(|_| odd())?,
        priority: priority.parse().map_err(|_| odd())?,
    })
}

/// The names in use of a file such as "always [madvise] never"; the whole text
/// if there are no brackets.
pub fn chosen(text: &str) -> &str {
    match (text.find('['), text.find(']')) {
        (Some(from), Some(to)) if from < to => &text[from + 1..to],
        _ => text,
    }
}

/// Drops clean page cache, dentries and inodes.
pub fn drop_caches() -> Outcome {
    crate::sys::drain_lru().doing("draining per-CPU batches of pages")?;
    write("/proc/sys/vm/drop_caches", 3)
}

/// Drops caches, and adds up what each processor has counted for itself.
fn settle() -> Outcome {
    drop_caches()?;
    write("/proc/sys/vm/stat_refresh", 1)
}

/// Counts of pages in /proc/zoneinfo, added up over all zones.
#[derive(Default)]
struct ZonePages {
    free: i64,
    /// Those that wait in per-CPU lists, which count as used elsewhere.
    waiting: i64,
    /// The high watermarks.
    high: i64,
}

fn zone_pages() -> Outcome<ZonePages> {
    let mut pages = ZonePages::default();
    for line in read("/proc/zoneinfo")?.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        let (sum, count) = match words[..] {
            ["pages", "free", count] => (&mut pages.free, count),
            ["count:", count] => (&mut pages.waiting, count),
            ["high", count] => (&mut pages.high, count),
            _ => continue,
        };
        *sum += count.parse::<i64>().doing("a count in /proc/zoneinfo")?;
    }
    Ok(pages)
}

/// How many pages the kernel keeps free.
pub fn reserved_pages() -> Outcome<usize> {
    let high = zone_pages()?.high;
    ensure!(high > 0, "/proc/zoneinfo has no watermarks");
    Ok(high as usize)
}

/// Pages of memory that nothing uses. Those count, too, that wait in per-CPU lists:
/// some ten thousand after processes have ended, which MemFree leaves out.
pub fn free_pages() -> Outcome<usize> {
    settle()?;
    let pages = zone_pages()?;
    Ok((pages.free + pages.waiting) as usize)
}

/// Bytes of memory that nothing uses, and the page cache. Exact, but for what
/// else goes on.
pub fn unused_memory() -> Outcome<i64> {
    settle()?;
    let pages = zone_pages()?;
    let cache = vmstat("nr_file_pages")? as i64;
    Ok((pages.free + pages.waiting + cache) * crate::PAGE as i64)
}

/// MemAvailable in KiB, and with it the free pages that it leaves out because
/// they wait in per-CPU lists: some megabytes, now more and now less.
pub fn available_memory() -> Outcome<i64> {
    settle()?;
    let waiting = zone_pages()?.waiting;
    Ok(meminfo("MemAvailable")? as i64 + waiting * (crate::PAGE as i64 / 1024))
}

/// Bytes that a slab cache takes, by /proc/slabinfo, without slabs that are
/// empty. 0 if there is none of this name.
pub fn slab(name: &str) -> Outcome<i64> {
    let shrink = Path::new("/sys/kernel/slab").join(name).join("shrink");
    if shrink.exists() {
        write(shrink, 1)?;
    }
    let text = read("/proc/slabinfo")?;
    for line in text.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        if words[0] == name || words[0].starts_with(&format!("{name}-")) {
            let number = |i: usize| words.get(i).and_then(|word| word.parse::<i64>().ok());
            let (Some(each), Some(slabs)) = (number(5), number(14)) else {
                fail!("/proc/slabinfo has a line of an unknown form: '{line}'");
            };
            return Ok(each * slabs * crate::PAGE as i64);
        }
    }
    Ok(0)
}
