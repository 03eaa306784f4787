/* Signals to threads that wait: futexes, sleeps, pipes, children, with and without SA_RESTART. */
#include "thread.h"

#include <linux/futex.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/socket.h>

static volatile int caught, ready, done;

static void count(int number)
{
	(void)number;
	caught++;
}

static void catch_with(int flags)
{
	struct sigaction action = {.sa_handler = count, .sa_flags = flags};
	REQUIRE(sigaction(SIGUSR1, &action, NULL) == 0);
	caught = ready = done = 0;
}

struct call {
	long (*body)(void *);
	void *argument;
	long result;
	int error;
};

static void *make_call(void *argument)
{
	struct call *call = argument;
	ready = 1;
	errno = 0;
	call->result = call->body(call->argument);
	call->error = errno;
	done = 1;
	return NULL;
}

static void show_call(const struct call *call)
{
	if (call->result == -1)
		show("-1 %s", error_name(call->error));
	else
		show("%ld", call->result);
}

/* Signals the thread until its call ends. */
static void interrupt_with(int flags, long (*body)(void *), void *argument)
{
	struct call call = {body, argument, 0, 0};
	catch_with(flags);
	pthread_t thread = started(make_call, &call);
	AWAIT(ready);
	while (!done) {
		pause_for(5);
		if (!done)
			pthread_kill(thread, SIGUSR1);
	}
	joined(thread);
	show_call(&call);
	show("caught %d", caught > 0);
}

static void interrupt(long (*body)(void *), void *argument)
{
	interrupt_with(0, body, argument);
}

/* Signals the thread a few times, then lets its call end by `release`. */
static void restart(long (*body)(void *), void *argument, void (*release)(void *))
{
	struct call call = {body, argument, 0, 0};
	catch_with(SA_RESTART);
	pthread_t thread = started(make_call, &call);
	AWAIT(ready);
	settle();
	for (int i = 1; i <= 3; i++) {
		pthread_kill(thread, SIGUSR1);
		AWAIT(caught == i);
		show("caught %d, done %d", caught, done);
	}
	release(argument);
	joined(thread);
	show_call(&call);
}

static long read_pipe(void *argument)
{
	char byte;
	return read(((int *)argument)[0], &byte, 1);
}

static void fill_pipe(void *argument)
{
	REQUIRE(write(((int *)argument)[1], "x", 1) == 1);
}

static int ends[2];

CASE(read_of_a_thread_is_interrupted)
{
	REQUIRE(pipe(ends) == 0);
	interrupt(read_pipe, ends);
	close(ends[0]);
	close(ends[1]);
}

CASE(read_of_a_thread_is_restarted)
{
	REQUIRE(pipe(ends) == 0);
	restart(read_pipe, ends, fill_pipe);
	close(ends[0]);
	close(ends[1]);
}

static long wait_futex(void *argument)
{
	return syscall(SYS_futex, argument, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static void wake_futex(void *argument)
{
	*(volatile int *)argument = 1;
	AWAIT(syscall(SYS_futex, argument, FUTEX_WAKE, 1, NULL, NULL, 0) == 1 || done);
}

CASE(futex_wait_is_interrupted)
{
	static int word;
	interrupt(wait_futex, &word);
}

CASE(futex_wait_is_restarted)
{
	static int word;
	word = 0;
	restart(wait_futex, &word, wake_futex);
}

static long wait_futex_timed(void *argument)
{
	struct timespec time = {100, 0};
	return syscall(SYS_futex, argument, FUTEX_WAIT, 0, &time, NULL, 0);
}

CASE(futex_wait_with_a_time_out_is_interrupted)
{
	static int word;
	interrupt(wait_futex_timed, &word);
}

static struct timespec left;

static long sleep_long(void *argument)
{
	struct timespec time = {100, 0};
	(void)argument;
	return nanosleep(&time, &left);
}

CASE(sleep_is_interrupted_and_tells_what_is_left)
{
	left = (struct timespec){0, 0};
	interrupt(sleep_long, NULL);
	show("left %d", left.tv_sec > 50 && left.tv_sec < 100);
}

CASE(sleep_is_interrupted_even_with_restart)
{
	interrupt_with(SA_RESTART, sleep_long, NULL);
}

CASE(futex_wait_with_a_time_out_is_interrupted_even_with_restart)
{
	static int word;
	interrupt_with(SA_RESTART, wait_futex_timed, &word);
}

static long wait_child(void *argument)
{
	pid_t child = *(pid_t *)argument;
	pid_t result = waitpid(child, NULL, 0);
	return result == child ? 1 : result;
}

static void end_child(void *argument)
{
	kill(*(pid_t *)argument, SIGKILL);
}

static pid_t waits(void)
{
	pid_t child = forked();
	if (child == 0)
		for (;;)
			pause();
	return child;
}

CASE(wait_of_a_thread_is_interrupted)
{
	pid_t child = waits();
	interrupt(wait_child, &child);
	end_child(&child);
	show_end("child", child);
}

CASE(wait_of_a_thread_is_restarted)
{
	pid_t child = waits();
	restart(wait_child, &child, end_child);
}

static long wait_semaphore(void *argument)
{
	return sem_wait(argument);
}

static void post_semaphore(void *argument)
{
	sem_post(argument);
}

CASE(semaphore_wait_is_interrupted)
{
	sem_t semaphore;
	sem_init(&semaphore, 0, 0);
	interrupt(wait_semaphore, &semaphore);
}

CASE(semaphore_wait_is_restarted)
{
	sem_t semaphore;
	sem_init(&semaphore, 0, 0);
	restart(wait_semaphore, &semaphore, post_semaphore);
}

static long poll_pipe(void *argument)
{
	struct pollfd entry = {*(int *)argument, POLLIN, 0};
	return poll(&entry, 1, -1);
}

CASE(poll_is_interrupted_even_with_restart)
{
	REQUIRE(pipe(ends) == 0);
	interrupt_with(SA_RESTART, poll_pipe, ends);
	close(ends[0]);
	close(ends[1]);
}

static long pause_call(void *argument)
{
	(void)argument;
	return pause();
}

CASE(pause_of_a_thread_ends_with_a_handler)
{
	interrupt(pause_call, NULL);
}

static long lock_mutex(void *argument)
{
	return pthread_mutex_lock(argument);
}

static void unlock_mutex(void *argument)
{
	pthread_mutex_unlock(argument);
}

CASE(mutex_lock_is_never_interrupted)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_mutex_lock(&mutex);
	restart(lock_mutex, &mutex, unlock_mutex);
}

static long accept_socket(void *argument)
{
	return accept(*(int *)argument, NULL, NULL) >= 0 ? 0 : -1;
}

CASE(accept_is_interrupted)
{
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	struct { sa_family_t family; char name[20]; } address = {AF_UNIX, "listener"};
	unlink("listener");
	REQUIRE(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 1) == 0);
	interrupt(accept_socket, &listener);
	close(listener);
}

CASE(one_waiting_thread_is_interrupted_and_the_other_is_not)
{
	static int word;
	struct call one = {wait_futex, &word, 0, 0}, two = {wait_futex, &word, 0, 0};
	word = 0;
	catch_with(0);
	pthread_t first = started(make_call, &one), second = started(make_call, &two);
	settle();
	while (!done) {
		pause_for(5);
		if (!done)
			pthread_kill(first, SIGUSR1);
	}
	joined(first);
	show_call(&one);
	done = 0;
	wake_futex(&word);
	joined(second);
	show("other's result is no interruption %d", two.error != EINTR);
}
