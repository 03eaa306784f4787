/* signal(7), "Interruption of system calls": EINTR, SA_RESTART, and what is left of a sleep. */
#include "check.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>

/* Milliseconds until an alarm: long enough for any machine to have begun the call that is to be interrupted. */
#define SOON 200

static volatile sig_atomic_t caught;
static volatile int answer = -1;

static void on_alarm(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	(void)context;
	caught++;
	if (answer >= 0 && write(answer, "late", 4) != 4)
		_exit(SET_UP_FAILED);
}

/* SIGALRM after so many milliseconds; the handler writes to `descriptor` if that is not -1. */
static void alarm_in(int after, int flags, int descriptor)
{
	struct itimerval timer = {.it_value = {after / 1000, after % 1000 * 1000}};
	caught = 0;
	answer = descriptor;
	handle(SIGALRM, on_alarm, flags);
	REQUIRE(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

CASE(read_is_interrupted)
{
	int ends[2];
	char byte;
	REQUIRE(pipe(ends) == 0);
	alarm_in(SOON, 0, -1);
	RESULT(read(ends[0], &byte, 1));
	show("caught %d", caught);
	close(ends[0]);
	close(ends[1]);
}

CASE(read_is_restarted)
{
	int ends[2];
	char text[8] = "";
	REQUIRE(pipe(ends) == 0);
	alarm_in(SOON, SA_RESTART, ends[1]);
	RESULT(read(ends[0], text, sizeof text));
	show("caught %d, read %s", caught, text);
	close(ends[0]);
	close(ends[1]);
}

CASE(ignored_signal_does_not_interrupt)
{
	uint64_t count = 0;
	int timer = timerfd_create(CLOCK_MONOTONIC, 0);
	struct itimerspec later = {.it_value = {0, 2 * SOON * 1000000L}};
	alarm_in(SOON, 0, -1);
	signal(SIGALRM, SIG_IGN);
	REQUIRE(timerfd_settime(timer, 0, &later, NULL) == 0);
	RESULT(read(timer, &count, 8));
	show("count %lu, caught %d", count, caught);
	close(timer);
}

CASE(blocked_signal_does_not_interrupt)
{
	uint64_t count = 0;
	sigset_t set, before;
	int timer = timerfd_create(CLOCK_MONOTONIC, 0);
	struct itimerspec later = {.it_value = {0, 2 * SOON * 1000000L}};
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	REQUIRE(sigprocmask(SIG_BLOCK, &set, &before) == 0 && timerfd_settime(timer, 0, &later, NULL) == 0);
	alarm_in(SOON, 0, -1);
	RESULT(read(timer, &count, 8));
	show("count %lu, caught %d", count, caught);
	REQUIRE(sigprocmask(SIG_SETMASK, &before, NULL) == 0);
	show("caught %d after unblocking", caught);
	close(timer);
}

CASE(sleep_tells_what_is_left)
{
	struct timespec start, asked = {5, 0}, left = {0};
	clock_gettime(CLOCK_MONOTONIC, &start);
	alarm_in(SOON, SA_RESTART, -1);
	RESULT(nanosleep(&asked, &left));
	double slept = seconds_since(&start);
	double rest = (double)left.tv_sec + (double)left.tv_nsec / 1e9;
	show("caught %d, slept until the alarm %d, sum is near 5 s %d", caught, slept >= SOON * 0.0009,
	     slept + rest > 4.9 && slept + rest < 5.5);
}

CASE(clock_sleep_returns_the_error)
{
	struct timespec asked = {5, 0}, left = {0};
	alarm_in(SOON, 0, -1);
	show("%s", error_name(clock_nanosleep(CLOCK_MONOTONIC, 0, &asked, &left)));
	show("left %d", left.tv_sec >= 3);
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += 5;
	left = (struct timespec){77, 77};
	alarm_in(SOON, 0, -1);
	show("%s", error_name(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, &left)));
	show("left untouched %d", left.tv_sec == 77);
}

CASE(pause_returns_after_a_handler)
{
	alarm_in(SOON, SA_RESTART, -1);
	RESULT(pause());
	show("caught %d", caught);
}

CASE(poll_is_never_restarted)
{
	alarm_in(SOON, SA_RESTART, -1);
	RESULT(poll(NULL, 0, 5000));
	show("caught %d", caught);
}

CASE(pending_signal_interrupts_at_once)
{
	sigset_t blocked, before;
	struct timespec long_time = {30, 0};
	struct epoll_event event;
	int poller = epoll_create1(0);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGALRM);
	handle(SIGALRM, on_alarm, SA_RESTART);
	answer = -1;
	caught = 0;
	REQUIRE(sigprocmask(SIG_BLOCK, &blocked, &before) == 0);
	raise(SIGALRM);
	RESULT(ppoll(NULL, 0, &long_time, &before));
	raise(SIGALRM);
	RESULT(pselect(0, NULL, NULL, NULL, &long_time, &before));
	raise(SIGALRM);
	RESULT(epoll_pwait(poller, &event, 1, 30000, &before));
	show("caught %d, pending at last %d", caught, sigpending(&blocked) == 0 && sigismember(&blocked, SIGALRM));
	REQUIRE(sigprocmask(SIG_SETMASK, &before, NULL) == 0);
	close(poller);
}

CASE(mask_of_a_call_is_taken_back_at_a_timeout)
{
	sigset_t blocked, before, none, now;
	struct timespec short_time = {0, 20000000};
	sigemptyset(&none);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	REQUIRE(sigprocmask(SIG_BLOCK, &blocked, &before) == 0);
	RESULT(ppoll(NULL, 0, &short_time, &none));
	sigprocmask(SIG_SETMASK, &before, &now);
	show("SIGUSR1 blocked again %d", sigismember(&now, SIGUSR1));
}

CASE(select_is_never_restarted)
{
	struct timeval timeout = {5, 0};
	alarm_in(SOON, SA_RESTART, -1);
	RESULT(select(0, NULL, NULL, NULL, &timeout));
	show("caught %d, time left %d", caught, timeout.tv_sec >= 3);
}

CASE(epoll_wait_is_never_restarted)
{
	struct epoll_event event;
	int poller = epoll_create1(0);
	alarm_in(SOON, SA_RESTART, -1);
	RESULT(epoll_wait(poller, &event, 1, 5000));
	show("caught %d", caught);
	close(poller);
}

CASE(accept_is_interrupted)
{
	int server = socket(AF_INET, SOCK_STREAM, 0);
	REQUIRE(listen(server, 1) == 0);
	alarm_in(SOON, 0, -1);
	RESULT(accept(server, NULL, NULL));
	show("caught %d", caught);
	close(server);
}

CASE(receive_is_restarted)
{
	int pair[2];
	char text[8] = "";
	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	alarm_in(SOON, SA_RESTART, pair[1]);
	RESULT(recv(pair[0], text, sizeof text, 0));
	show("caught %d, received %s", caught, text);
	close(pair[0]);
	close(pair[1]);
}

CASE(receive_with_a_timeout_is_not_restarted)
{
	int pair[2];
	char byte;
	struct timeval timeout = {5, 0};
	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	REQUIRE(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) == 0);
	alarm_in(SOON, SA_RESTART, -1);
	RESULT(recv(pair[0], &byte, 1, 0));
	show("caught %d", caught);
	close(pair[0]);
	close(pair[1]);
}

CASE(write_to_a_full_pipe_is_interrupted)
{
	int ends[2];
	static char bytes[200000];
	REQUIRE(pipe(ends) == 0);
	alarm_in(SOON, 0, -1);
	RESULT(write(ends[1], bytes, sizeof bytes));
	alarm_in(SOON, 0, -1);
	RESULT(write(ends[1], bytes, 10));
	show("caught %d", caught);
	close(ends[0]);
	close(ends[1]);
}

CASE(open_of_a_fifo_is_interrupted)
{
	mkfifo("fifo", 0600);
	alarm_in(SOON, 0, -1);
	RESULT(open("fifo", O_RDONLY));
	show("caught %d", caught);
}

CASE(lock_wait_is_interrupted)
{
	int one = patterned_file("locked", 1), two = open("locked", O_RDWR);
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	REQUIRE(fcntl(one, F_OFD_SETLK, &lock) == 0);
	lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
	alarm_in(SOON, 0, -1);
	RESULT(fcntl(two, F_OFD_SETLKW, &lock));
	show("caught %d", caught);
	close(one);
	close(two);
}

CASE(repeated_interruptions_are_all_delivered)
{
	struct itimerval often = {{0, 10000}, {0, 10000}}, never = {0};
	char byte;
	int ends[2], interrupted = 0;
	REQUIRE(pipe(ends) == 0);
	alarm_in(10, 0, -1);
	REQUIRE(setitimer(ITIMER_REAL, &often, NULL) == 0);
	while (interrupted < 20)
		interrupted += read(ends[0], &byte, 1) == -1 && errno == EINTR;
	REQUIRE(setitimer(ITIMER_REAL, &never, NULL) == 0);
	show("interrupted %d, caught at least as often %d", interrupted, caught >= 20);
	close(ends[0]);
	close(ends[1]);
}

CASE(handler_may_leave_by_siglongjmp)
{
	extern sigjmp_buf interruption;
	extern void leave(int);
	int ends[2];
	char byte;
	REQUIRE(pipe(ends) == 0);
	struct itimerval timer = {.it_value = {0, SOON * 1000}};
	signal(SIGALRM, leave);
	if (sigsetjmp(interruption, 1) == 0) {
		REQUIRE(setitimer(ITIMER_REAL, &timer, NULL) == 0);
		RESULT(read(ends[0], &byte, 1));
	}
	show("left the call");
	RESULT(write(ends[1], "x", 1));
	RESULT(read(ends[0], &byte, 1));
	close(ends[0]);
	close(ends[1]);
}

sigjmp_buf interruption;
void leave(int number)
{
	(void)number;
	siglongjmp(interruption, 1);
}

CASE(handler_may_make_calls_of_its_own)
{
	int ends[2], file = patterned_file("handler", 100);
	char text[8] = "";
	REQUIRE(pipe(ends) == 0);
	alarm_in(SOON, SA_RESTART, ends[1]);
	struct pollfd entry = {ends[0], POLLIN, 0};
	while (poll(&entry, 1, 5000) == -1)
		show("%s", error_name(errno));
	RESULT(read(ends[0], text, sizeof text));
	RESULT(pread(file, text, 8, 0));
	close(ends[0]);
	close(ends[1]);
	close(file);
}

CASE(computation_is_interrupted)
{
	alarm_in(SOON, 0, -1);
	volatile unsigned long spins = 0;
	while (caught == 0)
		spins++;
	show("caught %d, spun %d", caught, spins > 0);
}

/* Interrupted is only what waits (signal(7)): not files, not locks that are free, not pipes with something in them. */
CASE(calls_that_need_not_wait_are_not_interrupted)
{
	char byte = 0;
	int pipes[2], interrupted = 0;
	struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
	int file = open("file", O_RDWR | O_CREAT, 0600);
	REQUIRE(file != -1 && pipe(pipes) == 0 && pwrite(file, "x", 1, 0) == 1);
	REQUIRE(write(pipes[1], "0123456789abcdef", 16) == 16);
	caught = 0;
	answer = -1;
	handle(SIGALRM, on_alarm, 0);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; caught < 300; i++) {
		struct pollfd ready = {.fd = pipes[0], .events = POLLIN};
		lock.l_type = i % 2 ? F_UNLCK : F_WRLCK;
		interrupted += pread(file, &byte, 1, 0) != 1;
		interrupted += pwrite(file, &byte, 1, 0) != 1;
		interrupted += fcntl(file, F_SETLKW, &lock) != 0;
		interrupted += poll(&ready, 1, -1) != 1;
		interrupted += read(pipes[0], &byte, 1) != 1;
		interrupted += write(pipes[1], &byte, 1) != 1;
		int other = open("file", O_RDONLY);
		interrupted += other == -1 || close(other) != 0;
	}
	setitimer(ITIMER_REAL, &never, NULL);
	show("interrupted %d", interrupted);
}
