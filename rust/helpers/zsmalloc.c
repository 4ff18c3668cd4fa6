// SPDX-License-Identifier: GPL-2.0

#include <linux/gfp.h>
#include <linux/zsmalloc.h>
#include "helpers.h"

/* Called in reclaim, so never reclaims by itself. */
unsigned long vswap_zs_malloc(struct zs_pool *pool, size_t size, int nid)
{
	return zs_malloc(pool, size, GFP_NOWAIT | __GFP_NORETRY | __GFP_NOWARN |
				     __GFP_HIGHMEM | __GFP_MOVABLE, nid);
}
