// SPDX-License-Identifier: GPL-2.0

//! The ghost: what becomes of the pages that are swapped out to it, and back.
//!
//! `state.rs` has the state, and the other files what is done with it; `backend.rs` is where the swap
//! core comes in.
//!
//! # Locking
//!
//! From the outside in:
//!
//! 1. the kernel's parameter lock of this module: who writes a parameter;
//! 2. `Ghost::on`, the mutex of the recompressor's name, `Pools::change`, and the mutex of the directories in
//!    sysfs: never two of them, but for the second and third in this order;
//! 3. the folio lock (swap core): nobody else takes from or puts into the slots of the folio; or `Ghost::packer`:
//!    one packs at a time; and in that `Ghost::writer`: blocks that are being filled. Who asks the OOM killer may
//!    hold the first, and gets to the second, so nobody who holds the second may wait for reclaim. Who reclaims
//!    may hold the first, too, so there the second is only tried; and who has the second locks no folio but one
//!    that was just added to the swap cache;
//! 4. the SRCU read side of the pools: keeps pools from being freed; may be taken anywhere that may
//!    sleep;
//! 5. a mutex of the block cache (`block_cache.rs`): one reads a block, and takes pages from it; then a context's
//!    mutex (`pools/pool.rs`): one compression at a time;
//! 6. the cluster lock (swap core, a spinlock), in which slots are invalidated, and which keeps pools
//!    from being freed as 4 does;
//! 7. the cluster lock of another device (swap core): dropping a `PhysicalSlot` takes it, and so do making and
//!    dropping a `BlockShare`;
//! 8. zsmalloc's locks.
//!
//! `Ghost::credit` and `Ghost::short_since` are taken where memory has run out, so 1 and 2 may be held, and the
//! kernel's `oom_lock` is. No other lock is taken under them.
//!
//! `swap_lock` (swap core, a spinlock) comes after `Ghost::on`: a new size takes both. The core also holds it
//! when it asks for the estimate of what can be kept (`limits.rs`), which takes no lock but 4. So it does
//! with `swapon_mutex`, for `/proc/swaps`. Who reads the `device` of a tier in sysfs takes that, too, with
//! none of the locks above; who removes the directory waits for him, so never with `swapon_mutex` held.
//!
//! 7 and 8 are not held together. A `PhysicalSlot` and a `Block` are made in 3 and 4, but not in 5 to 8, as
//! that may sleep. A descriptor changes hands by an atomic exchange, without a lock: see `swap/table.rs`.
//! Stores run in reclaim, so nothing in them may wait for it; the core sees to that for what it
//! allocates itself.

mod age;
pub(crate) mod backend;
mod block;
mod block_cache;
mod block_flush;
mod block_writer;
mod capacity;
mod clock;
mod compact;
mod copies;
mod credit;
mod debugfs;
pub(crate) mod device;
mod evacuate;
mod gone;
mod idle;
mod limits;
mod load;
mod numbers;
mod out_of_memory;
mod pack_writeback;
mod packer;
pub(crate) mod params;
mod parse;
mod recompress;
mod recompressor;
mod release;
mod same_filled;
pub(crate) mod settings;
pub(crate) mod state;
mod stats;
mod store;
mod sysfs;
mod tally;
mod tiers;
mod tight_pool;
mod value;
mod writeback;
