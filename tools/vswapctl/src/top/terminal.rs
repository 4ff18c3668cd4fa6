// SPDX-License-Identifier: GPL-2.0
//! The view in a terminal: looks every interval, and at keys meanwhile.

use super::state::State;
use super::view;
use crate::error::{Doing, Result};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::DefaultTerminal;
use std::time::Instant;

/// Shows it until somebody ends it. The terminal is as before then, also after a panic.
pub fn run(state: &mut State) -> Result {
    let mut terminal = ratatui::try_init().doing("cannot use this terminal")?;
    let result = watch(&mut terminal, state);
    ratatui::restore();
    result
}

fn watch(terminal: &mut DefaultTerminal, state: &mut State) -> Result {
    let mut next = Instant::now() + state.interval;
    loop {
        terminal
            .draw(|frame| view::draw(frame, state))
            .doing("cannot draw on this terminal")?;
        let left = next.saturating_duration_since(Instant::now());
        if event::poll(left).doing("cannot read keys")? {
            let before = state.interval;
            if !on(state, &event::read().doing("cannot read keys")?) {
                return Ok(());
            }
            if state.interval != before {
                next = Instant::now() + state.interval;
            }
        }
        if Instant::now() >= next {
            if !state.paused {
                state.look();
            }
            next = Instant::now() + state.interval;
        }
    }
}

/// Whether it goes on. A new size of the terminal needs no more than drawing.
fn on(state: &mut State, event: &Event) -> bool {
    let Event::Key(key) = event else {
        return true;
    };
    if key.kind == KeyEventKind::Release {
        return true;
    }
    match key.code {
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => false,
        KeyCode::Esc => false,
        KeyCode::Char(c) => state.key(c),
        _ => true,
    }
}
