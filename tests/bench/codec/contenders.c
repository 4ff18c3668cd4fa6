// SPDX-License-Identifier: GPL-2.0
/* The kernel's compressors and the module's, each as zram or the module calls it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "codec.h"

/* More than any of them needs for its worst page. */
#define ROOM (2 * PAGE)

/* What the kernel's headers declare; they cannot be included in a program. */
int LZ4_compress_default(const char *src, char *dst, int len, int room, void *mem);
int LZ4_decompress_safe(const char *src, char *dst, int len, int room);
int lzorle1x_1_compress(const uint8_t *src, size_t len, uint8_t *dst, size_t *out, void *mem);
int lzo1x_decompress_safe(const uint8_t *src, size_t len, uint8_t *dst, size_t *out);

struct zstd_parameters {
	unsigned int compression[7];
	int frame[3];
};

int zstd_default_clevel(void);
struct zstd_parameters zstd_get_params(int level, unsigned long long len);
size_t zstd_cctx_workspace_bound(const void *compression);
size_t zstd_dctx_workspace_bound(void);
void *zstd_init_cctx(void *mem, size_t len);
void *zstd_init_dctx(void *mem, size_t len);
size_t zstd_compress_cctx(void *cctx, void *dst, size_t room, const void *src, size_t len,
			  const struct zstd_parameters *parameters);
size_t zstd_decompress_dctx(void *dctx, void *dst, size_t room, const void *src, size_t len);
unsigned int zstd_is_error(size_t code);

static void *memory[CONTENDERS];
static void *zstd_cctx, *zstd_dctx;
static struct zstd_parameters zstd_parameters;

static size_t lz4_encode(const void *page, void *block)
{
	return LZ4_compress_default(page, block, PAGE, ROOM, memory[LZ4]);
}

static bool lz4_decode(const void *block, size_t len, void *page)
{
	return LZ4_decompress_safe(block, page, len, PAGE) == PAGE;
}

static size_t lzo_encode(const void *page, void *block)
{
	size_t len = ROOM;

	return lzorle1x_1_compress(page, PAGE, block, &len, memory[LZO]) ? 0 : len;
}

static bool lzo_decode(const void *block, size_t len, void *page)
{
	size_t out = PAGE;

	return !lzo1x_decompress_safe(block, len, page, &out) && out == PAGE;
}

static size_t zstd_encode(const void *page, void *block)
{
	size_t len = zstd_compress_cctx(zstd_cctx, block, ROOM, page, PAGE, &zstd_parameters);

	return zstd_is_error(len) ? 0 : len;
}

static bool zstd_decode(const void *block, size_t len, void *page)
{
	return zstd_decompress_dctx(zstd_dctx, page, PAGE, block, len) == PAGE;
}

/* It ends where the block is too long to be kept, as in the module. */
static size_t vswap_encode(const void *page, void *block)
{
	return ours_encode(page, block, LIMIT, memory[VSWAP]);
}

const struct contender contenders[CONTENDERS] = {
	[LZ4] = { "lz4", "lz4", lz4_encode, lz4_decode },
	[LZO] = { "lzo-rle", "lzo-rle", lzo_encode, lzo_decode },
	[ZSTD] = { "zstd", "zstd", zstd_encode, zstd_decode },
	[VSWAP] = { "vswap", "lz4", vswap_encode, ours_decode },
};

static void *allocate(size_t len)
{
	void *mem = aligned_alloc(PAGE, (len + PAGE - 1) / PAGE * PAGE);

	if (!mem) {
		fprintf(stderr, "codec: out of memory\n");
		exit(1);
	}
	return memset(mem, 0, len);
}

void set_up(void)
{
	size_t len;

	zstd_parameters = zstd_get_params(zstd_default_clevel(), PAGE);
	len = zstd_cctx_workspace_bound(zstd_parameters.compression);
	zstd_cctx = zstd_init_cctx(allocate(len), len);
	len = zstd_dctx_workspace_bound();
	zstd_dctx = zstd_init_dctx(allocate(len), len);
	/* LZ4_MEM_COMPRESS and LZO1X_1_MEM_COMPRESS are not more. */
	memory[LZ4] = allocate(32 << 10);
	memory[LZO] = allocate(32 << 10);
	memory[VSWAP] = allocate(ours_table());
}
