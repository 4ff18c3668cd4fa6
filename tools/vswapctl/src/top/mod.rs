// SPDX-License-Identifier: GPL-2.0
//! `vswapctl top`: a live view.

pub mod state;
pub mod terminal;
pub mod view;

use crate::cli::TopArgs;
use crate::error::{Doing, Error, Result};
use crate::root::Root;
use crate::status;
use ratatui::backend::TestBackend;
use ratatui::Terminal;
use state::State;
use std::io::{IsTerminal, Write};

/// Shows it until `q`; with `--once` or `--frames` prints screens as text.
pub fn run(root: &Root, args: &TopArgs) -> Result {
    let mut state = State::new(root.clone(), args.interval.0);
    status::ensure_ghost(state.now())?;
    match args.frames.or(args.once.then_some(1)) {
        Some(frames) => print(&mut state, args, frames),
        None if std::io::stdout().is_terminal() => terminal::run(&mut state),
        None => Err(Error::new("the output is not a terminal")
            .advise("'vswapctl top --once' prints one screen as text.")),
    }
}

fn print(state: &mut State, args: &TopArgs, frames: u32) -> Result {
    for _ in 0..frames {
        std::thread::sleep(args.interval.0);
        state.look();
        let text = screen(state, args.width, args.height)?;
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            result => result.doing("cannot write to the standard output")?,
        }
    }
    Ok(())
}

/// One screen as text.
pub fn screen(state: &State, width: u16, height: u16) -> Result<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).doing("making a screen")?;
    terminal
        .draw(|frame| view::draw(frame, state))
        .doing("drawing a screen")?;
    let buffer = terminal.backend().buffer();
    let line = |y| {
        let cells = (0..width).map(|x| buffer[(x, y)].symbol());
        cells.collect::<String>().trim_end().to_string() + "\n"
    };
    Ok((0..height).map(line).collect())
}
