// SPDX-License-Identifier: GPL-2.0

//! Wrappers of memory management: folios, cgroups, shrinkers and zsmalloc.

pub(crate) mod folio;
pub(crate) mod memcg;
pub(crate) mod ram;
pub(crate) mod shrinker;
pub(crate) mod zsmalloc;
