/* SPDX-License-Identifier: GPL-2.0 */
/* What the shim calls in Rust: rust/ops.rs */
#ifndef _VSWAP_CALLBACKS_H
#define _VSWAP_CALLBACKS_H

#include <linux/types.h>

int vswap_param_set(unsigned int param, const char *val);
int vswap_param_get(unsigned int param, char *buf, size_t size);
bool vswap_retire_pools(void);
void vswap_make_room(void);

#endif /* _VSWAP_CALLBACKS_H */
