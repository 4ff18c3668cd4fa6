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
