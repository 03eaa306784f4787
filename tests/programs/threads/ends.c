/* _exit(2), exit(3), exit_group(2): the end of a thread and the end of all, wherever the others are. */
#include "thread.h"

#include <linux/futex.h>
#include <poll.h>

static volatile int arrived;
static pthread_t main_thread;

static void *spin(void *argument)
{
	__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
	for (volatile long i = 0;; i++)
		;
	return argument;
}

static void *wait_on_futex(void *argument)
{
	static int word;
	__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
	for (;;)
		syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	return argument;
}

static void *read_forever(void *argument)
{
	int ends[2];
	char byte;
	REQUIRE(pipe(ends) == 0);
	__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
	for (;;)
		if (read(ends[0], &byte, 1) == 1)
			break;
	return argument;
}

static void *sleep_forever(void *argument)
{
	__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
	for (;;)
		pause_for(100000);
	return argument;
}

static void *poll_forever(void *argument)
{
	__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
	for (;;)
		poll(NULL, 0, -1);
	return argument;
}

static void *wait_for_signal(void *argument)
{
	sigset_t set = set_of(SIGUSR2);
	int number;
	__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
	sigwait(&set, &number);
	return argument;
}

/* Starts `count` threads and lets them get to where they wait. */
static void crowd(void *(*body)(void *), int count)
{
	int before = arrived;
	for (int i = 0; i < count; i++)
		started(body, NULL);
	if (body == spin)
		while (arrived == before)
			sched_yield();
	else
		AWAIT(arrived == before + count);
	settle();
	show("waiting");
}

ENDS(exit_ends_computing_threads, 11)
{
	crowd(spin, 3);
	exit(11);
}

ENDS(exit_ends_threads_that_wait_for_a_futex, 12)
{
	crowd(wait_on_futex, 10);
	exit(12);
}

ENDS(exit_ends_threads_that_read, 13)
{
	crowd(read_forever, 4);
	exit(13);
}

ENDS(exit_ends_threads_that_sleep, 14)
{
	crowd(sleep_forever, 10);
	exit(14);
}

ENDS(exit_ends_threads_that_poll, 15)
{
	crowd(poll_forever, 4);
	exit(15);
}

ENDS(exit_ends_threads_that_wait_for_signals, 16)
{
	crowd(wait_for_signal, 4);
	exit(16);
}

ENDS(exit_ends_threads_of_all_kinds, 17)
{
	crowd(wait_on_futex, 3);
	crowd(read_forever, 2);
	crowd(sleep_forever, 3);
	crowd(spin, 2);
	exit(17);
}

static void *exit_all(void *argument)
{
	show("thread exits");
	exit((int)(long)argument);
}

ENDS(exit_of_any_thread_ends_the_process, 18)
{
	joined(started(exit_all, (void *)18));
	show("not reached");
}

static void *exit_raw(void *argument)
{
	syscall(SYS_exit_group, argument);
	return NULL;
}

ENDS(main_thread_in_a_read_ends_with_the_others, 19)
{
	int ends[2];
	char byte;
	REQUIRE(pipe(ends) == 0);
	started(exit_raw, (void *)19);
	while (read(ends[0], &byte, 1) != 1)
		;
}

static void *outlive(void *argument)
{
	pthread_join(main_thread, NULL);
	show("the main thread has ended");
	settle();
	show("the process goes on");
	exit((int)(long)argument);
}

ENDS(other_threads_outlive_the_main_thread, 20)
{
	main_thread = pthread_self();
	started(outlive, (void *)20);
	pthread_exit(NULL);
}

/* musl's fork(3) forgets what its pthread_exit(3) relies on. */
#ifdef __GLIBC__
static void *end_quietly(void *argument)
{
	pthread_join(main_thread, NULL);
	show("last thread ends");
	return argument;
}

CASE(end_of_the_last_thread_ends_the_process_with_0)
{
	pid_t child = forked();
	if (child == 0) {
		main_thread = pthread_self();
		started(end_quietly, NULL);
		pthread_exit(NULL);
	}
	show_end("child", child);
}
#endif

static int raw_body(void *argument)
{
	int *first = argument;
	AWAIT(__atomic_load_n(first, __ATOMIC_SEQ_CST) == 0);
	settle();
	syscall(SYS_exit, 33);
	return 0;
}

CASE(raw_exit_of_every_thread_ends_the_process)
{
	pid_t child = forked();
	if (child == 0) {
		static int leader = 1;
		syscall(SYS_set_tid_address, &leader);
		clone(raw_body, anonymous(65536) + 65536,
		      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, &leader);
		syscall(SYS_exit, 33);
	}
	show_end("child", child);
}

static void *raw_exit(void *argument)
{
	*(volatile int *)argument = gettid();
	syscall(SYS_exit, 5);
	return NULL;
}

CASE(exit_of_a_thread_ends_only_it)
{
	static volatile int thread;
	started(raw_exit, (void *)&thread);
	AWAIT(thread && syscall(SYS_tgkill, getpid(), thread, 0) == -1);
	show("thread %s, process alive", error_name(errno));
}

#ifdef __GLIBC__
static void *wait_for_word(void *argument)
{
	volatile int *words = argument;
	pthread_join(main_thread, NULL);
	words[0] = 1;
	AWAIT(words[1]);
	exit(21);
}

CASE(process_whose_leader_ended_is_not_yet_waitable)
{
	volatile int *words = shared_words();
	pid_t child = forked();
	if (child == 0) {
		main_thread = pthread_self();
		started(wait_for_word, (void *)words);
		pthread_exit(NULL);
	}
	AWAIT(words[0]);
	RESULT(waitpid(child, NULL, WNOHANG));
	words[1] = 1;
	show_end("child", child);
}
#endif

ENDS(deadly_signal_ends_all_threads, 128 + SIGTERM)
{
	crowd(wait_on_futex, 4);
	crowd(read_forever, 2);
	kill(getpid(), SIGTERM);
	for (;;)
		pause();
}

static void *crash(void *argument)
{
	*(volatile int *)argument = 1;
	return NULL;
}

ENDS(fault_of_one_thread_ends_all, 128 + SIGSEGV)
{
	crowd(sleep_forever, 3);
	started(crash, (void *)8);
	for (;;)
		pause();
}

static void *abort_in_thread(void *argument)
{
	abort();
	return argument;
}

ENDS(abort_of_one_thread_ends_all, 128 + SIGABRT)
{
	show("before");
	started(abort_in_thread, NULL);
	for (;;)
		pause();
}

static void *exit_too(void *argument)
{
	exit((int)(long)argument);
}

ENDS(threads_that_exit_at_once_agree, 22)
{
	show("before");
	for (int i = 0; i < 5; i++)
		started(exit_too, (void *)22);
	pthread_exit(NULL);
}

ENDS(killed_by_itself_with_many_threads, 128 + SIGKILL)
{
	crowd(wait_on_futex, 20);
	kill(getpid(), SIGKILL);
	pause();
}
