/* sigqueue(3), rt_sigqueueinfo(2), sigtimedwait(2) between processes. */
#include "process.h"

#include <sys/resource.h>

static int numbers[64], values[64], noted;

static void note(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (noted < 64) {
		numbers[noted] = number - SIGRTMIN;
		values[noted++] = info->si_value.sival_int;
	}
}

static void show_noted(void)
{
	for (int i = 0; i < noted; i++)
		show("SIGRTMIN+%d, value %d", numbers[i], values[i]);
	noted = 0;
}

CASE(signals_queued_by_a_child_keep_their_order)
{
	pid_t parent = getpid();
	handle(SIGRTMIN + 2, note, SA_RESTART);
	noted = 0;
	block(SIGRTMIN + 2);
	pid_t child = forked();
	if (child == 0) {
		for (int i = 0; i < 10; i++)
			REQUIRE(sigqueue(parent, SIGRTMIN + 2, (union sigval){.sival_int = i}) == 0);
		_exit(0);
	}
	show_end("child", child);
	unblock(SIGRTMIN + 2);
	show_noted();
}

CASE(lower_numbers_come_first)
{
	static const int order[] = {5, 1, 3, 1, 5};
	pid_t parent = getpid();
	sigset_t set = set_of(0), before;
	for (int i = 1; i <= 5; i++) {
		handle(SIGRTMIN + i, note, SA_RESTART);
		sigaddset(&set, SIGRTMIN + i);
	}
	sigprocmask(SIG_BLOCK, &set, &before);
	pid_t child = forked();
	if (child == 0) {
		for (size_t i = 0; i < COUNT(order); i++)
			sigqueue(parent, SIGRTMIN + order[i], (union sigval){.sival_int = (int)i});
		_exit(0);
	}
	show_end("child", child);
	siginfo_t info;
	for (size_t i = 0; i < COUNT(order); i++) {
		int number = sigwaitinfo(&set, &info);
		show("SIGRTMIN+%d, value %d", number - SIGRTMIN, info.si_value.sival_int);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
}

CASE(kill_of_a_real_time_signal_queues_too)
{
	pid_t parent = getpid();
	handle(SIGRTMIN + 2, note, SA_RESTART);
	noted = 0;
	block(SIGRTMIN + 2);
	pid_t child = forked();
	if (child == 0) {
		for (int i = 0; i < 3; i++)
			kill(parent, SIGRTMIN + 2);
		_exit(0);
	}
	show_end("child", child);
	unblock(SIGRTMIN + 2);
	show("came %d times", noted);
}

CASE(ordinary_signals_do_not_queue)
{
	sigset_t set = set_of(SIGUSR1);
	struct timespec now = {0, 0};
	siginfo_t info;
	block(SIGUSR1);
	for (int i = 1; i <= 3; i++)
		RESULT(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = i}));
	REQUIRE(sigwaitinfo(&set, &info) == SIGUSR1);
	show("the first one's value %d", info.si_value.sival_int);
	RESULT(sigtimedwait(&set, &info, &now));
	unblock(SIGUSR1);
}

CASE(sender_is_named)
{
	pid_t parent = getpid();
	sigset_t set = set_of(SIGUSR1);
	siginfo_t info;
	block(SIGUSR1);
	pid_t child = forked();
	if (child == 0) {
		kill(parent, SIGUSR1);
		_exit(0);
	}
	REQUIRE(sigwaitinfo(&set, &info) == SIGUSR1);
	show("kill: SI_USER %d, by the child %d, user right %d", info.si_code == SI_USER, info.si_pid == child, info.si_uid == getuid());
	show_end("child", child);
	raise(SIGUSR1);
	REQUIRE(sigwaitinfo(&set, &info) == SIGUSR1);
	show("raise: SI_TKILL %d, by oneself %d", info.si_code == SI_TKILL, info.si_pid == parent);
	sigqueue(parent, SIGUSR1, (union sigval){.sival_ptr = &set});
	REQUIRE(sigwaitinfo(&set, &info) == SIGUSR1);
	show("queue: SI_QUEUE %d, by oneself %d, pointer right %d", info.si_code == SI_QUEUE, info.si_pid == parent,
	     info.si_value.sival_ptr == &set);
	unblock(SIGUSR1);
}

CASE(raw_queueing_checks_the_sender_s_code)
{
	siginfo_t info = {.si_signo = SIGUSR1, .si_code = SI_QUEUE};
	sigset_t set = set_of(SIGUSR1);
	pid_t child = forked();
	if (child == 0)
		for (;;)
			pause();
	block(SIGUSR1);
	RESULT(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &info));
	REQUIRE(sigwaitinfo(&set, &info) == SIGUSR1);
	info.si_code = SI_USER;
	RESULT(syscall(SYS_rt_sigqueueinfo, child, SIGUSR1, &info));
	info.si_code = SI_TKILL;
	RESULT(syscall(SYS_rt_sigqueueinfo, child, SIGUSR1, &info));
	info.si_code = 5;
	RESULT(syscall(SYS_rt_sigqueueinfo, child, SIGUSR1, &info));
	info.si_code = SI_QUEUE;
	RESULT(syscall(SYS_rt_sigqueueinfo, 0x3fffffff, SIGUSR1, &info));
	RESULT(syscall(SYS_rt_sigqueueinfo, getpid(), 65, &info));
	RESULT(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, 16));
	RESULT(syscall(SYS_rt_tgsigqueueinfo, getpid(), 0, SIGUSR1, &info));
	RESULT(syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), 0, &info));
	RESULT(syscall(SYS_rt_sigqueueinfo, child, SIGUSR1, &info));
	unblock(SIGUSR1);
	show_end("child", child);
}

CASE(queue_is_limited)
{
	pid_t child = forked();
	if (child == 0) {
		struct rlimit limit = {20, 20};
		sigset_t set = set_of(SIGRTMIN + 1);
		struct timespec now = {0, 0};
		int sent = 0, received = 0;
		if (getuid() == 0)
			REQUIRE(setresuid(60124, 60124, 60124) == 0);
		REQUIRE(setrlimit(RLIMIT_SIGPENDING, &limit) == 0);
		block(SIGRTMIN + 1);
		while (sent < 100 && sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = sent}) == 0)
			sent++;
		show("%s after the limit %d", error_name(errno), sent > 10 && sent <= 20);
		RESULT(kill(getpid(), SIGRTMIN + 1));
		while (sigtimedwait(&set, NULL, &now) > 0)
			received++;
		show("received no more than sent %d", received >= sent - 1 && received <= sent + 1);
		_exit(0);
	}
	show_end("child", child);
}

CASE(wait_with_a_time_out)
{
	sigset_t set = set_of(SIGUSR1);
	struct timespec short_time = {0, 20000000}, wrong = {0, 1000000000}, negative = {-1, 0};
	pid_t parent = getpid();
	block(SIGUSR1);
	RESULT(sigtimedwait(&set, NULL, &short_time));
	RESULT(sigtimedwait(&set, NULL, &wrong));
	RESULT(sigtimedwait(&set, NULL, &negative));
	RESULT(syscall(SYS_rt_sigtimedwait, &set, NULL, &short_time, 4));
	RESULT(syscall(SYS_rt_sigtimedwait, 16, NULL, &short_time, 8));
	pid_t child = forked();
	if (child == 0) {
		settle();
		kill(parent, SIGUSR1);
		_exit(0);
	}
	struct timespec long_time = {100, 0};
	show("%s", signal_name(sigtimedwait(&set, NULL, &long_time)));
	show_end("child", child);
	unblock(SIGUSR1);
}

static volatile int nested, depth, deepest;

static void nest(int number)
{
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (number == SIGUSR1)
		raise(SIGUSR2);
	nested++;
	depth--;
}

CASE(handlers_nest_unless_masked)
{
	struct sigaction action = {.sa_handler = nest};
	nested = deepest = 0;
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	raise(SIGUSR1);
	show("ran %d, depth %d", nested, deepest);
	nested = deepest = 0;
	sigaddset(&action.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	show("masked: ran %d, depth %d", nested, deepest);
}

static void raise_itself(int number)
{
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (nested++ < 3)
		raise(number);
	depth--;
}

CASE(handler_may_interrupt_itself_if_asked)
{
	struct sigaction action = {.sa_handler = raise_itself, .sa_flags = SA_NODEFER};
	nested = deepest = 0;
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	show("ran %d, depth %d", nested, deepest);
	action.sa_flags = 0;
	nested = deepest = 0;
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	show("ran %d, depth %d", nested, deepest);
	action.sa_flags = SA_RESETHAND;
	nested = 5;
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &action);
	show("reset %d", action.sa_handler == SIG_DFL);
}
