// SPDX-License-Identifier: GPL-2.0
//! The table.

use super::columns::Column;
use super::rows::Row;
use crate::cli::StatusArgs;
use crate::rates::Rates;

/// The table's text. Columns are as wide as what is in them.
pub fn text(columns: &[Column], rows: &[Row], rates: &Rates, args: &StatusArgs) -> String {
    let heading = columns.iter().map(|column| column.heading().to_string());
    let mut lines: Vec<Vec<String>> = Vec::new();
    if !args.noheadings {
        lines.push(heading.collect());
    }
    for row in rows {
        let value = |column: &Column| column.value(row, rates, args.bytes);
        lines.push(columns.iter().map(value).collect());
    }
    let width = |i: usize| lines.iter().map(|line| line[i].chars().count()).max();
    let widths: Vec<_> = (0..columns.len()).map(|i| width(i).unwrap_or(0)).collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(columns).zip(&widths);
        let cells: Vec<_> = cells
            .map(|((cell, column), &width)| match column.is_text() {
                true => format!("{cell:<width$}"),
                false => format!("{cell:>width$}"),
            })
            .collect();
        text += cells.join(" ").trim_end();
        text.push('\n');
    }
    text
}
