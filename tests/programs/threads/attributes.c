/* pthread_attr_init(3) and what attributes do to a thread. */
#include "thread.h"

#include <limits.h>

static void *same(void *argument)
{
	return argument;
}

CASE(defaults_are_those_of_posix)
{
	pthread_attr_t attributes;
	int state, scope, policy, inherit;
	size_t guard;
	struct sched_param parameter;
	ERROR(pthread_attr_init(&attributes));
	pthread_attr_getdetachstate(&attributes, &state);
	pthread_attr_getscope(&attributes, &scope);
	pthread_attr_getschedpolicy(&attributes, &policy);
	pthread_attr_getinheritsched(&attributes, &inherit);
	pthread_attr_getguardsize(&attributes, &guard);
	pthread_attr_getschedparam(&attributes, &parameter);
	show("joinable %d, system scope %d, policy %d, inherits %d, guard %zu, priority %d",
	     state == PTHREAD_CREATE_JOINABLE, scope == PTHREAD_SCOPE_SYSTEM, policy,
	     inherit == PTHREAD_INHERIT_SCHED, guard, parameter.sched_priority);
	ERROR(pthread_attr_destroy(&attributes));
}

static void *fill_stack(void *argument)
{
	size_t bytes = (size_t)argument;
	volatile char *area = __builtin_alloca(bytes);
	for (size_t i = 0; i < bytes; i += 1024)
		area[i] = (char)(i / 1024);
	size_t right = 0;
	for (size_t i = 0; i < bytes; i += 1024)
		right += area[i] == (char)(i / 1024);
	return (void *)right;
}

CASE(stack_has_the_size_asked_for)
{
	pthread_attr_t attributes;
	pthread_t thread;
	pthread_attr_init(&attributes);
	ERROR(pthread_attr_setstacksize(&attributes, 16 << 20));
	ERROR(pthread_create(&thread, &attributes, fill_stack, (void *)(15 << 20)));
	show("right %ld", (long)joined(thread));
}

CASE(stack_below_the_minimum_is_refused)
{
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	ERROR(pthread_attr_setstacksize(&attributes, 1024));
	ERROR(pthread_attr_setdetachstate(&attributes, 17));
	ERROR(pthread_attr_setscope(&attributes, PTHREAD_SCOPE_PROCESS));
	ERROR(pthread_attr_setinheritsched(&attributes, 17));
}

static void *address_of_local(void *argument)
{
	*(char **)argument = __builtin_frame_address(0);
	return NULL;
}

CASE(thread_runs_on_the_stack_of_its_creator_s_choice)
{
	pthread_attr_t attributes;
	pthread_t thread;
	char *stack = anonymous(256 * 1024), *local = NULL;
	pthread_attr_init(&attributes);
	ERROR(pthread_attr_setstack(&attributes, stack, 256 * 1024));
	REQUIRE(pthread_create(&thread, &attributes, address_of_local, &local) == 0);
	joined(thread);
	show("on it %d", local > stack && local < stack + 256 * 1024);
	munmap(stack, 256 * 1024);
}

CASE(thread_on_a_stack_of_large_pages_runs)
{
	pthread_attr_t attributes;
	pthread_t thread;
	size_t bytes = 4 * LARGE_PAGE;
	char *stack = anonymous(bytes);
	pthread_attr_init(&attributes);
	REQUIRE(pthread_attr_setstack(&attributes, stack, bytes) == 0);
	REQUIRE(pthread_create(&thread, &attributes, fill_stack, (void *)(bytes - LARGE_PAGE)) == 0);
	show("right %ld", (long)joined(thread));
	munmap(stack, bytes);
}

static void *own_stack(void *argument)
{
	pthread_attr_t attributes;
	void *base;
	size_t size;
	char local;
	REQUIRE(pthread_getattr_np(pthread_self(), &attributes) == 0);
	REQUIRE(pthread_attr_getstack(&attributes, &base, &size) == 0);
	*(int *)argument = &local >= (char *)base && &local < (char *)base + size;
	pthread_attr_destroy(&attributes);
	return NULL;
}

CASE(threads_know_their_stacks)
{
	int inside = 0;
	joined(started(own_stack, &inside));
	show("thread %d", inside);
	inside = 0;
	own_stack(&inside);
	show("main thread %d", inside);
}

static volatile int detached_done;

static void *detached(void *argument)
{
	detached_done = 1;
	return argument;
}

CASE(thread_may_be_created_detached)
{
	pthread_attr_t attributes;
	pthread_t thread;
	detached_done = 0;
	pthread_attr_init(&attributes);
	ERROR(pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED));
	REQUIRE(pthread_create(&thread, &attributes, detached, NULL) == 0);
	AWAIT(detached_done);
	show("ran");
}

static void *affinity_count(void *argument)
{
	cpu_set_t set;
	(void)argument;
	REQUIRE(sched_getaffinity(0, sizeof set, &set) == 0);
	return (void *)(long)(CPU_COUNT(&set) * 2 + (CPU_ISSET(sched_getcpu(), &set) != 0));
}

CASE(thread_is_born_with_the_affinity_of_its_creator)
{
	cpu_set_t all, one;
	pthread_t thread;
	REQUIRE(sched_getaffinity(0, sizeof all, &all) == 0);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
	REQUIRE(pthread_create(&thread, NULL, affinity_count, NULL) == 0);
	long count = (long)joined(thread);
	show("CPUs %ld, runs on it %ld", count / 2, count % 2);
	REQUIRE(sched_setaffinity(0, sizeof all, &all) == 0);
}

CASE(real_time_policy_may_be_an_attribute)
{
	pthread_attr_t attributes;
	pthread_t thread;
	struct sched_param parameter = {.sched_priority = 0};
	pthread_attr_init(&attributes);
	ERROR(pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED));
	ERROR(pthread_attr_setschedpolicy(&attributes, SCHED_OTHER));
	ERROR(pthread_attr_setschedparam(&attributes, &parameter));
	int error = pthread_create(&thread, &attributes, same, (void *)5);
	show("create %s", error ? error_name(error) : "succeeds");
	if (error == 0)
		show("%ld", (long)joined(thread));
}

static void recurse(int depth);
static void (*volatile recursion)(int) = recurse;

static void recurse(int depth)
{
	volatile char frame[2048];
	frame[0] = (char)depth;
	recursion(depth + 1);
	frame[1] = frame[0];
}

static void *overflow(void *argument)
{
	recursion(0);
	return argument;
}

ENDS(overflow_into_the_guard_is_a_segmentation_fault, 128 + SIGSEGV)
{
	pthread_attr_t attributes;
	pthread_t thread;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 1 << 20);
	show("before");
	REQUIRE(pthread_create(&thread, &attributes, overflow, NULL) == 0);
	joined(thread);
}
