// SPDX-License-Identifier: GPL-2.0

//! What the module's parameters accept.
//!
//! This file uses nothing but `core`; it is also built and tested on the host.

/// The largest ghost, in bytes.
pub(crate) const MAX_SIZE: u64 = 16 << 40;

/// A size in bytes, from 1 to 16T: digits, then K, M, G or T in either case or nothing.
pub(crate) fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let shift = match text.as_bytes().last()? {
        b'k' | b'K' => 10,
        b'm' | b'M' => 20,
        b'g' | b'G' => 30,
        b't' | b'T' => 40,
        _ => 0,
    };
    let digits = if shift == 0 {
        text
    } else {
        &text[..text.len() - 1]
    };
    let size = number(digits)?.checked_mul(1 << shift)?;
    (1..=MAX_SIZE).contains(&size).then_some(size)
}

/// A percentage from `min` to 100.
pub(crate) fn percent(text: &str, min: u32) -> Option<u32> {
    let percent = u32::try_from(number(text.trim())?).ok()?;
    (min..=100).contains(&percent).then_some(percent)
}

/// A time in seconds, up to a day.
pub(crate) fn seconds(text: &str) -> Option<u32> {
    let seconds = u32::try_from(number(text.trim())?).ok()?;
    (seconds <= 24 * 60 * 60).then_some(seconds)
}

/// A switch, as the kernel writes it: Y, y, 1, on or N, n, 0, off.
pub(crate) fn switch(text: &str) -> Option<bool> {
    match text.trim() {
        "1" | "y" | "Y" | "on" | "ON" | "On" => Some(true),
        "0" | "n" | "N" | "off" | "OFF" | "Off" => Some(false),
        _ => None,
    }
}

// Stricter than `str::parse()`, which takes a sign.
fn number(digits: &str) -> Option<u64> {
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}
