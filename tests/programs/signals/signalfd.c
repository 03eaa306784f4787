/* signalfd(2) with threads and processes. */
#include "thread.h"

#include <poll.h>
#include <sys/signalfd.h>

static int watched(int number, int flags)
{
	sigset_t set = set_of(number);
	block(number);
	int descriptor = signalfd(-1, &set, flags);
	REQUIRE(descriptor >= 0);
	return descriptor;
}

CASE(signal_is_read_from_a_descriptor)
{
	struct signalfd_siginfo info;
	int descriptor = watched(SIGUSR1, 0);
	kill(getpid(), SIGUSR1);
	RESULT(read(descriptor, &info, sizeof info));
	show("%s, by oneself %d, SI_USER %d", signal_name((int)info.ssi_signo), (pid_t)info.ssi_pid == getpid(),
	     info.ssi_code == SI_USER);
	close(descriptor);
	unblock(SIGUSR1);
}

CASE(nothing_pending_would_block)
{
	struct signalfd_siginfo info;
	int descriptor = watched(SIGUSR1, SFD_NONBLOCK | SFD_CLOEXEC);
	show("close-on-exec %d", fcntl(descriptor, F_GETFD));
	RESULT(read(descriptor, &info, sizeof info));
	RESULT(read(descriptor, &info, 10));
	RESULT(write(descriptor, &info, sizeof info));
	close(descriptor);
	unblock(SIGUSR1);
}

CASE(several_signals_are_read_at_once)
{
	struct signalfd_siginfo infos[4];
	int descriptor = watched(SIGRTMIN + 1, SFD_NONBLOCK);
	for (int i = 0; i < 3; i++)
		sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = i * 11});
	show("whole ones %d", (int)(read(descriptor, infos, sizeof infos) / (ssize_t)sizeof *infos));
	for (int i = 0; i < 3; i++)
		show("value %d", infos[i].ssi_int);
	close(descriptor);
	unblock(SIGRTMIN + 1);
}

CASE(set_may_be_changed)
{
	struct signalfd_siginfo info;
	sigset_t set = set_of(SIGUSR2);
	int descriptor = watched(SIGUSR1, SFD_NONBLOCK);
	block(SIGUSR2);
	RESULT(signalfd(descriptor, &set, 0) == descriptor);
	raise(SIGUSR1);
	RESULT(read(descriptor, &info, sizeof info));
	raise(SIGUSR2);
	RESULT(read(descriptor, &info, sizeof info));
	show("%s", signal_name((int)info.ssi_signo));
	int number;
	set = set_of(SIGUSR1);
	sigwait(&set, &number);
	close(descriptor);
	unblock(SIGUSR1);
	unblock(SIGUSR2);
}

CASE(signalfd_errors)
{
	sigset_t set = set_of(SIGUSR1);
	RESULT(signalfd(777, &set, 0));
	RESULT(signalfd(1, &set, 0));
	RESULT(signalfd(-1, &set, 77));
	RESULT(syscall(SYS_signalfd4, -1, &set, 4, 0));
	RESULT(syscall(SYS_signalfd4, -1, 16, 8, 0));
}

CASE(end_of_a_child_is_read)
{
	struct signalfd_siginfo info;
	int descriptor = watched(SIGCHLD, 0);
	pid_t child = forked();
	if (child == 0)
		_exit(45);
	RESULT(read(descriptor, &info, sizeof info));
	show("from the child %d, CLD_EXITED %d, status %d", (pid_t)info.ssi_pid == child, info.ssi_code == CLD_EXITED, info.ssi_status);
	show_end("child", child);
	close(descriptor);
	unblock(SIGCHLD);
}

CASE(poll_waits_for_a_signal_of_a_child)
{
	int descriptor = watched(SIGUSR1, SFD_NONBLOCK);
	struct pollfd entry = {descriptor, POLLIN, 0};
	struct signalfd_siginfo info;
	pid_t parent = getpid();
	RESULT(poll(&entry, 1, 0));
	pid_t child = forked();
	if (child == 0) {
		settle();
		kill(parent, SIGUSR1);
		_exit(0);
	}
	RESULT(poll(&entry, 1, 20000));
	RESULT(read(descriptor, &info, sizeof info));
	show("from the child %d", (pid_t)info.ssi_pid == child);
	show_end("child", child);
	close(descriptor);
	unblock(SIGUSR1);
}

static void *read_descriptor(void *argument)
{
	struct signalfd_siginfo info;
	REQUIRE(read(*(int *)argument, &info, sizeof info) == sizeof info);
	return (void *)(long)info.ssi_signo;
}

CASE(thread_reads_signals_of_the_process)
{
	int descriptor = watched(SIGUSR1, 0);
	pthread_t thread = started(read_descriptor, &descriptor);
	settle();
	kill(getpid(), SIGUSR1);
	show("%s", signal_name((int)(long)joined(thread)));
	close(descriptor);
	unblock(SIGUSR1);
}

static void *read_without_waiting(void *argument)
{
	struct signalfd_siginfo info;
	return (void *)read(*(int *)argument, &info, sizeof info);
}

CASE(signal_to_another_thread_is_not_read)
{
	struct signalfd_siginfo info;
	int descriptor = watched(SIGUSR1, SFD_NONBLOCK);
	raise(SIGUSR1);
	show("another thread reads %ld", (long)joined(started(read_without_waiting, &descriptor)));
	RESULT(read(descriptor, &info, sizeof info));
	close(descriptor);
	unblock(SIGUSR1);
}

CASE(descriptor_inherited_by_a_child_reads_the_child_s_signals)
{
	struct signalfd_siginfo info;
	int descriptor = watched(SIGUSR1, SFD_NONBLOCK);
	raise(SIGUSR1);
	pid_t child = forked();
	if (child == 0) {
		RESULT(read(descriptor, &info, sizeof info));
		kill(getpid(), SIGUSR1);
		RESULT(read(descriptor, &info, sizeof info));
		_exit(0);
	}
	show_end("child", child);
	RESULT(read(descriptor, &info, sizeof info));
	close(descriptor);
	unblock(SIGUSR1);
}
