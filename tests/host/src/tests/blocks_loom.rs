// SPDX-License-Identifier: GPL-2.0

//! Every interleaving of those who meet at a block: users of its pages, who packs pages, compaction, and a device that
//! is turned off. A block is there as long as a descriptor names it, is freed once, and what is loaded is the page.
//!
//! Locks are taken in the core's order: a page's folio, the ghost's cluster, the device's cluster.

use super::{
    loom::{Descriptor, Table},
    open_block::{crc, Open},
};
use crate::{
    ghost::{
        age,
        block::{Block, Reader, Seal, BLOCK_LEN},
    },
    swap::descriptor::{InBlock, Location},
};
use loom::{
    cell::UnsafeCell,
    model,
    sync::{atomic::AtomicU64, Arc, Mutex, MutexGuard},
    thread,
};

const SLOTS: usize = 3;
/// Slots of the device; the first is never used.
const ENTRIES: usize = 3;
/// In the place of a number of shares: the slot is in use, but is no block.
const WHOLE: usize = usize::MAX;
const LEN: usize = 100;
const FREED: u8 = 0;

/// What the lock of the ghost's cluster protects.
struct Cluster {
    /// The pages that slots in use have: each byte of theirs.
    pages: [Option<u8>; SLOTS],
    /// How many have the folio of a slot, or want it.
    folios: [usize; SLOTS],
}

struct World {
    /// To be changed with the slot's folio, or with the cluster's lock while there is none.
    words: [AtomicU64; SLOTS],
    cluster: Mutex<Cluster>,
    /// The lock of a folio, and the page if nothing else has it.
    folios: [Mutex<Option<u8>>; SLOTS],
    /// How many share each slot of the device: what the lock of its cluster protects.
    device: Mutex<[usize; ENTRIES]>,
    disk: Mutex<Vec<Box<Block>>>,
    /// A page in memory for each slot.
    objects: [UnsafeCell<u8>; SLOTS],
    /// `Ghost::packer`
    packer: Mutex<()>,
}

impl World {
    fn new() -> Self {
        let free: Box<Block> = Box::new([0; BLOCK_LEN]);
        Self {
            words: [const { 0 }; SLOTS].map(AtomicU64::new),
            cluster: Mutex::new(Cluster {
                pages: [None; SLOTS],
                folios: [0; SLOTS],
            }),
            folios: [const { None }; SLOTS].map(Mutex::new),
            device: Mutex::new([0; ENTRIES]),
            disk: Mutex::new(vec![free; ENTRIES]),
            objects: [FREED; SLOTS].map(UnsafeCell::new),
            packer: Mutex::new(()),
        }
    }

    fn table(&self) -> Table<'_> {
        Table::new(&self.words)
    }

    fn cluster(&self) -> MutexGuard<'_, Cluster> {
        self.cluster.lock().unwrap()
    }

    /// A page is stored, and gets old if it is told so.
    fn store(&self, slot: usize, page: u8, mark: u8) {
        let mut cluster = self.cluster();
        cluster.pages[slot] = Some(page);
        cluster.folios[slot] += 1;
        drop(cluster);
        let folio = self.folios[slot].lock().unwrap();
        // SAFETY: loom lends a valid pointer, and fails where another thread has one meanwhile.
        self.objects[slot].with_mut(|p| unsafe {
            assert_eq!(*p, FREED);
            *p = page;
        });
        let at = Location {
            handle: slot as u64,
            len: LEN,
            pool: 0,
            mark,
        };
        self.put(slot, Descriptor::Object(at));
        drop(folio);
        self.cluster().folios[slot] -= 1;
    }

    fn put(&self, slot: usize, desc: Descriptor) {
        let old = self.table().put(slot, desc);
        self.release(old.unwrap().unwrap());
    }

    fn release(&self, desc: Descriptor) {
        match desc {
            Descriptor::Object(at) => {
                // SAFETY: As in `store()`.
                self.objects[at.handle as usize].with_mut(|p| unsafe {
                    assert_ne!(*p, FREED, "freed twice");
                    *p = FREED;
                });
            }
            Descriptor::Packed(at) => self.leave(at.entry as usize),
            _ => (),
        }
    }

    /// `swap_share_block(1)`
    fn share(&self, entry: usize) {
        let mut device = self.device.lock().unwrap();
        assert_ne!(device[entry], 0, "shared though it is free");
        device[entry] += 1;
    }

    /// `swap_share_block(-1)`
    fn leave(&self, entry: usize) {
        let mut device = self.device.lock().unwrap();
        assert!((1..WHOLE).contains(&device[entry]), "freed twice");
        device[entry] -= 1;
        if device[entry] == 0 {
            let is_named = |slot| self.shares(slot, entry);
            assert!(!(0..SLOTS).any(is_named), "freed though a slot has it");
        }
    }

    fn shares(&self, slot: usize, entry: usize) -> bool {
        let desc = self.table().peek(slot).unwrap();
        matches!(desc, Descriptor::Packed(at) if at.entry == entry as u64)
    }

    fn alloc(&self, shares: usize) -> Option<usize> {
        let mut device = self.device.lock().unwrap();
        let free = (1..ENTRIES).find(|entry| device[*entry] == 0)?;
        device[free] = shares;
        Some(free)
    }

    /// A page that is written whole takes a slot of the device.
    fn write_whole(&self) {
        if let Some(entry) = self.alloc(WHOLE) {
            self.disk.lock().unwrap()[entry].fill(0xff);
        }
    }

    /// For somebody who has a share.
    fn read_block(&self, entry: usize) -> Box<Block> {
        let block = self.disk.lock().unwrap()[entry].clone();
        let shares = self.device.lock().unwrap()[entry];
        assert!((1..WHOLE).contains(&shares), "read though it is free");
        block
    }

    /// What a slot has, for somebody who has its folio.
    fn read(&self, slot: usize) -> u8 {
        match self.table().peek(slot).unwrap() {
            // SAFETY: As in `store()`; here others may read, too.
            Descriptor::Object(at) => {
                self.objects[at.handle as usize].with(|page| unsafe { *page })
            }
            Descriptor::Packed(at) => {
                let block = self.read_block(at.entry as usize);
                let header = Reader::new(&block, crc).unwrap();
                let page = header.page(at.index.into(), slot as u64, Seal(at.seal));
                page.unwrap().data[0]
            }
            other => panic!("{other:?}"),
        }
    }

    /// Calls `f` with the page of a slot in its folio, if it is still in use.
    fn with_folio(&self, slot: usize, f: impl FnOnce(&mut Option<u8>)) {
        let mut cluster = self.cluster();
        if cluster.pages[slot].is_none() {
            return;
        }
        cluster.folios[slot] += 1;
        drop(cluster);
        let mut folio = self.folios[slot].lock().unwrap();
        let wanted = self.cluster().pages[slot];
        if let Some(wanted) = wanted {
            let page = folio.unwrap_or_else(|| self.read(slot));
            assert_eq!(page, wanted);
            f(&mut folio);
        }
        self.cluster().folios[slot] -= 1;
    }

    /// Somebody uses a page, which stays where it is.
    fn load(&self, slot: usize) {
        self.with_folio(slot, |_| self.table().set_mark(slot, age::NEW));
    }

    /// Somebody uses a page, and frees it.
    fn load_and_free(&self, slot: usize) {
        self.with_folio(slot, |folio| {
            self.table().set_mark(slot, age::NEW);
            let mut cluster = self.cluster();
            cluster.pages[slot] = None;
            if folio.take().is_some() {
                cluster.folios[slot] -= 1;
            }
            self.release(self.table().take(slot).unwrap());
        });
    }

    /// A page is freed without being used, unless somebody has its folio.
    fn free(&self, slot: usize) {
        let mut cluster = self.cluster();
        if cluster.folios[slot] == 0 {
            cluster.pages[slot] = None;
            self.release(self.table().take(slot).unwrap());
        }
    }

    /// `vswap_change_slot()`
    fn change_slot(&self, slot: usize, f: impl FnOnce()) {
        let cluster = self.cluster();
        if cluster.pages[slot].is_some() && cluster.folios[slot] == 0 {
            f();
        }
    }

    /// A turn of a hand: old pages go to a block.
    fn pack(&self) {
        let _turn = self.packer.lock().unwrap();
        let mut open = Open::new();
        let cluster = self.cluster();
        for slot in 0..SLOTS {
            let is_alone = cluster.pages[slot].is_some() && cluster.folios[slot] == 0;
            if !is_alone || !age::goes(self.table().update_mark(slot, age::passed).unwrap()) {
                continue;
            }
            self.table().set_mark(slot, age::PACKING);
            assert!(open.add(slot, &[self.read(slot); LEN], self.table().word(slot)));
        }
        drop(cluster);
        self.flush(open);
    }

    fn flush(&self, mut open: Open) {
        if open.placed.is_empty() {
            return;
        }
        let Some(entry) = self.alloc(1) else {
            return;
        };
        open.builder.finish(&mut open.block);
        self.disk.lock().unwrap()[entry] = open.block;
        for placed in &open.placed {
            self.change_slot(placed.slot, || {
                if self.table().word(placed.slot) != placed.stamp {
                    return;
                }
                self.share(entry);
                let at = InBlock {
                    entry: entry as u64,
                    index: placed.index as u8,
                    pool: 0,
                    seal: placed.seal.0,
                };
                self.put(placed.slot, Descriptor::Packed(at));
            });
        }
        self.leave(entry);
    }

    /// `vswap_find_block()`
    fn find(&self) -> Option<usize> {
        let mut device = self.device.lock().unwrap();
        let found = (1..ENTRIES).find(|entry| (1..WHOLE).contains(&device[*entry]))?;
        device[found] += 1;
        Some(found)
    }

    /// What is left of a block moves to a new one.
    fn compact(&self) {
        let _turn = self.packer.lock().unwrap();
        let Some(entry) = self.find() else {
            return;
        };
        let mut open = Open::new();
        let block = self.read_block(entry);
        let header = Reader::new(&block, crc).unwrap();
        for index in 0..header.len() {
            let slot = header.slot(index).unwrap() as usize;
            self.change_slot(slot, || {
                let Descriptor::Packed(at) = self.table().peek(slot).unwrap() else {
                    return;
                };
                if (at.entry, at.index.into()) == (entry as u64, index) {
                    let page = header.page(index, slot as u64, Seal(at.seal)).unwrap();
                    assert!(open.add(slot, page.data, self.table().word(slot)));
                }
            });
        }
        self.leave(entry);
        self.flush(open);
    }

    /// The device is turned off: who shares its blocks is looked for once.
    fn evacuate(&self) {
        for entry in 1..ENTRIES {
            let shares = self.device.lock().unwrap()[entry];
            if !(1..WHOLE).contains(&shares) {
                continue;
            }
            // Nothing keeps the block: what is read may be of another one.
            let block = self.disk.lock().unwrap()[entry].clone();
            let named: Vec<_> = Reader::new(&block, crc).map_or(Vec::new(), |header| {
                let slots = (0..header.len()).filter_map(|index| header.slot(index));
                slots.map(|slot| slot as usize).collect()
            });
            let is_right = named.iter().any(|slot| self.shares(*slot, entry));
            let all = || (0..SLOTS).filter(|slot| self.shares(*slot, entry));
            let leaving = match is_right {
                true => named,
                false => all().collect(),
            };
            for slot in leaving {
                self.vacate(slot, entry);
            }
        }
    }

    /// `vswap_vacate()`
    fn vacate(&self, slot: usize, entry: usize) {
        self.with_folio(slot, |folio| {
            if self.shares(slot, entry) {
                *folio = Some(self.read(slot));
                self.cluster().folios[slot] += 1;
                self.put(slot, Descriptor::Empty);
            }
        });
    }

    /// All pages are there, and then none, nor a block.
    fn end(&self) {
        (0..SLOTS).for_each(|slot| self.load(slot));
        (0..SLOTS).for_each(|slot| self.load_and_free(slot));
        let device = *self.device.lock().unwrap();
        let blocks = device.iter().filter(|shares| **shares != WHOLE);
        assert_eq!(blocks.sum::<usize>(), 0, "a share is lost");
        for object in &self.objects {
            // SAFETY: As in `store()`; here others may read, too.
            object.with(|page| assert_eq!(unsafe { *page }, FREED));
        }
    }
}

/// `before` is done first, then all of `fs` at the same time.
fn race(before: fn(&World), fs: &[fn(&World)]) {
    let fs = fs.to_vec();
    let mut model = model::Builder::new();
    // A thread is interrupted so often at most: without that it takes hours.
    model.preemption_bound = Some(3);
    model.check(move || {
        let world = Arc::new(World::new());
        world.store(0, 10, age::LOOSE);
        world.store(1, 11, age::LOOSE);
        before(&world);
        let threads: Vec<_> = fs
            .iter()
            .map(|&f| {
                let world = world.clone();
                thread::spawn(move || f(&world))
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        world.end();
    });
}

#[test]
fn packed_while_one_is_used_and_freed() {
    race(|_| (), &[|w| w.pack(), |w| w.load_and_free(0)]);
}

#[test]
fn packed_while_all_are_freed() {
    race(|_| (), &[|w| w.pack(), |w| w.free(0), |w| w.free(1)]);
}

/// The new page is where the old one was.
#[test]
fn packed_while_one_is_replaced() {
    race(
        |_| (),
        &[
            |w| w.pack(),
            |w| {
                w.load_and_free(0);
                w.store(0, 20, age::NEW);
            },
        ],
    );
}

#[test]
fn used_while_its_neighbour_is_freed() {
    race(World::pack, &[|w| w.load(0), |w| w.free(1), |w| w.free(0)]);
}

#[test]
fn compacted_while_it_is_used_and_freed() {
    race(World::pack, &[|w| w.compact(), |w| w.load_and_free(0)]);
}

/// Somebody else takes the slot that becomes free.
#[test]
fn compacted_while_all_are_freed() {
    race(
        World::pack,
        &[
            |w| w.compact(),
            |w| {
                w.free(0);
                w.free(1);
                w.write_whole();
            },
        ],
    );
}

#[test]
fn packed_to_where_a_block_was() {
    race(
        |w| {
            w.pack();
            w.free(1);
            w.store(2, 12, age::LOOSE);
        },
        &[
            |w| {
                w.compact();
                w.pack();
            },
            |w| w.load(0),
        ],
    );
}

#[test]
fn two_turns() {
    race(
        |w| {
            w.pack();
            w.store(2, 12, age::LOOSE);
        },
        &[|w| w.compact(), |w| w.pack()],
    );
}

#[test]
fn evacuated_while_it_is_packed() {
    race(|_| (), &[|w| w.evacuate(), |w| w.pack()]);
}

#[test]
fn evacuated_while_it_is_compacted() {
    race(World::pack, &[|w| w.evacuate(), |w| w.compact()]);
}

#[test]
fn evacuated_while_one_is_used_and_freed() {
    race(World::pack, &[|w| w.evacuate(), |w| w.load_and_free(0)]);
}

/// Once nothing else goes on.
#[test]
fn evacuated_after_all() {
    race(
        |w| {
            w.pack();
            w.evacuate();
            assert_eq!(*w.device.lock().unwrap(), [0; ENTRIES]);
        },
        &[],
    );
}
