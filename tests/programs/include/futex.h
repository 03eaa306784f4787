/*
 * futex(2) without a C library between: threads that wait, and a way to know that they do.
 *
 * No result may depend on who is faster, so nobody is woken before he certainly waits: requeueing a futex onto itself
 * changes nothing and answers how many wait for it.
 */
#ifndef FUTEX_H
#define FUTEX_H

#include "thread.h"

#include <limits.h>
#include <linux/futex.h>

typedef volatile uint32_t word_t;

#define MATCH_ANY FUTEX_BITSET_MATCH_ANY
#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif

/* The fourth argument is a time-out or a second count. */
__attribute__((unused)) static long futex(word_t *word, int operation, uint32_t value, const void *fourth,
					  word_t *word2, uint32_t value3)
{
	return syscall(SYS_futex, word, operation, value, fourth, word2, value3);
}
#define NUMBER(count) ((const void *)(uintptr_t)(uint32_t)(count))

__attribute__((unused)) static uint32_t own_tid(void)
{
	return (uint32_t)syscall(SYS_gettid);
}

/* How many wait for `word`; `flag` is FUTEX_PRIVATE_FLAG or 0. -1 if waiters for a lock are among them. */
__attribute__((unused)) static long waiters(word_t *word, int flag)
{
	return futex(word, FUTEX_REQUEUE | flag, 0, NUMBER(INT_MAX), word, 0);
}
#define AWAIT_WAITERS(word, flag, count) AWAIT(waiters(word, flag) == (count))

/* A thread that makes one call. */
struct caller {
	word_t *word;
	int operation;
	uint32_t value;
	const void *fourth;
	word_t *word2;
	uint32_t value3;
	pthread_t thread;
	volatile uint32_t tid;
	long result;
	int error;
	/* When it returned, counted over all callers. */
	volatile int turn;
};

static volatile int caller_turns;

__attribute__((unused)) static void *caller_body(void *argument)
{
	struct caller *caller = argument;
	caller->tid = own_tid();
	caller->result = futex(caller->word, caller->operation, caller->value, caller->fourth, caller->word2,
			       caller->value3);
	caller->error = errno;
	caller->turn = __atomic_add_fetch(&caller_turns, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Lets a thread call; when this returns it runs, but may not wait yet. */
__attribute__((unused)) static void begin_call(struct caller *caller)
{
	caller->tid = 0;
	caller->turn = 0;
	caller->thread = started(caller_body, caller);
	AWAIT(caller->tid != 0);
}

/* Waits for the end of the call and prints what it returned. */
__attribute__((unused)) static void show_call(const char *what, struct caller *caller)
{
	joined(caller->thread);
	if (caller->result == -1)
		show("%s: -1 %s", what, error_name(caller->error));
	else
		show("%s: %ld", what, caller->result);
}

/* `count` threads that wait for `word` in this order, private, for ever. */
__attribute__((unused)) static void begin_waiters(struct caller *callers, int count, word_t *word)
{
	long before = waiters(word, FUTEX_PRIVATE_FLAG);
	for (int i = 0; i < count; i++) {
		callers[i] = (struct caller){.word = word, .operation = FUTEX_WAIT_PRIVATE, .value = *word};
		begin_call(&callers[i]);
		AWAIT_WAITERS(word, FUTEX_PRIVATE_FLAG, before + i + 1);
	}
}

/* Wakes all that still wait for `word` and meets them. */
__attribute__((unused)) static void end_waiters(struct caller *callers, int count, word_t *word)
{
	futex(word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
	for (int i = 0; i < count; i++)
		joined(callers[i].thread);
}

/* Who has returned, as a string of digits. */
__attribute__((unused)) static const char *who_returned(const struct caller *callers, int count)
{
	static char text[32];
	int length = 0;
	for (int i = 0; i < count; i++)
		if (callers[i].turn != 0)
			text[length++] = (char)('0' + i);
	text[length] = 0;
	return length == 0 ? "nobody" : text;
}

__attribute__((unused)) static int how_many_returned(const struct caller *callers, int count)
{
	int returned = 0;
	for (int i = 0; i < count; i++)
		returned += callers[i].turn != 0;
	return returned;
}

/* The parts of a lock's word. */
__attribute__((unused)) static void show_word(const char *what, uint32_t word, uint32_t owner)
{
	uint32_t tid = word & FUTEX_TID_MASK;
	show("%s:%s%s owner %s", what, word & FUTEX_WAITERS ? " waiters" : "", word & FUTEX_OWNER_DIED ? " died" : "",
	     tid == 0 ? "none" : tid == owner ? "as expected" : "another");
}

/* A tid that no thread can have. */
#define NOBODY 0x3ffffffeU

__attribute__((unused)) static volatile sig_atomic_t signals_caught;

__attribute__((unused)) static void count_signal(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	(void)context;
	signals_caught++;
}

/* Milliseconds of CLOCK_MONOTONIC. */
__attribute__((unused)) static long milliseconds_now(void)
{
	struct timespec now;
	REQUIRE(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
