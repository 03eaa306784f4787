/* getrusage(2), times(2), getrlimit(2), prlimit(2), sysinfo(2) with children. */
#include "process.h"

#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/times.h>

/* Computes for that long by the process's own clock. */
static void burn(long milliseconds)
{
	struct timespec start, now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < milliseconds);
}

static long milliseconds_of(const struct rusage *usage)
{
	return (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000 +
	       (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1000;
}

CASE(usage_of_children_counts_when_they_are_waited_for)
{
	struct rusage before, unwaited, after;
	getrusage(RUSAGE_CHILDREN, &before);
	pid_t child = forked();
	if (child == 0) {
		burn(60);
		_exit(0);
	}
	AWAIT(ended(child));
	getrusage(RUSAGE_CHILDREN, &unwaited);
	show_end("child", child);
	getrusage(RUSAGE_CHILDREN, &after);
	show("before waiting %d, afterwards enough %d", milliseconds_of(&unwaited) > milliseconds_of(&before),
	     milliseconds_of(&after) - milliseconds_of(&before) >= 50);
}

CASE(usage_of_grandchildren_counts_too)
{
	struct rusage before, after;
	getrusage(RUSAGE_CHILDREN, &before);
	pid_t child = forked();
	if (child == 0) {
		pid_t grandchild = forked();
		if (grandchild == 0) {
			burn(60);
			_exit(0);
		}
		REQUIRE(waitpid(grandchild, NULL, 0) == grandchild);
		_exit(0);
	}
	show_end("child", child);
	getrusage(RUSAGE_CHILDREN, &after);
	show("enough %d", milliseconds_of(&after) - milliseconds_of(&before) >= 50);
}

CASE(usage_of_oneself_and_of_the_thread)
{
	struct rusage self, thread;
	burn(40);
	RESULT(getrusage(RUSAGE_SELF, &self));
	RESULT(getrusage(RUSAGE_THREAD, &thread));
	show("enough %d, thread has no more %d", milliseconds_of(&self) >= 30,
	     milliseconds_of(&thread) <= milliseconds_of(&self) + 20);
	show("memory known %d", self.ru_maxrss > 0);
	RESULT(getrusage(77, &self));
	RESULT(getrusage(RUSAGE_SELF, (struct rusage *)16));
}

CASE(times_counts_children_when_waited_for)
{
	struct tms before, after;
	REQUIRE(times(&before) != -1);
	pid_t child = forked();
	if (child == 0) {
		burn(80);
		_exit(0);
	}
	show_end("child", child);
	REQUIRE(times(&after) != -1);
	clock_t used = after.tms_cutime + after.tms_cstime - before.tms_cutime - before.tms_cstime;
	show("enough %d, not absurd %d", used >= 5, used < 500);
	RESULT(syscall(SYS_times, 16));
	show("without a place %d", times(NULL) > 0);
}

CASE(usage_of_ignored_children_is_lost)
{
	struct rusage before, after;
	getrusage(RUSAGE_CHILDREN, &before);
	signal(SIGCHLD, SIG_IGN);
	pid_t child = forked();
	if (child == 0) {
		burn(60);
		_exit(0);
	}
	RESULT(waitpid(child, NULL, 0));
	signal(SIGCHLD, SIG_DFL);
	getrusage(RUSAGE_CHILDREN, &after);
	show("counted %d", milliseconds_of(&after) - milliseconds_of(&before) >= 50);
}

CASE(largest_memory_of_children_is_a_maximum)
{
	struct rusage usage;
	for (int i = 0; i < 3; i++) {
		pid_t child = forked();
		if (child == 0) {
			size_t bytes = (size_t)(i == 1 ? 24 : 1) << 20;
			memset(anonymous(bytes), 1, bytes);
			_exit(0);
		}
		REQUIRE(waitpid(child, NULL, 0) == child);
	}
	getrusage(RUSAGE_CHILDREN, &usage);
	show("at least the largest %d, not the sum of many %d", usage.ru_maxrss >= 22 << 10, usage.ru_maxrss < 400 << 10);
}

CASE(cpu_limit_sends_its_signal)
{
	struct rlimit limit = {1, 2};
	pid_t child = forked();
	if (child == 0) {
		setrlimit(RLIMIT_CPU, &limit);
		for (;;)
			;
	}
	show_end("child", child);
}

CASE(limits_of_a_child_are_read_and_set_from_outside)
{
	volatile int *words = shared_words();
	struct rlimit limit, wanted = {33, 44};
	pid_t child = forked();
	if (child == 0) {
		AWAIT(words[0]);
		getrlimit(RLIMIT_NOFILE, &limit);
		_exit((int)limit.rlim_cur);
	}
	RESULT(prlimit(child, RLIMIT_NOFILE, &wanted, &limit));
	RESULT(prlimit(child, RLIMIT_NOFILE, NULL, &limit));
	show("%ld of %ld", (long)limit.rlim_cur, (long)limit.rlim_max);
	words[0] = 1;
	show_end("child", child);
	RESULT(prlimit(0x3fffffff, RLIMIT_NOFILE, NULL, &limit));
	RESULT(prlimit(child, RLIMIT_NOFILE, NULL, &limit));
}

CASE(every_limit_can_be_read)
{
	struct rlimit limit;
	int readable = 0, ordered = 0;
	for (int i = 0; i < 16; i++) {
		if (getrlimit(i, &limit) == 0)
			readable++;
		ordered += limit.rlim_cur <= limit.rlim_max;
	}
	show("readable %d, ordered %d", readable, ordered);
	RESULT(getrlimit(16, &limit));
	RESULT(getrlimit(-1, &limit));
}

CASE(limit_of_file_size_is_inherited_and_enforced)
{
	pid_t child = forked();
	if (child == 0) {
		struct rlimit limit = {100, 100};
		setrlimit(RLIMIT_FSIZE, &limit);
		pid_t grandchild = forked();
		if (grandchild == 0) {
			int file = open("limited", O_WRONLY | O_CREAT | O_TRUNC, 0644);
			char bytes[200] = {0};
			RESULT(write(file, bytes, sizeof bytes));
			signal(SIGXFSZ, SIG_IGN);
			RESULT(write(file, bytes, 1));
			signal(SIGXFSZ, SIG_DFL);
			RESULT(write(file, bytes, 1));
			_exit(0);
		}
		show_end("grandchild", grandchild);
		_exit(0);
	}
	show_end("child", child);
}

CASE(address_space_limit_is_inherited)
{
	pid_t child = forked();
	if (child == 0) {
		struct rlimit limit = {64 << 20, 64 << 20};
		setrlimit(RLIMIT_AS, &limit);
		pid_t grandchild = forked();
		if (grandchild == 0) {
			void *memory = mmap(NULL, 128 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			show("%s", memory == MAP_FAILED ? error_name(errno) : "mapped");
			_exit(0);
		}
		show_end("grandchild", grandchild);
		_exit(0);
	}
	show_end("child", child);
}

CASE(number_of_processes_is_plausible)
{
	struct sysinfo before, during;
	volatile int *words = shared_words();
	REQUIRE(sysinfo(&before) == 0);
	pid_t child = forked();
	if (child == 0) {
		AWAIT(words[0]);
		_exit(0);
	}
	REQUIRE(sysinfo(&during) == 0);
	words[0] = 1;
	show("there are some %d", before.procs > 0 && during.procs > 1);
	show_end("child", child);
}
