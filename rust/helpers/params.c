// SPDX-License-Identifier: GPL-2.0
/* Module parameters that are more than a number: Rust parses and keeps them. */

#include <linux/module.h>
#include <linux/moduleparam.h>
#include "callbacks.h"
#include "helpers.h"

static int param_set(const char *val, const struct kernel_param *kp)
{
	return vswap_callbacks.param_set((unsigned long)kp->arg, val);
}

static int param_get(char *buf, const struct kernel_param *kp)
{
	return vswap_callbacks.param_get((unsigned long)kp->arg, buf, PAGE_SIZE);
}

static const struct kernel_param_ops param_ops = {
	.set = param_set,
	.get = param_get,
};

module_param_cb(size, &param_ops, (void *)VSWAP_PARAM_SIZE, 0644);
MODULE_PARM_DESC(size,
		 "size of the ghost in bytes, or with K, M, G, T; up to 16T (default: RAM, and more as pages shrink)");

module_param_cb(compressor, &param_ops, (void *)VSWAP_PARAM_COMPRESSOR, 0644);
MODULE_PARM_DESC(compressor,
		 "compressor for pages stored from now on: lz4, or any acomp of the kernel's (default: lz4)");

module_param_cb(recompressor, &param_ops, (void *)VSWAP_PARAM_RECOMPRESSOR, 0644);
MODULE_PARM_DESC(recompressor,
		 "stronger compressor, which old pages are packed with where they stay in memory, or none (default: zstd if there is one)");

module_param_cb(recompress_after, &param_ops, (void *)VSWAP_PARAM_RECOMPRESS_AFTER, 0644);
MODULE_PARM_DESC(recompress_after,
		 "after how many seconds old pages are packed with the recompressor where they stay in memory, when nobody wants a processor; 0 for not until memory runs out (default: 300)");

module_param_cb(max_pool_percent, &param_ops, (void *)VSWAP_PARAM_MAX_POOL_PERCENT, 0644);
MODULE_PARM_DESC(max_pool_percent,
		 "how much of RAM the pools may take, in percent, or auto: 20 with a swap device below that has room, all without (default: auto)");

module_param_cb(accept_threshold_percent, &param_ops, (void *)VSWAP_PARAM_ACCEPT_PERCENT, 0644);
MODULE_PARM_DESC(accept_threshold_percent,
		 "how far a full pool must shrink, in percent of its limit, to take pages again (default: 90)");

module_param_cb(shrinker_enabled, &param_ops, (void *)VSWAP_PARAM_SHRINKER_ENABLED, 0644);
MODULE_PARM_DESC(shrinker_enabled,
		 "write cold pages to a swap device below under memory pressure (default: Y)");

module_param_cb(pack_writeback, &param_ops, (void *)VSWAP_PARAM_PACK_WRITEBACK, 0644);
MODULE_PARM_DESC(pack_writeback,
		 "write pages to a swap device below compressed, several in one slot (default: N)");

/* Until the functions above are done: sysfs outlives the module's exit function. */
void vswap_params_wait(void)
{
	kernel_param_lock(THIS_MODULE);
	kernel_param_unlock(THIS_MODULE);
}
