/* SPDX-License-Identifier: GPL-2.0 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE 4096
/*
 * What zsmalloc would take a whole page for is not kept as a block: above this with
 * CONFIG_ZSMALLOC_CHAIN_SIZE=8, and 8 bytes are its own.
 */
#define LIMIT (3632 - 8)

enum { LZ4, LZO, ZSTD, VSWAP, CONTENDERS };

struct contender {
	const char *name, *compressor;
	/* Returns the length; 0 is none. The block has room for two pages. */
	size_t (*encode)(const void *page, void *block);
	bool (*decode)(const void *block, size_t len, void *page);
};

extern const struct contender contenders[CONTENDERS];

void set_up(void);

/* Changes the kernel's memcpy() and memset() as the kernel does at boot. */
void apply_alternatives(void);

/* ours.rs */
size_t ours_table(void);
size_t ours_encode(const void *page, void *block, size_t room, void *table);
bool ours_decode(const void *block, size_t len, void *page);
bool ours_is_random(const void *page);
bool ours_find(const void *page, uint32_t *word);
void ours_fill(void *page, uint32_t word);
