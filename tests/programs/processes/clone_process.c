/* clone(2) and clone3(2) that make processes: exit signals, parents, waiting, pidfds. */
#include "process.h"

#include <poll.h>
#include <pthread.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif
#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL
#endif
#ifndef __WCLONE
#define __WCLONE 0x80000000
#endif
#ifndef __WALL
#define __WALL 0x40000000
#endif

struct arguments {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

static pid_t cloned(unsigned long flags)
{
	pid_t child = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, 0);
	REQUIRE(child >= 0);
	return child;
}

static volatile int caught[65];

static void note(int number)
{
	caught[number]++;
}

CASE(clone_without_flags_is_a_fork)
{
	pid_t child = cloned(SIGCHLD);
	if (child == 0)
		_exit(6);
	show_end("child", child);
}

CASE(exit_signal_may_be_another)
{
	caught[SIGUSR1] = caught[SIGCHLD] = 0;
	signal(SIGUSR1, note);
	signal(SIGCHLD, note);
	pid_t child = cloned(SIGUSR1);
	if (child == 0)
		_exit(7);
	int status = 0;
	AWAIT(caught[SIGUSR1]);
	RESULT(waitpid(child, &status, 0));
	show("right child %d", waitpid(child, &status, __WCLONE) == child);
	show_status("child", status);
	show("SIGUSR1 %d, SIGCHLD %d", caught[SIGUSR1], caught[SIGCHLD]);
	signal(SIGCHLD, SIG_DFL);
}

CASE(silent_child_sends_nothing)
{
	caught[SIGCHLD] = 0;
	signal(SIGCHLD, note);
	pid_t child = cloned(0);
	if (child == 0)
		_exit(8);
	int status = 0;
	RESULT(waitpid(-1, &status, WNOHANG));
	show("with __WALL %d", waitpid(child, &status, __WALL) == child);
	show_status("child", status);
	show("SIGCHLD %d", caught[SIGCHLD]);
	signal(SIGCHLD, SIG_DFL);
}

CASE(wait_for_clone_children_only)
{
	pid_t ordinary = cloned(SIGCHLD);
	if (ordinary == 0)
		_exit(1);
	pid_t other = cloned(0);
	if (other == 0)
		_exit(2);
	int status = 0;
	show("__WCLONE takes the other %d", waitpid(-1, &status, __WCLONE) == other);
	show_status("it", status);
	RESULT(waitpid(-1, &status, __WCLONE));
	show("plain wait takes the ordinary %d", waitpid(-1, &status, 0) == ordinary);
	show_status("it", status);
}

CASE(sibling_has_the_same_parent)
{
	pid_t parent = getpid();
	pid_t child = forked();
	if (child == 0) {
		pid_t sibling = cloned(CLONE_PARENT | SIGCHLD);
		if (sibling == 0)
			_exit(getppid() == parent ? 11 : 12);
		RESULT(waitpid(sibling, NULL, 0));
		_exit(10);
	}
	show_end("child", child);
	int status = 0;
	show("there is another %d", waitpid(-1, &status, 0) > 0);
	show_status("it", status);
}

CASE(ids_are_stored_in_both_memories)
{
	int parent_id = 0, child_id = 0;
	pid_t child = (pid_t)syscall(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, NULL, &parent_id,
				     &child_id, 0);
	if (child == 0)
		_exit((child_id == getpid()) + (parent_id == 0) * 2);
	show("parent's %d, child's untouched %d", parent_id == child, child_id == 0);
	show_end("child", child);
}

CASE(pidfd_comes_with_the_child)
{
	int descriptor = -1;
	pid_t child = (pid_t)syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, &descriptor, NULL, 0);
	if (child == 0)
		_exit(5);
	struct pollfd entry = {descriptor, POLLIN, 0};
	RESULT(poll(&entry, 1, 10000));
	show("readable %d, close-on-exec %d", entry.revents == POLLIN, fcntl(descriptor, F_GETFD));
	show_end("child", child);
	close(descriptor);
}

CASE(clone3_gives_pidfd_and_ids)
{
	int descriptor = -1, parent_id = 0;
	struct arguments arguments = {.flags = CLONE_PIDFD | CLONE_PARENT_SETTID, .exit_signal = SIGCHLD};
	arguments.pidfd = (uint64_t)&descriptor;
	arguments.parent_tid = (uint64_t)&parent_id;
	pid_t child = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
	if (child == 0)
		_exit(9);
	REQUIRE(child > 0);
	show("descriptor %d, id %d", descriptor >= 0, parent_id == child);
	RESULT(syscall(SYS_pidfd_send_signal, descriptor, 0, NULL, 0));
	show_end("child", child);
	RESULT(syscall(SYS_pidfd_send_signal, descriptor, 0, NULL, 0));
	close(descriptor);
}

CASE(clone3_clears_handlers)
{
	signal(SIGUSR1, note);
	signal(SIGUSR2, SIG_IGN);
	struct arguments arguments = {.flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD};
	pid_t child = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
	if (child == 0) {
		struct sigaction one, two;
		sigaction(SIGUSR1, NULL, &one);
		sigaction(SIGUSR2, NULL, &two);
		_exit((one.sa_handler == SIG_DFL) * 2 + (two.sa_handler == SIG_IGN));
	}
	REQUIRE(child > 0);
	show_end("child", child);
	signal(SIGUSR2, SIG_DFL);
}

/* Two processes with one descriptor table would need two proxies with one. */
DIFFERS(shared_descriptors_are_one_table)
CASE(shared_descriptors_are_one_table)
{
	int file = patterned_file("common-table", 5);
	pid_t child = cloned(CLONE_FILES | SIGCHLD);
	if (child == 0) {
		close(file);
		_exit(0);
	}
	show_end("child", child);
	RESULT(close(file));
}

static char stack[65536] __attribute__((aligned(16)));
static volatile int word;

static int signal_and_write(void *argument)
{
	(void)argument;
	signal(SIGUSR2, SIG_IGN);
	word = 3;
	return 2;
}

/* Processes do not share actions (CLONE_SIGHAND without CLONE_THREAD). */
DIFFERS(handlers_and_memory_are_shared_if_asked)
CASE(handlers_and_memory_are_shared_if_asked)
{
	signal(SIGUSR2, note);
	pid_t child = clone(signal_and_write, stack + sizeof stack, CLONE_VM | CLONE_SIGHAND | SIGCHLD, NULL);
	REQUIRE(child > 0);
	show_end("child", child);
	struct sigaction now;
	sigaction(SIGUSR2, NULL, &now);
	show("word %d, ignored here too %d", word, now.sa_handler == SIG_IGN);
	signal(SIGUSR2, SIG_DFL);
}

CASE(exit_signal_out_of_range)
{
	pid_t child = (pid_t)syscall(SYS_clone, 200, NULL, NULL, NULL, 0);
	if (child == 0)
		_exit(0);
	show("clone takes it %d", child > 0);
	if (child > 0)
		show("reaped %d", waitpid(child, NULL, __WALL) == child);
}

static volatile int over;

static void *asks_linux(void *nothing)
{
	char text[512];
	while (!over) {
		int file = open("/proc/self/stat", O_RDONLY);
		REQUIRE(file >= 0 && read(file, text, sizeof text) > 0);
		close(file);
	}
	return nothing;
}

/* Makes a child itself, and asks Linux for something that takes memory there. The C library does not know of this process. */
static int lives(void)
{
	int status = 0, file = open("/proc/self/stat", O_RDONLY);
	pid_t child = cloned(SIGCHLD);
	if (child == 0)
		_exit(3);
	return file >= 0 && wait4(child, &status, 0, NULL) == child && WEXITSTATUS(status) == 3 ? 4 : 5;
}

CASE(silent_children_are_made_while_other_threads_are_busy)
{
	pthread_t threads[3];
	int status, right = 0;
	over = 0;
	signal(SIGUSR2, SIG_IGN);
	for (int i = 0; i < 3; i++)
		REQUIRE(pthread_create(&threads[i], NULL, asks_linux, NULL) == 0);
	for (int i = 0; i < 100; i++) {
		pid_t child = cloned(i % 2 ? 0 : SIGUSR2);
		if (child == 0)
			_exit(lives());
		right += waitpid(child, &status, __WCLONE) == child && WIFEXITED(status) && WEXITSTATUS(status) == 4;
	}
	over = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	show("right %d", right);
}

CASE(unshare_of_what_one_has_alone_succeeds)
{
	RESULT(unshare(0));
	RESULT(unshare(CLONE_FILES));
	RESULT(unshare(CLONE_FS));
	RESULT(unshare(CLONE_THREAD));
	RESULT(unshare(CLONE_VM));
	RESULT(unshare(0x10));
}
