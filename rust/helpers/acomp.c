// SPDX-License-Identifier: GPL-2.0
/* One compression context: a transform with a request that is used again. */

#include <crypto/acompress.h>
#include <linux/slab.h>
#include "helpers.h"

struct vswap_acomp {
	struct crypto_acomp *tfm;
	struct acomp_req *req;
	struct crypto_wait wait;
};

struct vswap_acomp *vswap_acomp_alloc(const char *name)
{
	struct vswap_acomp *acomp;
	int err;

	acomp = kzalloc_obj(*acomp);
	if (!acomp)
		return ERR_PTR(-ENOMEM);

	acomp->tfm = crypto_alloc_acomp(name, 0, 0);
	if (IS_ERR(acomp->tfm)) {
		err = PTR_ERR(acomp->tfm);
		goto free;
	}
	acomp->req = acomp_request_alloc(acomp->tfm);
	if (!acomp->req) {
		err = -ENOMEM;
		goto free_tfm;
	}
	crypto_init_wait(&acomp->wait);
	acomp_request_set_callback(acomp->req, CRYPTO_TFM_REQ_MAY_BACKLOG,
				   crypto_req_done, &acomp->wait);
	return acomp;

free_tfm:
	crypto_free_acomp(acomp->tfm);
free:
	kfree(acomp);
	return ERR_PTR(err);
}

void vswap_acomp_free(struct vswap_acomp *acomp)
{
	acomp_request_free(acomp->req);
	crypto_free_acomp(acomp->tfm);
	kfree(acomp);
}

/* Returns the length of the output, or a negative errno. */
int vswap_acomp_run(struct vswap_acomp *acomp, const void *src,
		    unsigned int slen, void *dst, unsigned int dlen,
		    bool decompress)
{
	int err;

	acomp_request_set_src_dma(acomp->req, src, slen);
	acomp_request_set_dst_dma(acomp->req, dst, dlen);
	err = decompress ? crypto_acomp_decompress(acomp->req) :
			   crypto_acomp_compress(acomp->req);
	err = crypto_wait_req(err, &acomp->wait);
	return err ?: acomp->req->dlen;
}
