// SPDX-License-Identifier: GPL-2.0
/* A thread for what can wait until nobody else wants a processor. */

#include <linux/err.h>
#include <linux/freezer.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <uapi/linux/sched/types.h>
#include "callbacks.h"
#include "helpers.h"

static struct task_struct *thread;
static DECLARE_WAIT_QUEUE_HEAD(wait);
static bool woken;
static u64 cpu_ns;

static void set_policy(int policy)
{
	struct sched_attr attr = {
		.size = sizeof(attr),
		.sched_policy = policy,
	};

	WARN_ON_ONCE(sched_setattr_nocheck(current, &attr));
}

/* While others may wait for what this thread holds, it goes on as they do. */
void vswap_idle_begin(void)
{
	set_policy(SCHED_NORMAL);
}

/* Returns when nobody else wants the processor. */
void vswap_idle_end(void)
{
	set_policy(SCHED_IDLE);
	schedule();
	WRITE_ONCE(cpu_ns, current->se.sum_exec_runtime);
}

/* Waits while tasks are frozen; so holds nothing. */
bool vswap_idle_may_go_on(void)
{
	/* freezing() would be a static key, which no module can have where memory is out. */
	return !kthread_freezable_should_stop(NULL);
}

static int run(void *unused)
{
	set_policy(SCHED_IDLE);
	set_freezable();
	while (vswap_idle_may_go_on()) {
		unsigned int ms = vswap_callbacks.work_idly();
		long timeout = ms ? msecs_to_jiffies(ms) : MAX_SCHEDULE_TIMEOUT;

		WRITE_ONCE(cpu_ns, current->se.sum_exec_runtime);
		wait_event_freezable_timeout(wait, xchg(&woken, false) ||
					     kthread_should_stop(), timeout);
	}
	return 0;
}

int vswap_idle_start(void)
{
	struct task_struct *task = kthread_create(run, NULL, "vswapd");

	if (IS_ERR(task))
		return PTR_ERR(task);
	if (cmpxchg(&thread, NULL, task)) {
		kthread_stop(task);
		return -EBUSY;
	}
	wake_up_process(task);
	return 0;
}

void vswap_idle_stop(void)
{
	struct task_struct *task = xchg(&thread, NULL);

	if (task)
		kthread_stop(task);
}

void vswap_idle_wake(void)
{
	xchg(&woken, true);
	wake_up(&wait);
}

u64 vswap_idle_cpu_ns(void)
{
	return READ_ONCE(cpu_ns);
}
