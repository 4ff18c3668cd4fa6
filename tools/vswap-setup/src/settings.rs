// SPDX-License-Identifier: GPL-2.0

//! What the settings mean: whether the ghost is on, its priority, and the module's parameters.

use crate::{
    parse,
    syntax::{
        Assignment,
        Problem, //
    }, //
};
use std::collections::BTreeMap;

/// What `vswap.conf` and its drop-ins say together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whether the ghost is turned on.
    pub enabled: bool,
    /// The priority for swapon(2); without one it is the highest.
    pub priority: Option<u16>,
    /// Parameters of the module that are not to be its defaults, by name.
    pub parameters: BTreeMap<&'static str, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enabled: true,
            priority: None,
            parameters: BTreeMap::new(),
        }
    }
}

/// The module's parameters: a name, which values are accepted, and what these are called.
type Parameter = (&'static str, fn(&str) -> bool, &'static str);
const PARAMETERS: [Parameter; 8] = [
    (
        "size",
        |v| parse::size(v).is_some(),
        "give bytes or K, M, G, T, up to 16T",
    ),
    (
        "compressor",
        is_name,
        "give lz4, zstd, lzo-rle or another compressor of the kernel",
    ),
    (
        "recompressor",
        is_name,
        "give zstd or another compressor of the kernel, or none",
    ),
    (
        "recompress_after",
        |v| parse::seconds(v).is_some(),
        "give seconds, up to 86400, or 0",
    ),
    (
        "max_pool_percent",
        |v| v == "auto" || parse::percent(v, 0).is_some(),
        "give auto, or 0 to 100",
    ),
    (
        "accept_threshold_percent",
        |v| parse::percent(v, 0).is_some(),
        "give 0 to 100",
    ),
    (
        "shrinker_enabled",
        |v| switch(v).is_some(),
        "give yes or no",
    ),
    ("pack_writeback", |v| switch(v).is_some(), "give yes or no"),
];

/// The highest priority that swapon(2) takes.
const MAX_PRIORITY: u16 = 32767;

impl Settings {
    /// Takes what one more file says. An empty value is the default again; one that is not accepted
    /// changes nothing and is told.
    pub fn apply(&mut self, assignments: &[Assignment]) -> Vec<Problem> {
        let mut problems = Vec::new();
        for a in assignments {
            if let Err(text) = self.assign(&a.key, &a.value) {
                problems.push(Problem { line: a.line, text });
            }
        }
        problems
    }

    fn assign(&mut self, key: &str, value: &str) -> Result<(), String> {
        let refused = |what: &str| Err(format!("{key}={value} is not accepted: {what}"));
        match key {
            "enabled" if value.is_empty() => self.enabled = true,
            "enabled" => match switch(value) {
                Some(on) => self.enabled = on,
                None => return refused("give yes or no"),
            },
            "priority" if value.is_empty() => self.priority = None,
            "priority" => match value.parse() {
                Ok(priority) if priority <= MAX_PRIORITY => self.priority = Some(priority),
                _ => return refused("give 0 to 32767"),
            },
            _ => {
                let Some(&(name, accepts, what)) = PARAMETERS.iter().find(|p| p.0 == key) else {
                    return Err(format!("there is no setting \"{key}\": see vswap.conf(5)"));
                };
                if value.is_empty() {
                    self.parameters.remove(name);
                } else if accepts(value) {
                    self.parameters.insert(name, kernel_form(name, value));
                } else {
                    return refused(what);
                }
            }
        }
        Ok(())
    }
}

/// A value as the module takes it: it knows fewer words for yes than systemd.
fn kernel_form(name: &str, value: &str) -> String {
    match (name, switch(value)) {
        ("shrinker_enabled" | "pack_writeback", Some(true)) => "Y".to_owned(),
        ("shrinker_enabled" | "pack_writeback", Some(false)) => "N".to_owned(),
        _ => value.to_owned(),
    }
}

/// The words of the module, and those that systemd has beside them.
pub(crate) fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "t" => Some(true),
        "no" | "false" | "f" => Some(false),
        _ => parse::switch(text),
    }
}

fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.()".contains(&b);
    !text.is_empty() && text.len() < 64 && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax;

    fn settings(text: &str) -> (Settings, Vec<Problem>) {
        let mut settings = Settings::default();
        let (found, mut problems) = syntax::parse(&format!("[vswap]\n{text}"));
        problems.extend(settings.apply(&found));
        (settings, problems)
    }

    #[test]
    fn without_a_file_the_ghost_is_on_and_the_module_decides() {
        assert_eq!(settings("").0, Settings::default());
        assert!(Settings::default().enabled);
        assert!(Settings::default().parameters.is_empty());
    }

    #[test]
    fn every_parameter_is_taken() {
        let (found, problems) = settings(
            "size=4G\ncompressor=zstd\nrecompressor=none\nrecompress_after=60\nmax_pool_percent=auto\naccept_threshold_percent=80\n\
             shrinker_enabled=no\npack_writeback=yes\npriority=100\nenabled=true\n",
        );
        assert_eq!(problems, []);
        assert_eq!(found.priority, Some(100));
        let parameters: Vec<_> = found
            .parameters
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        assert_eq!(
            parameters,
            [
                "accept_threshold_percent=80",
                "compressor=zstd",
                "max_pool_percent=auto",
                "pack_writeback=Y",
                "recompress_after=60",
                "recompressor=none",
                "shrinker_enabled=N",
                "size=4G"
            ]
        );
    }

    #[test]
    fn what_is_not_accepted_keeps_what_was_there() {
        for (key, good, bad) in [
            ("size", "1G", "17T"),
            ("size", "1G", "four"),
            ("size", "1G", "-1"),
            ("compressor", "lz4", "a b"),
            ("compressor", "lz4", "../x"),
            ("recompressor", "none", "a b"),
            ("recompress_after", "0", "86401"),
            ("max_pool_percent", "20", "101"),
            ("accept_threshold_percent", "90", "x"),
            ("shrinker_enabled", "Y", "maybe"),
            ("pack_writeback", "N", "2"),
        ] {
            let (found, problems) = settings(&format!("{key}={good}\n{key}={bad}\n"));
            assert_eq!(found.parameters[key], good, "{key}={bad}");
            assert_eq!(problems.len(), 1, "{key}={bad}");
            assert_eq!(problems[0].line, 3);
            assert!(
                problems[0].text.starts_with(&format!("{key}={bad} ")),
                "{}",
                problems[0].text
            );
        }
        let (found, problems) = settings("priority=7\npriority=32768\npriority=-1\nenabled=2\n");
        assert_eq!(
            (found.priority, found.enabled, problems.len()),
            (Some(7), true, 3)
        );
    }

    #[test]
    fn a_later_file_overrides_and_an_empty_value_resets() {
        let (mut found, _) = settings("size=1G\npriority=5\nenabled=no\ncompressor=zstd\n");
        let (second, _) = syntax::parse("[vswap]\nsize=\npriority=\nenabled=\ncompressor=lz4\n");
        assert_eq!(found.apply(&second), []);
        assert_eq!((found.enabled, found.priority), (true, None));
        assert_eq!(found.parameters.get("size"), None);
        assert_eq!(found.parameters["compressor"], "lz4");
    }

    #[test]
    fn an_unknown_setting_is_told() {
        let (_, problems) = settings("sise=1G\n");
        assert!(problems[0].text.contains("\"sise\""));
    }
}
