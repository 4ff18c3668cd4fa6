// SPDX-License-Identifier: GPL-2.0
//! What the view shows: what was read last, the rates since the time before, and how the view is set.

use crate::kernel::cgroups::Cgroup;
use crate::rates::Rates;
use crate::root::Root;
use crate::snapshot::{swapped_cgroups, Snapshot};
use std::cmp::Reverse;
use std::collections::VecDeque;
use std::time::Duration;

/// How many rates are remembered: for the widest terminal.
const REMEMBERED: usize = 512;
/// The shortest and the longest interval that keys lead to.
const INTERVALS: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(60));

/// By what cgroups are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// What they have in swap, in memory and on disks.
    #[default]
    Swap,
    /// Of which: memory that compressed pages take.
    Zswap,
    /// How long they waited for memory.
    Pressure,
}

impl Sort {
    /// What follows.
    fn next(self) -> Self {
        match self {
            Self::Swap => Self::Zswap,
            Self::Zswap => Self::Pressure,
            Self::Pressure => Self::Swap,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Swap => "swap",
            Self::Zswap => "compressed",
            Self::Pressure => "pressure",
        }
    }
}

/// See above.
pub struct State {
    root: Root,
    now: Snapshot,
    groups: Vec<Cgroup>,
    rates: VecDeque<Rates>,
    /// How long it waits between two looks.
    pub interval: Duration,
    /// Whether it stands still.
    pub paused: bool,
    /// By what cgroups are sorted.
    pub sort: Sort,
}

impl State {
    /// Looks for the first time.
    pub fn new(root: Root, interval: Duration) -> Self {
        Self {
            now: Snapshot::read(&root),
            groups: swapped_cgroups(&root),
            root,
            rates: VecDeque::new(),
            interval,
            paused: false,
            sort: Sort::default(),
        }
    }

    /// Looks again.
    pub fn look(&mut self) {
        let now = Snapshot::read(&self.root);
        self.rates.push_front(Rates::between(&self.now, &now));
        self.rates.truncate(REMEMBERED);
        self.now = now;
        self.groups = swapped_cgroups(&self.root);
        self.sort_groups();
    }

    /// What was read last.
    pub fn now(&self) -> &Snapshot {
        &self.now
    }

    /// Rates, the last ones first.
    pub fn rates(&self) -> impl Iterator<Item = &Rates> {
        self.rates.iter()
    }

    /// Cgroups in their order.
    pub fn groups(&self) -> &[Cgroup] {
        &self.groups
    }

    /// What a key does; whether the view goes on.
    pub fn key(&mut self, key: char) -> bool {
        match key {
            'q' => return false,
            'p' | ' ' => self.paused = !self.paused,
            's' => {
                self.sort = self.sort.next();
                self.sort_groups();
            }
            '+' => self.interval = (self.interval * 2).min(INTERVALS.1),
            '-' => self.interval = (self.interval / 2).max(INTERVALS.0),
            _ => {}
        }
        true
    }

    fn sort_groups(&mut self) {
        let waited = |group: &Cgroup| group.pressure.map_or(0, |p| (p.some.avg10 * 100.0) as u64);
        match self.sort {
            Sort::Swap => self
                .groups
                .sort_by_key(|group| Reverse(group.swap + group.zswap)),
            Sort::Zswap => self.groups.sort_by_key(|group| Reverse(group.zswap)),
            Sort::Pressure => self.groups.sort_by_key(|group| Reverse(waited(group))),
        }
    }
}
