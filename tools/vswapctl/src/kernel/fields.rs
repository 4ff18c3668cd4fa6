// SPDX-License-Identifier: GPL-2.0
//! Files with a name and a number in each line, such as `/proc/vmstat` and `/proc/meminfo`.

use std::collections::HashMap;

/// What such a file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(HashMap<String, u64>);

impl Fields {
    /// Reads the lines. A line of another form is passed over.
    pub fn parse(text: &str) -> Self {
        let field = |line: &str| {
            let mut words = line.split_whitespace();
            let name = words.next()?.trim_end_matches(':');
            let value: u64 = words.next()?.parse().ok()?;
            let value = match words.next() {
                Some("kB") => value.saturating_mul(1024),
                _ => value,
            };
            Some((name.to_string(), value))
        };
        Self(text.lines().filter_map(field).collect())
    }

    /// The number of this name, in bytes where the line says `kB`.
    pub fn get(&self, name: &str) -> Option<u64> {
        self.0.get(name).copied()
    }

    /// The sum of the numbers of these names; `None` where none of them is there.
    pub fn sum(&self, names: &[&str]) -> Option<u64> {
        let found: Vec<_> = names.iter().filter_map(|name| self.get(name)).collect();
        (!found.is_empty()).then(|| found.iter().sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_forms() {
        let fields =
            Fields::parse("MemTotal:  501000 kB\nHugePages_Free: 3\nzswpout 17\nodd\n\nx y\n");
        assert_eq!(fields.get("MemTotal"), Some(501_000 * 1024));
        assert_eq!(fields.get("HugePages_Free"), Some(3));
        assert_eq!(fields.sum(&["zswpout", "HugePages_Free", "none"]), Some(20));
        assert_eq!(fields.sum(&["none", "odd", "x"]), None);
    }

    proptest! {
        #[test]
        fn any_text(text in "\\PC*") {
            let _ = Fields::parse(&text);
        }

        #[test]
        fn what_was_written(fields in proptest::collection::hash_map("[a-z_]{1,9}", any::<u64>(), 0..9)) {
            let text: String = fields.iter().map(|(name, n)| format!("{name} {n}\n")).collect();
            prop_assert_eq!(Fields::parse(&text).0, fields);
        }
    }
}
