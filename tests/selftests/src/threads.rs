// SPDX-License-Identifier: GPL-2.0
//! Threads that share a mapping. Only workers have threads, as a process that
//! has some must not fork.

use crate::data::{Kind, Stamp};
use crate::mapping::Mapping;
use crate::outcome::{Outcome, Stop};
use crate::PAGE;
use std::ops::{Deref, Range};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::ScopedJoinHandle;

/// Memory of several threads. Each page is written by one of them, and read by
/// no other meanwhile.
pub struct Shared(Mapping);

// SAFETY: The mapping stays where it is while it is shared, and who uses which
// page when is settled among the threads, as it is among processes.
unsafe impl Sync for Shared {}

impl Shared {
    /// Lets threads share this memory.
    pub fn new(map: Mapping) -> Self {
        Self(map)
    }

    /// Writes the content of pages, which are this thread's for now.
    pub fn fill(&self, pages: Range<usize>, kind: Kind, owner: u32, generation: u32) {
        assert!(pages.end <= self.pages(), "pages {pages:?}");
        for index in pages {
            let stamp = Stamp {
                owner,
                index: index as u32,
                generation,
            };
            let mut content = [0; PAGE];
            kind.fill(&mut content, stamp);
            // SAFETY: Inside of the mapping, and no other thread uses the page.
            unsafe {
                let page = self.address().add(index * PAGE);
                std::ptr::copy_nonoverlapping(content.as_ptr(), page, PAGE);
            }
        }
    }
}

impl Deref for Shared {
    type Target = Mapping;

    fn deref(&self) -> &Mapping {
        &self.0
    }
}

/// Runs a function in `count` threads, which tells them apart by a number. The
/// first failure is the result.
pub fn each(count: usize, work: impl Fn(usize) -> Outcome + Sync) -> Outcome {
    let work = &work;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|number| scope.spawn(move || work(number)))
            .collect();
        let end = |thread: ScopedJoinHandle<'_, Outcome>| {
            let failed = |_| Err(Stop::Fail("a thread panicked".to_string()));
            thread.join().unwrap_or_else(failed)
        };
        let results: Vec<_> = threads.into_iter().map(end).collect();
        results.into_iter().collect()
    })
}

/// Where threads meet, again and again, to go on at the same moment: they do
/// not sleep, so that none is late.
pub struct Meeting {
    threads: usize,
    arrived: AtomicUsize,
}

impl Meeting {
    /// For so many threads.
    pub fn new(threads: usize) -> Self {
        Self {
            threads,
            arrived: AtomicUsize::new(0),
        }
    }

    /// Waits for the others.
    pub fn wait(&self) {
        let ticket = self.arrived.fetch_add(1, Ordering::SeqCst);
        let all = (ticket / self.threads + 1) * self.threads;
        while self.arrived.load(Ordering::SeqCst) < all {
            std::thread::yield_now();
        }
    }
}
