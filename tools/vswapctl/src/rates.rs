// SPDX-License-Identifier: GPL-2.0
//! How much moves in a second.
//!
//! They come from `/proc/vmstat`, whose counters go on when the module is loaded again. These count what
//! zswap does, too, where it is used beside the ghost.

use crate::snapshot::Snapshot;
use crate::PAGE;
use serde::Serialize;

/// Bytes a second. `None` is what the kernel does not count, or a counter that has gone back.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Rates {
    /// How long was measured.
    pub over_seconds: f64,
    /// Whether that is all the time since booting.
    pub since_boot: bool,
    /// Pages that went out and were kept in memory.
    pub out_bytes_per_second: Option<f64>,
    /// Pages that came back from there.
    pub in_bytes_per_second: Option<f64>,
    /// Pages that went from there to a disk.
    pub written_back_bytes_per_second: Option<f64>,
    /// All that was written to swap devices with storage.
    pub disk_out_bytes_per_second: Option<f64>,
    /// All that was read from them.
    pub disk_in_bytes_per_second: Option<f64>,
}

impl Rates {
    /// Since booting.
    pub fn since_boot(now: &Snapshot) -> Self {
        Self {
            since_boot: true,
            ..Self::over(now.uptime.as_secs_f64(), |names| now.vmstat.sum(names))
        }
    }

    /// From one time to another.
    pub fn between(before: &Snapshot, now: &Snapshot) -> Self {
        let seconds = now.uptime.saturating_sub(before.uptime).as_secs_f64();
        Self::over(seconds, |names| {
            let before = before.vmstat.sum(names)?;
            now.vmstat.sum(names)?.checked_sub(before)
        })
    }

    /// `count` tells how many pages were counted under these names meanwhile.
    fn over(seconds: f64, count: impl Fn(&[&str]) -> Option<u64>) -> Self {
        let rate = |names: &[&str]| {
            let bytes = count(names)? as f64 * PAGE as f64;
            (seconds > 0.0).then(|| bytes / seconds)
        };
        Self {
            over_seconds: seconds,
            since_boot: false,
            out_bytes_per_second: rate(&["zswpout", "swpout_zero"]),
            in_bytes_per_second: rate(&["zswpin", "swpin_zero"]),
            written_back_bytes_per_second: rate(&["zswpwb"]),
            disk_out_bytes_per_second: rate(&["pswpout"]),
            disk_in_bytes_per_second: rate(&["pswpin"]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::fields::Fields;
    use std::time::Duration;

    fn at(seconds: u64, vmstat: &str) -> Snapshot {
        Snapshot {
            uptime: Duration::from_secs(seconds),
            vmstat: Fields::parse(vmstat),
            ..Snapshot::default()
        }
    }

    #[test]
    fn over_an_interval() {
        let before = at(
            100,
            "zswpout 10\nswpout_zero 5\nzswpin 7\nzswpwb 3\npswpin 1",
        );
        let now = at(
            104,
            "zswpout 18\nswpout_zero 9\nzswpin 7\nzswpwb 1\npswpin 2",
        );
        let rates = Rates::between(&before, &now);
        assert_eq!(rates.over_seconds, 4.0);
        assert_eq!(rates.out_bytes_per_second, Some(3.0 * 4096.0));
        assert_eq!(rates.in_bytes_per_second, Some(0.0));
        assert_eq!(
            rates.written_back_bytes_per_second, None,
            "it has gone back"
        );
        assert_eq!(rates.disk_in_bytes_per_second, Some(1024.0));
        assert_eq!(rates.disk_out_bytes_per_second, None, "it is not counted");
    }

    #[test]
    fn over_no_time() {
        let now = at(100, "zswpout 18");
        assert_eq!(Rates::between(&now, &now).out_bytes_per_second, None);
        assert_eq!(Rates::since_boot(&now).out_bytes_per_second, Some(737.28));
        assert!(Rates::since_boot(&now).since_boot);
    }
}
