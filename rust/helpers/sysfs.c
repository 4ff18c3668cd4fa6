// SPDX-License-Identifier: GPL-2.0
/*
 * Files in sysfs, in directories of the ghost's device. A directory is an
 * attribute group, so there is no object that could outlive the module: a file
 * that is open while its group is removed fails from then on with ENODEV.
 */

#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include "callbacks.h"
#include "helpers.h"

struct vswap_file {
	struct device_attribute attr;
	unsigned int dir;
	unsigned int file;
};

struct vswap_dir {
	struct attribute_group group;
	char name[16];
	struct attribute **attrs;
	struct vswap_file files[];
};

/* Not taken by those who read files. */
static DEFINE_MUTEX(lock);
/* The directories' parent, or NULL: before there are any, and after that. */
static struct device *parent;
static struct vswap_dir *dirs[VSWAP_SYSFS_DIRS];

static ssize_t file_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct vswap_file *file = container_of(attr, struct vswap_file, attr);

	return vswap_callbacks.sysfs_show(file->dir, file->file, buf,
					  PAGE_SIZE);
}

static void free_dir(struct vswap_dir *dir)
{
	kfree(dir->attrs);
	kfree(dir);
}

static int add_dir(unsigned int nr, const char *name, unsigned int nr_files)
{
	struct vswap_dir *dir;
	unsigned int i;
	int err = -ENOMEM;

	dir = kzalloc_flex(*dir, files, nr_files);
	if (!dir)
		return -ENOMEM;
	/* Ends with NULL. */
	dir->attrs = kzalloc_objs(*dir->attrs, nr_files + 1);
	if (!dir->attrs)
		goto free;

	strscpy(dir->name, name);
	dir->group.name = dir->name;
	dir->group.attrs = dir->attrs;
	for (i = 0; i < nr_files; i++) {
		struct vswap_file *file = &dir->files[i];

		file->dir = nr;
		file->file = i;
		file->attr.show = file_show;
		sysfs_attr_init(&file->attr.attr);
		file->attr.attr.name = vswap_callbacks.sysfs_file(nr, i);
		file->attr.attr.mode = 0444;
		dir->attrs[i] = &file->attr.attr;
	}
	err = sysfs_create_group(&parent->kobj, &dir->group);
	if (err)
		goto free;
	dirs[nr] = dir;
	return 0;

free:
	free_dir(dir);
	return err;
}

/* Waits for those who read its files. */
static void remove_dir(unsigned int nr)
{
	struct vswap_dir *dir = dirs[nr];

	if (!dir)
		return;
	sysfs_remove_group(&parent->kobj, &dir->group);
	free_dir(dir);
	dirs[nr] = NULL;
}

/*
 * Makes the directories that callbacks.sysfs_dir() wants and removes others.
 * What cannot be made is left out: the error is that of the last such. Nothing
 * is done before vswap_sysfs_start() and after vswap_sysfs_remove().
 */
int vswap_sysfs_update(void)
{
	char name[sizeof_field(struct vswap_dir, name)] = "";
	unsigned int nr, nr_files;
	int err, ret = 0;

	guard(mutex)(&lock);
	if (!parent)
		return 0;
	for (nr = 0; nr < VSWAP_SYSFS_DIRS; nr++) {
		nr_files = vswap_callbacks.sysfs_dir(nr, name, sizeof(name));
		if (!nr_files) {
			remove_dir(nr);
		} else if (!dirs[nr]) {
			err = add_dir(nr, name, nr_files);
			if (err)
				ret = err;
		}
	}
	return ret;
}

/* Makes the directories, below those of a device. */
int vswap_sysfs_start(struct device *dev)
{
	scoped_guard(mutex, &lock)
		parent = get_device(dev);
	return vswap_sysfs_update();
}

/* Removes all of them for good, and waits for those who read their files. */
void vswap_sysfs_remove(void)
{
	unsigned int nr;

	guard(mutex)(&lock);
	if (!parent)
		return;
	for (nr = 0; nr < VSWAP_SYSFS_DIRS; nr++)
		remove_dir(nr);
	put_device(parent);
	parent = NULL;
}
