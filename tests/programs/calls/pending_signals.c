/* Signals that wait or are waited for: sigpending(2), sigqueue(3), sigtimedwait(2), sigsuspend(2), timers. */
#include "check.h"

#include <sys/time.h>
#include <time.h>

static volatile int counts[65];
static siginfo_t last;

static void record(int number, siginfo_t *info, void *context)
{
	(void)context;
	counts[number]++;
	last = *info;
}

static sigset_t set_of(int number)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, number);
	return set;
}

CASE(blocked_signals_wait)
{
	sigset_t set = set_of(SIGUSR1), pending;
	counts[SIGUSR1] = 0;
	handle(SIGUSR1, record, 0);
	RESULT(sigprocmask(SIG_BLOCK, &set, NULL));
	raise(SIGUSR1);
	raise(SIGUSR1);
	RESULT(sigpending(&pending));
	show("pending %d, count %d", sigismember(&pending, SIGUSR1), counts[SIGUSR1]);
	RESULT(sigprocmask(SIG_UNBLOCK, &set, NULL));
	show("count %d", counts[SIGUSR1]);
	sigpending(&pending);
	show("pending %d", sigismember(&pending, SIGUSR1));
}

CASE(ignored_signal_is_dropped_while_blocked)
{
	sigset_t set = set_of(SIGUSR1), pending;
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGUSR1, SIG_DFL);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	sigpending(&pending);
	show("pending after SIG_IGN %d", sigismember(&pending, SIGUSR1));
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	signal(SIGUSR1, SIG_DFL);
}

static volatile int order[16], order_count;

static void note(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (order_count + 1 < (int)COUNT(order)) {
		order[order_count++] = number - SIGRTMIN;
		order[order_count++] = info->si_value.sival_int;
	}
}

CASE(queued_signals_keep_number_and_order)
{
	sigset_t set = set_of(SIGRTMIN + 1);
	sigaddset(&set, SIGRTMIN + 2);
	order_count = 0;
	handle(SIGRTMIN + 1, note, 0);
	handle(SIGRTMIN + 2, note, 0);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 1; i <= 2; i++) {
		RESULT(sigqueue(getpid(), SIGRTMIN + 2, (union sigval){.sival_int = i * 10}));
		RESULT(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = i}));
	}
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	for (int i = 0; i < order_count; i += 2)
		show("real-time signal %d, value %d", order[i], order[i + 1]);
}

CASE(queued_value_arrives)
{
	handle(SIGUSR1, record, 0);
	RESULT(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 4711}));
	show("code is SI_QUEUE %d, value %d", last.si_code == SI_QUEUE, last.si_value.sival_int);
}

CASE(wait_takes_a_pending_signal)
{
	sigset_t set = set_of(SIGUSR1);
	siginfo_t info;
	struct timespec soon = {0, 20000000}, never = {0, 0};
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
	show("%s", signal_name(sigwaitinfo(&set, &info)));
	show("number in info %d", info.si_signo == SIGUSR1);
	RESULT(sigtimedwait(&set, &info, &soon));
	RESULT(sigtimedwait(&set, &info, &never));
	soon.tv_nsec = -1;
	RESULT(sigtimedwait(&set, &info, &soon));
	int number = 0;
	raise(SIGUSR1);
	RESULT(sigwait(&set, &number));
	show("%s", signal_name(number));
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

CASE(wait_takes_a_signal_that_comes_later)
{
	sigset_t set = set_of(SIGALRM);
	siginfo_t info;
	struct itimerval timer = {.it_value = {0, 50000}};
	sigprocmask(SIG_BLOCK, &set, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	show("%s", signal_name(sigwaitinfo(&set, &info)));
	show("code is SI_KERNEL %d", info.si_code == SI_KERNEL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

CASE(suspend_swaps_the_mask)
{
	sigset_t set = set_of(SIGUSR1), none, now;
	sigemptyset(&none);
	counts[SIGUSR1] = 0;
	handle(SIGUSR1, record, 0);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
	RESULT(sigsuspend(&none));
	sigprocmask(SIG_SETMASK, NULL, &now);
	show("count %d, blocked again %d", counts[SIGUSR1], sigismember(&now, SIGUSR1));
	sigprocmask(SIG_SETMASK, &none, NULL);
}

CASE(alarm_returns_what_was_left)
{
	counts[SIGALRM] = 0;
	handle(SIGALRM, record, 0);
	/* Whoever has just had the signal of a timer may find it still running, for some microseconds. */
	alarm(0);
	RESULT(alarm(100));
	show("left %d", alarm(0) >= 99);
	RESULT(alarm(0));
	struct itimerval timer = {.it_value = {10, 0}}, left;
	RESULT(setitimer(ITIMER_REAL, &timer, NULL));
	RESULT(getitimer(ITIMER_REAL, &left));
	show("left %d", left.it_value.tv_sec >= 9);
	timer.it_value.tv_sec = 0;
	RESULT(setitimer(ITIMER_REAL, &timer, &left));
	timer.it_value.tv_usec = 1000000;
	RESULT(setitimer(ITIMER_REAL, &timer, NULL));
	RESULT(setitimer(99, &timer, NULL));
	show("count %d", counts[SIGALRM]);
}

CASE(timer_sends_its_signal_and_value)
{
	timer_t timer;
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 99};
	struct itimerspec soon = {.it_value = {0, 30000000}};
	sigset_t set = set_of(SIGUSR1);
	siginfo_t info;
	sigprocmask(SIG_BLOCK, &set, NULL);
	RESULT(timer_create(CLOCK_MONOTONIC, &event, &timer));
	RESULT(timer_settime(timer, 0, &soon, NULL));
	show("%s", signal_name(sigwaitinfo(&set, &info)));
	show("code is SI_TIMER %d, value %d", info.si_code == SI_TIMER, info.si_value.sival_int);
	RESULT(timer_delete(timer));
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}
