// SPDX-License-Identifier: GPL-2.0

//! The module's codec for a program on the host. Kbuild compiles this file as it compiles the module.

#[path = "../../../rust/compress/lz4"]
mod lz4 {
    #![allow(dead_code)]
    pub(crate) mod decode;
    pub(crate) mod encode;
}
#[path = "../../../rust/ghost/same_filled.rs"]
mod same_filled;
#[path = "../../../rust/compress/sample.rs"]
mod sample;

use core::slice::{from_raw_parts, from_raw_parts_mut};
use lz4::encode::Table;

const PAGE: usize = 4096;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    extern "C" {
        fn abort();
    }
    // SAFETY: C's abort() can be called at any time.
    unsafe { abort() };
    // Objtool does not know that it never returns.
    loop {}
}

/// How large the encoder's table is.
#[no_mangle]
pub extern "C" fn ours_table() -> usize {
    size_of::<Table>()
}

/// Returns the length, or 0 if the block does not fit.
///
/// # Safety
///
/// A page of source, `room` bytes to write to, and a table of the size above, zeroed at first.
#[no_mangle]
pub unsafe extern "C" fn ours_encode(
    page: *const [u8; PAGE],
    block: *mut u8,
    room: usize,
    table: *mut Table,
) -> usize {
    // SAFETY: By this function's own requirements.
    unsafe { lz4::encode::encode(&*page, from_raw_parts_mut(block, room), &mut *table) }
        .unwrap_or(0)
}

/// Returns whether it is a block.
///
/// # Safety
///
/// `len` bytes to read, a page to write to.
#[no_mangle]
pub unsafe extern "C" fn ours_decode(block: *const u8, len: usize, page: *mut [u8; PAGE]) -> bool {
    // SAFETY: By this function's own requirements.
    unsafe { lz4::decode::decode(from_raw_parts(block, len), &mut *page) }.is_some()
}

/// Whether the page is not worth a try.
///
/// # Safety
///
/// A page to read.
#[no_mangle]
pub unsafe extern "C" fn ours_is_random(page: *const [u8; PAGE]) -> bool {
    // SAFETY: By this function's own requirements.
    sample::is_random(unsafe { &*page })
}

/// Whether a word fills the page; it is written to `word`.
///
/// # Safety
///
/// A page to read, of words, and a word to write to.
#[no_mangle]
pub unsafe extern "C" fn ours_find(page: *const [u64; PAGE / 8], word: *mut u32) -> bool {
    // SAFETY: By this function's own requirements.
    let (page, word) = unsafe { (&*page, &mut *word) };
    same_filled::find(page)
        .inspect(|found| *word = *found)
        .is_some()
}

/// Fills a page.
///
/// # Safety
///
/// A page to write to, of words.
#[no_mangle]
pub unsafe extern "C" fn ours_fill(page: *mut [u64; PAGE / 8], word: u32) {
    // SAFETY: By this function's own requirements.
    same_filled::fill(unsafe { &mut *page }, word);
}
