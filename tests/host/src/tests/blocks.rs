// SPDX-License-Identifier: GPL-2.0

//! Pages that move between pools and blocks, against a model: whatever is written, lost, used or freed meanwhile, a
//! page that is read is the right one, and a block is there as long as somebody shares it.

use super::{
    descriptor::Descriptor,
    open_block::{crc, Open, Placed},
    table::{words, Table},
};
use crate::{
    ghost::{
        age,
        block::{Block, Reader, Seal, BLOCK_LEN},
        value::Value,
    },
    swap::descriptor::{InBlock, Location},
};
use proptest::{collection::vec, prelude::*};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    iter, mem,
    sync::atomic::AtomicU64,
};

/// Few, so that they meet.
const SLOTS: usize = 5;
/// Blocks that the device has room for.
const BLOCKS: u64 = 3;
/// Slots that blocks from before name: the ghost may have had more of them.
const OLDER: [usize; 3] = [4, 1, 5000];

#[derive(Clone, Debug)]
enum Op {
    /// A page of this length is stored, compressed.
    Store(usize, usize),
    /// Another page of the same length takes the place of one, as it is freed before.
    Replace(usize),
    Load(usize),
    Free(usize),
    /// The hand of a packer passes a slot, and copies its page if that is old.
    Pick(usize),
    /// Compaction copies what is left in the next block.
    Empty,
    /// All that was copied is written, and the slots get their shares. If so told the turn ends.
    Write(Fate, bool),
    /// The device is turned off, and on again. So many pages are brought in at a time.
    Evacuate(usize),
}

/// What a device does with a block.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Written,
    Failed,
    /// It says that it was written.
    Lost,
    /// A byte of it is another one later.
    Damaged(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let slot = 1..SLOTS;
    let len = prop_oneof![2 => Just(100), 1 => Just(600), 1 => Just(1700)];
    prop_oneof![
        4 => (slot.clone(), len).prop_map(|(slot, len)| Op::Store(slot, len)),
        2 => slot.clone().prop_map(Op::Replace),
        1 => slot.clone().prop_map(Op::Load),
        2 => slot.clone().prop_map(Op::Free),
        10 => slot.prop_map(Op::Pick),
        2 => Just(Op::Empty),
        2 => (fate(), any::<bool>()).prop_map(|(fate, ends)| Op::Write(fate, ends)),
        1 => (1..4usize).prop_map(Op::Evacuate),
    ]
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        5 => Just(Fate::Written),
        1 => Just(Fate::Failed),
        2 => Just(Fate::Lost),
        1 => (0..BLOCK_LEN).prop_map(Fate::Damaged),
    ]
}

/// Who has the mutex.
#[derive(Clone, Copy)]
enum Turn {
    Nobody,
    Packer,
    /// It has looked at the blocks up to this.
    Compaction(u64),
}

/// A slot of the device.
struct OnDevice {
    block: Box<Block>,
    shares: usize,
}

struct World<'a> {
    table: Table<'a>,
    /// What is in the pools, by handle. A handle is used again at once.
    objects: HashMap<u64, Vec<u8>>,
    device: BTreeMap<u64, OnDevice>,
    /// What was on a slot of it last.
    old: HashMap<u64, Box<Block>>,
    turn: Turn,
    open: Open,
    /// What is right.
    model: HashMap<usize, Vec<u8>>,
    /// Slots whose pages the device may have spoiled: only those may be lost.
    spoiled: HashSet<usize>,
    stored: u8,
}

impl<'a> World<'a> {
    fn new(words: &'a [AtomicU64]) -> Self {
        Self {
            table: Table::new(words),
            objects: HashMap::new(),
            device: BTreeMap::new(),
            old: (1..=BLOCKS).map(|entry| (entry, older_block())).collect(),
            turn: Turn::Nobody,
            open: Open::new(),
            model: HashMap::new(),
            spoiled: HashSet::new(),
            stored: 0,
        }
    }

    fn step(&mut self, op: &Op) {
        match *op {
            Op::Store(slot, len) => {
                self.stored = self.stored.wrapping_add(1);
                let data = vec![self.stored; len];
                self.put_object(slot, data.clone());
                self.model.insert(slot, data);
                self.spoiled.remove(&slot);
            }
            Op::Replace(slot) => {
                if let Some(len) = self.model.get(&slot).map(Vec::len) {
                    self.step(&Op::Free(slot));
                    self.step(&Op::Store(slot, len));
                }
            }
            Op::Load(slot) => {
                match self.read(slot) {
                    Ok(found) => assert_eq!(found.as_ref(), self.model.get(&slot)),
                    Err(()) => assert!(self.spoiled.contains(&slot)),
                }
                self.table.set_mark(slot, age::NEW);
            }
            Op::Free(slot) => {
                let old = self.table.take(slot).unwrap();
                self.release(old);
                self.model.remove(&slot);
                self.spoiled.remove(&slot);
            }
            Op::Pick(slot) => self.pick(slot),
            Op::Empty => self.empty_next(),
            Op::Write(fate, ends) => {
                self.write(fate);
                if ends {
                    self.turn = Turn::Nobody;
                }
            }
            Op::Evacuate(batch) => {
                // Each time around some leave, whatever the headers say.
                for _ in 1..SLOTS {
                    self.evacuate(batch);
                }
                assert!(self.device.is_empty());
            }
        }
        self.check();
    }

    fn put(&mut self, slot: usize, desc: Descriptor) {
        let old = self.table.put(slot, desc).unwrap().unwrap();
        self.release(old);
    }

    fn put_object(&mut self, slot: usize, data: Vec<u8>) {
        let handle = (0..)
            .find(|handle| !self.objects.contains_key(handle))
            .unwrap();
        let at = Location {
            handle,
            len: data.len(),
            pool: 0,
            mark: age::NEW,
        };
        self.objects.insert(handle, data);
        self.put(slot, Descriptor::Object(at));
    }

    fn release(&mut self, desc: Descriptor) {
        match desc {
            Descriptor::Object(at) => drop(self.objects.remove(&at.handle).unwrap()),
            Descriptor::Packed(at) => self.leave(at.entry),
            _ => (),
        }
    }

    fn leave(&mut self, entry: u64) {
        let on = self.device.get_mut(&entry).unwrap();
        on.shares -= 1;
        if on.shares == 0 {
            let freed = self.device.remove(&entry).unwrap();
            self.old.insert(entry, freed.block);
        }
    }

    fn read(&self, slot: usize) -> Result<Option<Vec<u8>>, ()> {
        match self.table.peek(slot).unwrap() {
            Descriptor::Object(at) => Ok(Some(self.objects[&at.handle].clone())),
            Descriptor::Packed(at) => {
                let data = data_of(&self.device[&at.entry].block, slot, at);
                data.map(Some).ok_or(())
            }
            Descriptor::Value(Value::Lost) => Err(()),
            _ => Ok(None),
        }
    }

    /// As `PackedPages::scan()`, and `write()`.
    fn pick(&mut self, slot: usize) {
        if let Turn::Compaction(_) = self.turn {
            return;
        }
        self.turn = Turn::Packer;
        if !age::goes(self.table.update_mark(slot, age::passed).unwrap()) {
            return;
        }
        self.open.placed.retain(|placed| placed.slot != slot);
        if let Descriptor::Object(at) = self.table.peek(slot).unwrap() {
            self.table.set_mark(slot, age::PACKING);
            let stamp = self.table.word(slot);
            if !self.open.add(slot, &self.objects[&at.handle], stamp) {
                self.table.set_mark(slot, age::LOOSE);
            }
        }
    }

    /// As `Ghost::empty_block()`, for the next block.
    fn empty_next(&mut self) {
        let after = match self.turn {
            Turn::Nobody => 0,
            Turn::Packer => return,
            Turn::Compaction(at) => at,
        };
        let Some((&entry, on)) = self.device.range_mut(after + 1..).next() else {
            return;
        };
        self.turn = Turn::Compaction(entry);
        on.shares += 1;
        let block = on.block.clone();
        if let Ok(header) = Reader::new(&block, crc) {
            for index in 0..header.len() {
                let slot = header.slot(index).unwrap() as usize;
                let Some(Descriptor::Packed(at)) = self.peek_in_range(slot) else {
                    continue;
                };
                if (at.entry, at.index.into()) != (entry, index) {
                    continue;
                }
                if let Some(data) = data_of(&block, slot, at) {
                    let stamp = self.table.word(slot);
                    self.open.add(slot, &data, stamp);
                }
            }
        }
        self.leave(entry);
    }

    /// What a slot has of which only a header says that it is there.
    fn peek_in_range(&self, slot: usize) -> Option<Descriptor> {
        (slot < self.table.len()).then(|| self.table.peek(slot).unwrap())
    }

    /// As `BlockWriter::flush()`.
    fn write(&mut self, mut fate: Fate) {
        let Open {
            mut block,
            builder,
            placed,
        } = mem::replace(&mut self.open, Open::new());
        if placed.is_empty() {
            return;
        }
        builder.finish(&mut block);
        let free = (1..=BLOCKS).find(|entry| !self.device.contains_key(entry));
        let entry = free.filter(|_| !matches!(fate, Fate::Failed));
        if let Some(entry) = entry {
            if matches!(fate, Fate::Lost) && passes_for(&self.old[&entry], &placed) {
                fate = Fate::Written;
            }
            match fate {
                Fate::Written | Fate::Failed => (),
                Fate::Lost => block.clone_from(&self.old[&entry]),
                Fate::Damaged(at) => block[at] ^= 0x10,
            }
            // The writer's own share.
            self.device.insert(entry, OnDevice { block, shares: 1 });
        }
        for placed in placed {
            if self.table.word(placed.slot) != placed.stamp {
                continue;
            }
            let Some(entry) = entry else {
                self.table.set_mark(placed.slot, age::LOOSE);
                continue;
            };
            self.device.get_mut(&entry).unwrap().shares += 1;
            self.put(placed.slot, Descriptor::Packed(placed.at(entry)));
            match fate {
                Fate::Lost | Fate::Damaged(_) => self.spoiled.insert(placed.slot),
                _ => self.spoiled.remove(&placed.slot),
            };
        }
        if let Some(entry) = entry {
            self.leave(entry);
        }
    }

    /// Once around, as `vswap_evacuate()`.
    fn evacuate(&mut self, batch: usize) {
        let (mut block, mut after) = (0, None);
        loop {
            let next = || self.find_leaving(&mut block, &mut after);
            let leaving: Vec<_> = iter::from_fn(next).take(batch).collect();
            for &(slot, block) in &leaving {
                self.vacate(slot, block);
            }
            if leaving.len() < batch {
                return;
            }
        }
    }

    /// As `vswap_find_leaving()`: a slot, and the block that it may share.
    fn find_leaving(&self, block: &mut u64, after: &mut Option<usize>) -> Option<(usize, u64)> {
        loop {
            if after.is_none() {
                *block = *self.device.range(*block + 1..).next()?.0;
            }
            *after = self.slot_sharing(*block, *after);
            if let Some(slot) = after.filter(|slot| *slot < SLOTS) {
                return Some((slot, *block));
            }
        }
    }

    /// As `Ghost::slot_sharing()`.
    fn slot_sharing(&self, block: u64, after: Option<usize>) -> Option<usize> {
        let shares = |slot: usize| match self.peek_in_range(slot) {
            Some(Descriptor::Packed(at)) => at.entry == block,
            _ => false,
        };
        // It may have been freed since the last one was found.
        let on = self.device.get(&block).map(|on| &on.block);
        let named = Reader::new(on.unwrap_or_else(|| &self.old[&block]), crc).map(|header| {
            let slots = (0..header.len()).filter_map(|index| header.slot(index));
            let named: Vec<_> = slots.map(|slot| slot as usize).collect();
            let is_right = match after {
                None => named.iter().any(|slot| shares(*slot)),
                Some(after) => named.contains(&after),
            };
            let mut next = named;
            next.retain(|slot| after.is_none_or(|after| *slot > after));
            is_right.then(|| next.into_iter().min())
        });
        match named {
            Ok(Some(next)) => next,
            _ => (after.map_or(0, |slot| slot + 1)..SLOTS).find(|slot| shares(*slot)),
        }
    }

    /// As `vswap_vacate()`.
    fn vacate(&mut self, slot: usize, block: u64) {
        assert!(slot < self.table.len(), "there is no such slot");
        let desc = self.table.peek(slot).unwrap();
        if !matches!(desc, Descriptor::Packed(at) if at.entry == block) {
            return;
        }
        match self.read(slot) {
            Ok(data) => self.put_object(slot, data.unwrap()),
            // Whoever uses it is told.
            Err(()) => self.put(slot, Descriptor::Value(Value::Lost)),
        }
    }

    fn check(&self) {
        let mut shares = BTreeMap::new();
        let mut objects = 0;
        for slot in 1..SLOTS {
            match self.table.peek(slot).unwrap() {
                Descriptor::Packed(at) => *shares.entry(at.entry).or_insert(0) += 1,
                Descriptor::Object(_) => objects += 1,
                _ => (),
            }
        }
        assert_eq!(objects, self.objects.len());
        let on_device = self.device.iter().map(|(entry, on)| (*entry, on.shares));
        assert_eq!(shares, on_device.collect());
    }
}

impl Placed {
    fn at(&self, entry: u64) -> InBlock {
        InBlock {
            entry,
            index: self.index as u8,
            pool: 0,
            seal: self.seal.0,
        }
    }
}

fn data_of(block: &Block, slot: usize, at: InBlock) -> Option<Vec<u8>> {
    let reader = Reader::new(block, crc).ok()?;
    let page = reader.page(at.index.into(), slot as u64, Seal(at.seal));
    Some(page.ok()?.data.to_vec())
}

/// Whether an older block has a page whose seal is the same: one in 65,536, which is known.
fn passes_for(old: &Block, placed: &[Placed]) -> bool {
    placed
        .iter()
        .any(|placed| data_of(old, placed.slot, placed.at(1)).is_some())
}

/// What the device has from before: a block that names slots, as the ghost had some then.
fn older_block() -> Box<Block> {
    let mut open = Open::new();
    for slot in OLDER {
        open.add(slot, &[0xa5; 300], 0);
    }
    open.builder.finish(&mut open.block);
    open.block
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn no_page_is_another(ops in vec(op(), 1..150)) {
        let words = words();
        let mut world = World::new(&words);
        for op in &ops {
            world.step(op);
        }
    }
}
