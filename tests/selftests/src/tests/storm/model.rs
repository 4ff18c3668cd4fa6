// SPDX-License-Identifier: GPL-2.0
//! The contents of each page. A thread holds the pages that it changes or
//! compares, while others work on those beside them.

use super::area::{Area, Backing};
use super::board::{FAULTS, LOST, VERIFIED};
use super::history::History;
use super::operations;
use super::sigbus;
use crate::data::{Kind, Stamp};
use crate::outcome::Outcome;
use crate::worker::Board;
use crate::PAGE;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard};

/// A page's content.
pub struct Page {
    kind: Kind,
    generation: u32,
    /// How often it was written.
    written: u32,
    /// It may be zero as well, until it is written: MADV_FREE.
    freed: bool,
    /// What it is without what was written.
    base: Kind,
    /// The count of faults before it was last seen to be right.
    faults: u64,
}

/// The count of faults of a page that was not looked at.
const UNSEEN: u64 = u64::MAX;
/// How far the generations of a parent and of its child are apart.
const DIVERGED: u32 = 1 << 20;

/// A page, and what was done with it.
pub struct Slot {
    page: Mutex<Page>,
    pub history: History,
}

impl Slot {
    /// A page that was not written yet.
    pub fn new(base: Kind) -> Self {
        let page = Page {
            kind: base,
            generation: 0,
            written: 0,
            freed: false,
            base,
            faults: UNSEEN,
        };
        Self {
            page: Mutex::new(page),
            history: History::default(),
        }
    }
}

/// Pages that a thread holds.
pub struct Hold<'a> {
    pub area: &'a Area,
    board: &'a Board,
    first: usize,
    pages: Vec<MutexGuard<'a, Page>>,
}

impl<'a> Hold<'a> {
    /// Waits for pages. They are taken from the first on, and a thread has only
    /// one hold, so that threads do not wait for each other in a circle.
    pub fn new(area: &'a Area, pages: Range<usize>, board: &'a Board) -> Self {
        let take = |slot: &'a Slot| slot.page.lock().unwrap_or_else(|e| e.into_inner());
        Self {
            area,
            board,
            first: pages.start,
            pages: area.slots[pages].iter().map(take).collect(),
        }
    }

    /// Which pages.
    pub fn range(&self) -> Range<usize> {
        self.first..self.first + self.pages.len()
    }

    fn stamp(&self, index: usize, generation: u32) -> Stamp {
        Stamp {
            owner: self.area.owner,
            index: index as u32,
            generation,
        }
    }

    fn of(&mut self, index: usize) -> &mut Page {
        &mut self.pages[index - self.first]
    }

    /// Compares every byte of a page with what it must be.
    pub fn check(&mut self, index: usize) -> Outcome {
        let faults = self.board.get(FAULTS);
        let Some(bytes) = self.look(index)? else {
            return Ok(());
        };
        let page = &self.pages[index - self.first];
        let stamp = self.stamp(index, page.generation);
        if let Err(text) = page.kind.check(&bytes, stamp) {
            if !page.freed {
                fail!("{text}{}", self.tell(index));
            }
            // It may go while it is looked at. Then it is zero from now on.
            let Some(bytes) = self.look(index)? else {
                return Ok(());
            };
            if Kind::Zero.check(&bytes, stamp).is_err() {
                fail!(
                    "after MADV_FREE, neither zero nor: {text}{}",
                    self.tell(index)
                );
            }
            let page = self.of(index);
            (page.kind, page.freed) = (Kind::Zero, false);
        }
        self.of(index).faults = faults;
        self.board.step(VERIFIED);
        Ok(())
    }

    fn tell(&self, index: usize) -> String {
        let history = self.area.slots[index].history.tell(operations::name);
        let number = self.area.number;
        format!("; area {number}, page {index}, its last operations: {history}")
    }

    /// Compares bytes that came from a page by another way.
    pub fn compare(&mut self, index: usize, bytes: &[u8]) -> Outcome {
        let page = &self.pages[index - self.first];
        let stamp = self.stamp(index, page.generation);
        if let Err(text) = page.kind.check(bytes, stamp) {
            fail!("{text}{}", self.tell(index));
        }
        self.board.step(VERIFIED);
        Ok(())
    }

    /// Compares all that is held.
    pub fn check_all(&mut self) -> Outcome {
        self.range().try_for_each(|index| self.check(index))
    }

    /// A copy of a page, if it can be read.
    fn look(&mut self, index: usize) -> Outcome<Option<[u8; PAGE]>> {
        let (from, mut bytes) = (self.area.page(index), [0; PAGE]);
        // SAFETY: The page is mapped readable, and its content can be any.
        let lost = sigbus::lost(|| unsafe {
            std::ptr::copy_nonoverlapping(std::hint::black_box(from), bytes.as_mut_ptr(), PAGE)
        });
        if lost {
            self.lose(index)?;
            return Ok(None);
        }
        Ok(Some(bytes))
    }

    /// A page was SIGBUS, and has been dropped. There must have been a reason.
    fn lose(&mut self, index: usize) -> Outcome {
        let now = self.board.get(FAULTS);
        let private = matches!(self.area.backing, Backing::Private(_));
        let page = self.of(index);
        if now % 2 == 0 && (now == 0 || now == page.faults) {
            let history = self.tell(index);
            fail!("SIGBUS, but no read can have failed since it was last seen{history}");
        }
        if private {
            page.base = Kind::Zero;
        }
        self.discarded(index);
        self.board.step(LOST);
        Ok(())
    }

    /// Writes a page.
    pub fn write(&mut self, index: usize, kind: Kind) -> Outcome {
        let faults = self.board.get(FAULTS);
        let page = self.of(index);
        page.written = page.written.wrapping_add(1);
        let generation = page.written;
        let stamp = self.stamp(index, generation);
        let to = self.area.page(index);
        // SAFETY: The page is mapped, held by this thread, and nobody has a
        // reference to it.
        while sigbus::lost(|| kind.fill(unsafe { std::slice::from_raw_parts_mut(to, PAGE) }, stamp))
        {
            self.lose(index)?;
        }
        let page = self.of(index);
        (page.kind, page.generation) = (kind, generation);
        (page.freed, page.faults) = (false, faults);
        Ok(())
    }

    /// Writes what is there: the page is dirty then, and no other.
    pub fn dirty(&mut self, index: usize) -> Outcome {
        let at = self.area.page(index);
        // SAFETY: As in `write`. A byte of memory can be any.
        let lost = sigbus::lost(|| unsafe { at.write_volatile(at.read_volatile()) });
        if lost {
            self.lose(index)?;
        }
        Ok(())
    }

    /// Whether the content of a page is known.
    pub fn is_known(&mut self, index: usize) -> bool {
        !self.of(index).freed
    }

    /// What was written to a page is gone.
    pub fn discarded(&mut self, index: usize) {
        let page = self.of(index);
        (page.kind, page.generation) = (page.base, 0);
        // What a file has there may have been out for long.
        (page.freed, page.faults) = (false, UNSEEN);
    }

    /// A page may go from now on.
    pub fn freed(&mut self, index: usize) {
        self.of(index).freed = true;
    }

    /// What is written from now on differs from what is written elsewhere.
    pub fn diverge(&mut self) {
        for page in &mut self.pages {
            page.written = page.written.wrapping_add(DIVERGED);
        }
    }

    /// A child that diverged wrote a page of shared memory.
    pub fn written_by_child(&mut self, index: usize, kind: Kind) {
        let page = self.of(index);
        page.written = page.written.wrapping_add(DIVERGED + 1);
        (page.kind, page.generation, page.freed) = (kind, page.written, false);
    }
}
