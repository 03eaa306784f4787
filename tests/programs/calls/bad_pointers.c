/* Pointers that lead nowhere: EFAULT, or what Linux did before it noticed. */
#include "check.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>

/* Two pages, of which only the first is there. */
static char *half;
static char *border;
/* An address that was never mapped, and one in the upper half; volatile, lest the compiler object. */
static void *volatile nowhere = (void *)0x10;
static void *volatile kernel = (void *)0xffff880000000000;

__attribute__((constructor)) static void prepare(void)
{
	half = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	border = half + PAGE;
	munmap(border, PAGE);
}

CASE(read_into_nothing)
{
	int file = patterned_file("read", 100);
	char *closed = reserved(PAGE), *constant = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	RESULT(read(file, nowhere, 10));
	RESULT(read(file, kernel, 10));
	RESULT(read(file, closed, 10));
	RESULT(read(file, constant, 10));
	RESULT(lseek(file, 0, SEEK_CUR));
	RESULT(pread(file, (char *)kernel - 1, 1, 0));
	munmap(closed, PAGE);
	munmap(constant, PAGE);
	close(file);
}

CASE(read_at_the_end_into_nothing)
{
	int file = patterned_file("end", 100);
	REQUIRE(lseek(file, 100, SEEK_SET) == 100);
	RESULT(read(file, nowhere, 10));
	RESULT(read(file, border, 10));
	RESULT(read(file, kernel, 10));
	close(file);
}

CASE(read_across_the_border)
{
	int file = patterned_file("across", 100);
	RESULT(read(file, border - 30, 100));
	RESULT(lseek(file, 0, SEEK_CUR));
	RESULT(read(file, border - 30, 30));
	RESULT(lseek(file, 0, SEEK_CUR));
	close(file);
}

CASE(pipe_read_across_the_border)
{
	int ends[2];
	REQUIRE(pipe(ends) == 0 && write(ends[1], "0123456789", 10) == 10);
	RESULT(read(ends[0], border - 4, 10));
	RESULT(read(ends[0], border - 4, 4));
	RESULT(read(ends[0], nowhere, 1));
	close(ends[0]);
	close(ends[1]);
}

CASE(write_from_nothing)
{
	int file = open("written", O_RDWR | O_CREAT | O_TRUNC, 0600);
	RESULT(write(file, nowhere, 10));
	RESULT(write(file, kernel, 10));
	RESULT(lseek(file, 0, SEEK_END));
	memset(half, 'h', PAGE);
	RESULT(write(file, border - 20, 20));
	RESULT(pwrite(file, border, 20, 0));
	RESULT(lseek(file, 0, SEEK_END));
	close(file);
}

CASE(socket_write_across_the_border)
{
	int pair[2];
	REQUIRE(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
	RESULT(send(pair[0], border - 5, 10, 0));
	RESULT(send(pair[0], border - 5, 5, 0));
	RESULT(recv(pair[1], border - 2, 5, 0));
	RESULT(recv(pair[1], half, 5, MSG_DONTWAIT));
	close(pair[0]);
	close(pair[1]);
}

CASE(bad_paths)
{
	struct stat status;
	RESULT(open(nowhere, O_RDONLY));
	RESULT(open(kernel, O_RDONLY));
	RESULT(stat(nowhere, &status));
	RESULT(mkdir(kernel, 0700));
	RESULT(rename("missing", nowhere));
	RESULT(chdir(nowhere));
	RESULT(syscall(SYS_readlink, nowhere, half, 10UL));
	RESULT(syscall(SYS_access, NULL, 0));
}

CASE(path_up_to_the_border)
{
	strcpy(border - 9, "on-edge.");
	close((int)SUCCESS(open(border - 9, O_CREAT | O_RDWR, 0600)));
	border[-1] = 'x';
	RESULT(open(border - 9, O_RDONLY));
	memset(half, '/', PAGE);
	RESULT(open(half, O_RDONLY));
}

CASE(bad_vectors)
{
	int file = patterned_file("vectors", 100);
	char text[10] = "text";
	struct iovec good_then_bad[2] = {{text, 5}, {nowhere, 5}}, bad_then_good[2] = {{nowhere, 5}, {text, 5}};
	RESULT(readv(file, good_then_bad, 2));
	RESULT(lseek(file, 0, SEEK_CUR));
	RESULT(readv(file, bad_then_good, 2));
	RESULT(readv(file, nowhere, 1));
	RESULT(readv(file, (struct iovec *)(border - 8), 1));
	struct iovec across[2] = {{border - 3, 6}, {text, 5}};
	RESULT(readv(file, across, 2));
	int out = open("vectors-out", O_RDWR | O_CREAT | O_TRUNC, 0600);
	RESULT(writev(out, good_then_bad, 2));
	RESULT(lseek(out, 0, SEEK_END));
	close(out);
	close(file);
}

CASE(bad_results_of_files)
{
	int file = patterned_file("results", 1);
	struct stat *edge = (struct stat *)(border - sizeof(struct stat) / 2);
	RESULT(stat("results", nowhere));
	RESULT(fstat(file, edge));
	RESULT(syscall(SYS_pipe, nowhere));
	RESULT(syscall(SYS_getcwd, nowhere, 100UL));
	RESULT(syscall(SYS_getdents64, open(".", O_RDONLY), nowhere, 1000));
	RESULT(fcntl(file, F_GETLK, nowhere));
	RESULT(ioctl(file, FIONREAD, nowhere));
	RESULT(syscall(SYS_statfs, ".", nowhere));
	RESULT(syscall(SYS_statx, AT_FDCWD, "results", 0, 0x7ff, nowhere));
	RESULT(syscall(SYS_sendfile, file, file, nowhere, 1UL));
	close(file);
}

CASE(failed_pipe_leaks_nothing)
{
	int before = dup(0);
	close(before);
	RESULT(syscall(SYS_pipe2, nowhere, 0));
	RESULT(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, nowhere));
	int after = dup(0);
	show("same number %d", before == after);
	close(after);
}

CASE(bad_results_of_the_system)
{
	RESULT(syscall(SYS_uname, nowhere));
	RESULT(syscall(SYS_sysinfo, nowhere));
	RESULT(syscall(SYS_getrlimit, RLIMIT_STACK, nowhere));
	RESULT(syscall(SYS_getrusage, RUSAGE_SELF, nowhere));
	RESULT(syscall(SYS_times, kernel));
	RESULT(syscall(SYS_getrandom, nowhere, 8UL, 0));
	RESULT(syscall(SYS_prlimit64, 0, RLIMIT_STACK, nowhere, NULL));
	RESULT(syscall(SYS_getresuid, nowhere, nowhere, nowhere));
	RESULT(syscall(SYS_sched_getaffinity, 0, 128UL, nowhere));
}

CASE(bad_times)
{
	struct timespec tiny = {0, 1};
	RESULT(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, nowhere));
	RESULT(syscall(SYS_clock_getres, CLOCK_MONOTONIC, nowhere));
	RESULT(syscall(SYS_gettimeofday, nowhere, NULL));
	RESULT(syscall(SYS_nanosleep, nowhere, NULL));
	RESULT(syscall(SYS_nanosleep, &tiny, nowhere));
	RESULT(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, kernel, NULL));
	RESULT(syscall(SYS_setitimer, ITIMER_REAL, nowhere, NULL));
	RESULT(syscall(SYS_getitimer, ITIMER_REAL, nowhere));
	RESULT(syscall(SYS_time, nowhere));
}

CASE(bad_signal_structures)
{
	RESULT(syscall(SYS_rt_sigaction, SIGUSR1, nowhere, NULL, 8UL));
	RESULT(syscall(SYS_rt_sigaction, SIGUSR1, NULL, nowhere, 8UL));
	RESULT(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4UL));
	RESULT(syscall(SYS_rt_sigprocmask, SIG_BLOCK, nowhere, NULL, 8UL));
	RESULT(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, nowhere, 8UL));
	RESULT(syscall(SYS_rt_sigpending, nowhere, 8UL));
	RESULT(syscall(SYS_sigaltstack, nowhere, NULL));
	RESULT(syscall(SYS_sigaltstack, NULL, nowhere));
	RESULT(syscall(SYS_rt_sigsuspend, nowhere, 8UL));
}

CASE(bad_sets_of_descriptors)
{
	int poller = epoll_create1(0), ends[2];
	REQUIRE(pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
	struct epoll_event event = {.events = EPOLLIN};
	REQUIRE(epoll_ctl(poller, EPOLL_CTL_ADD, ends[0], &event) == 0);
	RESULT(syscall(SYS_poll, nowhere, 1UL, 0));
	RESULT(syscall(SYS_select, 10, nowhere, NULL, NULL, NULL));
	RESULT(syscall(SYS_epoll_wait, poller, nowhere, 1, 0));
	RESULT(syscall(SYS_epoll_ctl, poller, EPOLL_CTL_MOD, ends[0], nowhere));
	close(poller);
	close(ends[0]);
	close(ends[1]);
}

CASE(bad_addresses_of_sockets)
{
	int file = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t length = 16;
	RESULT(syscall(SYS_bind, file, nowhere, 16));
	RESULT(syscall(SYS_connect, file, kernel, 16));
	RESULT(syscall(SYS_getsockname, file, nowhere, &length));
	RESULT(syscall(SYS_getsockname, file, half, nowhere));
	RESULT(syscall(SYS_setsockopt, file, SOL_SOCKET, SO_REUSEADDR, nowhere, 4));
	RESULT(syscall(SYS_getsockopt, file, SOL_SOCKET, SO_TYPE, nowhere, &length));
	struct msghdr message = {.msg_iov = nowhere, .msg_iovlen = 1};
	RESULT(sendmsg(file, &message, MSG_NOSIGNAL));
	RESULT(syscall(SYS_recvmsg, file, nowhere, MSG_DONTWAIT));
	close(file);
}

CASE(length_that_wraps)
{
	int file = patterned_file("wraps", 100), out = open("/dev/null", O_WRONLY);
	RESULT(syscall(SYS_read, file, half, SIZE_MAX));
	RESULT(syscall(SYS_write, out, half, SIZE_MAX));
	RESULT(syscall(SYS_read, file, border - 50, 0x7ffff000UL));
	RESULT(syscall(SYS_getrandom, border - 7, 7UL, 0));
	close(file);
	close(out);
}

CASE(all_is_well_afterwards)
{
	int file = patterned_file("well", 100);
	RESULT(pread(file, half, 100, 0));
	show("%zu bytes intact", intact(half, 0, 100));
	close(file);
}
