// SPDX-License-Identifier: GPL-2.0
//! swapon and swapoff of util-linux, insmod and rmmod of kmod; type and priority
//! in /proc/swaps.

use crate::data::Kind;
use crate::ghost::{self, swap_line, DEVICE};
use crate::harness::Env;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use std::process::Command;

/// The highest priority there is.
const TOP: i64 = 32767;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let module = ghost::file(&ghost::flavor());
    let module = module.to_string_lossy();
    command(&["insmod", &module, "size=1G"])?;
    for (options, priority) in [
        (&[][..], TOP),
        (&["-p", "5"], 5),
        (&["-p", "0"], 0),
        (&[], TOP),
    ] {
        command(&[&["swapon"], options, &[DEVICE]].concat())?;
        let Some(line) = swap_line()? else {
            fail!("/proc/swaps does not show the ghost")
        };
        ensure_eq!(line.path, DEVICE, "path in /proc/swaps");
        ensure_eq!(line.kind, "ghost", "type in /proc/swaps");
        ensure_eq!(line.priority, priority, "priority with {options:?}");
        let shown = command(&["swapon", "--show", "--noheadings", "--bytes"])?;
        ensure!(
            shown.contains(DEVICE),
            "swapon --show does not show the ghost: {shown}"
        );

        let mut map = Mapping::private(env.pages(2))?;
        map.fill(map.all(), Kind::Mixed, 140, priority as u32);
        map.page_out(map.all())?;
        let Some(line) = swap_line()? else {
            fail!("/proc/swaps does not show the ghost")
        };
        ensure!(
            line.used as usize >= map.pages() * 4,
            "used: expected {}, got {}",
            map.pages() * 4,
            line.used
        );
        map.check(map.all(), Kind::Mixed, 140, priority as u32)?;
        command(&["swapoff", DEVICE])?;
        ensure!(
            swap_line()?.is_none(),
            "/proc/swaps shows the ghost after swapoff"
        );
    }
    command(&["rmmod", "vswap"])?;
    ensure!(!ghost::is_loaded(), "the module is there after rmmod");
    Ok(())
}

fn command(words: &[&str]) -> Outcome<String> {
    let text = words.join(" ");
    let output = Command::new(words[0])
        .args(&words[1..])
        .output()
        .doing(&text)?;
    ensure!(
        output.status.success(),
        "{text}: {}, {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).to_string())
}
