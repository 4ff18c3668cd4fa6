// SPDX-License-Identifier: GPL-2.0

#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/zsmalloc.h>
#include "helpers.h"

/*
 * Called in reclaim, so never reclaims by itself. Returns the handle of an
 * object with a copy of the data, or a negative errno.
 */
unsigned long vswap_zs_store(struct zs_pool *pool, const void *data,
			     size_t size, int nid)
{
	gfp_t gfp = GFP_NOWAIT | __GFP_NORETRY | __GFP_NOWARN | __GFP_HIGHMEM |
		    __GFP_MOVABLE;
	unsigned long handle;

	/* A whole page frees none: the last reserve is not to be spent on it. */
	if (size >= PAGE_SIZE)
		gfp |= __GFP_HIGH | __GFP_NOMEMALLOC;
	handle = zs_malloc(pool, size, gfp, nid);
	if (!IS_ERR_VALUE(handle))
		zs_obj_write(pool, handle, (void *)data, size);
	return handle;
}
