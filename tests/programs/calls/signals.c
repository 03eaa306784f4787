/* sigaction(2), sigprocmask(2), kill(2) in a process of one thread: handlers and masks. */
#include "check.h"

#include <sys/syscall.h>
#include <sys/ucontext.h>

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

CASE(ten_thousand_signals_are_handled)
{
	counts[SIGUSR1] = 0;
	handle(SIGUSR1, record, 0);
	for (int i = 0; i < 10000; i++)
		raise(SIGUSR1);
	show("count %d", counts[SIGUSR1]);
}
