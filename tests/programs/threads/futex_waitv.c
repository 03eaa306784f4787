/* futex_waitv(2), and futex_wake(2), futex_wait(2), futex_requeue(2) of Linux 6.7. */
#include "futex.h"

#define SIZE_U32 2U
#define PRIVATE 128U
#define MOST 128

/* struct futex_waitv, which older headers lack. */
struct wait {
	uint64_t value;
	uint64_t word;
	uint32_t flags;
	uint32_t reserved;
};

static word_t words[MOST];

static long wait_many(const struct wait *waits, unsigned count, unsigned flags, const struct timespec *until, clockid_t clock)
{
	return syscall(449, waits, count, flags, until, clock);
}

static struct wait wait_for(word_t *word)
{
	return (struct wait){.value = *word, .word = (uintptr_t)word, .flags = SIZE_U32 | PRIVATE};
}

struct many {
	struct wait waits[MOST];
	unsigned count;
	const struct timespec *until;
	clockid_t clock;
	pthread_t thread;
	long result;
	int error;
};

static void *many_body(void *argument)
{
	struct many *many = argument;
	many->result = wait_many(many->waits, many->count, 0, many->until, many->clock);
	many->error = errno;
	return NULL;
}

/* A thread that waits for the first `count` words. */
static void begin_many(struct many *many, unsigned count)
{
	*many = (struct many){.count = count};
	for (unsigned i = 0; i < count; i++)
		many->waits[i] = wait_for(&words[i]);
	many->thread = started(many_body, many);
	AWAIT_WAITERS(&words[count - 1], FUTEX_PRIVATE_FLAG, 1);
}

static void show_many(const char *what, struct many *many)
{
	joined(many->thread);
	if (many->result == -1)
		show("%s: -1 %s", what, error_name(many->error));
	else
		show("%s: %ld", what, many->result);
}

CASE(counts_and_flags)
{
	struct timespec none = {0, 0};
	struct wait waits[MOST + 1];
	for (int i = 0; i <= MOST; i++)
		waits[i] = wait_for(&words[i % MOST]);
	RESULT(wait_many(waits, 0, 0, NULL, 0));
	RESULT(wait_many(waits, MOST + 1, 0, &none, CLOCK_MONOTONIC));
	RESULT(wait_many(waits, MOST, 0, &none, CLOCK_MONOTONIC));
	RESULT(wait_many(NULL, 1, 0, &none, CLOCK_MONOTONIC));
	RESULT(wait_many((void *)8, 1, 0, &none, CLOCK_MONOTONIC));
	RESULT(wait_many(waits, 1, 1, &none, CLOCK_MONOTONIC));
	RESULT(wait_many(waits, 1, 0, &none, CLOCK_BOOTTIME));
	RESULT(wait_many(waits, 1, 0, (void *)8, CLOCK_BOOTTIME));
	RESULT(wait_many(waits, 1, 0, (void *)8, CLOCK_MONOTONIC));
}

CASE(each_wait_is_checked)
{
	static const uint32_t flags[] = {0, 1, 3, PRIVATE, PRIVATE | 1, PRIVATE | 3, 0x10 | SIZE_U32, 0x100 | SIZE_U32};
	struct timespec none = {0, 0};
	struct wait wait;
	for (size_t i = 0; i < COUNT(flags); i++) {
		wait = wait_for(words);
		wait.flags = flags[i];
		long result = wait_many(&wait, 1, 0, &none, CLOCK_MONOTONIC);
		show("flags %#x: %ld %s", flags[i], result, error_name(errno));
	}
	wait = wait_for(words);
	wait.reserved = 1;
	RESULT(wait_many(&wait, 1, 0, &none, CLOCK_MONOTONIC));
	wait = wait_for(words);
	wait.value = 1UL << 32;
	RESULT(wait_many(&wait, 1, 0, &none, CLOCK_MONOTONIC));
	wait = wait_for(words);
	wait.word++;
	RESULT(wait_many(&wait, 1, 0, &none, CLOCK_MONOTONIC));
	wait.word = 8;
	RESULT(wait_many(&wait, 1, 0, &none, CLOCK_MONOTONIC));
	wait.flags = SIZE_U32;
	RESULT(wait_many(&wait, 1, 0, &none, CLOCK_MONOTONIC));
}

CASE(all_values_must_fit)
{
	struct wait waits[2] = {wait_for(&words[0]), wait_for(&words[1])};
	waits[1].value = 9;
	RESULT(wait_many(waits, 2, 0, NULL, 0));
	waits[1].word = 9;
	RESULT(wait_many(waits, 2, 0, NULL, 0));
	waits[0].value = 9;
	waits[1].word = 8;
	RESULT(wait_many(waits, 2, 0, NULL, 0));
	show("nobody waits: %ld", waiters(&words[0], FUTEX_PRIVATE_FLAG));
}

CASE(the_woken_one_is_told)
{
	struct many many;
	for (unsigned i = 0; i < 3; i++) {
		begin_many(&many, 3);
		RESULT(futex(&words[i], FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
		show_many("woken", &many);
		show("nobody waits: %ld %ld %ld", waiters(&words[0], FUTEX_PRIVATE_FLAG),
		     waiters(&words[1], FUTEX_PRIVATE_FLAG), waiters(&words[2], FUTEX_PRIVATE_FLAG));
	}
}

CASE(as_many_as_there_can_be)
{
	struct many many;
	begin_many(&many, MOST);
	RESULT(futex(&words[MOST - 1], FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
	show_many("woken", &many);
}

CASE(time_outs_on_both_clocks)
{
	struct wait wait = wait_for(words);
	struct timespec early = {1, 0}, bad = {0, 1000000000};
	struct timespec until = in_milliseconds(CLOCK_MONOTONIC, 50);
	RESULT(wait_many(&wait, 1, 0, &until, CLOCK_MONOTONIC));
	until = in_milliseconds(CLOCK_REALTIME, 50);
	RESULT(wait_many(&wait, 1, 0, &until, CLOCK_REALTIME));
	RESULT(wait_many(&wait, 1, 0, &early, CLOCK_REALTIME));
	RESULT(wait_many(&wait, 1, 0, &bad, CLOCK_REALTIME));
	wait.value = 9;
	RESULT(wait_many(&wait, 1, 0, &early, CLOCK_REALTIME));
}

CASE(one_word_many_times)
{
	static struct many many;
	many = (struct many){.count = 3};
	for (int i = 0; i < 3; i++)
		many.waits[i] = wait_for(words);
	many.thread = started(many_body, &many);
	AWAIT_WAITERS(words, FUTEX_PRIVATE_FLAG, 3);
	RESULT(futex(words, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
	joined(many.thread);
	show("any of them: %d", many.result >= 0 && many.result < 3);
}

CASE(private_and_shared_together)
{
	static struct many many;
	word_t *shared = (word_t *)shared_words();
	for (int i = 0; i < 2; i++) {
		many = (struct many){.count = 2, .waits = {wait_for(words), wait_for(shared)}};
		many.waits[1].flags = SIZE_U32;
		many.thread = started(many_body, &many);
		AWAIT_WAITERS(shared, 0, 1);
		RESULT(futex(shared, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
		if (i == 0)
			RESULT(futex(words, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
		else
			RESULT(futex(shared, FUTEX_WAKE, 9, NULL, NULL, 0));
		show_many("woken", &many);
	}
}

CASE(one_of_many_can_be_moved)
{
	struct many many;
	static word_t other;
	begin_many(&many, 2);
	RESULT(futex(&words[0], FUTEX_REQUEUE_PRIVATE, 0, NUMBER(1), &other, 0));
	RESULT(futex(&words[0], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	RESULT(futex(&other, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	show_many("woken", &many);
}

CASE(a_handler_interrupts_or_restarts)
{
	struct many many;
	signals_caught = 0;
	handle(SIGUSR1, count_signal, 0);
	begin_many(&many, 2);
	REQUIRE(pthread_kill(many.thread, SIGUSR1) == 0);
	show_many("interrupted", &many);
	handle(SIGUSR1, count_signal, SA_RESTART);
	begin_many(&many, 2);
	REQUIRE(pthread_kill(many.thread, SIGUSR1) == 0);
	AWAIT(signals_caught == 2);
	settle();
	AWAIT_WAITERS(&words[1], FUTEX_PRIVATE_FLAG, 1);
	RESULT(futex(&words[1], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	show_many("restarted", &many);
}

static long new_wake(word_t *word, unsigned long mask, int count, unsigned flags)
{
	return syscall(454, word, mask, count, flags);
}

static long new_wait(word_t *word, unsigned long value, unsigned long mask, unsigned flags, const struct timespec *until,
		     clockid_t clock)
{
	return syscall(455, word, value, mask, flags, until, clock);
}

static long new_requeue(const struct wait *waits, unsigned flags, int wake, int requeue)
{
	return syscall(456, waits, flags, wake, requeue);
}

CASE(the_new_wake)
{
	struct caller callers[3];
	begin_waiters(callers, 3, words);
	RESULT(new_wake(words, MATCH_ANY, 0, SIZE_U32 | PRIVATE));
	RESULT(new_wake(words, MATCH_ANY, 1, SIZE_U32));
	RESULT(new_wake(words, MATCH_ANY, 1, SIZE_U32 | PRIVATE));
	RESULT(new_wake(words, 1, INT_MAX, SIZE_U32 | PRIVATE));
	RESULT(new_wake(words, 0, 1, SIZE_U32 | PRIVATE));
	RESULT(new_wake(words, 0, 0, SIZE_U32 | PRIVATE));
	RESULT(new_wake(words, 1UL << 32, 1, SIZE_U32 | PRIVATE));
	RESULT(new_wake(words, 1, 1, 0));
	RESULT(new_wake(words, 1, 1, 0x100 | SIZE_U32));
	RESULT(new_wake((word_t *)9, 1, 0, SIZE_U32 | PRIVATE));
	end_waiters(callers, 3, words);
}

CASE(the_new_wait)
{
	struct timespec early = {1, 0};
	RESULT(new_wait(words, 9, MATCH_ANY, SIZE_U32 | PRIVATE, NULL, 0));
	RESULT(new_wait(words, 0, MATCH_ANY, SIZE_U32 | PRIVATE, &early, CLOCK_MONOTONIC));
	RESULT(new_wait(words, 0, MATCH_ANY, SIZE_U32, &early, CLOCK_REALTIME));
	RESULT(new_wait(words, 0, MATCH_ANY, SIZE_U32, &early, CLOCK_BOOTTIME));
	RESULT(new_wait(words, 0, 0, SIZE_U32, &early, CLOCK_REALTIME));
	RESULT(new_wait(words, 1UL << 32, 1, SIZE_U32, &early, CLOCK_REALTIME));
	RESULT(new_wait(words, 0, 1UL << 32, SIZE_U32, &early, CLOCK_REALTIME));
	RESULT(new_wait(words, 0, 1, 1, &early, CLOCK_REALTIME));
}

CASE(the_new_requeue)
{
	struct caller callers[3];
	struct wait waits[2] = {wait_for(&words[0]), wait_for(&words[1])};
	begin_waiters(callers, 3, words);
	RESULT(new_requeue(waits, 1, 1, 1));
	RESULT(new_requeue(NULL, 0, 1, 1));
	RESULT(new_requeue(waits, 0, -1, 1));
	RESULT(new_requeue(waits, 0, 1, 1));
	show("%ld and %ld wait", waiters(&words[0], FUTEX_PRIVATE_FLAG), waiters(&words[1], FUTEX_PRIVATE_FLAG));
	waits[0].value = 9;
	RESULT(new_requeue(waits, 0, 1, 1));
	waits[1].reserved = 1;
	RESULT(new_requeue(waits, 0, 1, 1));
	futex(&words[1], FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0);
	end_waiters(callers, 3, words);
}
