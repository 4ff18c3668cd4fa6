// SPDX-License-Identifier: GPL-2.0

//! Wrappers of the crypto API: compressors.

pub(crate) mod acomp;
