// SPDX-License-Identifier: GPL-2.0

//! Wrappers of the crypto API and the library for checksums.

pub(crate) mod acomp;
pub(crate) mod crc32c;
