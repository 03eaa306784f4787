/* sched(7): sched_setaffinity(2), sched_setscheduler(2), sched_setattr(2), getpriority(2), sched_yield(2), getcpu(2). */
#include "thread.h"

#include <sys/resource.h>

#ifndef SCHED_RESET_ON_FORK
#define SCHED_RESET_ON_FORK 0x40000000
#endif

/* musl's functions of these names fail without a call. */
#define sched_setscheduler(process, policy, parameter) syscall(SYS_sched_setscheduler, process, policy, parameter)
#define sched_getscheduler(process) syscall(SYS_sched_getscheduler, process)
#define sched_setparam(process, parameter) syscall(SYS_sched_setparam, process, parameter)
#define sched_getparam(process, parameter) syscall(SYS_sched_getparam, process, parameter)

static int last_cpu(const cpu_set_t *set)
{
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
		if (CPU_ISSET(cpu, set))
			return cpu;
	return -1;
}

CASE(yield_always_succeeds)
{
	for (int i = 0; i < 1000; i++)
		if (sched_yield() != 0)
			show("failed");
	RESULT(sched_yield());
}

CASE(affinity_of_a_bad_size_is_refused)
{
	cpu_set_t set;
	RESULT(syscall(SYS_sched_getaffinity, 0, 0, &set));
	RESULT(syscall(SYS_sched_getaffinity, 0, 7, &set));
	RESULT(syscall(SYS_sched_getaffinity, 0, sizeof set, NULL));
	RESULT(syscall(SYS_sched_setaffinity, 0, sizeof set, NULL));
	show("a whole word succeeds %d", syscall(SYS_sched_getaffinity, 0, 1024, &set) > 0);
}

CASE(affinity_with_no_cpu_is_refused)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	RESULT(sched_setaffinity(0, sizeof set, &set));
	CPU_SET(1000, &set);
	RESULT(sched_setaffinity(0, sizeof set, &set));
}

CASE(affinity_of_nobody_is_refused)
{
	cpu_set_t set;
	RESULT(sched_getaffinity(0x3fffffff, sizeof set, &set));
	RESULT(sched_setaffinity(0x3fffffff, sizeof set, &set));
	RESULT(sched_getaffinity(-1, sizeof set, &set));
}

CASE(thread_runs_where_its_affinity_says)
{
	cpu_set_t all, one, now;
	int right = 0, count = 0;
	REQUIRE(sched_getaffinity(0, sizeof all, &all) == 0);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
		REQUIRE(sched_getaffinity(0, sizeof now, &now) == 0);
		right += sched_getcpu() == cpu && CPU_EQUAL(&one, &now);
		count++;
	}
	show("right everywhere %d", right == count);
	RESULT(sched_setaffinity(0, sizeof all, &all));
}

CASE(cpus_that_do_not_exist_are_dropped_from_the_affinity)
{
	cpu_set_t all, more, now;
	REQUIRE(sched_getaffinity(0, sizeof all, &all) == 0);
	more = all;
	CPU_SET(1001, &more);
	RESULT(sched_setaffinity(0, sizeof more, &more));
	REQUIRE(sched_getaffinity(0, sizeof now, &now) == 0);
	show("as before %d", CPU_EQUAL(&all, &now));
}

struct mover {
	volatile int go, moves;
	cpu_set_t set;
};

static void *note_cpus(void *argument)
{
	struct mover *mover = argument;
	cpu_set_t now;
	while (!mover->go)
		sched_yield();
	sched_getaffinity(0, sizeof now, &now);
	return (void *)(long)(CPU_EQUAL(&now, &mover->set) && CPU_ISSET(sched_getcpu(), &now));
}

CASE(affinity_of_another_thread_is_set)
{
	struct mover mover = {.go = 0};
	cpu_set_t all, now;
	REQUIRE(sched_getaffinity(0, sizeof all, &all) == 0);
	CPU_ZERO(&mover.set);
	CPU_SET(last_cpu(&all), &mover.set);
	pthread_t thread = started(note_cpus, &mover);
	ERROR(pthread_setaffinity_np(thread, sizeof mover.set, &mover.set));
	ERROR(pthread_getaffinity_np(thread, sizeof now, &now));
	mover.go = 1;
	show("moved %ld", (long)joined(thread));
	sched_getaffinity(0, sizeof now, &now);
	show("own unchanged %d", CPU_EQUAL(&all, &now));
}

CASE(child_inherits_the_affinity)
{
	cpu_set_t all, one, now;
	REQUIRE(sched_getaffinity(0, sizeof all, &all) == 0);
	CPU_ZERO(&one);
	CPU_SET(last_cpu(&all), &one);
	REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
	pid_t child = forked();
	if (child == 0) {
		sched_getaffinity(0, sizeof now, &now);
		show("child has it %d", CPU_EQUAL(&one, &now));
		_exit(0);
	}
	show_end("child", child);
	sched_setaffinity(0, sizeof all, &all);
}

CASE(getcpu_agrees_with_the_affinity)
{
	unsigned cpu = 9999, node = 9999;
	cpu_set_t set;
	REQUIRE(sched_getaffinity(0, sizeof set, &set) == 0);
	RESULT(syscall(SYS_getcpu, &cpu, &node, NULL));
	show("allowed %d, node small %d", CPU_ISSET(cpu, &set) != 0, node < 64);
	RESULT(syscall(SYS_getcpu, NULL, NULL, NULL));
	RESULT(syscall(SYS_getcpu, 16, NULL, NULL));
	show("by the library %d", CPU_ISSET(sched_getcpu(), &set) != 0);
}

CASE(priority_ranges_are_those_of_linux)
{
	static const int policies[] = {SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE, 6};
	for (size_t i = 0; i < COUNT(policies); i++)
		show("policy %d: %d to %d", policies[i], sched_get_priority_min(policies[i]),
		     sched_get_priority_max(policies[i]));
	RESULT(sched_get_priority_min(4));
	RESULT(sched_get_priority_max(-1));
	RESULT(sched_get_priority_max(99));
}

CASE(scheduler_errors)
{
	struct sched_param parameter = {.sched_priority = 0};
	RESULT(sched_setscheduler(0, 99, &parameter));
	RESULT(sched_setscheduler(0, SCHED_OTHER, NULL));
	RESULT(sched_setscheduler(-1, SCHED_OTHER, &parameter));
	RESULT(sched_setscheduler(0x3fffffff, SCHED_OTHER, &parameter));
	RESULT(sched_setscheduler(0, SCHED_FIFO, &parameter));
	parameter.sched_priority = 100;
	RESULT(sched_setscheduler(0, SCHED_FIFO, &parameter));
	parameter.sched_priority = 1;
	RESULT(sched_setscheduler(0, SCHED_OTHER, &parameter));
	RESULT(sched_getscheduler(-1));
	RESULT(sched_getscheduler(0x3fffffff));
}

CASE(parameter_errors)
{
	struct sched_param parameter = {.sched_priority = 1};
	RESULT(sched_getparam(0, NULL));
	RESULT(sched_getparam(-1, &parameter));
	RESULT(sched_getparam(0x3fffffff, &parameter));
	RESULT(sched_setparam(0, NULL));
	parameter.sched_priority = 1;
	RESULT(sched_setparam(0, &parameter));
	parameter.sched_priority = 0;
	RESULT(sched_setparam(0, &parameter));
}

CASE(batch_and_idle_can_be_set_and_read)
{
	struct sched_param parameter = {.sched_priority = 0};
	RESULT(sched_setscheduler(0, SCHED_BATCH, &parameter));
	RESULT(sched_getscheduler(0));
	RESULT(sched_setscheduler(0, SCHED_IDLE, &parameter));
	RESULT(sched_getscheduler(0));
	RESULT(sched_setscheduler(0, SCHED_OTHER, &parameter));
	RESULT(sched_getscheduler(0));
}

static void *own_policy(void *argument)
{
	return (void *)(long)sched_getscheduler((pid_t)(long)argument);
}

/* The stand-ins of new threads come from a pool and do not inherit a policy. */
DIFFERS(policy_belongs_to_the_thread_and_is_inherited)
CASE(policy_belongs_to_the_thread_and_is_inherited)
{
	struct sched_param parameter = {.sched_priority = 0};
	REQUIRE(sched_setscheduler(0, SCHED_BATCH, &parameter) == 0);
	show("new thread %ld", (long)joined(started(own_policy, NULL)));
	pid_t child = forked();
	if (child == 0)
		_exit((int)sched_getscheduler(0));
	show_end("child", child);
	REQUIRE(sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, &parameter) == 0);
	show("flag is told %d", sched_getscheduler(0) == (SCHED_OTHER | SCHED_RESET_ON_FORK));
	show("new thread %ld", (long)joined(started(own_policy, NULL)));
	sched_setscheduler(0, SCHED_OTHER, &parameter);
}

struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

CASE(attributes_can_be_read_and_set)
{
	struct attributes now = {0};
	RESULT(syscall(SYS_sched_getattr, 0, &now, sizeof now, 0));
	show("policy %u, nice %d, priority %u", now.policy, now.nice, now.priority);
	RESULT(syscall(SYS_sched_getattr, 0, &now, 10, 0));
	RESULT(syscall(SYS_sched_getattr, 0, &now, sizeof now, 1));
	RESULT(syscall(SYS_sched_getattr, 0x3fffffff, &now, sizeof now, 0));
	RESULT(syscall(SYS_sched_getattr, 0, NULL, sizeof now, 0));
	struct attributes wanted = {.size = 48, .policy = SCHED_BATCH};
	RESULT(syscall(SYS_sched_setattr, 0, &wanted, 0));
	RESULT(sched_getscheduler(0));
	wanted.policy = SCHED_OTHER;
	RESULT(syscall(SYS_sched_setattr, 0, &wanted, 0));
	wanted.policy = 99;
	RESULT(syscall(SYS_sched_setattr, 0, &wanted, 0));
	RESULT(syscall(SYS_sched_setattr, 0, &wanted, 1));
	RESULT(syscall(SYS_sched_setattr, 0, NULL, 0));
}

CASE(round_robin_interval_is_told)
{
	struct timespec interval = {-1, -1};
	RESULT(sched_rr_get_interval(0, &interval));
	show("sane %d", interval.tv_sec == 0 && interval.tv_nsec >= 0);
	RESULT(sched_rr_get_interval(-1, &interval));
	RESULT(sched_rr_get_interval(0x3fffffff, &interval));
}

CASE(nice_value_is_read_and_raised)
{
	pid_t child = forked();
	if (child == 0) {
		RESULT(nice(5));
		RESULT(getpriority(PRIO_PROCESS, 0));
		RESULT(setpriority(PRIO_PROCESS, 0, 100));
		RESULT(getpriority(PRIO_PROCESS, getpid()));
		show("system call counts the other way %ld", syscall(SYS_getpriority, PRIO_PROCESS, 0));
		_exit(0);
	}
	show_end("child", child);
	RESULT(getpriority(PRIO_PROCESS, 0));
}

CASE(priority_errors)
{
	RESULT(getpriority(99, 0));
	RESULT(setpriority(99, 0, 0));
	RESULT(getpriority(PRIO_PROCESS, 0x3fffffff));
	RESULT(setpriority(PRIO_PROCESS, 0x3fffffff, 0));
	RESULT(getpriority(PRIO_PGRP, 0x3fffffff));
	RESULT(getpriority(PRIO_USER, 0x3ffffff));
}

static void *lower(void *argument)
{
	setpriority(PRIO_PROCESS, 0, 7);
	*(int *)argument = getpriority(PRIO_PROCESS, 0);
	return NULL;
}

CASE(nice_value_belongs_to_the_thread)
{
	int other = -1;
	joined(started(lower, &other));
	show("thread %d, main %d", other, getpriority(PRIO_PROCESS, 0));
}

CASE(priority_of_a_group_is_the_highest_of_its_members)
{
	pid_t child = forked();
	if (child == 0) {
		setpgid(0, 0);
		pid_t member = forked();
		if (member == 0) {
			pause();
			_exit(0);
		}
		RESULT(setpriority(PRIO_PROCESS, 0, 9));
		show("group has %d", getpriority(PRIO_PGRP, 0));
		RESULT(setpriority(PRIO_PGRP, 0, 12));
		show("member has %d, leader has %d", getpriority(PRIO_PROCESS, member), getpriority(PRIO_PROCESS, 0));
		kill(member, SIGKILL);
		show_end("member", member);
		_exit(0);
	}
	show_end("child", child);
}

CASE(io_priority_is_kept)
{
	RESULT(syscall(SYS_ioprio_set, 1, 0, (2 << 13) | 6));
	show("kept %d", syscall(SYS_ioprio_get, 1, 0) == ((2 << 13) | 6));
	RESULT(syscall(SYS_ioprio_set, 9, 0, (2 << 13) | 6));
	RESULT(syscall(SYS_ioprio_get, 1, 0x3fffffff));
	RESULT(syscall(SYS_ioprio_set, 1, 0, 7 << 13));
}
