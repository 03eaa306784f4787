/* SIGCHLD: sigaction(2) with SA_NOCLDWAIT and SA_NOCLDSTOP, and what siginfo says of each cause. */
#include "process.h"

static volatile int caught;
static siginfo_t last;

static void record(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	last = *info;
	caught++;
}

static void catch_with(int flags)
{
	caught = 0;
	memset(&last, 0, sizeof last);
	handle(SIGCHLD, record, flags);
}

static pid_t waits(void)
{
	pid_t child = forked();
	if (child == 0)
		for (;;)
			pause();
	return child;
}

static void finish(pid_t child)
{
	kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) == -1 && errno == EINTR)
		;
}

static void show_last(pid_t child)
{
	static const char *const causes[] = {"?", "CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED", "CLD_STOPPED",
					     "CLD_CONTINUED"};
	int code = last.si_code;
	show("%s %s, status %d, from the child %d, user right %d", signal_name(last.si_signo),
	     code > 0 && code < (int)COUNT(causes) ? causes[code] : "?", last.si_status, last.si_pid == child,
	     last.si_uid == getuid());
}

CASE(exit_is_told)
{
	catch_with(SA_RESTART);
	pid_t child = forked();
	if (child == 0)
		_exit(77);
	AWAIT(caught);
	show_last(child);
	show_end("child", child);
	show("caught %d", caught);
}

CASE(death_by_a_signal_is_told)
{
	catch_with(SA_RESTART);
	pid_t child = waits();
	kill(child, SIGTERM);
	AWAIT(caught);
	show_last(child);
	show_end("child", child);
}

CASE(stop_and_continue_are_told)
{
	catch_with(SA_RESTART);
	pid_t child = waits();
	kill(child, SIGSTOP);
	AWAIT(caught == 1);
	show_last(child);
	kill(child, SIGCONT);
	AWAIT(caught == 2);
	show_last(child);
	kill(child, SIGKILL);
	AWAIT(caught == 3);
	show_last(child);
	finish(child);
}

CASE(stop_is_not_told_if_not_wanted)
{
	int status = 0;
	catch_with(SA_RESTART | SA_NOCLDSTOP);
	pid_t child = waits();
	kill(child, SIGSTOP);
	show("stopped %d", waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
	kill(child, SIGCONT);
	show("continued %d", waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status));
	show("caught %d", caught);
	kill(child, SIGKILL);
	AWAIT(caught);
	show_last(child);
	finish(child);
}

CASE(no_zombies_if_not_wanted)
{
	catch_with(SA_RESTART | SA_NOCLDWAIT);
	pid_t child = forked();
	if (child == 0)
		_exit(6);
	AWAIT(caught);
	show_last(child);
	RESULT(waitpid(child, NULL, 0));
	signal(SIGCHLD, SIG_DFL);
}

CASE(default_disposition_leaves_zombies)
{
	signal(SIGCHLD, SIG_DFL);
	pid_t child = forked();
	if (child == 0)
		_exit(6);
	AWAIT(ended(child));
	show_end("child", child);
}

CASE(blocked_ends_are_told_once)
{
	sigset_t pending;
	catch_with(SA_RESTART);
	block(SIGCHLD);
	pid_t children[3];
	for (int i = 0; i < 3; i++) {
		children[i] = forked();
		if (children[i] == 0)
			_exit(i);
		AWAIT(ended(children[i]));
	}
	sigpending(&pending);
	show("pending %d", sigismember(&pending, SIGCHLD));
	unblock(SIGCHLD);
	show("caught %d", caught);
	show_last(children[0]);
	for (int i = 0; i < 3; i++)
		show_end("child", children[i]);
}

CASE(wait_takes_the_pending_signal_along)
{
	sigset_t set = set_of(SIGCHLD);
	struct timespec now = {0, 0};
	siginfo_t info;
	catch_with(SA_RESTART);
	block(SIGCHLD);
	pid_t child = forked();
	if (child == 0)
		_exit(5);
	show_end("child", child);
	show("signal still pending %d", sigtimedwait(&set, &info, &now) == SIGCHLD);
	show("from the child %d, status %d", info.si_pid == child, info.si_status);
	unblock(SIGCHLD);
}

static volatile int reaped, reaped_sum;

static void reap(int number)
{
	int status, saved = errno;
	(void)number;
	while (waitpid(-1, &status, WNOHANG) > 0) {
		reaped_sum += WEXITSTATUS(status);
		reaped++;
	}
	errno = saved;
}

CASE(handler_reaps_all_children)
{
	struct sigaction action = {.sa_handler = reap, .sa_flags = SA_RESTART};
	sigaction(SIGCHLD, &action, NULL);
	reaped = reaped_sum = 0;
	for (int i = 1; i <= 20; i++) {
		pid_t child = forked();
		if (child == 0)
			_exit(i);
	}
	AWAIT(reaped == 20);
	show("reaped %d, sum %d", reaped, reaped_sum);
	signal(SIGCHLD, SIG_DFL);
}

CASE(handler_runs_before_a_blocked_wait_returns)
{
	sigset_t none;
	sigemptyset(&none);
	catch_with(0);
	block(SIGCHLD);
	pid_t child = forked();
	if (child == 0)
		_exit(8);
	RESULT(sigsuspend(&none));
	show("caught %d", caught);
	show_last(child);
	show_end("child", child);
	unblock(SIGCHLD);
}

CASE(stopped_child_that_is_killed_is_told_as_killed)
{
	int status;
	pid_t child = waits();
	signal(SIGCHLD, SIG_DFL);
	kill(child, SIGSTOP);
	REQUIRE(waitpid(child, &status, WUNTRACED) == child);
	kill(child, SIGKILL);
	show_end("child", child);
}

CASE(times_in_the_information_are_plausible)
{
	catch_with(SA_RESTART);
	pid_t child = forked();
	if (child == 0) {
		struct timespec used;
		do
			clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
		while (used.tv_sec == 0 && used.tv_nsec < 50000000);
		_exit(0);
	}
	AWAIT(caught);
	show("time %d", last.si_utime >= 0 && last.si_stime >= 0 && last.si_utime + last.si_stime < 300);
	show_end("child", child);
	signal(SIGCHLD, SIG_DFL);
}
