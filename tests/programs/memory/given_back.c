/* Memory that was used and given back holds zeros when it comes again, whoever had it before. */
#include "check.h"

#include <pthread.h>
#include <sys/wait.h>

#define ROUNDS 24
#define LARGE ((size_t)8 << 20)

/* The number of words that are not zero; each page of the memory is written to. */
static size_t use(char *memory, size_t bytes)
{
	size_t wrong = 0;
	for (size_t *word = (size_t *)memory; word < (size_t *)(memory + bytes); word++) {
		wrong += *word != 0;
		*word = ~(size_t)0;
	}
	return wrong;
}

static size_t use_often(size_t bytes)
{
	size_t wrong = 0;
	for (int round = 0; round < ROUNDS; round++) {
		char *memory = anonymous(bytes);
		wrong += use(memory, bytes);
		munmap(memory, bytes);
	}
	return wrong;
}

CASE(large_memory_is_zero_each_time)
{
	show("%zu words are not zero", use_often(LARGE));
	show("%zu words are not zero", use_often(2 << 20));
	show("%zu words are not zero", use_often(3 * LARGE + 12 * PAGE));
}

static void *thread(void *wrong)
{
	*(size_t *)wrong = use_often(LARGE);
	return NULL;
}

CASE(large_memory_is_zero_for_each_of_four_threads)
{
	pthread_t threads[4];
	size_t wrong[4];
	for (int number = 0; number < 4; number++)
		REQUIRE(pthread_create(&threads[number], NULL, thread, &wrong[number]) == 0);
	for (int number = 0; number < 4; number++) {
		pthread_join(threads[number], NULL);
		show("%zu words are not zero", wrong[number]);
	}
}

CASE(large_memory_is_zero_for_each_of_many_processes)
{
	for (int number = 0; number < 8; number++) {
		pid_t child = fork();
		REQUIRE(child >= 0);
		if (child == 0)
			_exit(use(anonymous(LARGE), LARGE) != 0);
		int status;
		REQUIRE(waitpid(child, &status, 0) == child);
		show("status %#x", status);
	}
}

CASE(what_large_pages_held_is_zero_in_small_ones)
{
	size_t wrong = use_often(LARGE);
	for (int round = 0; round < 4; round++) {
		char *memory = anonymous(LARGE);
		madvise(memory, LARGE, MADV_NOHUGEPAGE);
		wrong += use(memory, LARGE);
		munmap(memory, LARGE);
		wrong += use_often(LARGE);
	}
	show("%zu words are not zero", wrong);
}
