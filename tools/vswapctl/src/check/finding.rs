// SPDX-License-Identifier: GPL-2.0
//! One thing that was looked at.

use serde::Serialize;

/// How good it is; what is greater is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, but is hardly what is wanted.
    Warn,
    /// The ghost does not work, or data are in danger.
    Fail,
}

/// See above.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its name, for scripts: it does not change.
    pub name: &'static str,
    /// How good it is.
    pub level: Level,
    /// What was found.
    pub what: String,
    /// What to do, if it is not good.
    pub advice: Option<String>,
}

impl Finding {
    /// All is well.
    pub fn ok(name: &'static str, what: impl Into<String>) -> Self {
        Self {
            name,
            level: Level::Ok,
            what: what.into(),
            advice: None,
        }
    }

    /// To look at.
    pub fn warn(name: &'static str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            level: Level::Warn,
            advice: Some(advice.into()),
            ..Self::ok(name, what)
        }
    }

    /// Wrong.
    pub fn fail(name: &'static str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            level: Level::Fail,
            ..Self::warn(name, what, advice)
        }
    }

    /// Its lines.
    pub fn text(&self) -> String {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "FAIL",
        };
        let advice = self.advice.as_deref().unwrap_or_default();
        let advice: String = advice
            .lines()
            .map(|line| format!("{:>24}{line}\n", ""))
            .collect();
        format!("{level:<5} {:<17} {}\n{advice}", self.name, self.what)
    }
}

/// The first names, and how many more there are.
pub fn list(names: &[String]) -> String {
    const MOST: usize = 4;
    let first = names[..names.len().min(MOST)].join(", ");
    match names.len().saturating_sub(MOST) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
