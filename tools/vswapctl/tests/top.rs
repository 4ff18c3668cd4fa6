// SPDX-License-Identifier: GPL-2.0
//! `top`: a screen as text, in terminals of all sizes, and what keys do.

mod common;

use common::Tree;
use std::time::Duration;
use vswapctl::top::{
    screen,
    state::{Sort, State},
};

const PRESSURE: &str = "some avg10=9.00 avg60=0.00 avg300=0.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1";

fn tree() -> Tree {
    Tree::ghost()
        .cgroup(
            "system.slice",
            &[
                ("memory.current", "8388608"),
                ("memory.zswap.current", "1048576"),
                ("memory.swap.current", "0"),
            ],
        )
        .cgroup(
            "user.slice",
            &[
                ("memory.current", "4194304"),
                ("memory.zswap.current", "4096"),
                ("memory.swap.current", "2097152"),
                ("memory.pressure", PRESSURE),
            ],
        )
        .cgroup(
            "idle.slice",
            &[
                ("memory.current", "1"),
                ("memory.zswap.current", "0"),
                ("memory.swap.current", "0"),
            ],
        )
}

/// The state after a second in which 512 pages went out, 256 came in and 64 were written back.
fn state(tree: &Tree) -> State {
    let mut state = State::new(tree.root(), Duration::from_secs(1));
    std::fs::write(tree.path().join("proc/uptime"), "1001.00 1.00\n").unwrap();
    std::fs::write(
        tree.path().join("proc/vmstat"),
        "zswpout 1500\nswpout_zero 36\nzswpin 512\nzswpwb 192\npswpout 130\npswpin 2\n",
    )
    .unwrap();
    state.look();
    state
}

#[test]
fn a_screen() {
    let tree = tree();
    let text = screen(&state(&tree), 80, 24).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 24);
    assert!(
        lines.iter().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    for wanted in [
        "ghost 3.9M of 1G used, priority 32767  up 0:16:41",
        "out                2M/s",
        "in                 1M/s",
        "written back     256K/s",
        "disks              0B/s out, 0B/s in",
        "3.2M saved by 1.2M, pools shrink 3.00 times, limit auto",
        "some 1.25 0.50 0.10, full 0.75 0.25 0.05",
        "pool1       zstd*                 -       600     2.3M       800K   816K   3.00",
        "tier1       /dev/vdb           256M       128     512K       512K     0B   1.00",
        "total       /dev/ghostswap       1G      1128",
        "      8M         1M       0B        - /system.slice",
        "      4M         4K       2M     9.00 /user.slice",
        "q quit",
    ] {
        assert!(text.contains(wanted), "no '{wanted}' in\n{text}");
    }
    assert!(!text.contains("idle.slice"), "{text}");
    assert!(
        lines[1].ends_with('█'),
        "the rates of before are missing:\n{text}"
    );
}

#[test]
fn terminals_of_all_sizes() {
    let tree = tree();
    let state = state(&tree);
    for (width, height) in [(1, 1), (10, 3), (40, 10), (79, 12), (200, 60), (1000, 24)] {
        assert_eq!(
            screen(&state, width, height).unwrap().lines().count(),
            usize::from(height)
        );
    }
}

#[test]
fn more_pools_than_lines() {
    let mut tree = tree();
    for n in 2..15 {
        tree = tree.numbers(&format!("pool{n}"), &[("stored_pages", 1)]);
    }
    let text = screen(&state(&tree), 80, 24).unwrap();
    assert!(
        text.contains("\ntotal ") && text.contains("/user.slice"),
        "{text}"
    );
}

#[test]
fn keys() {
    let tree = tree();
    let mut state = state(&tree);
    let first = |state: &State| state.groups()[0].path.clone();
    assert_eq!(first(&state), "/user.slice");
    assert!(state.key('s'));
    assert_eq!(
        (state.sort, first(&state)),
        (Sort::Zswap, "/system.slice".to_string())
    );
    assert!(state.key('s'));
    assert_eq!(
        (state.sort, first(&state)),
        (Sort::Pressure, "/user.slice".to_string())
    );
    assert!(state.key('+'));
    assert_eq!(state.interval, Duration::from_secs(2));
    (0..99).for_each(|_| assert!(state.key('-')));
    assert_eq!(state.interval, Duration::from_millis(250));
    assert!(state.key('p') && state.paused);
    assert!(screen(&state, 80, 24).unwrap().contains("paused"));
    assert!(state.key('x'));
    assert!(!state.key('q'));
}

#[test]
fn as_text() {
    let tree = tree();
    let text = tree.prints(&["top", "--once", "--interval", "0.1"]);
    assert_eq!(text.lines().count(), 24);
    let text = tree.prints(&[
        "top",
        "--frames",
        "2",
        "--interval",
        "0.1",
        "--height",
        "12",
        "--width",
        "100",
    ]);
    assert_eq!(text.lines().count(), 24);
    let output = tree.run(&["top"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && said.contains("--once"),
        "{said}"
    );
}
