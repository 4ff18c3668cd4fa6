// SPDX-License-Identifier: GPL-2.0

#include <linux/atomic.h>
#include <linux/workqueue.h>
#include "callbacks.h"
#include "helpers.h"

static void retire(struct work_struct *work);
static DECLARE_DELAYED_WORK(retire_work, retire);

static void retire(struct work_struct *work)
{
	unsigned int seconds = vswap_callbacks.work(VSWAP_WORK_RETIRE);

	if (seconds)
		schedule_delayed_work(&retire_work, seconds * HZ);
}

static void write_back(struct work_struct *work)
{
	vswap_callbacks.work(VSWAP_WORK_WRITE_BACK);
}

static DECLARE_WORK(write_back_work, write_back);

static void update_sysfs(struct work_struct *work)
{
	vswap_callbacks.work(VSWAP_WORK_SYSFS);
}

static DECLARE_WORK(sysfs_work, update_sysfs);

static void make_tight_pool(struct work_struct *work)
{
	vswap_callbacks.work(VSWAP_WORK_TIGHT_POOL);
}

static DECLARE_WORK(tight_pool_work, make_tight_pool);

/* Of its own: memory is short when it is needed, and others may wait for it. */
static struct workqueue_struct *write_back_wq;

int vswap_work_init(void)
{
	struct workqueue_struct *wq;

	wq = alloc_workqueue("vswap", WQ_UNBOUND | WQ_MEM_RECLAIM, 1);
	if (!wq)
		return -ENOMEM;
	if (cmpxchg(&write_back_wq, NULL, wq)) {
		destroy_workqueue(wq);
		return -EBUSY;
	}
	return 0;
}

void vswap_work_queue(enum vswap_work work)
{
	switch (work) {
	case VSWAP_WORK_RETIRE:
		/* Even if it would run much later. */
		mod_delayed_work(system_percpu_wq, &retire_work, HZ);
		break;
	case VSWAP_WORK_WRITE_BACK:
		queue_work(write_back_wq, &write_back_work);
		break;
	case VSWAP_WORK_SYSFS:
		schedule_work(&sysfs_work);
		break;
	case VSWAP_WORK_TIGHT_POOL:
		schedule_work(&tight_pool_work);
		break;
	}
}

void vswap_work_cancel(void)
{
	/* It queues the next one. */
	cancel_work_sync(&tight_pool_work);
	cancel_delayed_work_sync(&retire_work);
	cancel_work_sync(&write_back_work);
	cancel_work_sync(&sysfs_work);
}

void vswap_work_exit(void)
{
	vswap_work_cancel();
	destroy_workqueue(write_back_wq);
	write_back_wq = NULL;
}
