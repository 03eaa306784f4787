/* fork(2): what the child inherits, and what it does not. */
#include "process.h"

#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/times.h>

static volatile int caught;

static void count(int number)
{
	(void)number;
	caught++;
}

CASE(ids_of_parent_and_child)
{
	pid_t parent = getpid(), group = getpgrp(), session = getsid(0);
	pid_t child = forked();
	if (child == 0) {
		show("own id differs %d, parent's is right %d", getpid() != parent, getppid() == parent);
		show("same group %d, same session %d", getpgrp() == group, getsid(0) == session);
		_exit(0);
	}
	show_end("child", child);
}

CASE(fork_returns_the_child_s_id)
{
	volatile int *words = shared_words();
	pid_t child = forked();
	if (child == 0) {
		words[0] = getpid();
		_exit(0);
	}
	show_end("child", child);
	show("agrees %d", words[0] == child);
}

CASE(file_offset_is_common)
{
	int file = patterned_file("offset", 100);
	pid_t child = forked();
	if (child == 0) {
		lseek(file, 60, SEEK_SET);
		_exit(0);
	}
	show_end("child", child);
	RESULT(lseek(file, 0, SEEK_CUR));
	close(file);
}

CASE(closing_in_the_child_leaves_the_parent_s_descriptor)
{
	int file = patterned_file("closed", 10);
	pid_t child = forked();
	if (child == 0) {
		RESULT(close(file));
		RESULT(close(file));
		_exit(0);
	}
	show_end("child", child);
	RESULT(close(file));
}

CASE(status_flags_are_common_and_descriptor_flags_are_not)
{
	int file = patterned_file("flags", 10);
	pid_t child = forked();
	if (child == 0) {
		fcntl(file, F_SETFL, O_APPEND);
		fcntl(file, F_SETFD, FD_CLOEXEC);
		_exit(0);
	}
	show_end("child", child);
	show("append %d, close-on-exec %d", (fcntl(file, F_GETFL) & O_APPEND) != 0, fcntl(file, F_GETFD));
	close(file);
}

CASE(pipe_ends_when_all_copies_are_closed)
{
	int ends[2];
	char text[16] = "";
	REQUIRE(pipe(ends) == 0);
	pid_t child = forked();
	if (child == 0) {
		close(ends[0]);
		REQUIRE(write(ends[1], "from child", 10) == 10);
		_exit(0);
	}
	close(ends[1]);
	RESULT(read(ends[0], text, sizeof text));
	RESULT(read(ends[0], text + 10, 6));
	show("%s", text);
	show_end("child", child);
	close(ends[0]);
}

CASE(dispositions_and_mask_are_inherited)
{
	signal(SIGUSR1, count);
	signal(SIGUSR2, SIG_IGN);
	block(SIGTERM);
	caught = 0;
	pid_t child = forked();
	if (child == 0) {
		raise(SIGUSR1);
		raise(SIGUSR2);
		show("caught %d, SIGTERM blocked %d, SIGINT blocked %d", caught, is_blocked(SIGTERM), is_blocked(SIGINT));
		signal(SIGUSR1, SIG_DFL);
		_exit(0);
	}
	show_end("child", child);
	raise(SIGUSR1);
	show("parent caught %d", caught);
	unblock(SIGTERM);
	signal(SIGUSR2, SIG_DFL);
}

CASE(pending_signals_are_not_inherited)
{
	sigset_t pending;
	signal(SIGUSR1, count);
	caught = 0;
	block(SIGUSR1);
	raise(SIGUSR1);
	kill(getpid(), SIGUSR1);
	pid_t child = forked();
	if (child == 0) {
		sigpending(&pending);
		show("child: pending %d", sigismember(&pending, SIGUSR1));
		unblock(SIGUSR1);
		_exit(caught);
	}
	show_end("child", child);
	unblock(SIGUSR1);
	show("parent caught %d", caught);
}

CASE(timers_and_alarms_are_not_inherited)
{
	struct itimerval timer = {.it_value = {100, 0}}, now;
	timer_t posix;
	REQUIRE(setitimer(ITIMER_REAL, &timer, NULL) == 0);
	REQUIRE(timer_create(CLOCK_MONOTONIC, NULL, &posix) == 0);
	pid_t child = forked();
	if (child == 0) {
		struct itimerspec left;
		RESULT(getitimer(ITIMER_REAL, &now));
		show("left %ld", (long)now.it_value.tv_sec);
		RESULT(timer_gettime(posix, &left));
		_exit(0);
	}
	show_end("child", child);
	getitimer(ITIMER_REAL, &now);
	show("parent's runs %d", now.it_value.tv_sec >= 90);
	timer.it_value.tv_sec = 0;
	setitimer(ITIMER_REAL, &timer, NULL);
	timer_delete(posix);
}

CASE(folder_and_umask_are_inherited_and_then_independent)
{
	mkdir("below", 0755);
	umask(027);
	pid_t child = forked();
	if (child == 0) {
		show("umask %o", umask(0));
		show("chdir %d", chdir("below"));
		_exit(0);
	}
	show_end("child", child);
	show("umask %o, below is seen %d", umask(022), access("below", F_OK) == 0);
}

CASE(limits_are_inherited_and_then_independent)
{
	pid_t child = forked();
	if (child == 0) {
		struct rlimit limit = {40, 50};
		REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
		pid_t grandchild = forked();
		if (grandchild == 0) {
			struct rlimit now;
			getrlimit(RLIMIT_NOFILE, &now);
			show("%ld of %ld", (long)now.rlim_cur, (long)now.rlim_max);
			RESULT(dup2(1, 40));
			RESULT(dup2(1, 39));
			now.rlim_cur = 30;
			setrlimit(RLIMIT_NOFILE, &now);
			_exit(0);
		}
		show_end("grandchild", grandchild);
		getrlimit(RLIMIT_NOFILE, &limit);
		show("child's %ld", (long)limit.rlim_cur);
		_exit(0);
	}
	show_end("child", child);
}

CASE(record_locks_are_not_inherited)
{
	int file = patterned_file("locked", 10);
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	REQUIRE(fcntl(file, F_SETLK, &lock) == 0);
	pid_t parent = getpid(), child = forked();
	if (child == 0) {
		RESULT(fcntl(file, F_SETLK, &lock));
		RESULT(fcntl(file, F_GETLK, &lock));
		show("held by the parent %d", lock.l_pid == parent);
		_exit(0);
	}
	show_end("child", child);
	close(file);
}

CASE(flock_is_common)
{
	int file = patterned_file("flocked", 10), other = open("flocked", O_RDWR);
	REQUIRE(flock(file, LOCK_EX) == 0);
	pid_t child = forked();
	if (child == 0) {
		RESULT(flock(file, LOCK_EX | LOCK_NB));
		RESULT(flock(other, LOCK_EX | LOCK_NB));
		RESULT(flock(file, LOCK_UN));
		_exit(0);
	}
	show_end("child", child);
	RESULT(flock(other, LOCK_EX | LOCK_NB));
	close(file);
	close(other);
}

CASE(name_and_death_signal)
{
	char name[17] = "";
	int number = -1;
	REQUIRE(prctl(PR_SET_NAME, "forked-name") == 0);
	REQUIRE(prctl(PR_SET_PDEATHSIG, SIGUSR1) == 0);
	pid_t child = forked();
	if (child == 0) {
		prctl(PR_GET_NAME, name);
		prctl(PR_GET_PDEATHSIG, &number);
		show("name %s, death signal %s", name, signal_name(number));
		_exit(0);
	}
	show_end("child", child);
	prctl(PR_GET_PDEATHSIG, &number);
	show("parent's death signal %s", signal_name(number));
	prctl(PR_SET_PDEATHSIG, 0);
}

CASE(times_start_at_zero)
{
	struct tms times_now;
	struct rusage usage;
	for (volatile int i = 0; i < 30000000; i++)
		;
	pid_t child = forked();
	if (child == 0) {
		struct timespec used;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
		REQUIRE(times(&times_now) != -1 && getrusage(RUSAGE_CHILDREN, &usage) == 0);
		show("hardly any %d, of children none %d", used.tv_sec == 0 && used.tv_nsec < 30000000,
		     times_now.tms_cutime == 0 && times_now.tms_cstime == 0 && usage.ru_utime.tv_sec == 0);
		_exit(0);
	}
	show_end("child", child);
}

CASE(alternate_stack_is_inherited)
{
	static char area[65536];
	stack_t stack = {.ss_sp = area, .ss_size = sizeof area}, none = {.ss_flags = SS_DISABLE}, now;
	REQUIRE(sigaltstack(&stack, NULL) == 0);
	pid_t child = forked();
	if (child == 0) {
		sigaltstack(NULL, &now);
		show("the same %d, flags %d", now.ss_sp == area && now.ss_size == sizeof area, now.ss_flags);
		_exit(0);
	}
	show_end("child", child);
	sigaltstack(&none, NULL);
}

CASE(unflushed_output_is_doubled)
{
	fprintf(stdout, "written once, printed twice;");
	pid_t child = forked();
	if (child == 0) {
		printf(" child\n");
		fflush(stdout);
		_exit(0);
	}
	show_end(" child", child);
}

CASE(memory_file_and_its_offset_are_common)
{
	int file = memfd_create("common", 0);
	char text[8] = "";
	REQUIRE(file >= 0);
	pid_t child = forked();
	if (child == 0) {
		REQUIRE(write(file, "memory", 6) == 6);
		_exit(0);
	}
	show_end("child", child);
	RESULT(pread(file, text, 7, 0));
	show("%s", text);
	close(file);
}

union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

static void send_descriptor(int through, int descriptor)
{
	union control control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	struct iovec vector = {"x", 1};
	struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
	REQUIRE(sendmsg(through, &message, 0) == 1);
}

static int receive_descriptor(int through)
{
	union control control;
	char byte;
	int descriptor;
	struct iovec vector = {&byte, 1};
	struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	REQUIRE(recvmsg(through, &message, 0) == 1);
	memcpy(&descriptor, CMSG_DATA(&control.header), sizeof descriptor);
	return descriptor;
}

CASE(descriptors_can_be_passed_back_over_a_socket)
{
	int pair[2];
	char text[8] = "";
	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	pid_t child = forked();
	if (child == 0) {
		send_descriptor(pair[1], patterned_file("passed", 7));
		_exit(0);
	}
	int file = receive_descriptor(pair[0]);
	show_end("child", child);
	RESULT(pread(file, text, 7, 0));
	show("intact %zu", intact(text, 0, 7));
	close(file);
	close(pair[0]);
	close(pair[1]);
}
