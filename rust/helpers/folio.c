// SPDX-License-Identifier: GPL-2.0

#include <linux/mm.h>
#include <linux/swapops.h>
#include "helpers.h"

void *vswap_folio_address(struct folio *folio)
{
	return folio_address(folio);
}

int vswap_address_nid(const void *address)
{
	return page_to_nid(virt_to_page(address));
}

unsigned long vswap_folio_nr_pages(struct folio *folio)
{
	return folio_nr_pages(folio);
}

unsigned long vswap_folio_slot(struct folio *folio)
{
	return swp_offset(folio->swap);
}

int vswap_folio_nid(struct folio *folio)
{
	return folio_nid(folio);
}

unsigned long vswap_direct_map_base(void)
{
	return PAGE_OFFSET;
}
