// SPDX-License-Identifier: GPL-2.0
//! Pressure stall information: in which share of the time tasks waited, as in `/proc/pressure/memory` and
//! `memory.pressure` of a cgroup.

/// One line: shares of the time in percent, by the length of the average.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stall {
    /// Over 10 seconds.
    pub avg10: f64,
    /// Over 60 seconds.
    pub avg60: f64,
    /// Over 300 seconds.
    pub avg300: f64,
    /// Since booting, in microseconds.
    pub total: u64,
}

/// Both lines.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pressure {
    /// At least one task waited.
    pub some: Stall,
    /// All tasks that were not idle waited.
    pub full: Stall,
}

/// Reads both lines; `None` where one is missing or of another form.
pub fn parse(text: &str) -> Option<Pressure> {
    let stall = |kind: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(kind)?.strip_prefix(' '))?;
        let value = |name: &str| {
            line.split(' ')
                .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
        };
        let share = |name: &str| value(name)?.parse().ok();
        Some(Stall {
            avg10: share("avg10")?,
            avg60: share("avg60")?,
            avg300: share("avg300")?,
            total: value("total")?.parse().ok()?,
        })
    };
    Some(Pressure {
        some: stall("some")?,
        full: stall("full")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn of_the_kernel() {
        let text = "some avg10=1.25 avg60=0.50 avg300=0.10 total=12345\n\
                    full avg10=0.00 avg60=0.25 avg300=0.05 total=678\n";
        let pressure = parse(text).unwrap();
        assert_eq!(pressure.some.avg10, 1.25);
        assert_eq!(pressure.some.total, 12345);
        assert_eq!(pressure.full.avg60, 0.25);
        assert_eq!(parse("some avg10=1.25"), None);
    }

    proptest! {
        #[test]
        fn any_text(text in "(some|full|avg10=|total=|[ \\n0-9.]|\\PC)*") {
            let _ = parse(&text);
        }
    }
}
