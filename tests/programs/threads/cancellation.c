/* pthread_cancel(3), pthread_setcancelstate(3), pthread_cleanup_push(3). */
#include "thread.h"

#include <poll.h>

static volatile int ready, cleaned, order[4];

static void note_cleanup(void *argument)
{
	order[cleaned++ % 4] = (int)(long)argument;
}

static void show_cancelled(pthread_t thread)
{
	void *result = joined(thread);
	show("cancelled %d", result == PTHREAD_CANCELED);
}

static void reset(void)
{
	ready = 0;
	cleaned = 0;
}

/* A thread that runs `body`; cancelled when it is ready and has had time to block. */
static void cancel_in(void *(*body)(void *), void *argument)
{
	reset();
	pthread_t thread = started(body, argument);
	AWAIT(ready);
	settle();
	ERROR(pthread_cancel(thread));
	show_cancelled(thread);
}

static void *sleep_long(void *argument)
{
	ready = 1;
	sleep(100);
	return argument;
}

CASE(sleep_is_cancelled)
{
	cancel_in(sleep_long, NULL);
}

static void *read_pipe(void *argument)
{
	char byte;
	ready = 1;
	return (void *)read(((int *)argument)[0], &byte, 1);
}

CASE(read_of_an_empty_pipe_is_cancelled)
{
	int ends[2];
	REQUIRE(pipe(ends) == 0);
	cancel_in(read_pipe, ends);
	close(ends[0]);
	close(ends[1]);
}

static void *poll_pipe(void *argument)
{
	struct pollfd entry = {*(int *)argument, POLLIN, 0};
	ready = 1;
	return (void *)(long)poll(&entry, 1, -1);
}

CASE(poll_is_cancelled)
{
	int ends[2];
	REQUIRE(pipe(ends) == 0);
	cancel_in(poll_pipe, ends);
	close(ends[0]);
	close(ends[1]);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;

static void unlock(void *argument)
{
	cleaned++;
	pthread_mutex_unlock(argument);
}

static void *wait_forever(void *argument)
{
	pthread_mutex_lock(&mutex);
	pthread_cleanup_push(unlock, &mutex);
	ready = 1;
	for (;;)
		pthread_cond_wait(&condition, &mutex);
	pthread_cleanup_pop(1);
	return argument;
}

CASE(condition_wait_is_cancelled_with_the_mutex_held)
{
	cancel_in(wait_forever, NULL);
	show("cleaned %d", cleaned);
	ERROR(pthread_mutex_trylock(&mutex));
	ERROR(pthread_mutex_unlock(&mutex));
}

static void *with_handlers(void *argument)
{
	pthread_cleanup_push(note_cleanup, (void *)1);
	pthread_cleanup_push(note_cleanup, (void *)2);
	ready = 1;
	pause();
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return argument;
}

CASE(cleanup_handlers_run_in_reverse)
{
	cancel_in(with_handlers, NULL);
	show("ran %d: %d %d", cleaned, order[0], order[1]);
}

static void *exit_with_handlers(void *argument)
{
	pthread_cleanup_push(note_cleanup, (void *)7);
	pthread_cleanup_push(note_cleanup, (void *)8);
	pthread_cleanup_pop(1);
	pthread_exit((void *)3);
	pthread_cleanup_pop(0);
	return argument;
}

CASE(cleanup_handlers_run_at_exit_of_the_thread)
{
	reset();
	show("%ld", (long)joined(started(exit_with_handlers, NULL)));
	show("ran %d: %d %d", cleaned, order[0], order[1]);
}

static void *spin_asynchronously(void *argument)
{
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	ready = 1;
	for (volatile long i = 0;; i++)
		;
	return argument;
}

CASE(computing_thread_is_cancelled_asynchronously)
{
	cancel_in(spin_asynchronously, NULL);
}

static void *test_cancel(void *argument)
{
	ready = 1;
	for (;;)
		pthread_testcancel();
	return argument;
}

CASE(test_cancel_is_where_a_computing_thread_ends)
{
	cancel_in(test_cancel, NULL);
}

static volatile int stage;

static void *disable(void *argument)
{
	int old;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	ready = old == PTHREAD_CANCEL_ENABLE ? 1 : 2;
	AWAIT(stage == 1);
	pthread_testcancel();
	stage = 2;
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	pthread_testcancel();
	stage = 3;
	return argument;
}

CASE(disabled_cancellation_waits)
{
	reset();
	stage = 0;
	pthread_t thread = started(disable, NULL);
	AWAIT(ready);
	ERROR(pthread_cancel(thread));
	stage = 1;
	show_cancelled(thread);
	show("was enabled %d, reached %d", ready == 1, stage);
}

static void *join_other(void *argument)
{
	ready = 1;
	pthread_join(*(pthread_t *)argument, NULL);
	return NULL;
}

CASE(join_is_cancelled)
{
	pthread_t sleeper = started(sleep_long, NULL);
	AWAIT(ready);
	cancel_in(join_other, &sleeper);
	pthread_cancel(sleeper);
	show_cancelled(sleeper);
}

static void *wait_child(void *argument)
{
	int status;
	ready = 1;
	waitpid(*(pid_t *)argument, &status, 0);
	return NULL;
}

CASE(wait_for_a_child_is_cancelled)
{
	pid_t child = forked();
	if (child == 0) {
		pause();
		_exit(0);
	}
	cancel_in(wait_child, &child);
	kill(child, SIGKILL);
	show_end("child", child);
}

static void *store_at_end(void *argument)
{
	pthread_cleanup_push(note_cleanup, (void *)1);
	ready = 1;
	sleep(100);
	pthread_cleanup_pop(0);
	return argument;
}

CASE(many_threads_are_cancelled_at_once)
{
	pthread_t threads[20];
	int cancelled = 0;
	for (size_t i = 0; i < COUNT(threads); i++)
		threads[i] = started(store_at_end, NULL);
	for (size_t i = 0; i < COUNT(threads); i++)
		REQUIRE(pthread_cancel(threads[i]) == 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		cancelled += joined(threads[i]) == PTHREAD_CANCELED;
	show("cancelled %d", cancelled);
}
