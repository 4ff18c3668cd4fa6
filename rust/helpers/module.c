// SPDX-License-Identifier: GPL-2.0
/* What the module! macro has no key for. */

#include <linux/module.h>

MODULE_VERSION("0.7.0");
