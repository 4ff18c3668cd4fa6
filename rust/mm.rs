// SPDX-License-Identifier: GPL-2.0

//! Safe wrappers of what the `kernel` crate lacks. Unsafe code is here, in `ops.rs` and in the
//! bindings, and nowhere else.

pub(crate) mod acomp;
pub(crate) mod folio;
pub(crate) mod log;
pub(crate) mod params;
pub(crate) mod slots;
pub(crate) mod srcu_table;
pub(crate) mod tier;
pub(crate) mod work;
pub(crate) mod zsmalloc;
