// SPDX-License-Identifier: GPL-2.0

#include <linux/mm.h>
#include <linux/vmstat.h>
#include "helpers.h"

unsigned long vswap_totalram_pages(void)
{
	return totalram_pages();
}

unsigned long vswap_usable_pages(void)
{
	return global_zone_page_state(NR_FREE_PAGES) +
	       global_node_page_state(NR_INACTIVE_ANON) +
	       global_node_page_state(NR_ACTIVE_ANON) +
	       global_node_page_state(NR_INACTIVE_FILE) +
	       global_node_page_state(NR_ACTIVE_FILE);
}
