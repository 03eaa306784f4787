/* sigaction(2), sigprocmask(2), sigqueue(3), sigtimedwait(2), kill(2) in a process of one thread. */
#include "check.h"

#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/ucontext.h>
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

CASE(raise_runs_the_handler_before_it_returns)
{
	counts[SIGUSR1] = 0;
	handle(SIGUSR1, record, 0);
	RESULT(raise(SIGUSR1));
	show("count %d, code is SI_TKILL %d, from us %d", counts[SIGUSR1], last.si_code == SI_TKILL,
	     last.si_pid == getpid());
}

CASE(kill_names_its_sender)
{
	handle(SIGUSR1, record, 0);
	RESULT(kill(getpid(), SIGUSR1));
	show("code is SI_USER %d, from us %d, user %u", last.si_code == SI_USER, last.si_pid == getpid(), last.si_uid);
}

CASE(old_action_is_returned)
{
	struct sigaction before, now;
	handle(SIGUSR2, record, SA_RESTART | SA_NODEFER);
	RESULT(sigaction(SIGUSR2, NULL, &before));
	show("handler right %d, flags %d %d %d", before.sa_sigaction == record, (before.sa_flags & SA_SIGINFO) != 0,
	     (before.sa_flags & SA_RESTART) != 0, (before.sa_flags & SA_NODEFER) != 0);
	before.sa_handler = SIG_IGN;
	RESULT(sigaction(SIGUSR2, &before, &now));
	RESULT(raise(SIGUSR2));
	signal(SIGUSR2, SIG_DFL);
}

CASE(some_signals_cannot_be_handled)
{
	struct sigaction action = {.sa_handler = SIG_IGN};
	RESULT(sigaction(SIGKILL, &action, NULL));
	RESULT(sigaction(SIGSTOP, &action, NULL));
	RESULT(sigaction(0, &action, NULL));
	RESULT(sigaction(65, &action, NULL));
	RESULT(sigaction(SIGKILL, NULL, &action));
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

CASE(mask_operations)
{
	sigset_t set = set_of(SIGUSR1), now;
	sigaddset(&set, SIGKILL);
	RESULT(sigprocmask(SIG_SETMASK, &set, NULL));
	RESULT(sigprocmask(SIG_BLOCK, NULL, &now));
	show("SIGUSR1 %d, SIGKILL %d", sigismember(&now, SIGUSR1), sigismember(&now, SIGKILL));
	RESULT(sigprocmask(99, &set, NULL));
	RESULT(sigprocmask(99, NULL, &now));
	sigemptyset(&set);
	RESULT(sigprocmask(SIG_SETMASK, &set, &now));
	show("SIGUSR1 was blocked %d", sigismember(&now, SIGUSR1));
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

static void nested(int number, siginfo_t *info, void *context)
{
	sigset_t now;
	(void)info;
	(void)context;
	sigprocmask(SIG_SETMASK, NULL, &now);
	show("%s: USR1 blocked %d, USR2 blocked %d", signal_name(number), sigismember(&now, SIGUSR1),
	     sigismember(&now, SIGUSR2));
	if (number == SIGUSR1)
		raise(SIGUSR2);
	show("%s ends", signal_name(number));
}

CASE(handler_blocks_itself_and_its_mask)
{
	struct sigaction action = {.sa_sigaction = nested, .sa_flags = SA_SIGINFO};
	sigemptyset(&action.sa_mask);
	sigaddset(&action.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &action, NULL);
	handle(SIGUSR2, nested, SA_NODEFER);
	raise(SIGUSR1);
	sigset_t now;
	sigprocmask(SIG_SETMASK, NULL, &now);
	show("afterwards: USR1 blocked %d, USR2 blocked %d", sigismember(&now, SIGUSR1), sigismember(&now, SIGUSR2));
}

CASE(handlers_can_nest)
{
	handle(SIGUSR1, nested, 0);
	handle(SIGUSR2, nested, 0);
	raise(SIGUSR1);
}

CASE(reset_hand_is_for_once)
{
	struct sigaction now;
	counts[SIGUSR1] = 0;
	handle(SIGUSR1, record, SA_RESETHAND);
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &now);
	show("count %d, default again %d", counts[SIGUSR1], now.sa_handler == SIG_DFL);
}

static void block_on_return(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	sigaddset(&((ucontext_t *)context)->uc_sigmask, SIGUSR2);
}

CASE(mask_in_the_context_holds_after_return)
{
	sigset_t now, none;
	handle(SIGUSR1, block_on_return, 0);
	raise(SIGUSR1);
	sigprocmask(SIG_SETMASK, NULL, &now);
	show("USR2 blocked %d", sigismember(&now, SIGUSR2));
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

CASE(kill_checks_its_arguments)
{
	RESULT(kill(getpid(), 0));
	RESULT(kill(getpid(), 65));
	RESULT(kill(getpid(), -1));
	RESULT(kill(0x3fffffff, 0));
	RESULT(syscall(SYS_tgkill, getpid(), getpid(), 0));
	RESULT(syscall(SYS_tgkill, getpid(), 0x3fffffff, 0));
	RESULT(syscall(SYS_tgkill, -1, 1, 0));
	RESULT(syscall(SYS_tkill, getpid(), 0));
}

CASE(harmless_signals_are_ignored_by_default)
{
	RESULT(raise(SIGCHLD));
	RESULT(raise(SIGURG));
	RESULT(raise(SIGWINCH));
	RESULT(raise(SIGCONT));
}

CASE(alarm_returns_what_was_left)
{
	counts[SIGALRM] = 0;
	handle(SIGALRM, record, 0);
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

CASE(ten_thousand_signals_are_handled)
{
	counts[SIGUSR1] = 0;
	handle(SIGUSR1, record, 0);
	for (int i = 0; i < 10000; i++)
		raise(SIGUSR1);
	show("count %d", counts[SIGUSR1]);
}

ENDS(terminate_kills, 143)
{
	show("before");
	raise(SIGTERM);
}

ENDS(kill_kills, 137)
{
	show("before");
	kill(getpid(), SIGKILL);
	pause();
}

ENDS(user_signal_kills, 138)
{
	show("before");
	kill(getpid(), SIGUSR1);
}

ENDS(alarm_kills_a_sleeper, 142)
{
	struct itimerval timer = {.it_value = {0, 50000}};
	show("before");
	setitimer(ITIMER_REAL, &timer, NULL);
	sleep(20);
}

ENDS(real_time_signal_kills, 162)
{
	show("before");
	raise(34);
	syscall(SYS_tgkill, getpid(), getpid(), 34);
}

ENDS(unblocking_kills, 130)
{
	sigset_t set = set_of(SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGINT);
	show("still alive");
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	show("never printed");
}
