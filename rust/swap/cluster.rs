// SPDX-License-Identifier: GPL-2.0

//! Slots of the ghost that are looked at under the locks of their clusters, while it stays on.

use super::{
    backend::{
        Sum,
        SwapBackend, //
    },
    block::{
        Block,
        BlockShare, //
    },
    descriptor::{
        InBlock,
        ValueEncoding, //
    },
    ghost_on::GhostOn,
    slots::{
        SharedSlots,
        Slots,
        CLUSTER_SLOTS, //
    }, //
};
use crate::{
    bindings,
    mm::memcg::MemCgroup, //
};
use core::ptr;
use kernel::prelude::*;

/// A bit for each slot of a cluster, from the lowest of the first word on.
pub(crate) type SlotBits = [usize; CLUSTER_SLOTS / usize::BITS as usize];

/// What becomes of pages that are looked for.
#[derive(Clone, Copy)]
pub(crate) enum Aim {
    /// They are written to another device.
    ToDevice,
    /// They stay in memory, packed tighter.
    Pack,
}

impl Aim {
    fn as_how(self) -> u32 {
        match self {
            Self::ToDevice => bindings::VSWAP_PHYSICAL,
            Self::Pack => bindings::VSWAP_COMPRESS,
        }
    }
}

/// The slots of a cluster whose lock is held.
///
/// # Invariants
///
/// For `'a` the lock is held, and the slots whose bits are set have no folio. `first` is the first slot.
pub(crate) struct ClusterSlots<'a, V> {
    slots: SharedSlots<'a, V>,
    alone: SlotBits,
    first: usize,
}

impl<'a, V: ValueEncoding> ClusterSlots<'a, V> {
    /// A number of the cgroup to which the page of slot `i` belongs.
    pub(crate) fn owner(&self, i: usize) -> u32 {
        // SAFETY: By the type invariant the lock of its cluster is held.
        unsafe { bindings::vswap_slot_owner(self.first + i) }
    }

    /// All of them.
    pub(crate) fn shared(&self) -> &SharedSlots<'a, V> {
        &self.slots
    }

    /// Slot `i`, if it has no folio.
    pub(crate) fn slot(&mut self, i: usize) -> Option<Slots<'_, V>> {
        let bit = self.alone.get(i / usize::BITS as usize)? >> (i % usize::BITS as usize);
        // SAFETY: By the type invariant the lock is held and no folio is there; and as `self` is
        // borrowed by it, there is no other `Slots`.
        (bit & 1 != 0).then(|| unsafe { Slots::new(self.slots.only(i)) })
    }
}

/// A slot without a folio, the lock of whose cluster is held.
///
/// # Invariants
///
/// For `'a` the lock is held, and `slots` are the slot with this number.
pub(crate) struct LockedSlot<'a, V> {
    slots: Slots<'a, V>,
    number: usize,
}

impl<'a, V: ValueEncoding> LockedSlot<'a, V> {
    /// The slot, as the only one.
    pub(crate) fn slots(&mut self) -> &mut Slots<'a, V> {
        &mut self.slots
    }

    /// A number of the cgroup to which its page belongs.
    pub(crate) fn owner(&self) -> u32 {
        // SAFETY: By the type invariant the lock of its cluster is held.
        unsafe { bindings::vswap_slot_owner(self.number) }
    }

    /// A share of a block, in which `at` is the slot's page; or `None` if the block is another cgroup's.
    pub(crate) fn share(&self, block: &Block, at: Place) -> Option<BlockShare<'a>> {
        let entry = block.entry();
        // SAFETY: By the type invariant the lock of the slot's cluster is held; and `block` keeps its own share.
        let shares = unsafe { bindings::vswap_share_block(entry as usize, self.number) };
        // SAFETY: It was just let share it, and the lock keeps it from being freed.
        shares.then(|| unsafe {
            BlockShare::from_raw(InBlock {
                entry,
                index: at.index,
                pool: at.pool,
                seal: at.seal,
            })
        })
    }
}

/// Where a page is in a block: see [`InBlock`].
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) index: u8,
    pub(crate) pool: usize,
    pub(crate) seal: u16,
}

impl GhostOn<'_> {
    /// Finds the next cluster in use, from slot `from` on, and sets the bits of those of its slots from
    /// there on that have a page and no folio, of the cgroup or of any, and could go where they are to. `pick`
    /// is then called under the lock of the cluster, with its first slot, its slots and the bits, and clears
    /// those of pages that shall stay. Returns the cluster's first slot, or `None` if there is no cluster up
    /// to the end.
    ///
    /// May sleep, `pick` may not.
    pub(crate) fn scan_cluster<B: SwapBackend, F>(
        &mut self,
        from: usize,
        memcg: Option<&MemCgroup<'_>>,
        aim: Aim,
        bits: &mut SlotBits,
        pick: F,
    ) -> Option<usize>
    where
        F: FnOnce(usize, &mut ClusterSlots<'_, B::Value>, &mut SlotBits),
    {
        /// # Safety
        ///
        /// `data` must point to an `Option<F>` and `bits` to `SlotBits` that nobody else accesses, and
        /// `descs` to the descriptors of a cluster whose lock is held, until this returns. Slots whose bits
        /// are set must have no folio.
        unsafe extern "C" fn call<B: SwapBackend, F>(
            data: *mut c_void,
            first: c_ulong,
            descs: *mut bindings::atomic_long_t,
            bits: *mut c_ulong,
        ) where
            F: FnOnce(usize, &mut ClusterSlots<'_, B::Value>, &mut SlotBits),
        {
            // SAFETY: The caller promises all of this. The lock keeps the descriptors from being freed.
            let (pick, slots, bits) = unsafe {
                (
                    (*data.cast::<Option<F>>()).take(),
                    SharedSlots::from_raw(descs, CLUSTER_SLOTS),
                    &mut *bits.cast::<SlotBits>(),
                )
            };
            // INVARIANT: The caller promises it.
            let mut slots = ClusterSlots {
                slots,
                alone: *bits,
                first,
            };
            if let Some(pick) = pick {
                pick(first, &mut slots, bits);
            }
        }

        let mut pick = Some(pick);
        // SAFETY: By the type invariant the ghost is on. The cgroup is null or valid, and there is a bit for
        // each slot. `call()` gets what it asks for: the bits and `data` that are passed here, and the
        // descriptors of a cluster that the swap core has locked, which sets bits of slots without a folio.
        let first = unsafe {
            bindings::vswap_scan_cluster(
                from,
                memcg.map_or(ptr::null_mut(), |memcg| memcg.as_opaque().get()),
                aim.as_how(),
                bits.as_mut_ptr(),
                Some(call::<B, F>),
                ptr::from_mut(&mut pick).cast(),
            )
        };
        (first != usize::MAX).then_some(first)
    }

    /// Calls `f` with a slot under the lock of its cluster, if it has a page and no folio; returns whether
    /// that was so. `f` may give it something else to hold with the same contents, and fills the sum.
    ///
    /// Does not sleep, nor may `f`.
    pub(crate) fn change_slot<B: SwapBackend, F>(&mut self, slot: usize, f: F) -> bool
    where
        F: FnOnce(&mut LockedSlot<'_, B::Value>, &mut Sum),
    {
        /// # Safety
        ///
        /// `data` must point to a pair of an `Option<F>` and the slot's number, and `sum` to a sum, that nobody else
        /// accesses, and `desc` to the descriptor of a slot without a folio, the lock of whose cluster is held, until
        /// this returns.
        unsafe extern "C" fn call<B: SwapBackend, F>(
            data: *mut c_void,
            desc: *mut bindings::atomic_long_t,
            sum: *mut Sum,
        ) where
            F: FnOnce(&mut LockedSlot<'_, B::Value>, &mut Sum),
        {
            // SAFETY: The caller promises all of this. The lock keeps the descriptor from being freed, and
            // whoever would make other `Slots` of it away.
            let (data, slots, sum) = unsafe {
                (
                    &mut *data.cast::<(Option<F>, usize)>(),
                    Slots::new(SharedSlots::from_raw(desc, 1)),
                    &mut *sum,
                )
            };
            // INVARIANT: The caller promises it.
            let mut slot = LockedSlot {
                slots,
                number: data.1,
            };
            if let Some(f) = data.0.take() {
                f(&mut slot, sum);
            }
        }

        let mut data = (Some(f), slot);
        // SAFETY: By the type invariant the ghost is on. `call()` gets what it asks for: `data`, and what the
        // swap core has looked at under the lock.
        unsafe {
            bindings::vswap_change_slot(slot, Some(call::<B, F>), ptr::from_mut(&mut data).cast())
        }
    }
}
