/* Where threads wait for each other: condition variables, barriers, rwlocks, spin locks, semaphores. */
#include "thread.h"

#include <semaphore.h>

struct meeting {
	pthread_mutex_t mutex;
	pthread_cond_t condition;
	int waiting, go, through;
};

static struct meeting fresh(void)
{
	return (struct meeting){PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0};
}

static void *wait_for_go(void *argument)
{
	struct meeting *meeting = argument;
	pthread_mutex_lock(&meeting->mutex);
	meeting->waiting++;
	while (meeting->go == 0)
		pthread_cond_wait(&meeting->condition, &meeting->mutex);
	meeting->go--;
	meeting->through++;
	pthread_mutex_unlock(&meeting->mutex);
	return NULL;
}

static int read_locked(struct meeting *meeting, int *word)
{
	pthread_mutex_lock(&meeting->mutex);
	int value = *word;
	pthread_mutex_unlock(&meeting->mutex);
	return value;
}

static void give(struct meeting *meeting, int count)
{
	pthread_mutex_lock(&meeting->mutex);
	meeting->go += count;
	pthread_mutex_unlock(&meeting->mutex);
}

CASE(broadcast_wakes_all)
{
	struct meeting meeting = fresh();
	pthread_t threads[8];
	for (size_t i = 0; i < COUNT(threads); i++)
		threads[i] = started(wait_for_go, &meeting);
	AWAIT(read_locked(&meeting, &meeting.waiting) == 8);
	give(&meeting, 8);
	ERROR(pthread_cond_broadcast(&meeting.condition));
	for (size_t i = 0; i < COUNT(threads); i++)
		joined(threads[i]);
	show("through %d", meeting.through);
}

CASE(each_signal_lets_one_through)
{
	struct meeting meeting = fresh();
	pthread_t threads[4];
	for (size_t i = 0; i < COUNT(threads); i++)
		threads[i] = started(wait_for_go, &meeting);
	AWAIT(read_locked(&meeting, &meeting.waiting) == 4);
	for (int i = 1; i <= 4; i++) {
		give(&meeting, 1);
		pthread_cond_signal(&meeting.condition);
		AWAIT(read_locked(&meeting, &meeting.through) == i);
		show("through %d", i);
	}
	for (size_t i = 0; i < COUNT(threads); i++)
		joined(threads[i]);
}

CASE(timed_wait_holds_the_mutex_again)
{
	struct meeting meeting = fresh();
	struct timespec until = in_milliseconds(CLOCK_REALTIME, 30);
	pthread_mutex_lock(&meeting.mutex);
	int error;
	while ((error = pthread_cond_timedwait(&meeting.condition, &meeting.mutex, &until)) == 0)
		;
	show("%s", error_name(error));
	ERROR(pthread_mutex_trylock(&meeting.mutex));
	until.tv_nsec = 1000000000;
	ERROR(pthread_cond_timedwait(&meeting.condition, &meeting.mutex, &until));
	pthread_mutex_unlock(&meeting.mutex);
}

CASE(timed_wait_by_the_monotonic_clock)
{
	pthread_condattr_t attributes;
	pthread_cond_t condition;
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_condattr_init(&attributes);
	ERROR(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC));
	ERROR(pthread_condattr_setclock(&attributes, CLOCK_PROCESS_CPUTIME_ID));
	REQUIRE(pthread_cond_init(&condition, &attributes) == 0);
	struct timespec until = in_milliseconds(CLOCK_MONOTONIC, 30);
	pthread_mutex_lock(&mutex);
	int error;
	while ((error = pthread_cond_timedwait(&condition, &mutex, &until)) == 0)
		;
	struct timespec now = in_milliseconds(CLOCK_MONOTONIC, 0);
	show("%s, not early %d", error_name(error),
	     now.tv_sec > until.tv_sec || (now.tv_sec == until.tv_sec && now.tv_nsec >= until.tv_nsec));
	pthread_mutex_unlock(&mutex);
}

struct bounded {
	pthread_mutex_t mutex;
	pthread_cond_t not_full, not_empty;
	int slots[4], used;
	long sum;
};

static void *produce(void *argument)
{
	struct bounded *queue = argument;
	for (int i = 1; i <= 500; i++) {
		pthread_mutex_lock(&queue->mutex);
		while (queue->used == 4)
			pthread_cond_wait(&queue->not_full, &queue->mutex);
		queue->slots[queue->used++] = i;
		pthread_cond_signal(&queue->not_empty);
		pthread_mutex_unlock(&queue->mutex);
	}
	return NULL;
}

static void *consume(void *argument)
{
	struct bounded *queue = argument;
	for (int i = 0; i < 500; i++) {
		pthread_mutex_lock(&queue->mutex);
		while (queue->used == 0)
			pthread_cond_wait(&queue->not_empty, &queue->mutex);
		queue->sum += queue->slots[--queue->used];
		pthread_cond_signal(&queue->not_full);
		pthread_mutex_unlock(&queue->mutex);
	}
	return NULL;
}

CASE(producers_and_consumers_lose_nothing)
{
	struct bounded queue = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER, {0}, 0, 0};
	pthread_t threads[6];
	for (int i = 0; i < 6; i++)
		threads[i] = started(i % 2 ? consume : produce, &queue);
	for (int i = 0; i < 6; i++)
		joined(threads[i]);
	show("sum %ld, left %d", queue.sum, queue.used);
}

struct gathering {
	pthread_barrier_t barrier;
	int arrived[20], serial, short_rounds;
};

static void *gather(void *argument)
{
	struct gathering *gathering = argument;
	for (int round = 0; round < 20; round++) {
		__atomic_add_fetch(&gathering->arrived[round], 1, __ATOMIC_SEQ_CST);
		int result = pthread_barrier_wait(&gathering->barrier);
		if (result == PTHREAD_BARRIER_SERIAL_THREAD)
			__atomic_add_fetch(&gathering->serial, 1, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&gathering->arrived[round], __ATOMIC_SEQ_CST) != 5)
			__atomic_add_fetch(&gathering->short_rounds, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

CASE(barrier_lets_nobody_through_early)
{
	struct gathering gathering = {.serial = 0};
	pthread_t threads[5];
	REQUIRE(pthread_barrier_init(&gathering.barrier, NULL, 5) == 0);
	for (int i = 0; i < 5; i++)
		threads[i] = started(gather, &gathering);
	for (int i = 0; i < 5; i++)
		joined(threads[i]);
	show("serial threads %d, short rounds %d", gathering.serial, gathering.short_rounds);
	ERROR(pthread_barrier_destroy(&gathering.barrier));
}

CASE(barrier_for_nobody_is_refused)
{
	pthread_barrier_t barrier;
	ERROR(pthread_barrier_init(&barrier, NULL, 0));
	ERROR(pthread_barrier_init(&barrier, NULL, 1));
	show("alone at once %d", pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD);
	pthread_barrier_destroy(&barrier);
}

struct answers {
	pthread_rwlock_t *lock;
	int read, write;
};

static void *try_both(void *argument)
{
	struct answers *answers = argument;
	if ((answers->read = pthread_rwlock_tryrdlock(answers->lock)) == 0)
		pthread_rwlock_unlock(answers->lock);
	if ((answers->write = pthread_rwlock_trywrlock(answers->lock)) == 0)
		pthread_rwlock_unlock(answers->lock);
	return NULL;
}

static void show_lock(const char *what, pthread_rwlock_t *lock)
{
	struct answers answers = {.lock = lock};
	joined(started(try_both, &answers));
	show("%s: another reads %s, writes %s", what, answers.read ? error_name(answers.read) : "0",
	     answers.write ? error_name(answers.write) : "0");
}

CASE(readers_share_and_writers_do_not)
{
	pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
	show_lock("free", &lock);
	ERROR(pthread_rwlock_rdlock(&lock));
	show_lock("read", &lock);
	ERROR(pthread_rwlock_rdlock(&lock));
	ERROR(pthread_rwlock_unlock(&lock));
	show_lock("still read", &lock);
	ERROR(pthread_rwlock_unlock(&lock));
	ERROR(pthread_rwlock_wrlock(&lock));
	show_lock("written", &lock);
	ERROR(pthread_rwlock_unlock(&lock));
	show_lock("free", &lock);
}

CASE(writer_of_a_rwlock_that_wants_it_again_is_a_deadlock)
{
	pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
	struct timespec until = in_milliseconds(CLOCK_REALTIME, 20);
	ERROR(pthread_rwlock_wrlock(&lock));
	int error = pthread_rwlock_timedwrlock(&lock, &until);
	show("%s", error_name(error));
	ERROR(pthread_rwlock_unlock(&lock));
}

struct pair {
	pthread_rwlock_t lock;
	long one, two, torn;
};

static void *write_pairs(void *argument)
{
	struct pair *pair = argument;
	for (int i = 0; i < 2000; i++) {
		pthread_rwlock_wrlock(&pair->lock);
		pair->one++;
		pair->two++;
		pthread_rwlock_unlock(&pair->lock);
	}
	return NULL;
}

static void *read_pairs(void *argument)
{
	struct pair *pair = argument;
	for (int i = 0; i < 2000; i++) {
		pthread_rwlock_rdlock(&pair->lock);
		if (pair->one != pair->two)
			__atomic_add_fetch(&pair->torn, 1, __ATOMIC_SEQ_CST);
		pthread_rwlock_unlock(&pair->lock);
	}
	return NULL;
}

CASE(readers_see_whole_writes)
{
	struct pair pair = {.lock = PTHREAD_RWLOCK_INITIALIZER};
	pthread_t threads[6];
	for (int i = 0; i < 6; i++)
		threads[i] = started(i % 3 ? read_pairs : write_pairs, &pair);
	for (int i = 0; i < 6; i++)
		joined(threads[i]);
	show("written %ld, torn %ld", pair.one, pair.torn);
}

static pthread_spinlock_t spin;
static long spun;

static void *spin_up(void *argument)
{
	for (int i = 0; i < 5000; i++) {
		pthread_spin_lock(&spin);
		spun++;
		pthread_spin_unlock(&spin);
	}
	return argument;
}

CASE(spin_locks_exclude)
{
	pthread_t threads[4];
	spun = 0;
	ERROR(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE));
	ERROR(pthread_spin_trylock(&spin));
	ERROR(pthread_spin_trylock(&spin));
	ERROR(pthread_spin_unlock(&spin));
	for (int i = 0; i < 4; i++)
		threads[i] = started(spin_up, NULL);
	for (int i = 0; i < 4; i++)
		joined(threads[i]);
	show("spun %ld", spun);
}

static sem_t there, back;

static void *answer(void *argument)
{
	for (int i = 0; i < 1000; i++) {
		sem_wait(&there);
		sem_post(&back);
	}
	return argument;
}

CASE(semaphores_pass_a_ball)
{
	REQUIRE(sem_init(&there, 0, 0) == 0 && sem_init(&back, 0, 0) == 0);
	pthread_t thread = started(answer, NULL);
	for (int i = 0; i < 1000; i++) {
		sem_post(&there);
		sem_wait(&back);
	}
	joined(thread);
	int left = -1;
	sem_getvalue(&there, &left);
	show("left %d", left);
}

CASE(semaphores_count)
{
	sem_t semaphore;
	int value;
	struct timespec until = in_milliseconds(CLOCK_REALTIME, 20);
	RESULT(sem_init(&semaphore, 0, 2));
	RESULT(sem_trywait(&semaphore));
	RESULT(sem_wait(&semaphore));
	RESULT(sem_trywait(&semaphore));
	RESULT(sem_timedwait(&semaphore, &until));
	RESULT(sem_post(&semaphore));
	RESULT(sem_getvalue(&semaphore, &value));
	show("value %d", value);
	RESULT(sem_init(&semaphore, 0, 0x80000000));
	RESULT(sem_destroy(&semaphore));
}
