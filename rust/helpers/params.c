// SPDX-License-Identifier: GPL-2.0
/* Module parameters that are more than a number: Rust parses and keeps them. */

#include <linux/module.h>
#include <linux/moduleparam.h>
#include "helpers.h"

/* rust/ops.rs */
int vswap_param_set(unsigned int param, const char *val);
int vswap_param_get(unsigned int param, char *buf, size_t size);

static int param_set(const char *val, const struct kernel_param *kp)
{
	return vswap_param_set((unsigned long)kp->arg, val);
}

static int param_get(char *buf, const struct kernel_param *kp)
{
	return vswap_param_get((unsigned long)kp->arg, buf, PAGE_SIZE);
}

static const struct kernel_param_ops param_ops = {
	.set = param_set,
	.get = param_get,
};

#define VSWAP_PARAM(name, index, desc)					\
	module_param_cb(name, &param_ops, (void *)(index), 0644);	\
	MODULE_PARM_DESC(name, desc)

VSWAP_PARAM(size, VSWAP_PARAM_SIZE,
	    "size of the ghost in bytes, or with K, M, G, T; up to 16T (default: the size of RAM)");
VSWAP_PARAM(compressor, VSWAP_PARAM_COMPRESSOR,
	    "compressor for pages stored from now on, any acomp of the kernel's (default: lz4)");
VSWAP_PARAM(max_pool_percent, VSWAP_PARAM_MAX_POOL_PERCENT,
	    "how much of RAM the pools may take, in percent (default: 20)");
VSWAP_PARAM(accept_threshold_percent, VSWAP_PARAM_ACCEPT_THRESHOLD_PERCENT,
	    "how far a full pool must shrink, in percent of its limit, to take pages again (default: 90)");
VSWAP_PARAM(shrinker_enabled, VSWAP_PARAM_SHRINKER_ENABLED,
	    "write cold pages to a swap device below under memory pressure (default: Y)");

/* Keeps the functions above out: sysfs outlives the module's exit function. */
void vswap_params_lock(void)
{
	kernel_param_lock(THIS_MODULE);
}

void vswap_params_unlock(void)
{
	kernel_param_unlock(THIS_MODULE);
}
