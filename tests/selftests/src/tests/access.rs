// SPDX-License-Identifier: GPL-2.0
//! Reading and writing pages in random order, for the tests under pressure.

use crate::data::{Kind, Rng, Stamp};
use crate::mapping::Mapping;
use crate::outcome::{Outcome, Stop};

/// Fills pages, then checks pages and writes half of them anew, `steps` times,
/// then checks them all.
pub fn at_random(owner: u32, pages: usize, steps: usize) -> Outcome {
    let mut memory = Memory::new(owner, pages)?;
    let mut rng = Rng::new(owner.into());
    for _ in 0..steps {
        memory.step(&mut rng)?;
    }
    memory.check_all()
}

/// Memory, and how often each page of it was written.
pub struct Memory {
    owner: u32,
    writer: u32,
    map: Mapping,
    generations: Vec<u32>,
}

impl Memory {
    /// Fills the pages.
    pub fn new(owner: u32, pages: usize) -> Outcome<Self> {
        let mut map = Mapping::private(pages)?;
        map.fill(map.all(), Kind::Mixed, owner, 0);
        Ok(Self {
            owner,
            writer: 0,
            map,
            generations: vec![0; pages],
        })
    }

    /// What is written from now on differs from what other processes write to
    /// their copies of the memory.
    pub fn write_as(&mut self, writer: u32) {
        self.writer = writer << 20;
    }

    fn stamp(&self, index: usize) -> Stamp {
        let generation = self.generations[index];
        Stamp {
            owner: self.owner,
            index: index as u32,
            generation,
        }
    }

    /// Checks a page, and writes it anew every other time.
    pub fn step(&mut self, rng: &mut Rng) -> Outcome {
        let index = rng.below(self.map.pages());
        let old = self.stamp(index);
        Kind::Mixed
            .check(self.map.page(index), old)
            .map_err(Stop::Fail)?;
        if rng.below(2) == 0 {
            let count = self.generations[index] & ((1 << 20) - 1);
            self.generations[index] = self.writer | (count + 1);
            let new = self.stamp(index);
            Kind::Mixed.fill(self.map.page_mut(index), new);
        }
        Ok(())
    }

    /// Asks for some pages to go out.
    pub fn page_out(&self, rng: &mut Rng, count: usize) -> Outcome {
        let start = rng.below(self.map.pages() - count);
        self.map.try_page_out(start..start + count)
    }

    /// Checks all pages.
    pub fn check_all(&self) -> Outcome {
        for index in self.map.all() {
            let stamp = self.stamp(index);
            Kind::Mixed
                .check(self.map.page(index), stamp)
                .map_err(Stop::Fail)?;
        }
        Ok(())
    }
}
