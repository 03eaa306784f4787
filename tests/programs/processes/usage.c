/* getrusage(2), times(2), wait4(2) and /proc: what is the program's time and what the system's, page faults, switches. */
#include "process.h"
#include "thread.h"

#include <sys/resource.h>
#include <sys/times.h>

static long milliseconds(struct timeval time)
{
	return time.tv_sec * 1000 + time.tv_usec / 1000;
}

static long used_by(clockid_t clock)
{
	struct timespec time;
	REQUIRE(clock_gettime(clock, &time) == 0);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Computes, or asks the system for things, for that long by the thread's own clock. */
static void compute(long length)
{
	long begin = used_by(CLOCK_THREAD_CPUTIME_ID);
	do
		for (volatile int i = 0; i < 100000; i++)
			;
	while (used_by(CLOCK_THREAD_CPUTIME_ID) - begin < length);
}

static void ask(long length)
{
	struct stat about;
	char zeros[4096];
	int device = open("/dev/zero", O_RDONLY);
	REQUIRE(device >= 0);
	long begin = used_by(CLOCK_THREAD_CPUTIME_ID);
	do
		for (int i = 0; i < 200; i++)
			REQUIRE(stat("/", &about) == 0 && read(device, zeros, sizeof zeros) == sizeof zeros);
	while (used_by(CLOCK_THREAD_CPUTIME_ID) - begin < length);
	close(device);
}

static struct rusage usage_of(int who)
{
	struct rusage usage;
	REQUIRE(getrusage(who, &usage) == 0);
	return usage;
}

static void show_kind(const char *whose, struct rusage before, struct rusage after)
{
	long user = milliseconds(after.ru_utime) - milliseconds(before.ru_utime);
	long system = milliseconds(after.ru_stime) - milliseconds(before.ru_stime);
	show("%s: user %d, system %d", whose, user > system, system > user);
}

CASE(computing_is_the_programs_time)
{
	struct rusage before = usage_of(RUSAGE_SELF), of_thread = usage_of(RUSAGE_THREAD);
	compute(200);
	show_kind("process", before, usage_of(RUSAGE_SELF));
	show_kind("thread", of_thread, usage_of(RUSAGE_THREAD));
	struct rusage after = usage_of(RUSAGE_SELF);
	show("most of it %d", milliseconds(after.ru_utime) - milliseconds(before.ru_utime) >= 150);
	show("next to no other %d", milliseconds(after.ru_stime) - milliseconds(before.ru_stime) < 50);
}

CASE(calls_are_the_systems_time)
{
	struct rusage before = usage_of(RUSAGE_SELF), of_thread = usage_of(RUSAGE_THREAD);
	ask(200);
	show_kind("process", before, usage_of(RUSAGE_SELF));
	show_kind("thread", of_thread, usage_of(RUSAGE_THREAD));
}

static void *ask_in_thread(void *argument)
{
	ask(100);
	return argument;
}

CASE(threads_that_have_ended_count)
{
	struct rusage before = usage_of(RUSAGE_SELF), own = usage_of(RUSAGE_THREAD);
	joined(started(ask_in_thread, NULL));
	show_kind("process", before, usage_of(RUSAGE_SELF));
	struct rusage after = usage_of(RUSAGE_THREAD);
	show("oneself %d", milliseconds(after.ru_stime) - milliseconds(own.ru_stime) < 50);
}

CASE(times_tells_them_apart)
{
	struct tms before, after;
	REQUIRE(times(&before) != -1);
	ask(200);
	REQUIRE(times(&after) != -1);
	show("system %d", after.tms_stime - before.tms_stime > after.tms_utime - before.tms_utime);
}

CASE(what_children_used_is_told_apart)
{
	static void (*const works[])(long) = {compute, ask};
	for (size_t i = 0; i < COUNT(works); i++) {
		struct rusage before = usage_of(RUSAGE_CHILDREN), own, nothing = {0};
		struct tms times_before, times_after;
		int status;
		times(&times_before);
		pid_t child = forked();
		if (child == 0) {
			works[i](200);
			_exit(0);
		}
		REQUIRE(wait4(child, &status, 0, &own) == child);
		show_kind("child", nothing, own);
		show_kind("children", before, usage_of(RUSAGE_CHILDREN));
		times(&times_after);
		clock_t user = times_after.tms_cutime - times_before.tms_cutime;
		clock_t system = times_after.tms_cstime - times_before.tms_cstime;
		show("times: user %d, system %d", user > system, system > user);
	}
}

/* So much that it is not all there before it is touched. */
#define BYTES (16UL << 20)

static void touch_fresh_pages(void)
{
	memset(anonymous(BYTES), 1, BYTES);
}

CASE(touched_pages_are_minor_faults)
{
	struct rusage before = usage_of(RUSAGE_SELF), of_thread = usage_of(RUSAGE_THREAD);
	touch_fresh_pages();
	struct rusage after = usage_of(RUSAGE_SELF), of_thread_after = usage_of(RUSAGE_THREAD);
	show("process %d, thread %d", after.ru_minflt > before.ru_minflt, of_thread_after.ru_minflt > of_thread.ru_minflt);
	show("no major ones %d", after.ru_majflt == before.ru_majflt);
}

static void *touch_in_thread(void *argument)
{
	touch_fresh_pages();
	return argument;
}

CASE(faults_of_ended_threads_and_children_count)
{
	struct rusage before = usage_of(RUSAGE_SELF), children = usage_of(RUSAGE_CHILDREN), own;
	joined(started(touch_in_thread, NULL));
	show("threads %d", usage_of(RUSAGE_SELF).ru_minflt > before.ru_minflt);
	pid_t child = forked();
	if (child == 0) {
		touch_fresh_pages();
		_exit(0);
	}
	REQUIRE(wait4(child, NULL, 0, &own) == child);
	show("child %d, children %d", own.ru_minflt > 0, usage_of(RUSAGE_CHILDREN).ru_minflt > children.ru_minflt);
}

CASE(pages_that_a_call_touches_are_faults)
{
	char *place = anonymous(BYTES);
	int device = open("/dev/zero", O_RDONLY);
	struct rusage before = usage_of(RUSAGE_SELF);
	REQUIRE(device >= 0 && read(device, place, BYTES) == (ssize_t)BYTES);
	show("%d", usage_of(RUSAGE_SELF).ru_minflt > before.ru_minflt);
}

#define SLEEPS 20

static void sleep_often(void)
{
	for (int i = 0; i < SLEEPS; i++)
		usleep(1000);
}

CASE(sleeps_are_voluntary_switches)
{
	struct rusage before = usage_of(RUSAGE_SELF), of_thread = usage_of(RUSAGE_THREAD);
	sleep_often();
	show("process %d", usage_of(RUSAGE_SELF).ru_nvcsw - before.ru_nvcsw >= SLEEPS);
	show("thread %d", usage_of(RUSAGE_THREAD).ru_nvcsw - of_thread.ru_nvcsw >= SLEEPS);
}

CASE(switches_of_children_count)
{
	struct rusage before = usage_of(RUSAGE_CHILDREN), own;
	pid_t child = forked();
	if (child == 0) {
		sleep_often();
		_exit(0);
	}
	REQUIRE(wait4(child, NULL, 0, &own) == child);
	show("child %d", own.ru_nvcsw >= SLEEPS);
	show("children %d", usage_of(RUSAGE_CHILDREN).ru_nvcsw - before.ru_nvcsw >= SLEEPS);
}

CASE(threads_that_compute_on_one_processor_are_switched)
{
	stay_on_first_processor();
	struct rusage before = usage_of(RUSAGE_SELF);
	pthread_t other = started(ask_in_thread, NULL);
	compute(100);
	joined(other);
	show("involuntary %d", usage_of(RUSAGE_SELF).ru_nivcsw > before.ru_nivcsw);
}
