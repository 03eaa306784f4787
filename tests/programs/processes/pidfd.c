/* pidfd_open(2), pidfd_send_signal(2), pidfd_getfd(2), poll(2) on a pidfd. */
#include "process.h"

#include <poll.h>
#include <sys/epoll.h>

#ifndef PIDFD_NONBLOCK
#define PIDFD_NONBLOCK O_NONBLOCK
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static int pidfd_of(pid_t process)
{
	int descriptor = (int)syscall(SYS_pidfd_open, process, 0);
	REQUIRE(descriptor >= 0);
	return descriptor;
}

static pid_t waits(void)
{
	pid_t child = forked();
	if (child == 0)
		for (;;)
			pause();
	return child;
}

static long send_signal(int descriptor, int number, siginfo_t *info, unsigned flags)
{
	return syscall(SYS_pidfd_send_signal, descriptor, number, info, flags);
}

CASE(pidfd_is_closed_on_exec)
{
	int descriptor = pidfd_of(getpid());
	RESULT(fcntl(descriptor, F_GETFD));
	RESULT(close(descriptor));
}

CASE(pidfd_open_errors)
{
	RESULT(syscall(SYS_pidfd_open, 0, 0));
	RESULT(syscall(SYS_pidfd_open, -1, 0));
	RESULT(syscall(SYS_pidfd_open, 0x3fffffff, 0));
	RESULT(syscall(SYS_pidfd_open, getpid(), 1));
}

CASE(signal_by_pidfd)
{
	pid_t child = waits();
	int descriptor = pidfd_of(child);
	RESULT(send_signal(descriptor, 0, NULL, 0));
	RESULT(send_signal(descriptor, SIGTERM, NULL, 0));
	show_end("child", child);
	RESULT(send_signal(descriptor, SIGTERM, NULL, 0));
	close(descriptor);
}

CASE(signal_by_pidfd_to_oneself_carries_information)
{
	sigset_t set = set_of(SIGUSR1);
	siginfo_t info, sent = {.si_signo = SIGUSR1, .si_code = SI_QUEUE};
	int descriptor = pidfd_of(getpid());
	sent.si_value.sival_int = 77;
	block(SIGUSR1);
	RESULT(send_signal(descriptor, SIGUSR1, &sent, 0));
	REQUIRE(sigwaitinfo(&set, &info) == SIGUSR1);
	show("queued %d, value %d", info.si_code == SI_QUEUE, info.si_value.sival_int);
	RESULT(send_signal(descriptor, SIGUSR1, NULL, 0));
	REQUIRE(sigwaitinfo(&set, &info) == SIGUSR1);
	show("by a user %d, right sender %d", info.si_code == SI_USER, info.si_pid == getpid());
	unblock(SIGUSR1);
	close(descriptor);
}

CASE(signal_by_pidfd_errors)
{
	siginfo_t sent = {.si_signo = SIGUSR2, .si_code = SI_QUEUE};
	int descriptor = pidfd_of(getpid());
	RESULT(send_signal(777, 0, NULL, 0));
	RESULT(send_signal(1, 0, NULL, 0));
	RESULT(send_signal(descriptor, 65, NULL, 0));
	RESULT(send_signal(descriptor, 0, NULL, 0x80));
	RESULT(send_signal(descriptor, SIGUSR1, &sent, 0));
	RESULT(send_signal(descriptor, SIGUSR1, (siginfo_t *)16, 0));
	close(descriptor);
}

CASE(pidfd_is_readable_when_the_process_has_ended)
{
	pid_t child = waits();
	int descriptor = pidfd_of(child);
	struct pollfd entry = {descriptor, POLLIN, 0};
	RESULT(poll(&entry, 1, 0));
	kill(child, SIGKILL);
	RESULT(poll(&entry, 1, 10000));
	show("events %#x", entry.revents & POLLIN);
	char byte;
	RESULT(read(descriptor, &byte, 1));
	RESULT(write(descriptor, "x", 1));
	show_end("child", child);
	RESULT(poll(&entry, 1, 0));
	close(descriptor);
}

CASE(poll_on_a_pidfd_wakes_up)
{
	volatile int *words = shared_words();
	pid_t child = forked();
	if (child == 0) {
		AWAIT(words[0]);
		settle();
		_exit(1);
	}
	int descriptor = pidfd_of(child), events = epoll_create1(0);
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = 5};
	RESULT(epoll_ctl(events, EPOLL_CTL_ADD, descriptor, &event));
	words[0] = 1;
	RESULT(epoll_wait(events, &event, 1, 10000));
	show("data %u", event.data.u32);
	show_end("child", child);
	close(descriptor);
	close(events);
}

CASE(wait_by_a_pidfd_that_does_not_block)
{
	siginfo_t info;
	pid_t child = waits();
	int descriptor = (int)syscall(SYS_pidfd_open, child, PIDFD_NONBLOCK);
	REQUIRE(descriptor >= 0);
	RESULT(waitid(P_PIDFD, (id_t)descriptor, &info, WEXITED));
	kill(child, SIGKILL);
	show_end("child", child);
	close(descriptor);
}

/* pidfd_getfd(2) is refused: it would hand out the proxy's own descriptors. */
DIFFERS(descriptor_is_taken_from_a_child)
CASE(descriptor_is_taken_from_a_child)
{
	volatile int *words = shared_words();
	char text[8] = "";
	pid_t child = forked();
	if (child == 0) {
		int file = patterned_file("theirs", 8);
		REQUIRE(dup2(file, 60) == 60);
		words[0] = 1;
		for (;;)
			pause();
	}
	AWAIT(words[0]);
	int descriptor = pidfd_of(child);
	int taken = (int)syscall(SYS_pidfd_getfd, descriptor, 60, 0);
	show("taken %d", taken >= 0);
	RESULT(pread(taken, text, 8, 0));
	show("intact %zu, close-on-exec %d", intact(text, 0, 8), fcntl(taken, F_GETFD));
	RESULT(syscall(SYS_pidfd_getfd, descriptor, 61, 0));
	RESULT(syscall(SYS_pidfd_getfd, descriptor, 60, 1));
	RESULT(syscall(SYS_pidfd_getfd, 777, 60, 0));
	kill(child, SIGKILL);
	show_end("child", child);
	RESULT(syscall(SYS_pidfd_getfd, descriptor, 60, 0));
	close(taken);
	close(descriptor);
}

CASE(pidfd_outlives_the_process_and_names_no_other)
{
	pid_t child = forked();
	if (child == 0)
		_exit(0);
	int descriptor = pidfd_of(child);
	show_end("child", child);
	for (int i = 0; i < 20; i++) {
		pid_t other = forked();
		if (other == 0)
			_exit(0);
		REQUIRE(waitpid(other, NULL, 0) == other);
	}
	RESULT(send_signal(descriptor, 0, NULL, 0));
	RESULT(syscall(SYS_pidfd_open, child, 0));
	close(descriptor);
}
