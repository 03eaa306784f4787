/*
 * Children: to start them, to meet them, to tell how they ended.
 *
 * What a child and its parent print must come in one order on every machine, so one of them waits for the other:
 * for its end, or for a word in memory that both see. Nothing may hang on who is faster.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include "check.h"

#include <sched.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

__attribute__((unused)) static void pause_for(long milliseconds)
{
	struct timespec rest = {milliseconds / 1000, milliseconds % 1000 * 1000000};
	while (nanosleep(&rest, &rest) == -1 && errno == EINTR)
		;
}

/* Lets this thread run on the first processor that it may use, whose number it answers, and on no other. */
__attribute__((unused)) static int stay_on_first_processor(void)
{
	cpu_set_t set;
	REQUIRE(sched_getaffinity(0, sizeof set, &set) == 0);
	int first = 0;
	while (!CPU_ISSET(first, &set))
		first++;
	CPU_ZERO(&set);
	CPU_SET(first, &set);
	REQUIRE(sched_setaffinity(0, sizeof set, &set) == 0);
	return first;
}

/* Long enough for another thread to block, usually; no result may depend on it. */
__attribute__((unused)) static void settle(void)
{
	pause_for(30);
}

/* Waits until `condition` holds, which must be read from memory anew. */
#define AWAIT(condition)                       \
	for (int turn_ = 0; !(condition); turn_++) { \
		REQUIRE(turn_ < 10000);        \
		pause_for(1);                  \
	}

/* Words that children share with their parent; never unmapped. */
__attribute__((unused)) static volatile int *shared_words(void)
{
	void *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(memory != MAP_FAILED);
	return memory;
}

/* fork(2) that must succeed. */
__attribute__((unused)) static pid_t forked(void)
{
	pid_t child = fork();
	REQUIRE(child >= 0);
	return child;
}

__attribute__((unused)) static void show_status(const char *what, int status)
{
	if (WIFEXITED(status))
		show("%s exits with %d", what, WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		show("%s dies of %s", what, signal_name(WTERMSIG(status)));
	else if (WIFSTOPPED(status))
		show("%s stops by %s", what, signal_name(WSTOPSIG(status)));
	else if (WIFCONTINUED(status))
		show("%s continues", what);
	else
		show("%s has status %#x", what, status);
}

/* Waits for `child` to end and prints how. */
__attribute__((unused)) static void show_end(const char *what, pid_t child)
{
	int status = 0;
	pid_t ended;
	while ((ended = waitpid(child, &status, 0)) == -1 && errno == EINTR)
		;
	if (ended != child)
		show("%s: %s", what, error_name(errno));
	else
		show_status(what, status);
}

/* The executable that runs, under a name that needs no /proc. */
__attribute__((unused)) static const char *this_program(void)
{
	return (const char *)getauxval(AT_EXECFN);
}

__attribute__((unused)) static int ended(pid_t child)
{
	siginfo_t info = {0};
	REQUIRE(waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) == 0);
	return info.si_pid == child;
}

__attribute__((unused)) static sigset_t set_of(int number)
{
	sigset_t set;
	sigemptyset(&set);
	if (number != 0)
		sigaddset(&set, number);
	return set;
}

__attribute__((unused)) static void block(int number)
{
	sigset_t set = set_of(number);
	REQUIRE(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
}

__attribute__((unused)) static void unblock(int number)
{
	sigset_t set = set_of(number);
	REQUIRE(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
}

__attribute__((unused)) static int is_blocked(int number)
{
	sigset_t set;
	REQUIRE(sigprocmask(SIG_BLOCK, NULL, &set) == 0);
	return sigismember(&set, number);
}

#endif
