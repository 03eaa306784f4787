/* Many threads, quickly. */
#include "thread.h"

#include <limits.h>
#include <sys/resource.h>

static volatile int gate, counted;

static void *pass(void *argument)
{
	__atomic_add_fetch(&counted, 1, __ATOMIC_SEQ_CST);
	return argument;
}

static void *hold(void *argument)
{
	__atomic_add_fetch(&counted, 1, __ATOMIC_SEQ_CST);
	AWAIT(gate);
	return argument;
}

CASE(two_hundred_threads_are_alive_at_once)
{
	pthread_t threads[200];
	int right = 0;
	gate = counted = 0;
	for (long i = 0; i < 200; i++)
		threads[i] = started(hold, (void *)i);
	AWAIT(counted == 200);
	gate = 1;
	for (long i = 0; i < 200; i++)
		right += joined(threads[i]) == (void *)i;
	show("right %d", right);
}

CASE(three_thousand_threads_one_after_another)
{
	counted = 0;
	for (int i = 0; i < 3000; i++)
		joined(started(pass, NULL));
	show("counted %d", counted);
}

CASE(detached_threads_in_a_row)
{
	pthread_attr_t attributes;
	pthread_t thread;
	counted = 0;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	for (int i = 0; i < 100; i++) {
		int before = counted;
		REQUIRE(pthread_create(&thread, &attributes, pass, NULL) == 0);
		AWAIT(counted != before);
	}
	show("counted %d", counted);
}

static void *spread(void *argument)
{
	long depth = (long)argument;
	pthread_t left, right;
	__atomic_add_fetch(&counted, 1, __ATOMIC_SEQ_CST);
	if (depth == 0)
		return NULL;
	left = started(spread, (void *)(depth - 1));
	right = started(spread, (void *)(depth - 1));
	joined(left);
	joined(right);
	return NULL;
}

CASE(tree_of_threads)
{
	counted = 0;
	spread((void *)6);
	show("counted %d", counted);
}

CASE(threads_over_the_limit_are_refused_with_eagain)
{
	pid_t child = forked();
	if (child == 0) {
		struct rlimit limit = {1, 1};
		pthread_t thread;
		if (getuid() == 0)
			REQUIRE(setresuid(60123, 60123, 60123) == 0);
		REQUIRE(setrlimit(RLIMIT_NPROC, &limit) == 0);
		ERROR(pthread_create(&thread, NULL, pass, NULL));
		RESULT(fork());
		_exit(0);
	}
	show_end("child", child);
}

static void *churn(void *argument)
{
	for (int i = 0; i < 50; i++) {
		size_t bytes = 4096 * (size_t)(1 + i % 7);
		char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (memory == MAP_FAILED)
			return (void *)1;
		memset(memory, i, bytes);
		for (size_t k = 0; k < bytes; k++)
			if (memory[k] != (char)i)
				return (void *)2;
		if (mprotect(memory, 4096, PROT_READ) != 0 || munmap(memory, bytes) != 0)
			return (void *)3;
	}
	return argument;
}

CASE(threads_map_and_unmap_together)
{
	pthread_t threads[8];
	int wrong = 0;
	for (size_t i = 0; i < COUNT(threads); i++)
		threads[i] = started(churn, NULL);
	for (size_t i = 0; i < COUNT(threads); i++)
		wrong += joined(threads[i]) != NULL;
	show("wrong %d", wrong);
}

static char *pages;

static void *touch(void *argument)
{
	long wrong = 0;
	for (size_t i = 0; i < 512; i++) {
		__atomic_add_fetch((int *)(pages + i * PAGE), 1, __ATOMIC_SEQ_CST);
		wrong += *(volatile int *)(pages + i * PAGE) < 1;
	}
	(void)argument;
	return (void *)wrong;
}

CASE(threads_fault_in_the_same_pages_together)
{
	pthread_t threads[6];
	long wrong = 0, sum = 0;
	pages = anonymous(512 * PAGE);
	for (size_t i = 0; i < COUNT(threads); i++)
		threads[i] = started(touch, NULL);
	for (size_t i = 0; i < COUNT(threads); i++)
		wrong += (long)joined(threads[i]);
	for (size_t i = 0; i < 512; i++)
		sum += *(int *)(pages + i * PAGE);
	show("wrong %ld, sum %ld", wrong, sum);
	munmap(pages, 512 * PAGE);
}

static void *allocate(void *argument)
{
	unsigned seed = (unsigned)(long)argument;
	void *kept[32] = {0};
	for (int i = 0; i < 3000; i++) {
		seed = seed * 1103515245 + 12345;
		unsigned slot = seed >> 16 & 31;
		free(kept[slot]);
		size_t bytes = seed >> 8 & 0x3fff;
		kept[slot] = malloc(bytes + 1);
		if (kept[slot] == NULL)
			return (void *)1;
		memset(kept[slot], (int)slot, bytes + 1);
	}
	for (size_t i = 0; i < 32; i++)
		free(kept[i]);
	return NULL;
}

CASE(threads_allocate_and_free_together)
{
	pthread_t threads[8];
	int wrong = 0;
	for (size_t i = 0; i < COUNT(threads); i++)
		threads[i] = started(allocate, (void *)i);
	for (size_t i = 0; i < COUNT(threads); i++)
		wrong += joined(threads[i]) != NULL;
	show("wrong %d", wrong);
}
