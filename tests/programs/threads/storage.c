/* What each thread has of its own: __thread variables, pthread_key_create(3), errno; and pthread_once(3). */
#include "thread.h"

#include <limits.h>

static __thread int initialised = 41;
static __thread int zeroed;
static __thread char aligned_area[256] __attribute__((aligned(256)));
static __thread char large_area[200000];

static void *look(void *argument)
{
	int *seen = argument;
	seen[0] = initialised++;
	seen[1] = zeroed++;
	seen[2] = (uintptr_t)aligned_area % 256 == 0;
	seen[3] = initialised;
	return NULL;
}

CASE(thread_variables_start_afresh_in_each_thread)
{
	int one[4], two[4];
	initialised = 1000;
	zeroed = 2000;
	joined(started(look, one));
	joined(started(look, two));
	show("%d %d %d %d", one[0], one[1], one[2], one[3]);
	show("%d %d %d %d", two[0], two[1], two[2], two[3]);
	show("main still %d %d", initialised, zeroed);
	initialised = 41;
	zeroed = 0;
}

static void *use_large(void *argument)
{
	memset(large_area, (int)(long)argument, sizeof large_area);
	sched_yield();
	size_t right = 0;
	for (size_t i = 0; i < sizeof large_area; i++)
		right += large_area[i] == (char)(long)argument;
	return (void *)right;
}

CASE(large_thread_variables_do_not_overlap)
{
	pthread_t threads[6];
	for (size_t i = 0; i < COUNT(threads); i++)
		threads[i] = started(use_large, (void *)(i + 1));
	for (size_t i = 0; i < COUNT(threads); i++)
		show("right %ld", (long)joined(threads[i]));
}

static void *publish(void *argument)
{
	int **where = argument;
	initialised = 5;
	__atomic_store_n(where, &initialised, __ATOMIC_SEQ_CST);
	AWAIT(*(volatile int *)&initialised == 6);
	return (void *)1;
}

CASE(thread_variable_can_be_reached_by_its_address)
{
	int *where = NULL;
	pthread_t thread = started(publish, &where);
	AWAIT(__atomic_load_n(&where, __ATOMIC_SEQ_CST) != NULL);
	show("found %d, own is elsewhere %d", *where, where != &initialised);
	*(volatile int *)where = 6;
	joined(thread);
}

static void *fail(void *argument)
{
	errno = 0;
	close(-1);
	*(int *)argument = errno;
	return NULL;
}

CASE(errno_belongs_to_the_thread)
{
	int other = 0;
	errno = ENOENT;
	pthread_t thread = started(fail, &other);
	int before = errno;
	joined(thread);
	show("other %s, own %s", error_name(other), error_name(before));
}

static pthread_key_t key, second_key;
static volatile int destroyed, destroyed_value, rounds;

static void destroy(void *value)
{
	destroyed++;
	destroyed_value = (int)(long)value;
}

static void *use_key(void *argument)
{
	long before = (long)pthread_getspecific(key);
	REQUIRE(pthread_setspecific(key, argument) == 0);
	return (void *)(before * 100 + (long)pthread_getspecific(key));
}

CASE(key_has_a_value_in_each_thread)
{
	ERROR(pthread_key_create(&key, NULL));
	ERROR(pthread_setspecific(key, (void *)7));
	show("thread saw %ld", (long)joined(started(use_key, (void *)9)));
	show("main has %ld", (long)pthread_getspecific(key));
	ERROR(pthread_key_delete(key));
}

CASE(destructor_gets_the_value_at_the_end_of_the_thread)
{
	destroyed = 0;
	ERROR(pthread_key_create(&key, destroy));
	joined(started(use_key, (void *)23));
	show("destroyed %d, value %d", destroyed, destroyed_value);
	joined(started(use_key, NULL));
	show("without a value %d", destroyed);
	ERROR(pthread_key_delete(key));
}

static void set_again(void *value)
{
	rounds++;
	pthread_setspecific(second_key, value);
}

static void *use_second_key(void *argument)
{
	pthread_setspecific(second_key, argument);
	return NULL;
}

CASE(destructors_that_set_values_run_a_limited_number_of_rounds)
{
	rounds = 0;
	REQUIRE(pthread_key_create(&second_key, set_again) == 0);
	joined(started(use_second_key, (void *)1));
	show("rounds %d, as promised %d", rounds, rounds == PTHREAD_DESTRUCTOR_ITERATIONS);
	pthread_key_delete(second_key);
}

CASE(deleted_key_cannot_be_set)
{
	REQUIRE(pthread_key_create(&key, NULL) == 0);
	REQUIRE(pthread_key_delete(key) == 0);
	ERROR(pthread_key_create(&key, NULL));
	show("new key holds %ld", (long)pthread_getspecific(key));
	pthread_key_delete(key);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static volatile int initialisations;

static void initialise(void)
{
	pause_for(10);
	initialisations++;
}

static void *call_once(void *argument)
{
	pthread_once(&once, initialise);
	return (void *)(argument == NULL ? (long)initialisations : 0);
}

CASE(initialisation_happens_once)
{
	pthread_t threads[10];
	pthread_once_t fresh = PTHREAD_ONCE_INIT;
	once = fresh;
	initialisations = 0;
	for (size_t i = 0; i < COUNT(threads); i++)
		threads[i] = started(call_once, NULL);
	long seen = 0;
	for (size_t i = 0; i < COUNT(threads); i++)
		seen += (long)joined(threads[i]);
	show("initialisations %d, threads that saw it done %ld", initialisations, seen);
}

static void *exit_flush(void *argument)
{
	destroyed = 0;
	pthread_setspecific(key, argument);
	return NULL;
}

CASE(destructor_runs_in_a_detached_thread)
{
	pthread_t thread;
	destroyed = 0;
	REQUIRE(pthread_key_create(&key, destroy) == 0);
	thread = started(exit_flush, (void *)31);
	REQUIRE(pthread_detach(thread) == 0);
	AWAIT(destroyed);
	show("value %d", destroyed_value);
	settle();
	pthread_key_delete(key);
}
