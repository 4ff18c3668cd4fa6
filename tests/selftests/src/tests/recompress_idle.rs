// SPDX-License-Identifier: GPL-2.0
//! Pages that stay in memory unused are packed tighter when nobody wants a processor, and not while
//! tasks wait for one.

use crate::ghost::{counter, set_parameter, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::old_pages::{until, OldPages};
use crate::outcome::{Outcome, Stop};
use crate::sys;
use crate::worker::Worker;

const OWNER: u32 = 356;
/// In percent; the thread pauses from ten on.
const BUSY: f64 = 30.0;
/// A second is 32 parts.
const SECONDS: u64 = 3;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::start("size=4G recompress_after=0")?;
    let pages = OldPages::fill(env, OWNER)?;
    let old = counter("compressed_pages")?;
    let others = busy()?;
    until("tasks wait for processors", || Ok(pressure()? >= BUSY))?;
    let packed = counter("recompressed_pages")?;
    set_parameter("recompress_after", 1)?;
    sys::pause_ms(SECONDS * 1000);
    let waited = pressure()?;
    ensure!(waited >= BUSY, "nobody waits for a processor: {waited}");
    ensure_eq!(
        counter("recompressed_pages")?,
        packed,
        "recompressed_pages while tasks wait for processors"
    );
    println!("# nothing is packed while tasks wait for processors in {waited} % of the time");
    for other in others {
        other.signal(libc::SIGKILL);
        other.end()?;
    }

    let tried = || -> Outcome<u64> {
        Ok(counter("recompressed_pages")? + counter("recompress_rejected")? - packed)
    };
    until("most pages are packed", || Ok(tried()? >= old / 10 * 9))?;
    println!(
        "# of {old} pages {} were packed, which saved {} bytes and took {} us",
        counter("recompressed_pages")?,
        counter("recompress_saved_bytes")?,
        counter("recompress_cpu_usec")?
    );
    ensure!(counter("recompress_cpu_usec")? > 0, "it took no time");
    ensure!(
        counter("recompressed_pages")? > old / 2,
        "few pages were packed"
    );
    pages.check()?;
    ghost.stop()
}

/// Four tasks for each processor.
fn busy() -> Outcome<Vec<Worker>> {
    let spin = || {
        Worker::start(|| loop {
            std::hint::spin_loop();
        })
    };
    (0..4 * sys::cpus()).map(|_| spin()).collect()
}

/// In which share of the last ten seconds some task waited for a processor, in percent.
fn pressure() -> Outcome<f64> {
    let text = kernel::read("/proc/pressure/cpu")?;
    let share = text
        .split_whitespace()
        .find_map(|word| word.strip_prefix("avg10="));
    share
        .and_then(|share| share.parse().ok())
        .ok_or_else(|| Stop::Fail(format!("/proc/pressure/cpu has no avg10: {text}")))
}
