// SPDX-License-Identifier: GPL-2.0

#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/sched/signal.h>
#include <linux/vmstat.h>
#include <linux/vswap.h>
#include "callbacks.h"
#include "helpers.h"

bool vswap_current_is_dying(void)
{
	return fatal_signal_pending(current) || (current->flags & PF_EXITING);
}

static int make_memory(struct notifier_block *nb, unsigned long unused, void *freed)
{
	unsigned long free = global_zone_page_state(NR_FREE_PAGES);
	unsigned long pages;

	/*
	 * Not where other nodes have memory, or memory in one piece is short; nor for kswapd,
	 * which cannot wait; and whoever is to end gets the reserves.
	 */
	if (!vswap_is_short() || (current->flags & PF_MEMALLOC) || vswap_current_is_dying())
		return NOTIFY_OK;
	pages = vswap_callbacks.make_memory();
	/*
	 * That took its time, in which others may have freed some: enough, and so much that it
	 * was not reclaim, or it might go on like that for ever.
	 */
	if (!vswap_is_short() &&
	    global_zone_page_state(NR_FREE_PAGES) > free + totalram_pages() / 32)
		pages++;
	if (!vswap_current_is_dying())
		*(unsigned long *)freed += pages;
	return NOTIFY_OK;
}

static struct notifier_block oom_nb = {
	.notifier_call = make_memory,
};

int vswap_oom_start(void)
{
	return register_oom_notifier(&oom_nb);
}

void vswap_oom_stop(void)
{
	unregister_oom_notifier(&oom_nb);
}
