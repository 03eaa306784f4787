/* futex(2): FUTEX_WAIT, FUTEX_WAKE, their bit sets, their time-outs, and the order in which mistakes are found. */
#include "futex.h"

static const struct timespec none = {0, 0}, hundred = {0, 100000000}, long_enough = {20, 0};

CASE(another_value_does_not_wait)
{
	word_t word = 5;
	RESULT(futex(&word, FUTEX_WAIT, 6, NULL, NULL, 0));
	RESULT(futex(&word, FUTEX_WAIT_PRIVATE, 6, NULL, NULL, 0));
	RESULT(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 6, NULL, NULL, 1));
	RESULT(futex(&word, FUTEX_WAIT_PRIVATE, 6, &none, NULL, 0));
}

CASE(only_32_bits_of_the_value_count)
{
	word_t word = 5;
	RESULT(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0x700000005L, &none, NULL, 0));
	RESULT(syscall(SYS_futex, &word, 0x700000000L | FUTEX_WAIT_PRIVATE, 6L, &none, NULL, 0));
}

CASE(misaligned_words)
{
	static word_t words[2];
	word_t *word = (word_t *)((char *)words + 2);
	static const int operations[] = {FUTEX_WAIT, FUTEX_WAKE, FUTEX_REQUEUE, FUTEX_CMP_REQUEUE, FUTEX_WAKE_OP, FUTEX_LOCK_PI,
		FUTEX_TRYLOCK_PI, FUTEX_LOCK_PI2, FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET};
	for (size_t i = 0; i < COUNT(operations); i++) {
		long result = futex(word, operations[i] | FUTEX_PRIVATE_FLAG, 1, NULL, words, 1);
		show("operation %d: %ld %s", operations[i], result, error_name(errno));
	}
	RESULT(futex(words, FUTEX_REQUEUE_PRIVATE, 1, NUMBER(1), word, 0));
	RESULT(futex(words, FUTEX_WAKE_OP_PRIVATE, 1, NUMBER(1), word, 0));
}

CASE(no_memory)
{
	word_t *hole = (word_t *)reserved(PAGE);
	REQUIRE(munmap((void *)hole, PAGE) == 0);
	RESULT(futex(hole, FUTEX_WAIT_PRIVATE, 0, &none, NULL, 0));
	RESULT(futex(hole, FUTEX_WAIT, 0, &none, NULL, 0));
	RESULT(futex(hole, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	RESULT(futex(hole, FUTEX_WAKE, 1, NULL, NULL, 0));
	RESULT(futex(NULL, FUTEX_WAIT_PRIVATE, 0, &none, NULL, 0));
	RESULT(futex(NULL, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	RESULT(futex((word_t *)((char *)hole + 1), FUTEX_WAKE, 1, NULL, NULL, 0));
	RESULT(futex((word_t *)0xffff800000000000UL, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	RESULT(futex((word_t *)0xffff800000000001UL, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
}

CASE(memory_without_permissions)
{
	word_t *word = (word_t *)anonymous(PAGE);
	*word = 1;
	REQUIRE(mprotect((void *)word, PAGE, PROT_NONE) == 0);
	RESULT(futex(word, FUTEX_WAIT_PRIVATE, 1, &none, NULL, 0));
	RESULT(futex(word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	RESULT(futex(word, FUTEX_WAKE, 1, NULL, NULL, 0));
	REQUIRE(mprotect((void *)word, PAGE, PROT_READ) == 0);
	RESULT(futex(word, FUTEX_WAIT_PRIVATE, 1, &none, NULL, 0));
	RESULT(futex(word, FUTEX_WAIT, 1, &none, NULL, 0));
	RESULT(futex(word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	RESULT(futex(word, FUTEX_WAKE, 1, NULL, NULL, 0));
	RESULT(futex(word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	RESULT(futex(word, FUTEX_WAKE_OP_PRIVATE, 1, NUMBER(1), word, FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0)));
	REQUIRE(munmap((void *)word, PAGE) == 0);
}

CASE(operations_that_do_not_exist)
{
	word_t word = 0;
	static const int operations[] = {FUTEX_FD, 14, 15, 127, 0x200, 0x1000 | FUTEX_WAKE, -1};
	for (size_t i = 0; i < COUNT(operations); i++) {
		long result = futex(&word, operations[i], 1, NULL, NULL, 0);
		show("operation %#x: %ld %s", operations[i], result, error_name(errno));
	}
}

CASE(the_clock_flag_is_for_some_operations)
{
	word_t word = 0;
	static const int operations[] = {FUTEX_WAIT, FUTEX_WAKE, FUTEX_REQUEUE, FUTEX_CMP_REQUEUE, FUTEX_WAKE_OP, FUTEX_LOCK_PI,
		FUTEX_UNLOCK_PI, FUTEX_TRYLOCK_PI, FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET};
	for (size_t i = 0; i < COUNT(operations); i++) {
		word = 0;
		long result = futex(&word, operations[i] | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME, 1, &none, &word, 1);
		show("operation %d: %ld %s", operations[i], result, result < 0 ? error_name(errno) : "");
	}
}

CASE(times_that_are_none)
{
	word_t word = 0;
	struct timespec bad[] = {{0, 1000000000}, {0, -1}, {-1, 0}, {LONG_MAX, LONG_MAX}};
	for (size_t i = 0; i < COUNT(bad); i++) {
		RESULT(futex(&word, FUTEX_WAIT_PRIVATE, 0, &bad[i], NULL, 0));
		RESULT(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, &bad[i], NULL, 1));
		RESULT(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, &bad[i], NULL, 0));
	}
	RESULT(futex(&word, FUTEX_WAIT_PRIVATE, 0, (void *)8, NULL, 0));
	show("the word is %u", word);
}

CASE(the_order_of_complaints)
{
	word_t word = 0;
	word_t *odd = (word_t *)((char *)&word + 1);
	struct timespec bad = {0, -1};
	RESULT(futex(odd, FUTEX_WAIT_PRIVATE | FUTEX_CLOCK_REALTIME, 1, (void *)8, NULL, 0));
	RESULT(futex(odd, FUTEX_WAIT_PRIVATE | FUTEX_CLOCK_REALTIME, 1, &bad, NULL, 0));
	RESULT(futex(odd, FUTEX_WAIT_PRIVATE | FUTEX_CLOCK_REALTIME, 1, &none, NULL, 0));
	RESULT(futex(&word, FUTEX_WAIT_PRIVATE, 1, &bad, NULL, 0));
	RESULT(futex((word_t *)8, FUTEX_WAIT_BITSET_PRIVATE, 1, &none, NULL, 0));
	RESULT(futex((word_t *)8, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0));
	RESULT(futex((word_t *)9, FUTEX_WAKE_BITSET, 1, NULL, NULL, 1));
	RESULT(futex(&word, FUTEX_WAKE_PRIVATE, 1, (void *)8, (void *)9, 0));
	RESULT(futex(&word, 99, 1, (void *)8, NULL, 0));
}

static int elapsed_fits(long began, long least)
{
	long elapsed = milliseconds_now() - began;
	return elapsed >= least && elapsed < least + 10000;
}

CASE(times_out_relative)
{
	word_t word = 0;
	long began = milliseconds_now();
	RESULT(futex(&word, FUTEX_WAIT, 0, &hundred, NULL, 0));
	RESULT(futex(&word, FUTEX_WAIT_PRIVATE, 0, &hundred, NULL, 0));
	show("after 200 ms %d", elapsed_fits(began, 200));
}

CASE(times_out_absolute_on_both_clocks)
{
	word_t word = 0;
	long began = milliseconds_now();
	struct timespec until = in_milliseconds(CLOCK_MONOTONIC, 100);
	RESULT(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, &until, NULL, MATCH_ANY));
	until = in_milliseconds(CLOCK_REALTIME, 100);
	RESULT(futex(&word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0, &until, NULL, MATCH_ANY));
	show("after 200 ms %d", elapsed_fits(began, 199));
}

CASE(times_that_have_passed)
{
	word_t word = 0;
	struct timespec early = {1, 0};
	RESULT(futex(&word, FUTEX_WAIT_PRIVATE, 0, &none, NULL, 0));
	RESULT(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, &none, NULL, 1));
	RESULT(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, &early, NULL, 1));
	RESULT(futex(&word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0, &early, NULL, 1));
	show("nobody waits any more: %ld", waiters(&word, FUTEX_PRIVATE_FLAG));
}

CASE(wake_answers_how_many)
{
	static word_t word;
	struct caller callers[5];
	RESULT(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	begin_waiters(callers, 5, &word);
	RESULT(futex(&word, FUTEX_WAKE_PRIVATE, 2, NULL, NULL, 0));
	RESULT(waiters(&word, FUTEX_PRIVATE_FLAG));
	RESULT(futex(&word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
	RESULT(futex(&word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
	for (int i = 0; i < 5; i++)
		show_call("waiter", &callers[i]);
}

CASE(wake_of_none_wakes_one)
{
	static word_t word;
	struct caller callers[4];
	begin_waiters(callers, 4, &word);
	RESULT(futex(&word, FUTEX_WAKE_PRIVATE, 0, NULL, NULL, 0));
	RESULT(futex(&word, FUTEX_WAKE_PRIVATE, -1, NULL, NULL, 0));
	RESULT(futex(&word, FUTEX_WAKE_PRIVATE, INT_MIN, NULL, NULL, 0));
	RESULT(waiters(&word, FUTEX_PRIVATE_FLAG));
	end_waiters(callers, 4, &word);
}

CASE(first_come_first_woken)
{
	static word_t word;
	struct caller callers[4];
	begin_waiters(callers, 4, &word);
	for (int i = 0; i < 4; i++) {
		RESULT(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
		AWAIT(how_many_returned(callers, 4) == i + 1);
		show("returned: %s", who_returned(callers, 4));
	}
	end_waiters(callers, 4, &word);
}

CASE(bit_sets_select)
{
	static word_t word;
	struct caller callers[4];
	for (int i = 0; i < 4; i++) {
		callers[i] = (struct caller){.word = &word, .operation = FUTEX_WAIT_BITSET_PRIVATE, .value3 = 1U << i};
		begin_call(&callers[i]);
		AWAIT_WAITERS(&word, FUTEX_PRIVATE_FLAG, i + 1);
	}
	RESULT(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, NULL, 0x10));
	RESULT(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 1, NULL, NULL, 0xc));
	AWAIT(how_many_returned(callers, 4) == 1);
	show("returned: %s", who_returned(callers, 4));
	RESULT(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, NULL, 0x9));
	AWAIT(how_many_returned(callers, 4) == 3);
	show("returned: %s", who_returned(callers, 4));
	RESULT(futex(&word, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
	end_waiters(callers, 4, &word);
}

CASE(plain_waiters_have_every_bit)
{
	static word_t word;
	struct caller callers[2];
	begin_waiters(callers, 2, &word);
	RESULT(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 1, NULL, NULL, 0x80000000));
	RESULT(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 1, NULL, NULL, 1));
	end_waiters(callers, 2, &word);
}

CASE(the_empty_bit_set_is_refused)
{
	word_t word = 0;
	RESULT(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, &none, NULL, 0));
	RESULT(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 1, &none, NULL, 0));
	RESULT(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 1, NULL, NULL, 0));
}

CASE(neighbours_do_not_meet)
{
	static word_t words[4];
	struct caller callers[2];
	begin_waiters(callers, 2, &words[1]);
	RESULT(futex(&words[0], FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
	RESULT(futex(&words[2], FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
	RESULT(futex(&words[1], FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
	end_waiters(callers, 2, &words[1]);
}

CASE(private_and_shared_do_not_meet)
{
	static word_t word;
	struct caller own, open;
	begin_waiters(&own, 1, &word);
	open = (struct caller){.word = &word, .operation = FUTEX_WAIT};
	begin_call(&open);
	AWAIT_WAITERS(&word, 0, 1);
	RESULT(futex(&word, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
	show_call("private", &own);
	RESULT(futex(&word, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
	RESULT(futex(&word, FUTEX_WAKE, 9, NULL, NULL, 0));
	show_call("shared", &open);
}

CASE(a_new_page_behind_the_address_is_the_same_private_futex)
{
	char *memory = anonymous(PAGE);
	word_t *word = (word_t *)memory;
	struct caller caller;
	begin_waiters(&caller, 1, word);
	REQUIRE(mmap(memory, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == memory);
	RESULT(futex(word, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
	show_call("waiter", &caller);
	REQUIRE(munmap(memory, PAGE) == 0);
}

static word_t tid_word;

static int ends(void *argument)
{
	return argument != NULL;
}

CASE(the_end_of_a_thread_is_a_wake)
{
	static char stack[16 * PAGE];
	struct caller caller = {.word = &tid_word, .operation = FUTEX_WAIT, .value = 77};
	tid_word = 77;
	begin_call(&caller);
	AWAIT_WAITERS(&tid_word, 0, 1);
	REQUIRE(clone(ends, stack + sizeof stack,
		      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID,
		      NULL, NULL, NULL, (void *)&tid_word) > 0);
	show_call("waiter", &caller);
	show("the word is %u", tid_word);
}

/* Waits for `operation` in a thread that a signal hits; the wake follows if the wait goes on. */
static void interrupt(const char *what, int operation, const struct timespec *timeout, int flags)
{
	static word_t word;
	signals_caught = 0;
	handle(SIGUSR1, count_signal, flags);
	struct caller caller = {.word = &word, .operation = operation, .fourth = timeout, .value3 = MATCH_ANY};
	begin_call(&caller);
	AWAIT_WAITERS(&word, FUTEX_PRIVATE_FLAG, 1);
	REQUIRE(pthread_kill(caller.thread, SIGUSR1) == 0);
	AWAIT(signals_caught == 1);
	settle();
	if (caller.turn == 0) {
		AWAIT_WAITERS(&word, FUTEX_PRIVATE_FLAG, 1);
		RESULT(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	}
	show_call(what, &caller);
}

CASE(a_handler_interrupts)
{
	interrupt("without time-out", FUTEX_WAIT_PRIVATE, NULL, 0);
	interrupt("with time-out", FUTEX_WAIT_PRIVATE, &long_enough, 0);
}

CASE(the_wait_is_restarted_only_without_time_out)
{
	struct timespec until = in_milliseconds(CLOCK_MONOTONIC, 20000);
	interrupt("without time-out", FUTEX_WAIT_PRIVATE, NULL, SA_RESTART);
	interrupt("bit set without time-out", FUTEX_WAIT_BITSET_PRIVATE, NULL, SA_RESTART);
	interrupt("with time-out", FUTEX_WAIT_PRIVATE, &long_enough, SA_RESTART);
	interrupt("bit set with time-out", FUTEX_WAIT_BITSET_PRIVATE, &until, SA_RESTART);
}

CASE(a_restarted_wait_compares_again)
{
	static word_t word;
	word = 0;
	signals_caught = 0;
	handle(SIGUSR1, count_signal, SA_RESTART);
	struct caller caller = {.word = &word, .operation = FUTEX_WAIT_PRIVATE};
	begin_call(&caller);
	AWAIT_WAITERS(&word, FUTEX_PRIVATE_FLAG, 1);
	word = 1;
	REQUIRE(pthread_kill(caller.thread, SIGUSR1) == 0);
	show_call("waiter", &caller);
	show("caught %d", signals_caught);
}

CASE(an_ignored_signal_does_not_interrupt)
{
	static word_t word;
	struct caller caller;
	signal(SIGUSR1, SIG_IGN);
	begin_waiters(&caller, 1, &word);
	REQUIRE(pthread_kill(caller.thread, SIGUSR1) == 0);
	settle();
	RESULT(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	show_call("waiter", &caller);
}

CASE(a_stop_does_not_prolong_a_wait)
{
	volatile int *ready = shared_words();
	pid_t child = forked();
	if (child == 0) {
		word_t word = 0;
		struct timespec second = {1, 0};
		long began = milliseconds_now();
		*ready = 1;
		RESULT(futex(&word, FUTEX_WAIT_PRIVATE, 0, &second, NULL, 0));
		show("in time %d", milliseconds_now() - began < 1500);
		_exit(0);
	}
	int status;
	AWAIT(*ready);
	pause_for(200);
	REQUIRE(kill(child, SIGSTOP) == 0);
	REQUIRE(waitpid(child, &status, WUNTRACED) == child);
	show_status("child", status);
	pause_for(500);
	REQUIRE(kill(child, SIGCONT) == 0);
	show_end("child", child);
}

CASE(a_killed_waiter_leaves_the_queue)
{
	word_t *word = (word_t *)shared_words();
	pid_t child = forked();
	if (child == 0) {
		futex(word, FUTEX_WAIT, 0, NULL, NULL, 0);
		_exit(1);
	}
	AWAIT_WAITERS(word, 0, 1);
	REQUIRE(kill(child, SIGKILL) == 0);
	show_end("child", child);
	RESULT(waiters(word, 0));
}

CASE(many_waiters)
{
	enum { MANY = 64 };
	static word_t word;
	static struct caller callers[MANY];
	begin_waiters(callers, MANY, &word);
	RESULT(futex(&word, FUTEX_WAKE_PRIVATE, MANY / 2, NULL, NULL, 0));
	RESULT(futex(&word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
	int fine = 0;
	for (int i = 0; i < MANY; i++) {
		joined(callers[i].thread);
		fine += callers[i].result == 0;
	}
	show("%d waits answered 0", fine);
}
