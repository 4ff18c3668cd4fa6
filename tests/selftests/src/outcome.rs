// SPDX-License-Identifier: GPL-2.0
//! How a test ends: passed, failed, or skipped as it cannot be run here.

use std::fmt::Display;

/// Why a test did not come to its end.
#[derive(Debug)]
pub enum Stop {
    /// Something was not as expected: what was expected, and what came.
    Fail(String),
    /// The test makes no sense here, and why.
    Skip(String),
}

/// The result of a test and of its steps.
pub type Outcome<T = ()> = Result<T, Stop>;

impl Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fail(text) => write!(f, "{text}"),
            Self::Skip(text) => write!(f, "skipped: {text}"),
        }
    }
}

/// Says what was being done when something failed.
pub trait Doing<T> {
    /// Makes an error a failure of the test, with what was being done.
    fn doing(self, what: impl Display) -> Outcome<T>;
}

impl<T, E: Display> Doing<T> for Result<T, E> {
    fn doing(self, what: impl Display) -> Outcome<T> {
        self.map_err(|e| Stop::Fail(format!("{what}: {e}")))
    }
}

/// Ends the test with a failure.
#[macro_export]
macro_rules! fail {
    ($($text:tt)*) => { return Err($crate::outcome::Stop::Fail(format!($($text)*))) };
}

/// Ends the test, as it cannot be run here.
#[macro_export]
macro_rules! skip {
    ($($text:tt)*) => { return Err($crate::outcome::Stop::Skip(format!($($text)*))) };
}

/// Ends the test with a failure unless the condition holds.
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $($text:tt)*) => {{
        let holds: bool = $condition;
        if !holds {
            $crate::fail!($($text)*)
        }
    }};
}

/// Ends the test with a failure unless two values are equal.
#[macro_export]
macro_rules! ensure_eq {
    ($is:expr, $wanted:expr, $($text:tt)*) => {{
        let (is, wanted) = (&$is, &$wanted);
        if is != wanted {
            $crate::fail!("{}: expected {:?}, got {:?}", format!($($text)*), wanted, is)
        }
    }};
}
