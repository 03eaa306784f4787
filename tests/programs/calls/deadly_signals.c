/* Signals that end the process, and the status it ends with. */
#include "check.h"

#include <sys/syscall.h>
#include <sys/time.h>

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
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGINT);
	show("still alive");
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	show("never printed");
}
