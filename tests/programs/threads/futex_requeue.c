/* futex(2): FUTEX_REQUEUE and FUTEX_CMP_REQUEUE. */
#include "futex.h"

static word_t from, to;

static void show_waiters(void)
{
	show("%ld wait for the first, %ld for the second", waiters(&from, FUTEX_PRIVATE_FLAG),
	     waiters(&to, FUTEX_PRIVATE_FLAG));
}

static void end_both(struct caller *callers, int count)
{
	futex(&from, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
	end_waiters(callers, count, &to);
}

CASE(some_wake_some_move)
{
	struct caller callers[5];
	begin_waiters(callers, 5, &from);
	RESULT(futex(&from, FUTEX_REQUEUE_PRIVATE, 1, NUMBER(2), &to, 0));
	AWAIT(how_many_returned(callers, 5) == 1);
	show("returned: %s", who_returned(callers, 5));
	show_waiters();
	end_both(callers, 5);
}

CASE(compared_before_it_moves)
{
	struct caller callers[3];
	begin_waiters(callers, 3, &from);
	RESULT(futex(&from, FUTEX_CMP_REQUEUE_PRIVATE, 1, NUMBER(9), &to, 1));
	show_waiters();
	RESULT(futex(&from, FUTEX_CMP_REQUEUE_PRIVATE, 1, NUMBER(9), &to, 0));
	AWAIT(how_many_returned(callers, 3) == 1);
	show_waiters();
	end_both(callers, 3);
}

CASE(nothing_asked_nothing_done)
{
	struct caller callers[2];
	RESULT(futex(&from, FUTEX_REQUEUE_PRIVATE, 1, NUMBER(1), &to, 0));
	begin_waiters(callers, 2, &from);
	RESULT(futex(&from, FUTEX_REQUEUE_PRIVATE, 0, NUMBER(0), &to, 0));
	show_waiters();
	RESULT(futex(&from, FUTEX_REQUEUE_PRIVATE, 0, NUMBER(1), &to, 0));
	show_waiters();
	end_both(callers, 2);
}

CASE(negative_counts)
{
	RESULT(futex(&from, FUTEX_REQUEUE_PRIVATE, -1, NUMBER(1), &to, 0));
	RESULT(futex(&from, FUTEX_REQUEUE_PRIVATE, 1, NUMBER(-1), &to, 0));
	RESULT(futex(&from, FUTEX_CMP_REQUEUE_PRIVATE, 1, NUMBER(-1), &to, 7));
	RESULT(futex((word_t *)9, FUTEX_REQUEUE_PRIVATE, -1, NUMBER(1), &to, 0));
	RESULT(futex(&from, FUTEX_REQUEUE_PRIVATE, INT_MAX, NUMBER(INT_MAX), &to, 0));
}

CASE(who_moves_stands_behind)
{
	struct caller callers[4];
	begin_waiters(callers, 2, &to);
	begin_waiters(callers + 2, 2, &from);
	RESULT(futex(&from, FUTEX_REQUEUE_PRIVATE, 0, NUMBER(1), &to, 0));
	for (int i = 1; i <= 3; i++) {
		RESULT(futex(&to, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
		AWAIT(how_many_returned(callers, 4) == i);
	}
	show("who moved is last: %d", callers[2].turn > callers[0].turn && callers[2].turn > callers[1].turn);
	end_both(callers, 4);
}

CASE(onto_itself)
{
	struct caller callers[3];
	begin_waiters(callers, 3, &from);
	RESULT(futex(&from, FUTEX_REQUEUE_PRIVATE, 1, NUMBER(9), &from, 0));
	AWAIT(how_many_returned(callers, 3) == 1);
	show("returned: %s", who_returned(callers, 3));
	RESULT(futex(&from, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	AWAIT(how_many_returned(callers, 3) == 2);
	show("returned: %s", who_returned(callers, 3));
	end_both(callers, 3);
}

CASE(there_and_back)
{
	struct caller callers[3];
	begin_waiters(callers, 3, &from);
	RESULT(futex(&from, FUTEX_REQUEUE_PRIVATE, 0, NUMBER(3), &to, 0));
	RESULT(futex(&to, FUTEX_REQUEUE_PRIVATE, 0, NUMBER(2), &from, 0));
	show_waiters();
	RESULT(futex(&from, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
	AWAIT(how_many_returned(callers, 3) == 2);
	show("returned: %s", who_returned(callers, 3));
	end_both(callers, 3);
}

CASE(who_moved_can_time_out)
{
	struct timespec second = {1, 0};
	struct caller caller = {.word = &from, .operation = FUTEX_WAIT_PRIVATE, .fourth = &second};
	begin_call(&caller);
	AWAIT_WAITERS(&from, FUTEX_PRIVATE_FLAG, 1);
	RESULT(futex(&from, FUTEX_REQUEUE_PRIVATE, 0, NUMBER(1), &to, 0));
	show_call("waiter", &caller);
	show_waiters();
}

CASE(who_moved_can_be_interrupted)
{
	struct caller caller;
	signals_caught = 0;
	handle(SIGUSR1, count_signal, 0);
	begin_waiters(&caller, 1, &from);
	RESULT(futex(&from, FUTEX_REQUEUE_PRIVATE, 0, NUMBER(1), &to, 0));
	REQUIRE(pthread_kill(caller.thread, SIGUSR1) == 0);
	show_call("waiter", &caller);
	show("caught %d", signals_caught);
	show_waiters();
}

CASE(who_moved_and_is_restarted_waits_for_the_first_again)
{
	struct caller caller;
	signals_caught = 0;
	handle(SIGUSR1, count_signal, SA_RESTART);
	begin_waiters(&caller, 1, &from);
	RESULT(futex(&from, FUTEX_REQUEUE_PRIVATE, 0, NUMBER(1), &to, 0));
	REQUIRE(pthread_kill(caller.thread, SIGUSR1) == 0);
	AWAIT_WAITERS(&from, FUTEX_PRIVATE_FLAG, 1);
	show_waiters();
	end_both(&caller, 1);
}

CASE(bit_sets_move_along)
{
	struct caller caller = {.word = &from, .operation = FUTEX_WAIT_BITSET_PRIVATE, .value3 = 2};
	begin_call(&caller);
	AWAIT_WAITERS(&from, FUTEX_PRIVATE_FLAG, 1);
	RESULT(futex(&from, FUTEX_REQUEUE_PRIVATE, 0, NUMBER(1), &to, 0));
	RESULT(futex(&to, FUTEX_WAKE_BITSET_PRIVATE, 1, NULL, NULL, 5));
	RESULT(futex(&to, FUTEX_WAKE_BITSET_PRIVATE, 1, NULL, NULL, 6));
	show_call("waiter", &caller);
}

CASE(memory_that_is_not_there)
{
	word_t *hole = (word_t *)reserved(PAGE);
	RESULT(futex(hole, FUTEX_REQUEUE_PRIVATE, 1, NUMBER(1), &to, 0));
	RESULT(futex(hole, FUTEX_CMP_REQUEUE_PRIVATE, 1, NUMBER(1), &to, 0));
	RESULT(futex(&from, FUTEX_CMP_REQUEUE_PRIVATE, 1, NUMBER(1), hole, 0));
	RESULT(futex(&from, FUTEX_CMP_REQUEUE, 1, NUMBER(1), hole, 0));
	RESULT(futex(hole, FUTEX_REQUEUE, 1, NUMBER(1), &to, 0));
	RESULT(futex(&from, FUTEX_CMP_REQUEUE, 1, NUMBER(1), hole, 7));
	REQUIRE(munmap((void *)hole, PAGE) == 0);
}

CASE(many_to_many)
{
	enum { MANY = 32 };
	static struct caller callers[MANY];
	static word_t words[8];
	begin_waiters(callers, MANY, &words[0]);
	long moved = 0;
	for (int i = 1; i < 8; i++)
		moved += futex(&words[0], FUTEX_REQUEUE_PRIVATE, 0, NUMBER(4), &words[i], 0);
	show("%ld moved", moved);
	for (int i = 0; i < 8; i++)
		show("%ld woken", futex(&words[i], FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
	end_waiters(callers, MANY, &words[0]);
}
