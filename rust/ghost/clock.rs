// SPDX-License-Identifier: GPL-2.0

//! The clock: how far its hands go over the slots of the ghost, and where they begin again.
//!
//! A hand sweeps over all clusters in use, by their number, around and around: a round is once over all
//! of them, and a turn is as far as it goes when it is asked to. It passes a page when it looks at its
//! age; what becomes of that, and whether the page goes or is spared, is in `age.rs`. As slots are
//! handed out one after the other, that is about the order in which pages went out; where it is not,
//! the second chance makes up for it.
//!
//! There are three hands. That of the machine takes the oldest of all pages. Cgroups at their limit share
//! the second, and pages that stay in memory are looked for with the third, so that the first stays where it
//! is, unless memory runs out. A page has one age, which all of them lower.
//!
//! This file uses nothing but `core`; it is also built and tested on the host.

/// A number that is shared.
pub(crate) trait Shared {
    /// Reads it.
    fn get(&self) -> usize;
    /// Replaces it if it is `old`; returns whether it was.
    fn replace(&self, old: usize, new: usize) -> bool;
}

/// How many slots a cluster has. `swap/slots.rs` knows it from the kernel; were it another number, its
/// `SlotBits` would be another type than [`SlotSet`].
pub(crate) const CLUSTER_SLOTS: usize = 512;

const WORD: usize = usize::BITS as usize;

/// Slots of a cluster, a bit for each: the first slots are the lowest bits of the first word.
pub(crate) type SlotSet = [usize; CLUSTER_SLOTS / WORD];

fn slots_in(set: &SlotSet) -> impl Iterator<Item = usize> + '_ {
    (0..CLUSTER_SLOTS).filter(|i| (set[i / WORD] >> (i % WORD)) & 1 != 0)
}

/// Why a page was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// There is no memory to do it with.
    NoMemory,
    /// There is no slot for it, or its cgroup may have no more.
    NoSlot,
    /// The slot has changed, or the page cannot be read.
    Other,
}

/// What a hand goes over.
pub(crate) trait Face {
    /// Finds the first cluster in use with slots from `from` on. Calls `pick` with its first slot, with
    /// those of its slots from `from` on that have a page, no folio, and a cgroup that may have pages
    /// on a device, and with what lets the hand pass one of them and tells whether its page goes: not
    /// so if it is on a device already. Nobody else picks from the cluster meanwhile.
    ///
    /// Returns the cluster's first slot and what `pick` left of the set, or `None` where there is no
    /// such cluster.
    fn scan(
        &mut self,
        from: usize,
        pick: impl FnOnce(usize, &mut SlotSet, &mut dyn FnMut(usize) -> bool),
    ) -> Option<(usize, SlotSet)>;

    /// Gives a page to a device.
    fn write(&mut self, slot: usize) -> Result<(), Failure>;

    /// Whether writing has failed, of any page since the turn began.
    fn has_failed(&self) -> bool;

    /// Whether there are slots for any page.
    fn has_room(&self) -> bool;

    /// How many pages can go from one scan.
    fn most(&self) -> usize {
        usize::MAX
    }
}

/// How far a hand goes in one turn: as far as the first of these lets it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// To so many clusters.
    pub(crate) clusters: usize,
    /// Past so many pages, those without an object included.
    pub(crate) pages: usize,
    /// Until so many pages are written.
    pub(crate) written: usize,
}

impl Limits {
    /// To make room for `written` pages, where `clusters` are in use. Twice around, as a page is spared
    /// once: see `age::NEW`.
    pub(crate) fn to_make_room(written: usize, clusters: usize) -> Self {
        Self {
            clusters: clusters.saturating_mul(2),
            pages: usize::MAX,
            written,
        }
    }

    /// For reclaim, which wants `pages` to be scanned. Once around at most, and not too far for a cgroup
    /// that has few pages among many. A page that is spared counts as scanned, as it does for LRUs. No
    /// more than `pages` are written, though neighbours would cost little: each takes a whole page of its
    /// cgroup's memory until it is written, where a small cgroup has less than that compressed.
    pub(crate) fn to_shrink(pages: usize, clusters: usize) -> Self {
        Self {
            clusters: clusters.min(128),
            pages,
            written: pages,
        }
    }
}

/// A hand.
pub(crate) struct Hand<N>(N);

impl<N: Shared> Hand<N> {
    /// A hand at slot `at`.
    pub(crate) const fn new(at: N) -> Self {
        Self(at)
    }

    /// Lets the hand go as far as the limits say, and has the pages that go written; returns how many it
    /// has passed. Others may move it meanwhile: each page is passed by one.
    pub(crate) fn turn(&self, limits: Limits, face: &mut impl Face) -> usize {
        let (mut passed, mut written) = (0, 0);
        for _ in 0..limits.clusters {
            if passed >= limits.pages || written >= limits.written {
                break;
            }
            // Or the hand would pass pages that cannot go.
            let most = face.most().min(limits.written - written);
            let left = Left {
                pages: limits.pages - passed,
                written: most,
            };
            let Some((first, chosen)) = self.advance(left, &mut passed, face) else {
                break;
            };
            for i in slots_in(&chosen) {
                match face.write(first + i) {
                    Ok(()) => written += 1,
                    Err(Failure::NoMemory) => return passed,
                    // No slot for one cgroup's page is not yet none for others.
                    Err(Failure::NoSlot) if !face.has_room() => return passed,
                    Err(_) => (),
                }
                if face.has_failed() {
                    return passed;
                }
            }
        }
        passed
    }

    /// Moves the hand over the next cluster, or over the part of it for which there is something `left`.
    fn advance(
        &self,
        left: Left,
        passed: &mut usize,
        face: &mut impl Face,
    ) -> Option<(usize, SlotSet)> {
        loop {
            let at = self.0.get();
            let found = face.scan(at, |first, slots, goes| {
                // Whoever was here before had the cluster to himself, too, and has moved the hand.
                let here = self.0.get() == at;
                let (end, looked) = match here {
                    true => pick(slots, left, goes),
                    false => pick(slots, Left::NOTHING, goes),
                };
                *passed += looked;
                if here {
                    self.0.replace(at, first + end);
                }
            });
            if found.is_some() || at == 0 {
                return found;
            }
            // All around.
            self.0.replace(at, 0);
        }
    }
}

/// What a hand may still do in a turn.
#[derive(Clone, Copy)]
struct Left {
    /// Pass so many pages.
    pages: usize,
    /// Choose so many that go.
    written: usize,
}

impl Left {
    const NOTHING: Self = Self {
        pages: 0,
        written: 0,
    };
}

/// Lets the hand pass slots while there is something `left`, and leaves those that go in the set; returns
/// the slot after the last that it has passed, and how many it has.
fn pick(slots: &mut SlotSet, left: Left, goes: &mut dyn FnMut(usize) -> bool) -> (usize, usize) {
    let (mut end, mut passed, mut chosen) = (0, 0, 0);
    let all = *slots;
    *slots = SlotSet::default();
    for i in slots_in(&all) {
        if passed == left.pages || chosen == left.written {
            return (end, passed);
        }
        (end, passed) = (i + 1, passed + 1);
        if goes(i) {
            slots[i / WORD] |= 1 << (i % WORD);
            chosen += 1;
        }
    }
    (CLUSTER_SLOTS, passed)
}

/// Who asks for memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    /// Whether I/O may be started.
    pub(crate) may_do_io: bool,
    /// Whether it is kswapd, which reclaims for a memory node.
    pub(crate) is_kswapd: bool,
    /// Whether pages of one cgroup are asked for.
    pub(crate) of_cgroup: bool,
}

impl Request {
    /// Whether pages are written back for it. kswapd asks for all cgroups: it gets the oldest pages of
    /// all, when it asks for the root.
    pub(crate) fn is_served(self) -> bool {
        self.may_do_io && !(self.is_kswapd && self.of_cgroup)
    }
}
