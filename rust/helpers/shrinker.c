// SPDX-License-Identifier: GPL-2.0

#include <linux/shrinker.h>
#include <linux/swap.h>
#include <linux/vswap.h>
#include "callbacks.h"
#include "helpers.h"

static struct shrinker *shrinker;

/* Writing back is I/O, for which reclaim may have to be allowed. */
static unsigned long count(struct shrinker *unused, struct shrink_control *sc)
{
	if (!(sc->gfp_mask & __GFP_IO) || !vswap_shrinks())
		return 0;
	return vswap_reclaimable(sc->memcg) ?: SHRINK_EMPTY;
}

static unsigned long scan(struct shrinker *unused, struct shrink_control *sc)
{
	/* Neighbours are written together, so a few more cost little. */
	unsigned long nr = round_up(sc->nr_to_scan, SWAP_CLUSTER_MAX);
	unsigned long written = vswap_write_back(nr, sc->memcg);

	return written ?: SHRINK_STOP;
}

int vswap_shrinker_register(void)
{
	shrinker = shrinker_alloc(SHRINKER_MEMCG_AWARE, "vswap");
	if (!shrinker)
		return -ENOMEM;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker->batch = SWAP_CLUSTER_MAX * 2;
	shrinker->seeks = DEFAULT_SEEKS;
	shrinker_register(shrinker);
	return 0;
}

void vswap_shrinker_unregister(void)
{
	shrinker_free(shrinker);
}
