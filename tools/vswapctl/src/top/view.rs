// SPDX-License-Identifier: GPL-2.0
//! Draws the view: from what was read to cells, and nothing else.

use super::state::State;
use crate::kernel::cgroups::Cgroup;
use crate::kernel::parameters::PoolLimit;
use crate::rates::Rates;
use crate::status::columns::Column;
use crate::status::rows::Row as Tier;
use crate::units::{bytes, ratio, signed_bytes};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::Line;
use ratatui::widgets::{Cell, Paragraph, RenderDirection, Row, Sparkline, Table};
use ratatui::Frame;

/// How wide a name and its rate are, beside which is how it was before.
const NAME: u16 = 26;
/// Lines of the table of tiers at most, with the heading: the rest is for cgroups.
const TIERS: u16 = 9;

/// Draws all of it.
pub fn draw(frame: &mut Frame<'_>, state: &State) {
    let tiers = Tier::all(state.now());
    let lines = (tiers.len() as u16 + 1).min(TIERS);
    let [title, rates, disks, memory, psi, _, table, _, groups, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(3),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(lines),
        Constraint::Length(1),
        Constraint::Min(1),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(title_line(state), title);
    draw_rates(frame, rates, state);
    frame.render_widget(disks_line(state), disks);
    frame.render_widget(memory_line(state, &tiers), memory);
    frame.render_widget(pressure_line(state), psi);
    frame.render_widget(tiers_table(&tiers, lines), table);
    draw_groups(frame, groups, state);
    frame.render_widget(Line::from(keys_text(state)).reversed(), keys);
}

fn title_line(state: &State) -> Line<'static> {
    let now = state.now();
    let version = now
        .module
        .as_ref()
        .and_then(|module| module.version.clone());
    let ghost = match now.ghost_swap() {
        Some(swap) => format!(
            "{} of {} used, priority {}",
            bytes(swap.used),
            bytes(swap.size),
            swap.priority
        ),
        None => "off".to_string(),
    };
    let seconds = now.uptime.as_secs();
    Line::from(format!(
        "vswap {}  ghost {ghost}  up {}:{:02}:{:02}",
        version.unwrap_or_default(),
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    ))
    .bold()
}

type Of = fn(&Rates) -> Option<f64>;

fn draw_rates(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let kinds: [(&str, Of, Color); 3] = [
        ("out", |rates| rates.out_bytes_per_second, Color::Yellow),
        ("in", |rates| rates.in_bytes_per_second, Color::Green),
        (
            "written back",
            |rates| rates.written_back_bytes_per_second,
            Color::Red,
        ),
    ];
    let [names, before] =
        Layout::horizontal([Constraint::Length(NAME), Constraint::Min(0)]).areas(area);
    // One scale for all, so that they can be compared.
    let of = |rates: &Rates, value: Of| value(rates).unwrap_or(0.0) as u64;
    let shown = || state.rates().take(before.width.into());
    let most = kinds
        .iter()
        .flat_map(|(_, value, _)| shown().map(|rates| of(rates, *value)))
        .max();
    for (i, (name, value, color)) in (0..area.height).zip(kinds) {
        let line = |area: Rect| Rect {
            y: area.y + i,
            height: 1,
            ..area
        };
        let now = state.rates().next().and_then(value);
        frame.render_widget(
            Line::from(format!("{name:<14}{:>9}", per_second(now))),
            line(names),
        );
        let data: Vec<u64> = shown().map(|rates| of(rates, value)).collect();
        let history = Sparkline::default()
            .data(data)
            .max(most.unwrap_or(0).max(1))
            .direction(RenderDirection::RightToLeft)
            .style(Style::new().fg(color));
        frame.render_widget(history, line(before));
    }
}

fn per_second(rate: Option<f64>) -> String {
    rate.map_or_else(
        || "-".to_string(),
        |rate| format!("{}/s", bytes(rate as u64)),
    )
}

fn disks_line(state: &State) -> Line<'static> {
    let rates = state.rates().next();
    Line::from(format!(
        "disks         {:>9} out, {} in",
        per_second(rates.and_then(|rates| rates.disk_out_bytes_per_second)),
        per_second(rates.and_then(|rates| rates.disk_in_bytes_per_second))
    ))
}

/// What is kept in memory, and what that takes.
fn memory_line(state: &State, tiers: &[Tier]) -> Line<'static> {
    let Some(total) = tiers.last() else {
        return Line::default();
    };
    let stats = state
        .now()
        .ghost
        .as_ref()
        .map(|ghost| ghost.stats.clone())
        .unwrap_or_default();
    let sizes = stats.original_bytes.zip(stats.compressed_bytes);
    let shrunk =
        sizes.and_then(|(original, compressed)| crate::units::ratio_of(original, compressed));
    let limit = match state
        .now()
        .module
        .as_ref()
        .and_then(|module| module.max_pool)
    {
        Some(PoolLimit::Auto) => "auto".to_string(),
        Some(PoolLimit::Percent(percent)) => format!("{percent}%"),
        None => "-".to_string(),
    };
    Line::from(format!(
        "memory        {:>9} saved by {}, pools shrink {} times, limit {limit}",
        signed_bytes(total.ram_saved_bytes),
        bytes(total.memory_bytes),
        ratio(shrunk)
    ))
}

fn pressure_line(state: &State) -> Line<'static> {
    let Some(pressure) = state.now().pressure else {
        return Line::from("pressure      not known: the kernel is without CONFIG_PSI");
    };
    let shares = |stall: crate::kernel::pressure::Stall| {
        format!("{:.2} {:.2} {:.2}", stall.avg10, stall.avg60, stall.avg300)
    };
    let line = Line::from(format!(
        "pressure      some {}, full {} (% of 10, 60, 300 s)",
        shares(pressure.some),
        shares(pressure.full)
    ));
    match pressure.full.avg10 {
        10.0.. => line.red(),
        _ => line,
    }
}

fn tiers_table(tiers: &[Tier], lines: u16) -> Table<'static> {
    // The sum stays where there are more than fit.
    let most = usize::from(lines.saturating_sub(1));
    let (sum, rest) = tiers
        .split_last()
        .map_or((&[][..], &[][..]), |(last, rest)| {
            (std::slice::from_ref(last), rest)
        });
    let shown = rest.iter().take(most.saturating_sub(1)).chain(sum);
    let columns = [
        (Column::Tier, 11),
        (Column::By, 16),
        (Column::Size, 6),
        (Column::Stored, 9),
        (Column::Original, 8),
        (Column::Compressed, 10),
        (Column::Memory, 6),
        (Column::Ratio, 6),
    ];
    let cell = |column: Column, text: String| match column.is_text() {
        true => Cell::from(text),
        false => Cell::from(Line::from(text).right_aligned()),
    };
    let none = Rates::default();
    let rows = shown.map(|tier| {
        let cells = columns.map(|(column, _)| cell(column, column.value(tier, &none, false)));
        Row::new(cells)
    });
    let heading = columns.map(|(column, _)| cell(column, column.heading().to_string()));
    Table::new(rows.collect::<Vec<_>>(), columns.map(|(_, width)| width))
        .header(Row::new(heading).bold())
        .column_spacing(1)
}

fn draw_groups(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let groups = state.groups();
    if groups.is_empty() {
        frame.render_widget(Paragraph::new("No cgroup has pages in swap."), area);
        return;
    }
    let right = |text: String| Cell::from(Line::from(text).right_aligned());
    let share = |group: &Cgroup| {
        group
            .pressure
            .map_or_else(|| "-".to_string(), |p| format!("{:.2}", p.some.avg10))
    };
    let rows = groups
        .iter()
        .take(area.height.saturating_sub(1).into())
        .map(|group| {
            Row::new([
                right(bytes(group.current)),
                right(bytes(group.zswap)),
                right(bytes(group.swap)),
                right(share(group)),
                Cell::from(group.path.clone()),
            ])
        });
    let widths = [
        Constraint::Length(8),
        Constraint::Length(10),
        Constraint::Length(8),
        Constraint::Length(8),
        Constraint::Min(10),
    ];
    let heading = Row::new([
        right("MEMORY".to_string()),
        right("COMPRESSED".to_string()),
        right("ON DISK".to_string()),
        right("PRESSURE".to_string()),
        Cell::from(format!("CGROUP (by {})", state.sort.name())),
    ]);
    let table = Table::new(rows.collect::<Vec<_>>(), widths)
        .header(heading.bold())
        .column_spacing(1);
    frame.render_widget(table, area);
}

fn keys_text(state: &State) -> String {
    let paused = if state.paused { "  paused" } else { "" };
    format!(
        " q quit  p pause  s sort cgroups  + - interval: {} s{paused}",
        state.interval.as_secs_f64()
    )
}
