/* pthread_mutex_init(3), pthread_mutexattr_settype(3), pthread_mutex_timedlock(3), pthread_mutexattr_setrobust(3). */
#include "thread.h"

static pthread_mutex_t mutex_of(int type)
{
	pthread_mutexattr_t attributes;
	pthread_mutex_t mutex;
	REQUIRE(pthread_mutexattr_init(&attributes) == 0);
	REQUIRE(pthread_mutexattr_settype(&attributes, type) == 0);
	REQUIRE(pthread_mutex_init(&mutex, &attributes) == 0);
	return mutex;
}

static void *try_lock(void *mutex)
{
	long error = pthread_mutex_trylock(mutex);
	if (error == 0)
		pthread_mutex_unlock(mutex);
	return (void *)error;
}

static const char *by_another(pthread_mutex_t *mutex)
{
	long error = (long)joined(started(try_lock, mutex));
	return error == 0 ? "free" : error_name((int)error);
}

CASE(locked_mutex_is_busy)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	ERROR(pthread_mutex_lock(&mutex));
	show("to another thread it is %s", by_another(&mutex));
	ERROR(pthread_mutex_trylock(&mutex));
	ERROR(pthread_mutex_destroy(&mutex));
	ERROR(pthread_mutex_unlock(&mutex));
	show("to another thread it is %s", by_another(&mutex));
	ERROR(pthread_mutex_destroy(&mutex));
}

CASE(recursive_mutex_counts)
{
	pthread_mutex_t mutex = mutex_of(PTHREAD_MUTEX_RECURSIVE);
	for (int i = 0; i < 3; i++)
		ERROR(pthread_mutex_lock(&mutex));
	ERROR(pthread_mutex_trylock(&mutex));
	for (int i = 0; i < 4; i++) {
		show("to another thread it is %s", by_another(&mutex));
		ERROR(pthread_mutex_unlock(&mutex));
	}
	show("to another thread it is %s", by_another(&mutex));
	ERROR(pthread_mutex_unlock(&mutex));
}

CASE(checking_mutex_finds_mistakes)
{
	pthread_mutex_t mutex = mutex_of(PTHREAD_MUTEX_ERRORCHECK);
	ERROR(pthread_mutex_unlock(&mutex));
	ERROR(pthread_mutex_lock(&mutex));
	ERROR(pthread_mutex_lock(&mutex));
	ERROR(pthread_mutex_trylock(&mutex));
	ERROR(pthread_mutex_unlock(&mutex));
}

CASE(lock_with_a_time_out_gives_up)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	struct timespec until = in_milliseconds(CLOCK_REALTIME, 30), past = {0, 0}, wrong = {0, 1000000000};
	ERROR(pthread_mutex_lock(&mutex));
	ERROR(pthread_mutex_timedlock(&mutex, &until));
	struct timespec now = in_milliseconds(CLOCK_REALTIME, 0);
	show("not early %d", now.tv_sec > until.tv_sec || (now.tv_sec == until.tv_sec && now.tv_nsec >= until.tv_nsec));
	ERROR(pthread_mutex_timedlock(&mutex, &past));
	ERROR(pthread_mutex_timedlock(&mutex, &wrong));
	ERROR(pthread_mutex_unlock(&mutex));
	ERROR(pthread_mutex_timedlock(&mutex, &past));
	ERROR(pthread_mutex_unlock(&mutex));
}

struct counted {
	pthread_mutex_t mutex;
	long count;
	int inside, overlaps;
};

static void *count_up(void *argument)
{
	struct counted *counted = argument;
	for (int i = 0; i < 3000; i++) {
		pthread_mutex_lock(&counted->mutex);
		counted->overlaps += counted->inside++;
		counted->count++;
		counted->inside--;
		pthread_mutex_unlock(&counted->mutex);
	}
	return NULL;
}

static void exclude(const char *what, struct counted *counted)
{
	pthread_t threads[6];
	for (size_t i = 0; i < COUNT(threads); i++)
		threads[i] = started(count_up, counted);
	for (size_t i = 0; i < COUNT(threads); i++)
		joined(threads[i]);
	show("%s: count %ld, overlaps %d", what, counted->count, counted->overlaps);
}

CASE(every_kind_of_mutex_excludes)
{
	struct counted normal = {.mutex = mutex_of(PTHREAD_MUTEX_NORMAL)};
	struct counted recursive = {.mutex = mutex_of(PTHREAD_MUTEX_RECURSIVE)};
	struct counted checking = {.mutex = mutex_of(PTHREAD_MUTEX_ERRORCHECK)};
	exclude("normal", &normal);
	exclude("recursive", &recursive);
	exclude("checking", &checking);
}

static pthread_mutex_t robust_mutex(void)
{
	pthread_mutexattr_t attributes;
	pthread_mutex_t mutex;
	pthread_mutexattr_init(&attributes);
	REQUIRE(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0);
	REQUIRE(pthread_mutex_init(&mutex, &attributes) == 0);
	return mutex;
}

static void *die_holding(void *mutex)
{
	pthread_mutex_lock(mutex);
	return NULL;
}

CASE(robust_mutex_tells_of_its_dead_owner)
{
	pthread_mutex_t mutex = robust_mutex();
	joined(started(die_holding, &mutex));
	ERROR(pthread_mutex_lock(&mutex));
	ERROR(pthread_mutex_consistent(&mutex));
	ERROR(pthread_mutex_unlock(&mutex));
	ERROR(pthread_mutex_lock(&mutex));
	ERROR(pthread_mutex_unlock(&mutex));
	ERROR(pthread_mutex_destroy(&mutex));
}

CASE(robust_mutex_that_is_not_made_consistent_is_lost)
{
	pthread_mutex_t mutex = robust_mutex();
	joined(started(die_holding, &mutex));
	ERROR(pthread_mutex_trylock(&mutex));
	ERROR(pthread_mutex_unlock(&mutex));
	ERROR(pthread_mutex_lock(&mutex));
	ERROR(pthread_mutex_trylock(&mutex));
	ERROR(pthread_mutex_destroy(&mutex));
}

static volatile int has_it;

static void *die_later(void *mutex)
{
	pthread_mutex_lock(mutex);
	has_it = 1;
	settle();
	return NULL;
}

CASE(waiter_gets_the_robust_mutex_of_an_owner_that_dies)
{
	pthread_mutex_t mutex = robust_mutex();
	has_it = 0;
	pthread_t thread = started(die_later, &mutex);
	AWAIT(has_it);
	ERROR(pthread_mutex_lock(&mutex));
	ERROR(pthread_mutex_consistent(&mutex));
	ERROR(pthread_mutex_unlock(&mutex));
	joined(thread);
}

static void *die_holding_five(void *argument)
{
	pthread_mutex_t *mutexes = argument;
	for (int i = 0; i < 5; i++)
		pthread_mutex_lock(&mutexes[i]);
	return NULL;
}

CASE(thread_that_dies_holding_several_robust_mutexes_leaves_all)
{
	pthread_mutex_t mutexes[5];
	for (int i = 0; i < 5; i++)
		mutexes[i] = robust_mutex();
	joined(started(die_holding_five, mutexes));
	for (int i = 0; i < 5; i++)
		ERROR(pthread_mutex_trylock(&mutexes[i]));
	for (int i = 0; i < 5; i++) {
		pthread_mutex_consistent(&mutexes[i]);
		pthread_mutex_unlock(&mutexes[i]);
	}
}

CASE(priority_inheriting_mutex_excludes)
{
	pthread_mutexattr_t attributes;
	struct counted counted = {.count = 0};
	pthread_mutexattr_init(&attributes);
	REQUIRE(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT) == 0);
	ERROR(pthread_mutex_init(&counted.mutex, &attributes));
	exclude("inheriting", &counted);
	pthread_mutex_lock(&counted.mutex);
	show("to another thread it is %s", by_another(&counted.mutex));
	pthread_mutex_unlock(&counted.mutex);
}

CASE(robust_list_of_the_thread_is_registered)
{
	void *head = NULL;
	size_t length = 0;
	RESULT(syscall(SYS_get_robust_list, 0, &head, &length));
	show("length %zu, head set %d", length, head != NULL);
	RESULT(syscall(SYS_set_robust_list, head, 8));
	RESULT(syscall(SYS_set_robust_list, head, length));
	RESULT(syscall(SYS_get_robust_list, 0x3fffffff, &head, &length));
	RESULT(syscall(SYS_get_robust_list, 0, (void *)16, &length));
}
