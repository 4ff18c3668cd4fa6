// SPDX-License-Identifier: GPL-2.0
//! The command line.

use crate::status::columns::Column;
use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Shows and checks vswap, virtual swap for Linux.
#[derive(Debug, Parser)]
#[command(name = "vswapctl", version, disable_help_subcommand = true)]
pub struct Cli {
    /// Read the files of another tree instead of those of this machine
    #[arg(long, global = true, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what the ghost keeps, where, and how well
    Status(StatusArgs),
    /// Show it live, with rates, memory pressure and cgroups
    Top(TopArgs),
    /// Say whether this machine is set up well, and what to do where it is not
    Check(CheckArgs),
    /// Show, and with --apply do, what replaces other swap
    Migrate {
        /// What to replace.
        #[command(subcommand)]
        what: Migrate,
    },
    /// Print completions for a shell
    Completions {
        /// The shell: bash, zsh, fish
        shell: Shell,
    },
}

/// What can be replaced.
#[derive(Debug, Subcommand)]
pub enum Migrate {
    /// Swap on zram: devices that are on, and what turns them on at boot
    Zram(MigrateArgs),
}

/// Of `status`.
#[derive(Args, Clone, Debug, Default)]
#[command(after_help = columns_help())]
pub struct StatusArgs {
    /// Print JSON; its numbers are exact
    #[arg(long, conflicts_with_all = ["metrics", "output", "noheadings"])]
    pub json: bool,
    /// Print exact numbers of bytes, not K, M, G
    #[arg(short, long)]
    pub bytes: bool,
    /// Print Prometheus's text format, for node_exporter's textfile collector
    #[arg(long, conflicts_with_all = ["bytes", "output", "noheadings", "interval"])]
    pub metrics: bool,
    /// Measure rates for so many seconds; otherwise they are averages since booting
    #[arg(short, long, value_name = "SECONDS")]
    pub interval: Option<Interval>,
    /// Print these columns only
    #[arg(
        short,
        long,
        value_delimiter = ',',
        value_name = "COLUMNS",
        hide_possible_values = true
    )]
    pub output: Vec<Column>,
    /// Print no headings
    #[arg(short, long)]
    pub noheadings: bool,
}

impl StatusArgs {
    /// The columns to print.
    pub fn columns(&self) -> Vec<Column> {
        match self.output.is_empty() {
            true => Column::all(),
            false => self.output.clone(),
        }
    }
}

/// Of `top`.
#[derive(Args, Clone, Debug)]
pub struct TopArgs {
    /// Look every so many seconds
    #[arg(short, long, value_name = "SECONDS", default_value = "1")]
    pub interval: Interval,
    /// Print one screen as text, without a terminal
    #[arg(long, conflicts_with = "frames")]
    pub once: bool,
    /// Print so many screens as text, without a terminal
    #[arg(long, value_name = "N")]
    pub frames: Option<u32>,
    /// How wide such a screen is, in characters
    #[arg(long, value_name = "N", default_value = "80", value_parser = clap::value_parser!(u16).range(40..=1000))]
    pub width: u16,
    /// How many lines it has
    #[arg(long, value_name = "N", default_value = "24", value_parser = clap::value_parser!(u16).range(10..=1000))]
    pub height: u16,
}

/// Of `check`.
#[derive(Args, Clone, Debug, Default)]
#[command(
    after_help = "Exit status: 0 if all is well, 1 if something is wrong, 2 on a wrong command line."
)]
pub struct CheckArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Count warnings as wrong, too
    #[arg(long)]
    pub strict: bool,
}

/// Of `migrate zram`.
#[derive(Args, Clone, Debug, Default)]
pub struct MigrateArgs {
    /// Do it; otherwise it is only shown
    #[arg(long)]
    pub apply: bool,
}

/// Seconds, from a tenth to a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval(pub Duration);

impl FromStr for Interval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = text.parse::<f64>().ok();
        let seconds = seconds.filter(|seconds| (0.1..=86400.0).contains(seconds));
        seconds
            .map(|seconds| Self(Duration::from_secs_f64(seconds)))
            .ok_or_else(|| "give seconds, from 0.1 to 86400".to_string())
    }
}

/// What the columns mean, from the documentation of each.
fn columns_help() -> String {
    use clap::ValueEnum;
    let line = |column: &Column| {
        let value = column.to_possible_value()?;
        let help = value.get_help()?.to_string();
        Some(format!("  {:<11} {help}", value.get_name()))
    };
    let lines: Vec<_> = Column::value_variants().iter().filter_map(line).collect();
    format!("Columns:\n{}", lines.join("\n"))
}

/// Completions for a shell.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "vswapctl", &mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn intervals() {
        assert_eq!("1.5".parse::<Interval>().unwrap().0.as_millis(), 1500);
        for wrong in ["0", "-1", "nan", "inf", "1e9", "x", ""] {
            assert!(wrong.parse::<Interval>().is_err(), "{wrong}");
        }
    }
}
