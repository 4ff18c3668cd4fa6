// SPDX-License-Identifier: GPL-2.0

//! Wrappers of memory management: folios and zsmalloc.

pub(crate) mod folio;
pub(crate) mod zsmalloc;
