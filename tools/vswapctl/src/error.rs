// SPDX-License-Identifier: GPL-2.0
//! Errors for people: what is wrong, and what to do.

use std::fmt;

/// What went wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    what: String,
    advice: Option<String>,
}

/// The result of what can fail.
pub type Result<T = ()> = std::result::Result<T, Error>;

impl Error {
    /// Says what is wrong.
    pub fn new(what: impl fmt::Display) -> Self {
        Self {
            what: what.to_string(),
            advice: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn advise(mut self, advice: impl fmt::Display) -> Self {
        self.advice = Some(advice.to_string());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.advice {
            Some(advice) => write!(f, "\n  {advice}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// Says what was being done when something failed.
pub trait Doing<T> {
    /// Makes an error one for people, with what was being done.
    fn doing(self, what: impl fmt::Display) -> Result<T>;
}

impl<T, E: fmt::Display> Doing<T> for std::result::Result<T, E> {
    fn doing(self, what: impl fmt::Display) -> Result<T> {
        self.map_err(|e| Error::new(format_args!("{what}: {e}")))
    }
}
