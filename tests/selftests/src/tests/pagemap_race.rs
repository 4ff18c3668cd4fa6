// SPDX-License-Identifier: GPL-2.0
//! Two processes, and children of theirs, fault pages of one file, swap them
//! out, unmap them and punch holes, in too little memory; the contents of each
//! page are known at any time.

use crate::cgroup::Cgroup;
use crate::data::{Kind, Rng, Stamp};
use crate::ghost::{counter, Ghost};
use crate::harness::Env;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome, Stop};
use crate::pagemap;
use crate::worker::{Board, Worker};
use crate::{kernel, sys, PAGE};
use std::fs::File;

const KIND: Kind = Kind::Mixed;
const OWNER: u32 = 120;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let pages = env.count(4096, 1024);
    let (steps, forks) = (env.count(8_000, 2_000), env.count(16, 4));
    let ghost = Ghost::start("")?;
    let before = kernel::swap_events()?;
    let group = Cgroup::new("pagemap")?;
    // What is kept of pages that are out is charged, and processes have some.
    group.set("memory.max", pages / 2 * PAGE + (1 << 20))?;
    let file = sys::memfd("vswap-selftest").doing("memfd_create")?;
    file.set_len((pages * PAGE) as u64)
        .doing("setting a file's length")?;
    let board = Board::new()?;
    let worker = |number| {
        Worker::start(|| {
            group.enter()?;
            let mut part = Part {
                map: Mapping::file(&file, pages)?,
                number,
                generations: vec![0; pages / 2],
                rng: Rng::new(number as u64),
                told_swapped: 0,
            };
            board.step(0);
            board.wait_for(0, 2, &[])?;
            for step in 0..steps {
                part.step(&file)?;
                if step % (steps / forks) == 0 {
                    Worker::start(|| part.check_all())?.join()?;
                }
            }
            ensure!(part.told_swapped > 0, "no page was ever told to be in swap");
            part.check_all()
        })
    };
    group.join_all(vec![worker(0)?, worker(1)?])?;
    let after = kernel::swap_events()?;
    let (out, back) = (after.out - before.out, after.r#in - before.r#in);
    println!("# {out} pages went out, {back} came back");
    ensure!(
        out.min(back) >= pages as u64,
        "only {out} pages went out, and {back} came back"
    );
    drop(file);
    ensure_eq!(counter("stored_pages")?, 0, "stored_pages at the end");
    ghost.stop()
}

/// One process's view of the file: every other page is its own.
struct Part {
    map: Mapping,
    number: usize,
    /// How often each of its pages was written; 0 where there is a hole.
    generations: Vec<u32>,
    rng: Rng,
    told_swapped: usize,
}

impl Part {
    fn check(&self, own: usize) -> Outcome {
        let index = 2 * own + self.number;
        let stamp = Stamp {
            owner: OWNER + self.number as u32,
            index: index as u32,
            generation: self.generations[own],
        };
        let kind = if stamp.generation == 0 {
            Kind::Zero
        } else {
            KIND
        };
        kind.check(self.map.page(index), stamp).map_err(Stop::Fail)
    }

    fn check_all(&self) -> Outcome {
        (0..self.generations.len()).try_for_each(|own| self.check(own))
    }

    fn step(&mut self, file: &File) -> Outcome {
        let own = self.rng.below(self.generations.len());
        let index = 2 * own + self.number;
        let start = self.rng.below(self.map.pages() - 16);
        let some = start..start + 16;
        match self.rng.below(16) {
            0..=7 => {
                self.check(own)?;
                self.generations[own] += 1;
                let (owner, generation) = (OWNER + self.number as u32, self.generations[own]);
                self.map.fill(index..index + 1, KIND, owner, generation);
            }
            8..=10 => self.check(own)?,
            11 => self.map.touch(some),
            12 => self
                .map
                .advise(some, libc::MADV_PAGEOUT)
                .doing("MADV_PAGEOUT")?,
            13 => self
                .map
                .advise(some, libc::MADV_DONTNEED)
                .doing("MADV_DONTNEED")?,
            14 => {
                sys::punch_hole(file, index * PAGE, PAGE).doing("making a hole")?;
                self.generations[own] = 0;
                self.check(own)?;
            }
            _ => {
                let told = pagemap::by_pagemap(&self.map)?;
                let both = told.iter().filter(|told| told.present && told.swapped);
                ensure_eq!(
                    both.count(),
                    0,
                    "pages that are told to be present and swapped"
                );
                self.told_swapped += told.iter().filter(|told| told.swapped).count();
            }
        }
        Ok(())
    }
}
