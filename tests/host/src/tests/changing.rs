// SPDX-License-Identifier: GPL-2.0

//! A page that changes while it is stored.
//!
//! The kernel does not store such pages, see `vswap_may_change()`. If one slips through, what is
//! stored may be neither the old nor the new contents; but neither encoder nor decoder may run out of
//! bounds or panic.

use crate::{
    ghost::same_filled,
    lz4::decode::decode,
    lz4::encode::{encode, ENTRIES},
    sample,
};
use std::{
    cell::UnsafeCell,
    sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    thread,
};

const PAGE: usize = 4096;
const ROUNDS: usize = 20_000;
/// The writer changes from what repeats to what does not, or back, each time after so many rounds.
const SPELL: u32 = 64;

#[repr(align(4096))]
struct Changing(UnsafeCell<[u8; PAGE]>);

// SAFETY: The race is what is tested: a pinned page in the direct map, which a device writes to.
unsafe impl Sync for Changing {}

/// Writes all over the page, now bytes that repeat and now such as do not.
fn write(page: &Changing, end: &AtomicBool, rounds: &AtomicU32) {
    let mut x = 1u32;
    while !end.load(Relaxed) {
        let round = rounds.fetch_add(1, Relaxed);
        for _ in 0..64 {
            x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (at, byte) = (
                (x >> 8) as usize % PAGE,
                if round & SPELL == 0 { 7 } else { x >> 24 },
            );
            // SAFETY: Inside of the page.
            unsafe { page.0.get().cast::<u8>().add(at).write_volatile(byte as u8) };
        }
    }
}

#[test]
fn does_no_harm() {
    let page = Changing(UnsafeCell::new([7; PAGE]));
    let end = AtomicBool::new(false);
    let rounds = AtomicU32::new(0);
    let (mut made, mut refused, mut good) = (0, 0, 0);
    thread::scope(|scope| {
        scope.spawn(|| write(&page, &end, &rounds));
        let mut table = Box::new([0; ENTRIES]);
        let mut out = vec![0; 3200];
        for number in 0..ROUNDS {
            // On a busy machine the writer may not have run for long.
            let before = rounds.load(Relaxed);
            while number % 100 == 0 && rounds.load(Relaxed).wrapping_sub(before) < SPELL {
                thread::yield_now();
            }
            // SAFETY: See `Changing`; each use of the reference is what is tested.
            let bytes = unsafe { &*page.0.get() };
            // SAFETY: Aligned, and any bytes make words.
            let words = unsafe { &*page.0.get().cast::<[u64; PAGE / 8]>() };
            let _ = same_filled::find(words);
            let _ = sample::is_random(bytes);
            match encode(bytes, &mut out, &mut table) {
                Some(len) => {
                    made += 1;
                    let mut back = [0; PAGE];
                    good += usize::from(decode(&out[..len], &mut back).is_some());
                }
                None => refused += 1,
            }
        }
        end.store(true, Relaxed);
    });
    assert_eq!(made + refused, ROUNDS);
    // Neither the test nor the codec lives on refusing everything.
    assert!(good > 0, "{made} blocks, {good} of them readable");
}
