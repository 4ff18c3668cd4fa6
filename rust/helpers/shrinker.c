// SPDX-License-Identifier: GPL-2.0

#include <linux/memcontrol.h>
#include <linux/shrinker.h>
#include <linux/swap.h>
#include <linux/vswap.h>
#include "helpers.h"

struct shrinker *vswap_shrinker_alloc(const char *name)
{
	return shrinker_alloc(SHRINKER_MEMCG_AWARE | SHRINKER_NONSLAB, "%s", name);
}

bool vswap_shrink_may_do_io(const struct shrink_control *sc)
{
	return sc->gfp_mask & __GFP_IO;
}

bool vswap_current_is_kswapd(void)
{
	return current_is_kswapd();
}

bool vswap_mem_cgroup_is_root(struct mem_cgroup *memcg)
{
	return mem_cgroup_is_root(memcg);
}

unsigned long vswap_mem_cgroup_pages(struct mem_cgroup *memcg)
{
	return mem_cgroup_vswap_pages(memcg);
}
