// SPDX-License-Identifier: GPL-2.0
/*
 * Files in debugfs. Those of the kernel crate have no owner, so the module could
 * go while one of them is open.
 */

#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include "callbacks.h"
#include "helpers.h"

static DEFINE_MUTEX(lock);
static struct dentry *dir;

static int vswap_file_show(struct seq_file *seq, void *unused)
{
	vswap_callbacks.show((unsigned long)seq->private, seq);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vswap_file);

/* A file that is shown by callbacks.show(file). */
void vswap_debugfs_add(const char *name, unsigned int file)
{
	guard(mutex)(&lock);
	if (!dir)
		dir = debugfs_create_dir("vswap", NULL);
	debugfs_create_file(name, 0400, dir, (void *)(unsigned long)file,
			    &vswap_file_fops);
}

/* Removes all files, and waits for those who read them. */
void vswap_debugfs_remove(void)
{
	guard(mutex)(&lock);
	debugfs_remove(dir);
	dir = NULL;
}
