// SPDX-License-Identifier: GPL-2.0

//! How the ghost is turned on at boot.
//!
//! `vswap-generator` is a systemd generator: it makes the swap unit, if the ghost is to be on.
//! `vswap-config` is run by a service of its own before that unit: it sets the module's parameters.
//! Both read `vswap.conf`, by the same code. A line that is wrong is left out, so that a mistake costs
//! no swap; the service tells of it, and fails.

pub mod boot;
pub mod files;
pub mod settings;
pub mod syntax;
pub mod unit;

// The module's own, so that both accept the same.
#[allow(dead_code)]
#[path = "../../../rust/ghost/parse.rs"]
mod parse;
