// SPDX-License-Identifier: GPL-2.0
//! One thing that was looked at.

use serde::Serialize;

/// Where texts begin, and how long the lines of an advice are: for terminals of 80 columns.
const INDENT: usize = 24;
const WIDTH: usize = 80 - INDENT;

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
        let advice = wrap(self.advice.as_deref().unwrap_or_default(), WIDTH);
        let advice: String = advice
            .iter()
            .map(|line| format!("{:>INDENT$}{line}\n", ""))
            .collect();
        format!("{level:<5} {:<17} {}\n{advice}", self.name, self.what)
    }
}

/// A text in lines of at most so many characters, but for a word that is longer.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names() {
        let names: Vec<_> = ["a", "b", "c", "d", "e", "f"].map(String::from).to_vec();
        assert_eq!(list(&names[..1]), "a");
        assert_eq!(list(&names[..4]), "a, b, c, d");
        assert_eq!(list(&names), "a, b, c, d and 2 more");
    }

    proptest! {
        #[test]
        fn wrapped_text_has_all_words(text in "[a-z ]{0,200}", width in 1usize..60) {
            let lines = wrap(&text, width);
            let words: Vec<_> = text.split_whitespace().collect();
            prop_assert_eq!(lines.join(" "), words.join(" "));
            for line in lines {
                prop_assert!(line.len() <= width || !line.contains(' '), "{}", line);
            }
        }
    }
}
