/* futex(2): FUTEX_WAIT_REQUEUE_PI and FUTEX_CMP_REQUEUE_PI. */
#include "futex.h"

static word_t condition, lock_word;

#define LOCK(word) futex(word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0)
#define UNLOCK(word) futex(word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0)

static struct caller waiting(const struct timespec *until)
{
	return (struct caller){.word = &condition, .operation = FUTEX_WAIT_REQUEUE_PI_PRIVATE, .fourth = until,
			       .word2 = &lock_word};
}

/* Waiters for a lock cannot be counted, so only the first is certain; the others have time. */
static void begin_waiting(struct caller *callers, int count, const struct timespec *until)
{
	condition = 0;
	for (int i = 0; i < count; i++) {
		callers[i] = waiting(until);
		begin_call(&callers[i]);
		AWAIT_WAITERS(&condition, FUTEX_PRIVATE_FLAG, -1);
		if (count > 1)
			pause_for(100);
	}
}

static long requeue(int wake, int count, uint32_t value)
{
	return futex(&condition, FUTEX_CMP_REQUEUE_PI_PRIVATE, (uint32_t)wake, NUMBER(count), &lock_word, value);
}

CASE(mistakes)
{
	word_t *odd = (word_t *)((char *)&condition + 1);
	struct timespec none = {0, 0};
	condition = lock_word = 0;
	RESULT(futex(&condition, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, NULL, &condition, 0));
	RESULT(futex(&condition, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 1, NULL, &lock_word, 0));
	RESULT(futex(&condition, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 1, NULL, odd, 0));
	RESULT(futex(odd, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 1, NULL, &lock_word, 0));
	RESULT(futex(&condition, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, &none, &lock_word, 0));
	RESULT(futex(&condition, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, NUMBER(1), &condition, 0));
	RESULT(requeue(0, 1, 0));
	RESULT(requeue(2, 1, 0));
	RESULT(requeue(-1, 1, 0));
	RESULT(requeue(1, -1, 0));
	RESULT(requeue(1, 1, 7));
	RESULT(requeue(1, 1, 0));
	RESULT(futex(&condition, FUTEX_CMP_REQUEUE_PI_PRIVATE | FUTEX_CLOCK_REALTIME, 1, NUMBER(1), &lock_word, 0));
	show_word("the lock", lock_word, 0);
}

CASE(a_free_lock_is_given)
{
	struct caller caller;
	lock_word = 0;
	begin_waiting(&caller, 1, NULL);
	RESULT(requeue(1, 0, 0));
	show_word("given", lock_word, caller.tid);
	show_call("waiter", &caller);
	lock_word = 0;
	begin_waiting(&caller, 1, NULL);
	RESULT(requeue(1, 1, 0));
	show_word("given, more may follow", lock_word, caller.tid);
	show_call("waiter", &caller);
}

CASE(a_held_lock_is_waited_for)
{
	struct caller caller;
	lock_word = 0;
	begin_waiting(&caller, 1, NULL);
	REQUIRE(LOCK(&lock_word) == 0);
	RESULT(requeue(1, 0, 0));
	show_word("waited for", lock_word, own_tid());
	show("returned: %d", caller.turn != 0);
	RESULT(UNLOCK(&lock_word));
	show_call("waiter", &caller);
	show_word("handed over", lock_word, caller.tid);
}

static void *wait_and_unlock(void *argument)
{
	struct caller *caller = argument;
	caller->tid = own_tid();
	caller->result = futex(&condition, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, NULL, &lock_word, 0);
	caller->turn = __atomic_add_fetch(&caller_turns, 1, __ATOMIC_SEQ_CST);
	REQUIRE(UNLOCK(&lock_word) == 0);
	return NULL;
}

CASE(several_wait_in_turn)
{
	struct caller callers[3] = {{0}};
	condition = lock_word = 0;
	for (int i = 0; i < 3; i++) {
		callers[i].thread = started(wait_and_unlock, &callers[i]);
		AWAIT(callers[i].tid != 0);
		pause_for(100);
	}
	REQUIRE(LOCK(&lock_word) == 0);
	RESULT(requeue(1, INT_MAX, 0));
	show("returned: %d", how_many_returned(callers, 3));
	RESULT(UNLOCK(&lock_word));
	for (int i = 0; i < 3; i++)
		joined(callers[i].thread);
	show("in turn %d", callers[0].turn < callers[1].turn && callers[1].turn < callers[2].turn);
	show("results %ld %ld %ld", callers[0].result, callers[1].result, callers[2].result);
	show_word("in the end", lock_word, 0);
}

CASE(one_more_than_asked_moves)
{
	struct caller callers[3];
	lock_word = 0;
	begin_waiting(callers, 3, NULL);
	REQUIRE(LOCK(&lock_word) == 0);
	RESULT(requeue(1, 0, 0));
	RESULT(requeue(1, 1, 0));
	RESULT(requeue(1, 1, 0));
	RESULT(UNLOCK(&lock_word));
	/* Each ends with the lock, so the next inherits it. */
	for (int i = 0; i < 3; i++)
		show_call("waiter", &callers[i]);
	show_word("inherited", lock_word, callers[2].tid);
}

CASE(another_lock_is_refused)
{
	static word_t another;
	struct caller caller;
	lock_word = 0;
	begin_waiting(&caller, 1, NULL);
	RESULT(futex(&condition, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, NUMBER(1), &another, 0));
	RESULT(requeue(1, 1, 0));
	show_call("waiter", &caller);
}

CASE(plain_wakers_are_refused)
{
	struct caller caller;
	static word_t another;
	lock_word = 0;
	begin_waiting(&caller, 1, NULL);
	RESULT(futex(&condition, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	RESULT(futex(&condition, FUTEX_CMP_REQUEUE_PRIVATE, 1, NUMBER(1), &another, 0));
	RESULT(requeue(1, 1, 0));
	show_call("waiter", &caller);
}

CASE(plain_waiters_are_refused)
{
	struct caller caller;
	condition = lock_word = 0;
	begin_waiters(&caller, 1, &condition);
	RESULT(requeue(1, 1, 0));
	show_word("the lock", lock_word, 0);
	end_waiters(&caller, 1, &condition);
}

CASE(time_out_before_and_after_the_move)
{
	struct caller caller;
	lock_word = 0;
	struct timespec until = in_milliseconds(CLOCK_MONOTONIC, 100);
	begin_waiting(&caller, 1, &until);
	show_call("not moved", &caller);
	REQUIRE(LOCK(&lock_word) == 0);
	until = in_milliseconds(CLOCK_MONOTONIC, 1000);
	begin_waiting(&caller, 1, &until);
	RESULT(requeue(1, 1, 0));
	show_call("moved", &caller);
	show_word("after", lock_word, own_tid());
	RESULT(UNLOCK(&lock_word));
	show_word("unlocked", lock_word, 0);
}

CASE(a_handler_before_the_move_restarts)
{
	struct caller caller;
	lock_word = 0;
	signals_caught = 0;
	handle(SIGUSR1, count_signal, 0);
	begin_waiting(&caller, 1, NULL);
	REQUIRE(pthread_kill(caller.thread, SIGUSR1) == 0);
	AWAIT(signals_caught == 1);
	pause_for(50);
	AWAIT_WAITERS(&condition, FUTEX_PRIVATE_FLAG, -1);
	RESULT(requeue(1, 1, 0));
	show_call("waiter", &caller);
}

CASE(a_handler_after_the_move_ends_the_wait)
{
	struct caller caller;
	lock_word = 0;
	signals_caught = 0;
	handle(SIGUSR1, count_signal, SA_RESTART);
	begin_waiting(&caller, 1, NULL);
	REQUIRE(LOCK(&lock_word) == 0);
	RESULT(requeue(1, 1, 0));
	REQUIRE(pthread_kill(caller.thread, SIGUSR1) == 0);
	show_call("waiter", &caller);
	show("caught %d", signals_caught);
	RESULT(UNLOCK(&lock_word));
	show_word("unlocked", lock_word, 0);
}

CASE(the_waiter_owns_the_lock_already)
{
	struct caller caller;
	lock_word = 0;
	begin_waiting(&caller, 1, NULL);
	lock_word = caller.tid;
	RESULT(requeue(1, 1, 0));
	lock_word = 0;
	RESULT(requeue(1, 1, 0));
	show_call("waiter", &caller);
}

CASE(the_owner_dies_after_the_move)
{
	struct caller caller, owner;
	lock_word = 0;
	begin_waiting(&caller, 1, NULL);
	owner = (struct caller){.word = &lock_word, .operation = FUTEX_LOCK_PI_PRIVATE};
	/* It ends with the lock, before or after the move: the waiter gets the lock, or the call says that there is no owner. */
	REQUIRE(LOCK(&lock_word) == 0);
	begin_call(&owner);
	AWAIT(lock_word & FUTEX_WAITERS);
	pause_for(50);
	RESULT(requeue(1, 1, 0));
	RESULT(UNLOCK(&lock_word));
	show_call("owner", &owner);
	show_call("waiter", &caller);
	show_word("inherited", lock_word, caller.tid);
}
