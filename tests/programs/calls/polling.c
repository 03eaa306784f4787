/* poll(2), select(2), epoll(7): readiness and timeouts. */
#include "check.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>

static long milliseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

CASE(poll_tells_what_is_ready)
{
	int ends[2];
	REQUIRE(pipe(ends) == 0);
	struct pollfd files[3] = {{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}, {-1, POLLIN, 99}};
	RESULT(poll(files, 3, 0));
	show("%#x %#x %#x", files[0].revents, files[1].revents, files[2].revents);
	REQUIRE(write(ends[1], "x", 1) == 1);
	RESULT(poll(files, 3, -1));
	show("%#x %#x", files[0].revents, files[1].revents);
	close(ends[1]);
	RESULT(poll(files, 3, 0));
	show("%#x %#x", files[0].revents, files[1].revents);
	close(ends[0]);
}

CASE(poll_waits_as_long_as_asked)
{
	int ends[2];
	REQUIRE(pipe(ends) == 0);
	struct pollfd file = {ends[0], POLLIN, 0};
	long before = milliseconds();
	RESULT(poll(&file, 1, 60));
	long waited = milliseconds() - before;
	show("waited long enough %d, not much longer %d", waited >= 60, waited < 2000);
	RESULT(poll(NULL, 0, 10));
	struct timespec timeout = {0, 10000000};
	RESULT(ppoll(&file, 1, &timeout, NULL));
	timeout.tv_nsec = 1000000000;
	RESULT(ppoll(&file, 1, &timeout, NULL));
	close(ends[0]);
	close(ends[1]);
}

CASE(files_are_always_ready)
{
	int file = patterned_file("ready", 1);
	struct pollfd entry = {file, POLLIN | POLLOUT, 0};
	RESULT(poll(&entry, 1, -1));
	show("%#x", entry.revents);
	close(file);
}

CASE(select_sets_are_rewritten)
{
	int one[2], two[2];
	REQUIRE(pipe(one) == 0 && pipe(two) == 0 && write(two[1], "x", 1) == 1);
	fd_set readable, writable;
	FD_ZERO(&readable);
	FD_ZERO(&writable);
	FD_SET(one[0], &readable);
	FD_SET(two[0], &readable);
	FD_SET(one[1], &writable);
	RESULT(select(two[1] + 1, &readable, &writable, NULL, NULL));
	show("%d %d %d", FD_ISSET(one[0], &readable) != 0, FD_ISSET(two[0], &readable) != 0,
	     FD_ISSET(one[1], &writable) != 0);
	for (int i = 0; i < 2; i++) {
		close(one[i]);
		close(two[i]);
	}
	FD_ZERO(&readable);
	FD_SET(one[0], &readable);
	RESULT(select(one[0] + 1, &readable, NULL, NULL, NULL));
}

CASE(select_times_out)
{
	struct timeval timeout = {0, 30000};
	long before = milliseconds();
	RESULT(select(0, NULL, NULL, NULL, &timeout));
	show("waited long enough %d, remaining %ld.%06ld", milliseconds() - before >= 30, (long)timeout.tv_sec,
	     (long)timeout.tv_usec);
	timeout = (struct timeval){0, 0};
	RESULT(select(0, NULL, NULL, NULL, &timeout));
	RESULT(select(-1, NULL, NULL, NULL, &timeout));
	timeout.tv_sec = -1;
	RESULT(select(0, NULL, NULL, NULL, &timeout));
	struct timespec fine = {0, 1000000};
	RESULT(pselect(0, NULL, NULL, NULL, &fine, NULL));
}

CASE(epoll_reports_events_with_their_data)
{
	int ends[2], poller = epoll_create1(EPOLL_CLOEXEC);
	REQUIRE(pipe(ends) == 0 && poller >= 0);
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x123456789abcdef0}, seen[4];
	RESULT(epoll_ctl(poller, EPOLL_CTL_ADD, ends[0], &event));
	RESULT(epoll_ctl(poller, EPOLL_CTL_ADD, ends[0], &event));
	RESULT(epoll_wait(poller, seen, 4, 0));
	REQUIRE(write(ends[1], "x", 1) == 1);
	RESULT(epoll_wait(poller, seen, 4, -1));
	show("events %#x, data right %d", seen[0].events, seen[0].data.u64 == 0x123456789abcdef0);
	RESULT(epoll_wait(poller, seen, 4, 0));
	event.events = EPOLLIN | EPOLLET;
	RESULT(epoll_ctl(poller, EPOLL_CTL_MOD, ends[0], &event));
	RESULT(epoll_wait(poller, seen, 4, 0));
	RESULT(epoll_wait(poller, seen, 4, 0));
	close(ends[1]);
	RESULT(epoll_wait(poller, seen, 4, 0));
	show("events %#x", seen[0].events);
	RESULT(epoll_ctl(poller, EPOLL_CTL_DEL, ends[0], NULL));
	RESULT(epoll_ctl(poller, EPOLL_CTL_DEL, ends[0], NULL));
	close(ends[0]);
	close(poller);
}

CASE(epoll_oneshot_and_timeouts)
{
	int ends[2], poller = epoll_create1(0);
	REQUIRE(pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
	struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT}, seen[2];
	RESULT(epoll_ctl(poller, EPOLL_CTL_ADD, ends[0], &event));
	RESULT(epoll_wait(poller, seen, 2, 100));
	long before = milliseconds();
	RESULT(epoll_wait(poller, seen, 2, 40));
	show("waited long enough %d", milliseconds() - before >= 40);
	struct timespec timeout = {0, 1000000};
	RESULT(syscall(SYS_epoll_pwait2, poller, seen, 2, &timeout, NULL, 0));
	close(ends[0]);
	close(ends[1]);
	close(poller);
}

CASE(errors_of_epoll)
{
	int file = patterned_file("plain", 1), poller = epoll_create1(0);
	struct epoll_event event = {.events = EPOLLIN};
	RESULT(epoll_create1(0x1234));
	RESULT(epoll_create(0));
	RESULT(epoll_ctl(poller, EPOLL_CTL_ADD, file, &event));
	RESULT(epoll_ctl(poller, EPOLL_CTL_ADD, poller, &event));
	RESULT(epoll_ctl(poller, EPOLL_CTL_ADD, 999, &event));
	RESULT(epoll_ctl(poller, 99, 0, &event));
	RESULT(epoll_wait(poller, &event, 0, 0));
	RESULT(epoll_wait(file, &event, 1, 0));
	close(file);
	close(poller);
}

CASE(hundred_pipes_in_one_epoll)
{
	enum { PIPES = 100 };
	int ends[PIPES][2], poller = epoll_create1(0);
	struct epoll_event event, seen[PIPES];
	for (int i = 0; i < PIPES; i++) {
		REQUIRE(pipe(ends[i]) == 0);
		event = (struct epoll_event){.events = EPOLLIN, .data.u32 = (uint32_t)i};
		REQUIRE(epoll_ctl(poller, EPOLL_CTL_ADD, ends[i][0], &event) == 0);
		if (i % 3 == 0)
			REQUIRE(write(ends[i][1], "x", 1) == 1);
	}
	int count = (int)RESULT(epoll_wait(poller, seen, PIPES, 1000));
	int right = 0;
	for (int i = 0; i < count; i++)
		right += seen[i].data.u32 % 3 == 0;
	show("right %d", right);
	for (int i = 0; i < PIPES; i++) {
		close(ends[i][0]);
		close(ends[i][1]);
	}
	close(poller);
}
