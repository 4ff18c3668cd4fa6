// SPDX-License-Identifier: GPL-2.0

#include <linux/ratelimit.h>
#include "helpers.h"

bool vswap_may_log(void)
{
	static DEFINE_RATELIMIT_STATE(messages, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);

	return __ratelimit(&messages);
}
