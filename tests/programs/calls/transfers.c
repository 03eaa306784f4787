/* Reads and writes that can be done at once, in part, or not at all. */
#include "check.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define MUCH 60000

static char bytes[MUCH], more[MUCH];

static int pair_with_little_room(int *ends)
{
	int room = 4096;
	return socketpair(AF_UNIX, SOCK_STREAM, 0, ends) ||
	       setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
}

/* Takes small bites, so that the writer has to wait again and again. */
static size_t drain(int end, size_t wanted)
{
	size_t total = 0;
	while (total < wanted) {
		usleep(500);
		ssize_t count = read(end, more, 3000);
		if (count <= 0)
			break;
		total += count;
	}
	return total;
}

static void *draining_thread(void *end)
{
	return (void *)drain(*(int *)end, MUCH);
}

static ssize_t by_write(int end)
{
	return write(end, bytes, MUCH);
}

static ssize_t by_send(int end)
{
	return send(end, bytes, MUCH, 0);
}

static ssize_t by_quiet_send(int end)
{
	return send(end, bytes, MUCH, MSG_NOSIGNAL);
}

static void sent_in_parts(ssize_t (*sender)(int), int in, int *out)
{
	pthread_t thread;
	REQUIRE(pthread_create(&thread, NULL, draining_thread, out) == 0);
	RESULT(sender(in));
	void *total;
	pthread_join(thread, &total);
	show("%zu arrived", (size_t)total);
}

CASE(a_write_goes_on_until_a_socket_has_taken_all)
{
	int ends[2];
	REQUIRE(pair_with_little_room(ends) == 0);
	sent_in_parts(by_write, ends[0], &ends[1]);
}

CASE(a_write_goes_on_until_a_pipe_has_taken_all)
{
	int ends[2];
	REQUIRE(pipe(ends) == 0);
	REQUIRE(fcntl(ends[1], F_SETPIPE_SZ, 4096) == 4096);
	sent_in_parts(by_write, ends[1], &ends[0]);
}

CASE(a_write_that_must_not_wait_says_how_far_it_came)
{
	int ends[2];
	REQUIRE(pipe2(ends, O_NONBLOCK) == 0);
	REQUIRE(fcntl(ends[1], F_SETPIPE_SZ, 4096) == 4096);
	RESULT(write(ends[1], bytes, MUCH));
	RESULT(write(ends[1], bytes, 1));
	RESULT(read(ends[0], more, MUCH));
	RESULT(read(ends[0], more, MUCH));
}

CASE(a_read_of_a_pipe_takes_what_is_there)
{
	int ends[2];
	REQUIRE(pipe(ends) == 0);
	RESULT(write(ends[1], "abc", 3));
	RESULT(read(ends[0], more, 100));
	RESULT(pread(ends[0], more, 100, 0));
	close(ends[1]);
	RESULT(read(ends[0], more, 100));
}

CASE(a_read_of_an_event_counter_takes_one)
{
	int counter = eventfd(7, 0);
	RESULT(read(counter, more, 100));
	show("%llu", *(unsigned long long *)more);
	RESULT(write(counter, &(unsigned long long){5}, 8));
	RESULT(read(counter, more, 4));
	RESULT(read(counter, more, 8));
}

CASE(a_file_is_read_up_to_its_end)
{
	int file = open(".", O_TMPFILE | O_RDWR, 0600);
	REQUIRE(file >= 0);
	for (int place = 0; place < MUCH; place++)
		bytes[place] = place * 31;
	RESULT(write(file, bytes, 10000));
	RESULT(pread(file, more, 4096, 0));
	RESULT(pread(file, more, 4096, 8192));
	RESULT(pread(file, more, 4096, 10000));
	RESULT(pread(file, more, 4096, -1));
	RESULT(pread(file, more, 4096, -4096));
	RESULT(lseek(file, 6000, SEEK_SET));
	RESULT(read(file, more, 8192));
	show("the same: %d", memcmp(more, bytes + 6000, 4000) == 0);
	RESULT(read(file, more, 8192));
	RESULT(lseek(file, 0, SEEK_CUR));
}

static void *closing_thread(void *end)
{
	usleep(20000);
	close(*(int *)end);
	return NULL;
}

CASE(a_writer_whose_reader_goes_is_told_once)
{
	int ends[2];
	REQUIRE(pipe(ends) == 0);
	REQUIRE(fcntl(ends[1], F_SETPIPE_SZ, 4096) == 4096);
	signal(SIGPIPE, SIG_IGN);
	pthread_t thread;
	REQUIRE(pthread_create(&thread, NULL, closing_thread, &ends[0]) == 0);
	RESULT(write(ends[1], bytes, MUCH));
	RESULT(write(ends[1], bytes, 1));
	pthread_join(thread, NULL);
}

static volatile sig_atomic_t pipes;

static void count_pipe(int number)
{
	(void)number;
	pipes++;
}

CASE(a_broken_pipe_signals_once_for_each_write)
{
	int ends[2];
	REQUIRE(pipe(ends) == 0);
	signal(SIGPIPE, count_pipe);
	close(ends[0]);
	for (int round = 0; round < 3; round++)
		RESULT(write(ends[1], bytes, 10));
	show("%d signals", pipes);
}

CASE(a_connection_that_is_reset_says_so_once)
{
	int ends[2];
	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	RESULT(write(ends[1], "unread", 6));
	close(ends[0]);
	RESULT(read(ends[1], more, 10));
	RESULT(read(ends[1], more, 10));
}

static void alarmed(int number)
{
	(void)number;
}

CASE(a_write_that_waits_for_its_rest_is_interrupted)
{
	int ends[2];
	REQUIRE(pipe(ends) == 0);
	REQUIRE(fcntl(ends[1], F_SETPIPE_SZ, 4096) == 4096);
	struct sigaction action = {.sa_handler = alarmed};
	sigaction(SIGALRM, &action, NULL);
	ualarm(30000, 0);
	RESULT(write(ends[1], bytes, MUCH));
	ualarm(30000, 0);
	RESULT(write(ends[1], bytes, 10));
}

CASE(descriptors_change_their_files_between_reads)
{
	for (int round = 0; round < 400; round++) {
		int ends[2];
		REQUIRE(pipe(ends) == 0);
		REQUIRE(write(ends[1], "xyz", 3) == 3);
		REQUIRE(read(ends[0], more, 10) == 3);
		close(ends[0]);
		close(ends[1]);
		int file = open("/dev/shm", O_TMPFILE | O_RDWR, 0600);
		REQUIRE(file >= 0);
		REQUIRE(write(file, "hello", 5) == 5);
		REQUIRE(pread(file, more, 10, 1) == 4);
		REQUIRE(lseek(file, 0, SEEK_SET) == 0 && read(file, more, 10) == 5);
		close(file);
	}
	show("all of them");
}

/* How a sender of much fares whose receiver goes away after the first bytes: it is told of a part, and signalled for the next only. */
static void receiver_goes(ssize_t (*sender)(int))
{
	int ends[2];
	REQUIRE(pair_with_little_room(ends) == 0);
	signal(SIGPIPE, count_pipe);
	pipes = 0;
	pthread_t thread;
	REQUIRE(pthread_create(&thread, NULL, closing_thread, &ends[1]) == 0);
	ssize_t sent = sender(ends[0]);
	show("a part: %d, signals: %d", sent > 0 && sent < MUCH, (int)pipes);
	sent = sender(ends[0]);
	show("%zd, %s, signals: %d", sent, error_name(errno), (int)pipes);
	pthread_join(thread, NULL);
}

CASE(a_writer_to_a_socket_whose_reader_goes_is_told_of_the_part)
{
	receiver_goes(by_write);
}

CASE(a_sender_whose_receiver_goes_is_told_of_the_part)
{
	receiver_goes(by_send);
	receiver_goes(by_quiet_send);
}

CASE(a_send_goes_on_until_a_socket_has_taken_all)
{
	int ends[2];
	REQUIRE(pair_with_little_room(ends) == 0);
	sent_in_parts(by_send, ends[0], &ends[1]);
}

CASE(a_send_that_must_not_wait_says_how_far_it_came)
{
	int ends[2];
	REQUIRE(pair_with_little_room(ends) == 0);
	ssize_t sent = send(ends[0], bytes, MUCH, MSG_DONTWAIT);
	show("a part: %d", sent > 0 && sent < MUCH);
	RESULT(send(ends[0], bytes, MUCH, MSG_DONTWAIT));
	show("all arrived: %d", drain(ends[1], sent) == (size_t)sent);
	RESULT(recv(ends[1], more, 10, MSG_DONTWAIT));
	REQUIRE(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
	RESULT(recv(ends[1], more, 10, 0));
	RESULT(send(ends[0], "abc", 3, MSG_MORE));
	RESULT(recv(ends[1], more, 10, MSG_PEEK));
	RESULT(recv(ends[1], more, 2, 0));
	RESULT(recv(ends[1], more, 10, MSG_WAITALL));
}

CASE(a_datagram_is_taken_whole)
{
	int ends[2];
	REQUIRE(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
	RESULT(send(ends[0], "abcdef", 6, 0));
	RESULT(send(ends[0], "", 0, 0));
	RESULT(send(ends[0], "ghi", 3, 0));
	RESULT(recv(ends[1], more, 4, MSG_TRUNC));
	RESULT(recv(ends[1], more, 100, 0));
	RESULT(recv(ends[1], more, 100, 0));
	RESULT(send(-1, "a", 1, 0));
	RESULT(recv(1000, more, 1, 0));
	int file = open("/dev/null", O_RDWR);
	RESULT(send(file, "a", 1, 0));
	RESULT(recv(file, more, 1, 0));
	RESULT(send(ends[0], (void *)8, 10, 0));
	RESULT(recv(ends[1], NULL, 10, MSG_DONTWAIT));
}

static void *sending_thread(void *end)
{
	usleep(20000);
	send(*(int *)end, "late", 4, 0);
	return NULL;
}

CASE(a_receiver_waits_until_something_comes_or_a_signal)
{
	int ends[2];
	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	pthread_t thread;
	REQUIRE(pthread_create(&thread, NULL, sending_thread, &ends[0]) == 0);
	RESULT(recv(ends[1], more, 100, 0));
	pthread_join(thread, NULL);
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = alarmed}, NULL);
	ualarm(20000, 0);
	RESULT(recv(ends[1], more, 100, 0));
	struct timeval soon = {0, 20000};
	RESULT(setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon));
	RESULT(recv(ends[1], more, 100, 0));
}
