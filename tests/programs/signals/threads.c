/* pthread_kill(3), pthread_sigmask(3), signal(7): which thread gets a signal. */
#include "thread.h"

#include <sys/syscall.h>

static volatile int caught[65], catcher, ready, go;

static void note(int number)
{
	/* Whoever waits for the count looks at the catcher next. */
	catcher = gettid();
	caught[number]++;
}

static void catch_with(int number, int flags)
{
	struct sigaction action = {.sa_handler = note, .sa_flags = flags};
	REQUIRE(sigaction(number, &action, NULL) == 0);
	caught[number] = 0;
	catcher = 0;
}

struct waiter {
	volatile int tid, blocked, go;
	int block;
};

static void *wait_here(void *argument)
{
	struct waiter *waiter = argument;
	if (waiter->block)
		block(waiter->block);
	waiter->tid = gettid();
	AWAIT(waiter->go);
	return NULL;
}

static void *spin_here(void *argument)
{
	struct waiter *waiter = argument;
	if (waiter->block)
		block(waiter->block);
	waiter->tid = gettid();
	while (!waiter->go)
		;
	return NULL;
}

CASE(signal_to_a_thread_is_handled_by_it)
{
	struct waiter waiter = {.block = 0};
	catch_with(SIGUSR1, 0);
	pthread_t thread = started(wait_here, &waiter);
	AWAIT(waiter.tid);
	ERROR(pthread_kill(thread, SIGUSR1));
	AWAIT(caught[SIGUSR1]);
	show("by it %d, times %d", catcher == waiter.tid, caught[SIGUSR1]);
	waiter.go = 1;
	joined(thread);
}

CASE(signal_to_a_computing_thread_is_handled_by_it)
{
	struct waiter waiter = {.block = 0};
	catch_with(SIGUSR1, 0);
	pthread_t thread = started(spin_here, &waiter);
	AWAIT(waiter.tid);
	ERROR(pthread_kill(thread, SIGUSR1));
	AWAIT(caught[SIGUSR1]);
	show("by it %d", catcher == waiter.tid);
	waiter.go = 1;
	joined(thread);
}

CASE(signal_to_the_process_goes_to_a_thread_that_does_not_block_it)
{
	struct waiter waiter = {.block = 0};
	catch_with(SIGUSR1, 0);
	pthread_t thread = started(wait_here, &waiter);
	AWAIT(waiter.tid);
	block(SIGUSR1);
	RESULT(kill(getpid(), SIGUSR1));
	AWAIT(caught[SIGUSR1]);
	show("by the other %d", catcher == waiter.tid);
	waiter.go = 1;
	joined(thread);
	unblock(SIGUSR1);
}

CASE(signal_to_the_process_goes_to_a_computing_thread_too)
{
	struct waiter waiter = {.block = 0};
	catch_with(SIGUSR1, 0);
	pthread_t thread = started(spin_here, &waiter);
	AWAIT(waiter.tid);
	block(SIGUSR1);
	RESULT(kill(getpid(), SIGUSR1));
	AWAIT(caught[SIGUSR1]);
	show("by the other %d", catcher == waiter.tid);
	waiter.go = 1;
	joined(thread);
	unblock(SIGUSR1);
}

CASE(signal_that_all_block_goes_to_the_first_that_unblocks_it)
{
	struct waiter waiter = {.block = SIGUSR1};
	sigset_t pending;
	catch_with(SIGUSR1, 0);
	block(SIGUSR1);
	pthread_t thread = started(wait_here, &waiter);
	AWAIT(waiter.tid);
	kill(getpid(), SIGUSR1);
	sigpending(&pending);
	show("pending %d, caught %d", sigismember(&pending, SIGUSR1), caught[SIGUSR1]);
	unblock(SIGUSR1);
	show("by main %d, times %d", catcher == gettid(), caught[SIGUSR1]);
	waiter.go = 1;
	joined(thread);
}

static void *pending_here(void *argument)
{
	sigset_t pending;
	sigpending(&pending);
	*(int *)argument = sigismember(&pending, SIGUSR1) + sigismember(&pending, SIGUSR2) * 2;
	return NULL;
}

CASE(pending_signals_of_a_thread_are_its_own)
{
	int other = -1;
	sigset_t pending;
	catch_with(SIGUSR1, 0);
	catch_with(SIGUSR2, 0);
	block(SIGUSR1);
	block(SIGUSR2);
	pthread_kill(pthread_self(), SIGUSR1);
	kill(getpid(), SIGUSR2);
	joined(started(pending_here, &other));
	sigpending(&pending);
	show("thread sees %d, main sees %d", other, sigismember(&pending, SIGUSR1) + sigismember(&pending, SIGUSR2) * 2);
	unblock(SIGUSR1);
	unblock(SIGUSR2);
	show("caught %d %d", caught[SIGUSR1], caught[SIGUSR2]);
}

static void *raise_blocked(void *argument)
{
	block(SIGUSR1);
	pthread_kill(pthread_self(), SIGUSR1);
	return argument;
}

CASE(pending_signal_of_a_thread_dies_with_it)
{
	sigset_t pending;
	catch_with(SIGUSR1, 0);
	joined(started(raise_blocked, NULL));
	sigpending(&pending);
	show("pending %d, caught %d", sigismember(&pending, SIGUSR1), caught[SIGUSR1]);
}

CASE(mask_belongs_to_the_thread)
{
	struct waiter waiter = {.block = SIGUSR2};
	pthread_t thread = started(wait_here, &waiter);
	AWAIT(waiter.tid);
	show("main blocks it %d", is_blocked(SIGUSR2));
	waiter.go = 1;
	joined(thread);
	ERROR(pthread_sigmask(77, &(sigset_t){0}, NULL));
}

static void *take_signals(void *argument)
{
	sigset_t set = set_of(SIGUSR1);
	int number = 0;
	sigaddset(&set, SIGUSR2);
	ready = 1;
	for (int i = 0; i < 4; i++) {
		sigwait(&set, &number);
		((volatile int *)argument)[i] = number;
		__atomic_add_fetch(&go, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

CASE(one_thread_takes_the_signals_of_the_process)
{
	volatile int numbers[4] = {0};
	ready = go = 0;
	block(SIGUSR1);
	block(SIGUSR2);
	pthread_t thread = started(take_signals, (void *)numbers);
	for (int i = 0; i < 4; i++) {
		kill(getpid(), i % 2 ? SIGUSR2 : SIGUSR1);
		AWAIT(go == i + 1);
	}
	joined(thread);
	show("%s %s %s %s", signal_name(numbers[0]), signal_name(numbers[1]), signal_name(numbers[2]), signal_name(numbers[3]));
	unblock(SIGUSR1);
	unblock(SIGUSR2);
}

static void *take_one(void *argument)
{
	sigset_t set = set_of(SIGRTMIN + 1);
	siginfo_t info;
	/* Another thread may take the signal that this one was woken for. */
	while (sigwaitinfo(&set, &info) == -1)
		REQUIRE(errno == EINTR);
	__atomic_add_fetch((int *)argument, info.si_value.sival_int, __ATOMIC_SEQ_CST);
	return NULL;
}

CASE(queued_signals_are_shared_out_among_waiting_threads)
{
	int sum = 0;
	pthread_t threads[5];
	block(SIGRTMIN + 1);
	for (int i = 0; i < 5; i++)
		threads[i] = started(take_one, &sum);
	for (int i = 0; i < 5; i++)
		REQUIRE(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 1 << i}) == 0);
	for (int i = 0; i < 5; i++)
		joined(threads[i]);
	show("sum %d", sum);
	unblock(SIGRTMIN + 1);
}

static void *take_value(void *argument)
{
	sigset_t set = set_of(SIGUSR1);
	siginfo_t info;
	ready = gettid();
	sigwaitinfo(&set, &info);
	*(int *)argument = info.si_code == SI_QUEUE ? info.si_value.sival_int : -1;
	return NULL;
}

CASE(value_is_queued_to_a_thread)
{
	int value = 0;
	ready = 0;
	block(SIGUSR1);
	pthread_t thread = started(take_value, &value);
	AWAIT(ready);
	siginfo_t sent = {.si_signo = SIGUSR1, .si_code = SI_QUEUE};
	sent.si_value.sival_int = 99;
	RESULT(syscall(SYS_rt_tgsigqueueinfo, getpid(), ready, SIGUSR1, &sent));
	joined(thread);
	show("value %d", value);
	unblock(SIGUSR1);
}

static void *write_to_closed(void *argument)
{
	*(int *)argument = (int)write(((int *)argument)[1], "x", 1);
	return NULL;
}

CASE(broken_pipe_signals_the_thread_that_writes)
{
	int ends[2], arguments[2];
	catch_with(SIGPIPE, 0);
	REQUIRE(pipe(ends) == 0);
	close(ends[0]);
	arguments[1] = ends[1];
	block(SIGPIPE);
	joined(started(write_to_closed, arguments));
	show("caught by nobody, both block it: %d", caught[SIGPIPE]);
	unblock(SIGPIPE);
	joined(started(write_to_closed, arguments));
	show("result %d, caught %d by another than main %d", arguments[0], caught[SIGPIPE], catcher != gettid());
	signal(SIGPIPE, SIG_DFL);
	close(ends[1]);
}

CASE(kill_of_nothing_checks_the_thread)
{
	struct waiter waiter = {.block = 0};
	pthread_t thread = started(wait_here, &waiter);
	AWAIT(waiter.tid);
	ERROR(pthread_kill(thread, 0));
	ERROR(pthread_kill(thread, 65));
	RESULT(syscall(SYS_tgkill, getpid(), waiter.tid, 0));
	RESULT(syscall(SYS_tkill, waiter.tid, 0));
	RESULT(syscall(SYS_tgkill, getppid(), waiter.tid, 0));
	RESULT(kill(waiter.tid, 0));
	waiter.go = 1;
	joined(thread);
	AWAIT(syscall(SYS_tgkill, getpid(), waiter.tid, 0) == -1);
	show("%s", error_name(errno));
}

static void *ignore_signal(void *argument)
{
	signal(SIGUSR2, SIG_IGN);
	return argument;
}

CASE(dispositions_are_common_to_all_threads)
{
	struct sigaction now;
	catch_with(SIGUSR2, 0);
	joined(started(ignore_signal, NULL));
	sigaction(SIGUSR2, NULL, &now);
	show("ignored here too %d", now.sa_handler == SIG_IGN);
	signal(SIGUSR2, SIG_DFL);
}

static void *bombard(void *argument)
{
	for (int i = 0; i < 20; i++) {
		int before = caught[SIGUSR1];
		pthread_kill(*(pthread_t *)argument, SIGUSR1);
		while (caught[SIGUSR1] == before)
			sched_yield();
	}
	return NULL;
}

CASE(no_signal_is_lost_if_each_is_awaited)
{
	pthread_t target = pthread_self();
	catch_with(SIGUSR1, SA_RESTART);
	pthread_t thread = started(bombard, &target);
	volatile long work = 0;
	while (caught[SIGUSR1] < 20)
		work++;
	joined(thread);
	show("caught %d by main %d", caught[SIGUSR1], catcher == gettid());
}

ENDS(signal_to_a_thread_without_a_handler_ends_the_process, 128 + SIGUSR2)
{
	struct waiter waiter = {.block = 0};
	pthread_t thread = started(wait_here, &waiter);
	show("before");
	signal(SIGUSR2, SIG_DFL);
	pthread_kill(thread, SIGUSR2);
	for (;;)
		pause();
}
