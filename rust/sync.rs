// SPDX-License-Identifier: GPL-2.0

//! Wrappers of SRCU and RCU: a table whose readers may sleep.

pub(crate) mod srcu_table;
