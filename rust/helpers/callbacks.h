/* SPDX-License-Identifier: GPL-2.0 */
/* What the shim calls in Rust: rust/module/callbacks.rs */
#ifndef _VSWAP_CALLBACKS_H
#define _VSWAP_CALLBACKS_H

#include "helpers.h"

extern const struct vswap_callbacks vswap_callbacks;

#endif /* _VSWAP_CALLBACKS_H */
