// SPDX-License-Identifier: GPL-2.0
//! The real data that scripts/corpus has made, in two parts. It is locked in
//! memory, so that it is never swapped out itself.

use selftests::outcome::{Doing, Outcome};
use selftests::{ensure, ghost, PAGE};
use std::sync::OnceLock;

/// Bytes of files, and after them bytes of heaps, in the corpus.
const FILES: usize = 8 << 20;
const HEAPS: usize = 5 << 20;

static BYTES: OnceLock<Vec<u8>> = OnceLock::new();

/// Reads it. To be done first.
pub fn load() -> Outcome {
    if BYTES.get().is_some() {
        return Ok(());
    }
    let path = ghost::project().join("build/bench/corpus");
    let bytes = std::fs::read(&path).doing(path.display())?;
    ensure!(
        bytes.len() == FILES + HEAPS,
        "{} has {} bytes",
        path.display(),
        bytes.len()
    );
    let bytes = BYTES.get_or_init(|| bytes);
    // SAFETY: The vector is neither changed nor dropped any more.
    unsafe { libc::mlock(bytes.as_ptr().cast(), bytes.len()) };
    Ok(())
}

/// The page of a file that starts at a place given by `number`, and `offset`
/// pages after it.
pub fn file_page(number: u64, offset: usize) -> &'static [u8] {
    page(0, FILES, number, offset)
}

/// The same in a heap.
pub fn heap_page(number: u64, offset: usize) -> &'static [u8] {
    page(FILES, HEAPS, number, offset)
}

fn page(start: usize, size: usize, number: u64, offset: usize) -> &'static [u8] {
    let bytes = BYTES.get().expect("the corpus is loaded first");
    // Any multiple of 16, as what malloc gives: the same page hardly comes twice.
    let places = (size - 16 * PAGE) / 16;
    let at = start + number as usize % places * 16 + offset * PAGE;
    &bytes[at..at + PAGE]
}
