/* dup(2), fcntl(2), close_range(2), and the numbers that descriptors get. */
#include "check.h"

#include <linux/close_range.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/syscall.h>

CASE(lowest_free_number_is_used)
{
	int first = open("/dev/null", O_RDONLY), second = open("/dev/null", O_RDONLY);
	show("next %d", second - first);
	close(first);
	int third = open("/dev/null", O_RDONLY);
	show("reused %d", third == first);
	close(second);
	close(third);
}

CASE(dup_shares_the_position)
{
	int file = patterned_file("shared", 100), copy = dup(file);
	RESULT(lseek(file, 33, SEEK_SET));
	RESULT(lseek(copy, 0, SEEK_CUR));
	RESULT(close(file));
	RESULT(read(copy, (char[10]){0}, 10));
	RESULT(close(copy));
}

CASE(dup2_replaces)
{
	int one = patterned_file("one", 1), two = patterned_file("two", 2);
	RESULT(dup2(one, two) == two);
	RESULT(lseek(two, 0, SEEK_END));
	RESULT(dup2(one, one) == one);
	RESULT(dup2(999, two));
	RESULT(dup2(one, -1));
	RESULT(dup2(one, 1 << 30));
	close(one);
	close(two);
}

CASE(dup3_checks_its_arguments)
{
	int file = patterned_file("three", 1);
	RESULT(dup3(file, file, 0));
	RESULT(dup3(file, 60, O_APPEND));
	RESULT(dup3(file, 60, O_CLOEXEC));
	RESULT(fcntl(60, F_GETFD));
	RESULT(fcntl(file, F_GETFD));
	close(60);
	close(file);
}

CASE(flags_of_descriptor_and_file)
{
	int file = open("flags", O_RDWR | O_CREAT | O_APPEND, 0600);
	show("access mode %d, append %d", fcntl(file, F_GETFL) & O_ACCMODE, (fcntl(file, F_GETFL) & O_APPEND) != 0);
	RESULT(fcntl(file, F_SETFL, O_NONBLOCK));
	show("append %d, nonblock %d", (fcntl(file, F_GETFL) & O_APPEND) != 0, (fcntl(file, F_GETFL) & O_NONBLOCK) != 0);
	RESULT(fcntl(file, F_SETFD, FD_CLOEXEC));
	RESULT(fcntl(file, F_GETFD));
	RESULT(fcntl(file, 9999));
	close(file);
}

CASE(dupfd_takes_a_minimum)
{
	int file = patterned_file("minimum", 1);
	RESULT(fcntl(file, F_DUPFD, 100));
	RESULT(fcntl(file, F_DUPFD_CLOEXEC, 100));
	RESULT(fcntl(101, F_GETFD));
	RESULT(fcntl(file, F_DUPFD, -1));
	close(100);
	close(101);
	close(file);
}

CASE(close_range_closes)
{
	int null = open("/dev/null", O_RDONLY);
	for (int i = 200; i < 205; i++)
		dup2(null, i);
	RESULT(syscall(SYS_close_range, 201, 203, 0));
	RESULT(fcntl(200, F_GETFD));
	RESULT(fcntl(201, F_GETFD));
	RESULT(fcntl(203, F_GETFD));
	RESULT(fcntl(204, F_GETFD));
	RESULT(syscall(SYS_close_range, 204, 204, CLOSE_RANGE_CLOEXEC));
	RESULT(fcntl(204, F_GETFD));
	RESULT(syscall(SYS_close_range, 210, 200, 0));
	RESULT(syscall(SYS_close_range, 200, ~0U, 0));
	RESULT(fcntl(200, F_GETFD));
	close(null);
}

CASE(everything_can_be_closed_and_opened_again)
{
	int out = fcntl(1, F_DUPFD, 50);
	RESULT(syscall(SYS_close_range, 0, 0, 0));
	int file = open("/dev/null", O_RDONLY);
	show("got %d", file);
	RESULT(close(out));
}

CASE(limit_of_descriptors_is_obeyed)
{
	struct rlimit before, now;
	REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
	now = (struct rlimit){40, before.rlim_max};
	REQUIRE(setrlimit(RLIMIT_NOFILE, &now) == 0);
	int last = -1, next;
	while ((next = open("/dev/null", O_RDONLY)) >= 0)
		last = next;
	show("last %d, then %s", last, error_name(errno));
	RESULT(dup2(0, 40));
	RESULT(pipe((int[2]){0}));
	for (int i = 3; i <= last; i++)
		close(i);
	REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
}

CASE(many_descriptors_can_be_open)
{
	enum { MANY = 900 };
	int last = 0;
	for (int i = 0; i < MANY; i++) {
		last = dup(0);
		REQUIRE(last >= 0);
	}
	show("%d open", MANY);
	RESULT(syscall(SYS_close_range, (unsigned)last - MANY + 1, (unsigned)last, 0));
	RESULT(fcntl(last, F_GETFD));
}

CASE(high_numbers_are_not_open)
{
	struct rlimit limit;
	REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	size_t open_ones = 0;
	for (int i = 64; i < (int)limit.rlim_cur && i < 20000; i++)
		open_ones += fcntl(i, F_GETFD) != -1;
	show("%zu open above 63", open_ones);
}

CASE(locks_of_records_are_reported)
{
	int file = patterned_file("locked", 100);
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 20};
	RESULT(fcntl(file, F_SETLK, &lock));
	RESULT(fcntl(file, F_GETLK, &lock));
	show("own lock does not conflict %d", lock.l_type == F_UNLCK);
	int other = open("locked", O_RDWR);
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	RESULT(fcntl(other, F_OFD_SETLK, &whole));
	RESULT(fcntl(other, F_OFD_GETLK, &whole));
	show("conflict at %ld for %ld", (long)whole.l_start, (long)whole.l_len);
	lock.l_type = F_UNLCK;
	lock.l_start = lock.l_len = 0;
	RESULT(fcntl(file, F_SETLK, &lock));
	whole = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
	RESULT(fcntl(other, F_OFD_SETLK, &whole));
	lock.l_type = 77;
	RESULT(fcntl(file, F_SETLK, &lock));
	close(file);
	close(other);
}

CASE(whole_file_locks_conflict)
{
	int one = patterned_file("whole", 1), two = open("whole", O_RDWR);
	RESULT(flock(one, LOCK_EX));
	RESULT(flock(two, LOCK_EX | LOCK_NB));
	RESULT(flock(two, LOCK_SH | LOCK_NB));
	RESULT(flock(one, LOCK_UN));
	RESULT(flock(two, LOCK_SH | LOCK_NB));
	RESULT(flock(one, LOCK_SH | LOCK_NB));
	RESULT(flock(one, LOCK_NB));
	close(one);
	close(two);
}

CASE(leases_and_owners)
{
	int ends[2];
	REQUIRE(pipe(ends) == 0);
	RESULT(fcntl(ends[0], F_SETOWN, getpid()));
	show("owner is us %d", fcntl(ends[0], F_GETOWN) == getpid());
	RESULT(fcntl(ends[1], F_SETPIPE_SZ, 65536));
	RESULT(fcntl(ends[1], F_GETPIPE_SZ));
	close(ends[0]);
	close(ends[1]);
}
