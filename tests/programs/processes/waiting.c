/* wait4(2), waitpid(2), waitid(2). */
#include "process.h"

#include <sys/resource.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static volatile int caught;

static void count(int number)
{
	(void)number;
	caught++;
}

static pid_t exits_with(int status)
{
	pid_t child = forked();
	if (child == 0)
		_exit(status);
	return child;
}

static pid_t waits(void)
{
	pid_t child = forked();
	if (child == 0) {
		for (;;)
			pause();
	}
	return child;
}

static void finish(pid_t child)
{
	kill(child, SIGKILL);
	REQUIRE(waitpid(child, NULL, 0) == child);
}

CASE(status_of_an_exit)
{
	int status = -1;
	pid_t child = exits_with(255);
	show("right %d", waitpid(child, &status, 0) == child);
	show("exited %d with %d, signalled %d, stopped %d, continued %d", WIFEXITED(status), WEXITSTATUS(status),
	     WIFSIGNALED(status), WIFSTOPPED(status), WIFCONTINUED(status));
	show("word %#x", status);
}

CASE(status_of_a_killed_child)
{
	int status = -1;
	pid_t child = waits();
	kill(child, SIGTERM);
	show("right %d", waitpid(child, &status, 0) == child);
	show("exited %d, signalled %d by %s, core %d, word %#x", WIFEXITED(status), WIFSIGNALED(status),
	     signal_name(WTERMSIG(status)), WCOREDUMP(status) != 0, status);
}

CASE(status_of_a_stopped_and_continued_child)
{
	int status = -1;
	pid_t child = waits();
	kill(child, SIGSTOP);
	show("right %d", waitpid(child, &status, WUNTRACED) == child);
	show("stopped %d by %s, word %#x", WIFSTOPPED(status), signal_name(WSTOPSIG(status)), status);
	show("told once %d", waitpid(child, &status, WUNTRACED | WNOHANG));
	kill(child, SIGCONT);
	show("right %d", waitpid(child, &status, WCONTINUED) == child);
	show("continued %d, word %#x", WIFCONTINUED(status), status);
	show("told once %d", waitpid(child, &status, WCONTINUED | WNOHANG));
	finish(child);
}

CASE(stop_is_not_told_without_being_asked)
{
	int status = -1;
	siginfo_t info = {0};
	pid_t child = waits();
	kill(child, SIGSTOP);
	REQUIRE(waitid(P_PID, (id_t)child, &info, WSTOPPED | WNOWAIT) == 0);
	RESULT(waitpid(child, &status, WNOHANG));
	RESULT(waitpid(child, &status, WNOHANG | WCONTINUED));
	finish(child);
}

CASE(wait_without_hanging)
{
	pid_t child = waits();
	int status = 1234;
	RESULT(waitpid(child, &status, WNOHANG));
	show("status untouched %d", status == 1234);
	RESULT(waitpid(-1, &status, WNOHANG));
	RESULT(waitpid(0, &status, WNOHANG));
	finish(child);
}

CASE(child_is_reaped_once)
{
	pid_t child = exits_with(0);
	show("first %d", waitpid(child, NULL, 0) == child);
	RESULT(waitpid(child, NULL, 0));
	RESULT(kill(child, 0));
}

CASE(nobody_to_wait_for)
{
	RESULT(wait(NULL));
	RESULT(waitpid(-1, NULL, WNOHANG));
	RESULT(waitpid(getppid(), NULL, 0));
	RESULT(waitpid(0x3fffffff, NULL, 0));
	RESULT(waitpid(-0x3fffffff, NULL, 0));
}

CASE(bad_arguments)
{
	siginfo_t info;
	RESULT(waitpid(-1, NULL, 0x10));
	RESULT(waitpid(-1, NULL, WEXITED));
	RESULT(waitpid((pid_t)0x80000000, NULL, 0));
	RESULT(waitid(P_ALL, 0, &info, 0));
	RESULT(waitid(P_ALL, 0, &info, WNOHANG));
	RESULT(waitid(P_ALL, 0, &info, WEXITED | 0x100));
	RESULT(waitid(17, 0, &info, WEXITED));
	RESULT(waitid(P_PID, 0, &info, WEXITED));
	RESULT(waitid(P_PID, (id_t)-1, &info, WEXITED));
	RESULT(waitid(P_PGID, (id_t)-1, &info, WEXITED));
	RESULT(waitid(P_PIDFD, (id_t)-1, &info, WEXITED));
	RESULT(waitid(P_PIDFD, 777, &info, WEXITED));
	RESULT(waitid(P_PIDFD, 1, &info, WEXITED));
}

CASE(bad_status_address)
{
	pid_t child = exits_with(0);
	RESULT(waitpid(child, (int *)16, 0));
	RESULT(waitpid(child, NULL, 0));
}

static const char *cause(int code)
{
	static const char *const names[] = {"?", "CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED", "CLD_STOPPED",
					    "CLD_CONTINUED"};
	return code >= 0 && code < (int)COUNT(names) ? names[code] : "?";
}

static void show_info(const char *what, const siginfo_t *info, pid_t child)
{
	const char *status = info->si_code == CLD_EXITED ? "a number" : signal_name(info->si_status);
	show("%s: %s %s, child right %d, user right %d, status %s (%d)", what, signal_name(info->si_signo),
	     cause(info->si_code), info->si_pid == child, info->si_uid == getuid(), status, info->si_status);
}

CASE(waitid_tells_each_cause)
{
	siginfo_t info = {0};
	pid_t child = exits_with(44);
	RESULT(waitid(P_PID, (id_t)child, &info, WEXITED));
	show_info("exit", &info, child);
	child = waits();
	kill(child, SIGSTOP);
	RESULT(waitid(P_PID, (id_t)child, &info, WSTOPPED));
	show_info("stop", &info, child);
	kill(child, SIGCONT);
	RESULT(waitid(P_PID, (id_t)child, &info, WCONTINUED));
	show_info("continue", &info, child);
	kill(child, SIGKILL);
	RESULT(waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WCONTINUED));
	show_info("kill", &info, child);
}

CASE(waitid_may_leave_the_child_waitable)
{
	siginfo_t info = {0};
	pid_t child = exits_with(3);
	RESULT(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT));
	show_info("first", &info, child);
	info = (siginfo_t){0};
	RESULT(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | WNOHANG));
	show_info("second", &info, child);
	show_end("child", child);
}

CASE(waitid_without_a_change_clears_the_info)
{
	siginfo_t info;
	pid_t child = waits();
	memset(&info, 0x55, sizeof info);
	RESULT(waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG));
	show("signal %d, process %d", info.si_signo, info.si_pid);
	RESULT(waitid(P_PID, (id_t)child, NULL, WEXITED | WNOHANG));
	finish(child);
}

CASE(waitid_by_group)
{
	siginfo_t info = {0};
	pid_t first = waits(), second = waits(), other = exits_with(1);
	REQUIRE(setpgid(first, first) == 0 && setpgid(second, first) == 0);
	RESULT(waitid(P_PGID, (id_t)first, &info, WEXITED | WNOHANG));
	kill(second, SIGKILL);
	RESULT(waitid(P_PGID, (id_t)first, &info, WEXITED));
	show("second %d", info.si_pid == second);
	RESULT(waitid(P_PGID, 0, &info, WEXITED));
	show("the one in our group %d", info.si_pid == other);
	kill(-first, SIGKILL);
	show("by a negative id %d", waitpid(-first, NULL, 0) == first);
	RESULT(waitpid(-first, NULL, 0));
}

CASE(waitid_by_pidfd)
{
	siginfo_t info = {0};
	pid_t child = waits();
	int descriptor = (int)syscall(SYS_pidfd_open, child, 0);
	REQUIRE(descriptor >= 0);
	RESULT(waitid(P_PIDFD, (id_t)descriptor, &info, WEXITED | WNOHANG));
	kill(child, SIGKILL);
	RESULT(waitid(P_PIDFD, (id_t)descriptor, &info, WEXITED));
	show_info("killed", &info, child);
	RESULT(waitid(P_PIDFD, (id_t)descriptor, &info, WEXITED));
	close(descriptor);
}

CASE(raw_waitid_fills_the_usage)
{
	struct rusage usage;
	siginfo_t info = {0};
	memset(&usage, 0x55, sizeof usage);
	pid_t child = exits_with(0);
	RESULT(syscall(SYS_waitid, P_PID, child, &info, WEXITED, &usage));
	show("filled %d", usage.ru_utime.tv_sec == 0 && usage.ru_maxrss >= 0 && usage.ru_nswap == 0);
	show("info %d", info.si_pid == child);
}

CASE(wait4_tells_the_child_s_usage)
{
	struct rusage usage;
	int status;
	pid_t child = forked();
	if (child == 0) {
		char *memory = anonymous(8 << 20);
		memset(memory, 1, 8 << 20);
		struct timespec used;
		do
			clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
		while (used.tv_sec == 0 && used.tv_nsec < 60000000);
		_exit(2);
	}
	memset(&usage, 0x55, sizeof usage);
	show("right %d", wait4(child, &status, 0, &usage) == child);
	show_status("child", status);
	long used = usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_sec * 1000000 +
		    usage.ru_stime.tv_usec;
	show("time enough %d and not absurd %d, memory enough %d", used >= 50000, used < 5000000, usage.ru_maxrss >= 6 << 10);
	RESULT(wait4(-1, &status, 0, (struct rusage *)16));
}

CASE(wait_is_interrupted_by_a_handler)
{
	struct sigaction action = {.sa_handler = count};
	pid_t child = waits(), parent = getpid();
	sigaction(SIGUSR1, &action, NULL);
	pid_t sender = forked();
	if (sender == 0) {
		for (int i = 0; i < 3000; i++) {
			pause_for(5);
			if (kill(parent, SIGUSR1) != 0)
				break;
		}
		_exit(0);
	}
	RESULT(waitpid(child, NULL, 0));
	finish(sender);
	finish(child);
	signal(SIGUSR1, SIG_DFL);
}

CASE(wait_is_restarted_if_asked)
{
	struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESTART};
	volatile int *words = shared_words();
	pid_t parent = getpid();
	caught = 0;
	sigaction(SIGUSR1, &action, NULL);
	pid_t child = forked();
	if (child == 0) {
		settle();
		kill(parent, SIGUSR1);
		settle();
		words[0] = 1;
		_exit(4);
	}
	int status;
	show("right %d", waitpid(child, &status, 0) == child);
	show_status("child", status);
	show("caught %d", caught);
	signal(SIGUSR1, SIG_DFL);
}

CASE(children_are_waited_for_in_any_order)
{
	pid_t first = exits_with(1), second = exits_with(2), third = exits_with(3);
	show_end("third", third);
	show_end("first", first);
	show_end("second", second);
}

CASE(wait_for_any_gets_all)
{
	int sum = 0, found = 0, status;
	for (int i = 1; i <= 20; i++)
		exits_with(i);
	while (wait(&status) > 0) {
		found++;
		sum += WEXITSTATUS(status);
	}
	show("found %d, sum %d, then %s", found, sum, error_name(errno));
}

CASE(children_of_children_are_not_ours)
{
	volatile int *words = shared_words();
	pid_t child = forked();
	if (child == 0) {
		words[0] = exits_with(0);
		AWAIT(words[1]);
		show_end("grandchild", words[0]);
		_exit(0);
	}
	AWAIT(words[0]);
	RESULT(waitpid(words[0], NULL, 0));
	words[1] = 1;
	show_end("child", child);
}

CASE(zombie_can_be_signalled_and_stays)
{
	pid_t child = exits_with(9);
	AWAIT(ended(child));
	RESULT(kill(child, 0));
	RESULT(kill(child, SIGKILL));
	show("group still known %d", getpgid(child) == getpgrp());
	RESULT(setpgid(child, child));
	show_end("child", child);
}
