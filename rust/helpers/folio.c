// SPDX-License-Identifier: GPL-2.0

#include <linux/mm.h>
#include "helpers.h"

void *vswap_folio_address(struct folio *folio)
{
	return folio_address(folio);
}

unsigned long vswap_folio_nr_pages(struct folio *folio)
{
	return folio_nr_pages(folio);
}

int vswap_folio_nid(struct folio *folio)
{
	return folio_nid(folio);
}

unsigned long vswap_direct_map_base(void)
{
	return PAGE_OFFSET;
}
