// SPDX-License-Identifier: GPL-2.0
//! The last operations on a page, for the report of one that is wrong.

use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};

const LENGTH: usize = 8;

/// The last operations. Threads that do not hold the page note theirs too.
#[derive(Default)]
pub struct History {
    next: AtomicU32,
    /// The thread above, the operation below.
    last: [AtomicU16; LENGTH],
}

impl History {
    /// Notes an operation.
    pub fn note(&self, thread: usize, operation: usize) {
        let place = self.next.fetch_add(1, Ordering::Relaxed) as usize % LENGTH;
        let entry = ((thread << 8) | operation) as u16;
        self.last[place].store(entry, Ordering::Relaxed);
    }

    /// The last operations, the newest at the end: "thread:name".
    pub fn tell(&self, name: impl Fn(usize) -> &'static str) -> String {
        let count = self.next.load(Ordering::Relaxed) as usize;
        let told: Vec<_> = (count.saturating_sub(LENGTH)..count)
            .map(|at| {
                let entry = usize::from(self.last[at % LENGTH].load(Ordering::Relaxed));
                format!("{}:{}", entry >> 8, name(entry & 0xff))
            })
            .collect();
        told.join(" ")
    }
}
