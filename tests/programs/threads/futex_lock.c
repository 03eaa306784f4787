/* futex(2), "Priority-inheritance futexes": locks whose owner the kernel knows. */
#include "futex.h"

static word_t lock_word, other_lock;
static const struct timespec none = {0, 0};

#define LOCK(word) futex(word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0)
#define UNLOCK(word) futex(word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0)
#define TRYLOCK(word) futex(word, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0)

CASE(a_free_lock_is_taken)
{
	lock_word = 0;
	RESULT(LOCK(&lock_word));
	show_word("locked", lock_word, own_tid());
	RESULT(UNLOCK(&lock_word));
	show_word("unlocked", lock_word, 0);
	RESULT(TRYLOCK(&lock_word));
	show_word("locked", lock_word, own_tid());
	RESULT(UNLOCK(&lock_word));
	RESULT(futex(&lock_word, FUTEX_LOCK_PI2 | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, 0));
	RESULT(futex(&lock_word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	RESULT(futex(&lock_word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	RESULT(futex(&lock_word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
}

CASE(the_own_lock_is_a_deadlock)
{
	lock_word = own_tid();
	RESULT(LOCK(&lock_word));
	RESULT(TRYLOCK(&lock_word));
	show_word("after", lock_word, own_tid());
	lock_word = own_tid() | FUTEX_WAITERS;
	RESULT(LOCK(&lock_word));
	RESULT(UNLOCK(&lock_word));
	show_word("unlocked", lock_word, 0);
}

CASE(only_the_owner_unlocks)
{
	word_t *hole = (word_t *)reserved(PAGE);
	word_t *odd = (word_t *)((char *)&lock_word + 1);
	lock_word = 0;
	RESULT(UNLOCK(&lock_word));
	lock_word = NOBODY;
	RESULT(UNLOCK(&lock_word));
	show_word("after", lock_word, NOBODY);
	RESULT(UNLOCK(hole));
	lock_word = 0;
	RESULT(UNLOCK(odd));
	RESULT(LOCK(odd));
	RESULT(LOCK(hole));
	REQUIRE(munmap((void *)hole, PAGE) == 0);
}

CASE(an_owner_that_is_nobody)
{
	lock_word = NOBODY;
	RESULT(LOCK(&lock_word));
	show_word("after", lock_word, NOBODY);
	lock_word = NOBODY;
	RESULT(TRYLOCK(&lock_word));
	show_word("after", lock_word, NOBODY);
	lock_word = NOBODY | FUTEX_OWNER_DIED;
	RESULT(LOCK(&lock_word));
	show_word("after", lock_word, NOBODY);
}

CASE(a_lock_remembers_that_its_owner_died)
{
	lock_word = FUTEX_OWNER_DIED | FUTEX_WAITERS;
	RESULT(LOCK(&lock_word));
	show_word("locked", lock_word, own_tid());
	RESULT(UNLOCK(&lock_word));
	show_word("unlocked", lock_word, 0);
	lock_word = FUTEX_WAITERS;
	RESULT(TRYLOCK(&lock_word));
	show_word("locked", lock_word, own_tid());
	RESULT(UNLOCK(&lock_word));
}

static struct caller locker(word_t *word)
{
	return (struct caller){.word = word, .operation = FUTEX_LOCK_PI_PRIVATE};
}

/* A thread that takes `lock_word`, says so, and gives it back when it is told. */
struct holder {
	pthread_t thread;
	volatile uint32_t tid;
	volatile int release;
	int unlocks;
};

static void *hold(void *argument)
{
	struct holder *holder = argument;
	REQUIRE(LOCK(&lock_word) == 0);
	holder->tid = own_tid();
	AWAIT(holder->release);
	if (holder->unlocks)
		REQUIRE(UNLOCK(&lock_word) == 0);
	return NULL;
}

static void begin_hold(struct holder *holder, int unlocks)
{
	*holder = (struct holder){.unlocks = unlocks};
	holder->thread = started(hold, holder);
	AWAIT(holder->tid != 0);
}

static void end_hold(struct holder *holder)
{
	holder->release = 1;
	joined(holder->thread);
}

CASE(a_held_lock_is_busy)
{
	struct holder holder;
	lock_word = 0;
	begin_hold(&holder, 1);
	show_word("held", lock_word, holder.tid);
	RESULT(TRYLOCK(&lock_word));
	show_word("tried", lock_word, holder.tid);
	RESULT(UNLOCK(&lock_word));
	end_hold(&holder);
	show_word("released", lock_word, 0);
}

CASE(a_held_lock_is_handed_over)
{
	lock_word = 0;
	struct caller caller = locker(&lock_word);
	RESULT(LOCK(&lock_word));
	begin_call(&caller);
	AWAIT(lock_word & FUTEX_WAITERS);
	show_word("waited for", lock_word, own_tid());
	RESULT(UNLOCK(&lock_word));
	show_word("handed over", lock_word, caller.tid);
	show_call("waiter", &caller);
	RESULT(UNLOCK(&lock_word));
}

/* Locks, says in which turn, unlocks. */
static void *lock_in_turn(void *argument)
{
	struct caller *caller = argument;
	caller->tid = own_tid();
	caller->result = LOCK(&lock_word);
	caller->turn = __atomic_add_fetch(&caller_turns, 1, __ATOMIC_SEQ_CST);
	REQUIRE(UNLOCK(&lock_word) == 0);
	return NULL;
}

CASE(first_come_first_served)
{
	struct caller callers[3] = {{0}};
	lock_word = 0;
	REQUIRE(LOCK(&lock_word) == 0);
	for (int i = 0; i < 3; i++) {
		callers[i].thread = started(lock_in_turn, &callers[i]);
		AWAIT(callers[i].tid != 0);
		pause_for(100);
	}
	RESULT(UNLOCK(&lock_word));
	for (int i = 0; i < 3; i++)
		joined(callers[i].thread);
	show("in turn %d", callers[0].turn < callers[1].turn && callers[1].turn < callers[2].turn);
	show_word("in the end", lock_word, 0);
}

CASE(waiting_for_a_lock_times_out)
{
	struct holder holder;
	lock_word = 0;
	begin_hold(&holder, 1);
	struct timespec until = in_milliseconds(CLOCK_REALTIME, 50);
	RESULT(futex(&lock_word, FUTEX_LOCK_PI_PRIVATE, 0, &until, NULL, 0));
	until = in_milliseconds(CLOCK_MONOTONIC, 50);
	RESULT(futex(&lock_word, FUTEX_LOCK_PI2 | FUTEX_PRIVATE_FLAG, 0, &until, NULL, 0));
	until = in_milliseconds(CLOCK_REALTIME, 50);
	RESULT(futex(&lock_word, FUTEX_LOCK_PI2 | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME, 0, &until, NULL, 0));
	RESULT(futex(&lock_word, FUTEX_LOCK_PI_PRIVATE, 0, &none, NULL, 0));
	show_word("after", lock_word, holder.tid);
	end_hold(&holder);
	show_word("released", lock_word, 0);
}

CASE(a_lock_of_the_dead_is_inherited)
{
	struct holder holder;
	struct caller caller = locker(&lock_word);
	lock_word = 0;
	begin_hold(&holder, 0);
	begin_call(&caller);
	AWAIT(lock_word & FUTEX_WAITERS);
	end_hold(&holder);
	show_call("heir", &caller);
	show_word("inherited", lock_word, caller.tid);
}

CASE(the_second_heir_waits)
{
	struct holder holder;
	struct caller callers[2];
	lock_word = 0;
	begin_hold(&holder, 0);
	for (int i = 0; i < 2; i++) {
		callers[i] = locker(&lock_word);
		begin_call(&callers[i]);
		AWAIT(lock_word & FUTEX_WAITERS);
		pause_for(100);
	}
	end_hold(&holder);
	/* The first heir ends with the lock, too. */
	show_call("first", &callers[0]);
	show_call("second", &callers[1]);
	show_word("inherited", lock_word, callers[1].tid);
}

CASE(an_ended_owner_without_waiters_is_nobody)
{
	struct holder holder;
	lock_word = 0;
	begin_hold(&holder, 0);
	end_hold(&holder);
	show_word("left", lock_word, holder.tid);
}

struct crossed {
	struct caller caller;
	volatile int holds;
};

static void *lock_other_then_first(void *argument)
{
	struct crossed *crossed = argument;
	REQUIRE(LOCK(&other_lock) == 0);
	crossed->holds = 1;
	crossed->caller.result = LOCK(&lock_word);
	REQUIRE(UNLOCK(&lock_word) == 0 && UNLOCK(&other_lock) == 0);
	return NULL;
}

CASE(a_ring_of_waiters_is_a_deadlock)
{
	struct crossed crossed = {.holds = 0};
	lock_word = other_lock = 0;
	REQUIRE(LOCK(&lock_word) == 0);
	pthread_t thread = started(lock_other_then_first, &crossed);
	AWAIT(crossed.holds && lock_word & FUTEX_WAITERS);
	RESULT(LOCK(&other_lock));
	RESULT(TRYLOCK(&other_lock));
	RESULT(UNLOCK(&lock_word));
	joined(thread);
	show("the other: %ld", crossed.caller.result);
	show_word("in the end", lock_word, 0);
	show_word("the other", other_lock, 0);
}

CASE(waiters_for_a_lock_are_not_woken_otherwise)
{
	struct caller caller = locker(&lock_word);
	lock_word = 0;
	REQUIRE(LOCK(&lock_word) == 0);
	begin_call(&caller);
	AWAIT(lock_word & FUTEX_WAITERS);
	RESULT(futex(&lock_word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	RESULT(futex(&lock_word, FUTEX_WAKE_BITSET_PRIVATE, 1, NULL, NULL, 1));
	RESULT(futex(&lock_word, FUTEX_REQUEUE_PRIVATE, 1, NUMBER(1), &other_lock, 0));
	RESULT(futex(&lock_word, FUTEX_REQUEUE_PRIVATE, 0, NUMBER(0), &other_lock, 0));
	RESULT(futex(&lock_word, FUTEX_WAKE_OP_PRIVATE, 1, NUMBER(1), &other_lock, FUTEX_OP(FUTEX_OP_SET, 0, FUTEX_OP_CMP_EQ, 9)));
	show("returned: %d", caller.turn != 0);
	RESULT(UNLOCK(&lock_word));
	show_call("waiter", &caller);
}

CASE(plain_waiters_spoil_a_lock)
{
	struct caller caller;
	lock_word = NOBODY;
	begin_waiters(&caller, 1, &lock_word);
	RESULT(LOCK(&lock_word));
	RESULT(TRYLOCK(&lock_word));
	lock_word = own_tid();
	RESULT(UNLOCK(&lock_word));
	RESULT(LOCK(&lock_word));
	end_waiters(&caller, 1, &lock_word);
	RESULT(UNLOCK(&lock_word));
}

CASE(a_word_that_lies_is_refused)
{
	struct holder holder;
	struct caller caller = locker(&lock_word);
	lock_word = 0;
	begin_hold(&holder, 1);
	begin_call(&caller);
	AWAIT(lock_word & FUTEX_WAITERS);
	pause_for(50);
	uint32_t honest = lock_word;
	lock_word = NOBODY | FUTEX_WAITERS;
	RESULT(LOCK(&lock_word));
	lock_word = 0;
	RESULT(LOCK(&lock_word));
	lock_word = own_tid();
	RESULT(UNLOCK(&lock_word));
	lock_word = honest;
	end_hold(&holder);
	show_call("waiter", &caller);
}

CASE(a_handler_does_not_end_the_wait_for_a_lock)
{
	struct holder holder;
	struct caller caller = locker(&lock_word);
	lock_word = 0;
	signals_caught = 0;
	handle(SIGUSR1, count_signal, 0);
	begin_hold(&holder, 1);
	begin_call(&caller);
	AWAIT(lock_word & FUTEX_WAITERS);
	pause_for(50);
	REQUIRE(pthread_kill(caller.thread, SIGUSR1) == 0);
	AWAIT(signals_caught == 1);
	pause_for(50);
	show("returned: %d", caller.turn != 0);
	end_hold(&holder);
	show_call("waiter", &caller);
	show_word("locked", lock_word & ~FUTEX_WAITERS, caller.tid);
}

CASE(locks_between_processes)
{
	word_t *word = (word_t *)shared_words();
	volatile int *done = (volatile int *)word + 1;
	*word = own_tid();
	pid_t child = forked();
	if (child == 0) {
		RESULT(futex(word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
		show_word("the child's", *word, own_tid());
		*done = 1;
		RESULT(futex(word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
		_exit(0);
	}
	AWAIT(*word & FUTEX_WAITERS);
	REQUIRE(futex(word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0) == 0);
	AWAIT(*done);
	show_end("child", child);
	show_word("in the end", *word, 0);
}

CASE(a_killed_process_passes_its_lock_on)
{
	word_t *word = (word_t *)shared_words();
	pid_t child = forked();
	if (child == 0) {
		REQUIRE(futex(word, FUTEX_LOCK_PI, 0, NULL, NULL, 0) == 0);
		for (;;)
			pause();
	}
	AWAIT(*word != 0);
	struct caller caller = {.word = word, .operation = FUTEX_LOCK_PI};
	begin_call(&caller);
	AWAIT(*word & FUTEX_WAITERS);
	pause_for(50);
	REQUIRE(kill(child, SIGKILL) == 0);
	show_call("heir", &caller);
	show_word("inherited", *word, caller.tid);
	show_end("child", child);
}

static pthread_mutex_t mutex;
static volatile long counter;

static void *count_up(void *argument)
{
	for (int i = 0; i < 2000; i++) {
		REQUIRE(pthread_mutex_lock(&mutex) == 0);
		counter = counter + 1;
		REQUIRE(pthread_mutex_unlock(&mutex) == 0);
	}
	return argument;
}

CASE(inheriting_mutexes_exclude)
{
	pthread_mutexattr_t attributes;
	pthread_t threads[4];
	REQUIRE(pthread_mutexattr_init(&attributes) == 0);
	REQUIRE(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT) == 0);
	REQUIRE(pthread_mutex_init(&mutex, &attributes) == 0);
	counter = 0;
	for (size_t i = 0; i < COUNT(threads); i++)
		threads[i] = started(count_up, NULL);
	for (size_t i = 0; i < COUNT(threads); i++)
		joined(threads[i]);
	show("counted %ld", counter);
}

static void *lock_and_end(void *argument)
{
	REQUIRE(pthread_mutex_lock(&mutex) == 0);
	return argument;
}

CASE(robust_inheriting_mutex_tells_of_its_dead_owner)
{
	pthread_mutexattr_t attributes;
	REQUIRE(pthread_mutexattr_init(&attributes) == 0);
	REQUIRE(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT) == 0);
	REQUIRE(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0);
	REQUIRE(pthread_mutex_init(&mutex, &attributes) == 0);
	joined(started(lock_and_end, NULL));
	ERROR(pthread_mutex_lock(&mutex));
	ERROR(pthread_mutex_consistent(&mutex));
	ERROR(pthread_mutex_unlock(&mutex));
	ERROR(pthread_mutex_trylock(&mutex));
	ERROR(pthread_mutex_unlock(&mutex));
}
