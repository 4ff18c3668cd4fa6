/* SPDX-License-Identifier: GPL-2.0 */
/* What bindgen reads. Types that the kernel crate binds come from there. */

#include <linux/crc32.h>
#include <linux/memcontrol.h>
#include <linux/shrinker.h>
#include <linux/vswap.h>
#include <linux/zsmalloc.h>
#include "../helpers/helpers.h"
