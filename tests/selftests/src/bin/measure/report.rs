// SPDX-License-Identifier: GPL-2.0
//! The lines of results.

use crate::devices::Device;

/// The names of the columns.
pub fn title() {
    println!("part,contender,compressor,data,folios,figure,unit,value");
}

/// What all figures of a case have in common.
pub struct Case<'a> {
    pub part: &'a str,
    pub device: &'a Device,
    pub data: &'a str,
    pub folios: &'a str,
}

impl Case<'_> {
    /// Prints a figure.
    pub fn say(&self, figure: &str, unit: &str, value: impl std::fmt::Display) {
        println!(
            "{},{},{},{},{},{figure},{unit},{value}",
            self.part,
            self.device.contender,
            self.device.compressor_used(),
            self.data,
            self.folios
        );
    }
}

/// Unit of counts under --icount.
pub const INSTRUCTIONS: &str = "instructions/page";

/// A page's share, to a tenth.
pub fn each(cost: u64, pages: usize) -> String {
    format!("{:.1}", cost as f64 / pages as f64)
}
