/* clock_gettime(2) and its relatives, through the vDSO and as calls; getrusage(2); sleeps. */
#include "check.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

static int64_t nanoseconds(clockid_t clock)
{
	struct timespec now;
	REQUIRE(clock_gettime(clock, &now) == 0);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

static int64_t by_call(clockid_t clock)
{
	struct timespec now;
	REQUIRE(syscall(SYS_clock_gettime, clock, &now) == 0);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

CASE(monotonic_clock_never_goes_back)
{
	int64_t before = nanoseconds(CLOCK_MONOTONIC), backwards = 0;
	for (int i = 0; i < 100000; i++) {
		int64_t now = nanoseconds(CLOCK_MONOTONIC);
		backwards += now < before;
		before = now;
	}
	show("backwards %ld", (long)backwards);
}

CASE(call_and_vdso_agree)
{
	static const clockid_t clocks[] = {CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME, CLOCK_MONOTONIC_RAW, CLOCK_TAI};
	for (size_t i = 0; i < COUNT(clocks); i++) {
		int64_t first = nanoseconds(clocks[i]), middle = by_call(clocks[i]), end = nanoseconds(clocks[i]);
		/* The call and the page may have been computed at different ends of an adjustment. */
		show("clock %d in order %d", clocks[i], first <= middle + 1000 && middle <= end + 1000);
	}
}

/* CLOCK_REALTIME minus CLOCK_MONOTONIC, read without being disturbed in between. */
static int64_t offset(void)
{
	for (;;) {
		int64_t before = nanoseconds(CLOCK_MONOTONIC), real = nanoseconds(CLOCK_REALTIME);
		int64_t after = nanoseconds(CLOCK_MONOTONIC);
		if (after - before < 100000)
			return real - before;
	}
}

CASE(clocks_run_at_the_same_speed)
{
	struct timespec pause = {0, 50000000};
	int64_t before = offset();
	nanosleep(&pause, NULL);
	show("differ by less than 1 ms %d", llabs(offset() - before) < 1000000);
}

CASE(coarse_clocks_are_close_behind)
{
	int64_t coarse = nanoseconds(CLOCK_MONOTONIC_COARSE), fine = nanoseconds(CLOCK_MONOTONIC);
	show("behind by at most 500 ms %d", fine - coarse >= 0 && fine - coarse < 500000000);
	coarse = nanoseconds(CLOCK_REALTIME_COARSE);
	fine = nanoseconds(CLOCK_REALTIME);
	show("behind by at most 500 ms %d", fine - coarse >= 0 && fine - coarse < 500000000);
}

CASE(time_of_day_agrees)
{
	struct timeval now;
	int64_t before = nanoseconds(CLOCK_REALTIME);
	RESULT(gettimeofday(&now, NULL));
	int64_t middle = now.tv_sec * 1000000000L + now.tv_usec * 1000L, after = nanoseconds(CLOCK_REALTIME);
	show("in order %d", before - 1000 <= middle && middle <= after);
	time_t seconds = time(NULL);
	show("time agrees %d", llabs(seconds - now.tv_sec) <= 1);
	show("after 2020 %d", seconds > 1577836800);
}

CASE(boot_time_includes_monotonic)
{
	show("at least %d", nanoseconds(CLOCK_BOOTTIME) + 1000000 >= nanoseconds(CLOCK_MONOTONIC));
}

CASE(resolutions)
{
	struct timespec resolution;
	RESULT(clock_getres(CLOCK_MONOTONIC, &resolution));
	show("%ld.%09ld", (long)resolution.tv_sec, resolution.tv_nsec);
	RESULT(clock_getres(CLOCK_REALTIME, &resolution));
	show("%ld.%09ld", (long)resolution.tv_sec, resolution.tv_nsec);
	RESULT(clock_getres(CLOCK_MONOTONIC, NULL));
	RESULT(clock_getres(99, &resolution));
	RESULT(clock_gettime(99, &resolution));
	RESULT(syscall(SYS_clock_gettime, 99, &resolution));
}

/* Computes until `used` says more than 30 ms, or gives up: how much of the time we get is not ours to say. */
static void compute_until_used(int64_t (*used)(void))
{
	int64_t before = used(), until = nanoseconds(CLOCK_MONOTONIC) + 20000000000;
	while (used() - before < 30000000 && nanoseconds(CLOCK_MONOTONIC) < until)
		;
	show("grew %d", used() - before >= 30000000);
}

static int64_t by_process(void)
{
	return nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
}

static int64_t by_thread(void)
{
	return nanoseconds(CLOCK_THREAD_CPUTIME_ID);
}

static int64_t by_usage(void)
{
	struct rusage usage;
	REQUIRE(getrusage(RUSAGE_SELF, &usage) == 0);
	struct timeval user = usage.ru_utime, system = usage.ru_stime;
	return (user.tv_sec + system.tv_sec) * 1000000000L + (user.tv_usec + system.tv_usec) * 1000L;
}

static int64_t by_times(void)
{
	struct tms all;
	REQUIRE(times(&all) != (clock_t)-1);
	return (all.tms_utime + all.tms_stime) * 10000000L;
}

CASE(processor_time_grows_with_work)
{
	compute_until_used(by_process);
	compute_until_used(by_thread);
	show("clock() agrees %d", clock() >= 30000);
}

CASE(usage_grows_with_work)
{
	compute_until_used(by_usage);
	compute_until_used(by_times);
}

CASE(usage_is_plausible)
{
	struct rusage usage;
	RESULT(getrusage(RUSAGE_SELF, &usage));
	show("memory used %d", usage.ru_maxrss > 0);
	RESULT(getrusage(RUSAGE_CHILDREN, &usage));
	show("children used %ld", (long)usage.ru_utime.tv_sec);
	RESULT(getrusage(99, &usage));
}

CASE(sleeps_last_long_enough)
{
	static const long lengths[] = {1, 1000, 1000000, 20000000};
	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct timespec asked = {0, lengths[i]};
		int64_t before = nanoseconds(CLOCK_MONOTONIC);
		REQUIRE(nanosleep(&asked, NULL) == 0);
		int64_t slept = nanoseconds(CLOCK_MONOTONIC) - before;
		show("%ld ns: long enough %d, not much longer %d", lengths[i], slept >= lengths[i],
		     slept < lengths[i] + 1000000000L);
	}
}

CASE(sleep_checks_its_arguments)
{
	struct timespec wrong = {0, 1000000000}, negative = {-1, 0}, past = {1, 0}, nothing = {0, 0};
	RESULT(nanosleep(&wrong, NULL));
	RESULT(nanosleep(&negative, NULL));
	RESULT(nanosleep(&nothing, NULL));
	show("%s", error_name(clock_nanosleep(CLOCK_MONOTONIC, 0, &wrong, NULL)));
	show("%s", error_name(clock_nanosleep(99, 0, &nothing, NULL)));
	show("past returns %d", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &past, NULL));
	show("past returns %d", clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &past, NULL));
}

CASE(absolute_sleep_ends_at_its_time)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	int64_t end = until.tv_sec * 1000000000L + until.tv_nsec + 30000000;
	until = (struct timespec){end / 1000000000, end % 1000000000};
	show("returns %d", clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL));
	show("reached %d", nanoseconds(CLOCK_REALTIME) >= end);
}

CASE(local_time_is_computed)
{
	time_t when = 86400 * 365;
	char text[64];
	strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %Z", gmtime(&when));
	show("%s", text);
}
