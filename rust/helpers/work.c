// SPDX-License-Identifier: GPL-2.0

#include <linux/workqueue.h>
#include "helpers.h"

/* rust/ops.rs: returns whether there is more to do later */
bool vswap_retire_pools(void);

static void retire(struct work_struct *work)
{
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
