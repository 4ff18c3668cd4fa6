// SPDX-License-Identifier: GPL-2.0
/*
 * More compressors than a kernel has names for, to have as many pools as can
 * be, and one more. All leave out the zeros at a page's end, and can be told
 * to fail.
 */

#include <crypto/internal/scompress.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#define NR_NAMES 16

static bool fail_compress;
module_param(fail_compress, bool, 0644);
MODULE_PARM_DESC(fail_compress, "compress nothing");

static bool fail_decompress;
module_param(fail_decompress, bool, 0644);
MODULE_PARM_DESC(fail_decompress, "decompress no page that starts with an odd byte");

static void *alloc_ctx(void)
{
	return kzalloc(8, GFP_KERNEL) ?: ERR_PTR(-ENOMEM);
}

static void free_ctx(void *ctx)
{
	kfree(ctx);
}

static int compress(struct crypto_scomp *tfm, const u8 *src, unsigned int slen,
		    u8 *dst, unsigned int *dlen, void *ctx)
{
	while (slen > 1 && !src[slen - 1])
		slen--;
	if (READ_ONCE(fail_compress) || slen > *dlen)
		return -EINVAL;
	memcpy(dst, src, slen);
	*dlen = slen;
	return 0;
}

static int decompress(struct crypto_scomp *tfm, const u8 *src, unsigned int slen,
		      u8 *dst, unsigned int *dlen, void *ctx)
{
	if (slen > *dlen || (READ_ONCE(fail_decompress) && src[0] & 1))
		return -EINVAL;
	memcpy(dst, src, slen);
	memset(dst + slen, 0, *dlen - slen);
	return 0;
}

static struct scomp_alg algs[NR_NAMES];

static int __init test_compressors_init(void)
{
	int i, err;

	for (i = 0; i < NR_NAMES; i++) {
		struct scomp_alg *alg = &algs[i];

		alg->streams.alloc_ctx = alloc_ctx;
		alg->streams.free_ctx = free_ctx;
		alg->compress = compress;
		alg->decompress = decompress;
		snprintf(alg->base.cra_name, CRYPTO_MAX_ALG_NAME, "vswap-test-%d", i);
		snprintf(alg->base.cra_driver_name, CRYPTO_MAX_ALG_NAME,
			 "vswap-test-%d-scomp", i);
		alg->base.cra_module = THIS_MODULE;
		err = crypto_register_scomp(alg);
		if (err)
			goto unregister;
	}
	return 0;

unregister:
	while (--i >= 0)
		crypto_unregister_scomp(&algs[i]);
	return err;
}

static void __exit test_compressors_exit(void)
{
	int i;

	for (i = 0; i < NR_NAMES; i++)
		crypto_unregister_scomp(&algs[i]);
}

module_init(test_compressors_init);
module_exit(test_compressors_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Compressors for the tests of vswap");
