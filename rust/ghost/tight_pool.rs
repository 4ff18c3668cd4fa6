// SPDX-License-Identifier: GPL-2.0

//! When there is a pool that old pages are packed into: see `recompress.rs`.

use super::state::Ghost;
use crate::{
    mm::ram,
    module::idle, //
};
use kernel::{
    cpu::nr_cpu_ids,
    page::PAGE_SIZE,
    str::CString,
    time::{
        Delta,
        Instant, //
    }, //
};

/// The pool is worth while where all pools take so many pages for each processor, as a compressor may take a
/// megabyte for each.
const PAGES_A_PROCESSOR: usize = (8 << 20) / PAGE_SIZE;

/// Or so much, in percent, of what they have and could still get.
const PERCENT: usize = 12;

/// Before memory runs out it is made in any case: when they have so much of that, in percent.
const PERCENT_AT_LAST: usize = 50;

/// How long new pages go there, too, once memory has run out: by then it will again, or there is enough.
const SHORTAGE: Delta = Delta::from_secs(60);

/// From how many pages on that all pools take, of `usable`, the pool is worth while.
fn worth_while(usable: usize) -> usize {
    (usable * PERCENT / 100).min(nr_cpu_ids() as usize * PAGES_A_PROCESSOR)
}

impl Ghost {
    /// Sets the recompressor; empty for none. May sleep.
    pub(super) fn set_recompressor(&self, name: CString) {
        self.recompressor.set_name(name);
        self.give_up_tight_pool();
    }

    /// Has the tight pool made if memory may run out, and gives it up if it is not worth while any more, where the
    /// pools take `used` of `usable` pages. May be called anywhere.
    pub(super) fn look_after_tight_pool(&self, used: usize, usable: usize) {
        match self.pools.has_tight() {
            false if used > 0 && used >= usable * PERCENT_AT_LAST / 100 => self.want_tight_pool(),
            true if used < worth_while(usable) / 2 => self.give_up_tight_pool(),
            _ => (),
        }
    }

    /// Has the tight pool made if it is worth while, as there is time for it. May be called anywhere.
    pub(super) fn look_for_tight_pool_idly(&self) {
        let used = self.pool_pages();
        if used > 0 && used >= worth_while(ram::usable_pages() + used) {
            self.want_tight_pool();
        }
    }

    fn want_tight_pool(&self) {
        if self.recompressor.is_on() {
            self.work.make_tight_pool_soon();
        }
    }

    /// Makes the tight pool, if there is a recompressor. May sleep.
    pub(super) fn make_tight_pool(&self) {
        let name = match self.recompressor.find() {
            Ok(name) if !name.is_empty() => name,
            _ => return self.recompressor.give_up(c""),
        };
        let made = self
            .prepare_to_pack()
            .and_then(|()| self.pools.set_tight(&name));
        if made.is_err() {
            // Until others have gone, or some time is over: see `idle.rs`. Maybe memory was short.
            return self.recompressor.give_up(&name);
        }
        // Somebody may have set another one meanwhile, and found no pool to give up.
        if self.recompressor.find().is_ok_and(|now| *now != *name) {
            self.give_up_tight_pool();
        }
        self.update_sysfs();
        idle::wake();
        // Which looks whether it is still needed.
        self.work.retire_later();
    }

    /// Memory has run out: new pages go to the tight pool, too, as they would soon be packed into it. May sleep.
    pub(super) fn store_tight(&self) {
        let mut since = self.short_since.lock();
        *since = Some(Instant::now());
        self.pools.set_shortage(true);
    }

    /// Has new pages go to the current pool again some time later. May sleep.
    pub(super) fn store_tight_no_more(&self) {
        let mut since = self.short_since.lock();
        if since.is_some_and(|since| since.elapsed() >= SHORTAGE) {
            *since = None;
            self.pools.set_shortage(false);
        }
    }

    /// No page goes to the tight pool from now on. May be called anywhere.
    pub(super) fn give_up_tight_pool(&self) {
        if self.pools.unset_tight() {
            self.work.retire_later();
        }
    }
}
