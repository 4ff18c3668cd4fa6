// SPDX-License-Identifier: GPL-2.0

#include <linux/workqueue.h>
#include "callbacks.h"
#include "helpers.h"

static void retire(struct work_struct *work)
{
	/* There may be more to do later. */
	if (vswap_retire_pools())
		vswap_retire_later();
}

static DECLARE_DELAYED_WORK(retire_work, retire);

void vswap_retire_later(void)
{
	schedule_delayed_work(&retire_work, HZ);
}

void vswap_retire_cancel(void)
{
	cancel_delayed_work_sync(&retire_work);
}

static void write_back(struct work_struct *work)
{
	vswap_make_room();
}

static DECLARE_WORK(write_back_work, write_back);

void vswap_write_back_soon(void)
{
	queue_work(system_dfl_wq, &write_back_work);
}

void vswap_write_back_cancel(void)
{
	cancel_work_sync(&write_back_work);
}
