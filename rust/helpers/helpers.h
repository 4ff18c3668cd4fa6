/* SPDX-License-Identifier: GPL-2.0 */
/* What Rust cannot call by itself: inline functions, macros, and objects whose
 * set-up is made of them.
 */
#ifndef _VSWAP_HELPERS_H
#define _VSWAP_HELPERS_H

#include <linux/types.h>

struct device;
struct folio;
struct mem_cgroup;
struct seq_file;
struct shrink_control;
struct shrinker;
struct zs_pool;
struct vswap_acomp;

/* helpers/folio.c */
void *vswap_folio_address(struct folio *folio);
unsigned long vswap_folio_nr_pages(struct folio *folio);
unsigned long vswap_folio_slot(struct folio *folio);
int vswap_folio_nid(struct folio *folio);
unsigned long vswap_direct_map_base(void);
int vswap_address_nid(const void *address);

/* helpers/ram.c */
unsigned long vswap_totalram_pages(void);
unsigned long vswap_usable_pages(void);

/* helpers/zsmalloc.c */
unsigned long vswap_zs_store(struct zs_pool *pool, const void *data,
			     size_t size, int nid);

/* helpers/acomp.c */
struct vswap_acomp *vswap_acomp_alloc(const char *name);
void vswap_acomp_free(struct vswap_acomp *acomp);
int vswap_acomp_run(struct vswap_acomp *acomp, const void *src,
		    unsigned int slen, void *dst, unsigned int dlen,
		    bool decompress);

/* helpers/debugfs.c */
void vswap_debugfs_add(const char *name, unsigned int file);
void vswap_debugfs_remove(void);

/* helpers/params.c */
enum vswap_param {
	VSWAP_PARAM_SIZE,
	VSWAP_PARAM_COMPRESSOR,
	VSWAP_PARAM_RECOMPRESSOR,
	VSWAP_PARAM_RECOMPRESS_AFTER,
	VSWAP_PARAM_MAX_POOL_PERCENT,
	VSWAP_PARAM_ACCEPT_PERCENT,
	VSWAP_PARAM_SHRINKER_ENABLED,
	VSWAP_PARAM_PACK_WRITEBACK,
};

void vswap_params_wait(void);

/* helpers/shrinker.c */
struct shrinker *vswap_shrinker_alloc(const char *name);
bool vswap_shrink_may_do_io(const struct shrink_control *sc);
bool vswap_current_is_kswapd(void);
bool vswap_mem_cgroup_is_root(struct mem_cgroup *memcg);
unsigned long vswap_mem_cgroup_pages(struct mem_cgroup *memcg);

/* helpers/log.c */
bool vswap_may_log(void);

/* helpers/sysfs.c */
#define VSWAP_SYSFS_DIRS 96

int vswap_sysfs_start(struct device *dev);
int vswap_sysfs_update(void);
void vswap_sysfs_remove(void);

/* helpers/oom.c */
bool vswap_current_is_dying(void);
int vswap_oom_start(void);
void vswap_oom_stop(void);

/* helpers/idle.c */
int vswap_idle_start(void);
void vswap_idle_stop(void);
void vswap_idle_wake(void);
void vswap_idle_begin(void);
void vswap_idle_end(void);
bool vswap_idle_may_go_on(void);
u64 vswap_idle_cpu_ns(void);

/* helpers/work.c */
enum vswap_work {
	VSWAP_WORK_RETIRE,
	VSWAP_WORK_WRITE_BACK,
	VSWAP_WORK_SYSFS,
	VSWAP_WORK_TIGHT_POOL,
};

int vswap_work_init(void);
void vswap_work_exit(void);
void vswap_work_cancel(void);
void vswap_work_queue(enum vswap_work work);

/* What the driver defines, see callbacks.h */
struct vswap_callbacks {
	int (*param_set)(unsigned int param, const char *val);
	int (*param_get)(unsigned int param, char *buf, size_t size);
	void (*show)(unsigned int file, struct seq_file *seq);
	/* How many files, or 0 if a directory is not to be there. */
	unsigned int (*sysfs_dir)(unsigned int dir, char *name, size_t size);
	const char *(*sysfs_file)(unsigned int dir, unsigned int file);
	ssize_t (*sysfs_show)(unsigned int dir, unsigned int file, char *buf,
			      size_t size);
	/* enum vswap_work; returns in how many seconds to run again, or 0 */
	unsigned int (*work)(unsigned int work);
	/* How many pages it has freed */
	unsigned long (*make_memory)(void);
	/* Returns in how many milliseconds to run again, or 0 */
	unsigned int (*work_idly)(void);
};

#endif /* _VSWAP_HELPERS_H */
