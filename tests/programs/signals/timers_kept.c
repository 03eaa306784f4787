/* What timers outlive, whom they signal and what they refuse: timer_create(2), setitimer(2), alarm(2), getrlimit(2). */
#include "thread.h"

#include <sys/resource.h>
#include <sys/time.h>

static volatile int caught;

static void note(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	(void)context;
	caught++;
}

static int made(clockid_t clock, int number)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = number};
	int timer;
	REQUIRE(syscall(SYS_timer_create, clock, &event, &timer) == 0);
	return timer;
}

static void armed(int timer, long first, long again)
{
	struct itimerspec times = {.it_value = {first / 1000, first % 1000 * 1000000},
				   .it_interval = {again / 1000, again % 1000 * 1000000}};
	REQUIRE(syscall(SYS_timer_settime, timer, 0, &times, NULL) == 0);
}

static long seconds_left(int which)
{
	struct itimerval left;
	REQUIRE(getitimer(which, &left) == 0);
	return left.it_value.tv_sec;
}

ROLE(look_at_timers)
{
	struct itimerspec left;
	check_name = "executed";
	RESULT(syscall(SYS_timer_gettime, atoi(words[0]), &left));
	show("interval timer %d, profiling timer %d", seconds_left(ITIMER_REAL) >= 990, seconds_left(ITIMER_PROF) >= 990);
	return 0;
}

CASE(exec_deletes_posix_timers_and_keeps_interval_timers)
{
	pid_t child = forked();
	if (child == 0) {
		struct itimerval times = {.it_value = {1000, 0}};
		char text[16];
		int timer = made(CLOCK_MONOTONIC, SIGUSR1);
		armed(timer, 50, 0);
		setitimer(ITIMER_REAL, &times, NULL);
		setitimer(ITIMER_PROF, &times, NULL);
		snprintf(text, sizeof text, "%d", timer);
		execl(this_program(), "name", "look_at_timers", text, NULL);
		_exit(98);
	}
	show_end("child", child);
}

CASE(child_has_no_timers)
{
	struct itimerval times = {.it_value = {1000, 0}};
	int timer = made(CLOCK_MONOTONIC, SIGUSR1);
	setitimer(ITIMER_REAL, &times, NULL);
	pid_t child = forked();
	if (child == 0) {
		struct itimerspec left;
		RESULT(syscall(SYS_timer_gettime, timer, &left));
		show("left %ld, alarm %u", seconds_left(ITIMER_REAL), alarm(0));
		_exit(0);
	}
	show_end("child", child);
	show("own goes on %d", seconds_left(ITIMER_REAL) >= 990);
	times.it_value.tv_sec = 0;
	setitimer(ITIMER_REAL, &times, NULL);
	syscall(SYS_timer_delete, timer);
}

CASE(alarm_tells_what_was_left)
{
	show("first %u", alarm(100));
	show("second %u", alarm(3));
	show("third %u", alarm(0));
	show("fourth %u", alarm(0));
	struct itimerval times = {.it_value = {0, 200000}};
	setitimer(ITIMER_REAL, &times, NULL);
	show("less than a second is one %u", alarm(0));
}

CASE(interval_timer_errors)
{
	struct itimerval times = {.it_value = {1, 1000000}}, old;
	RESULT(syscall(SYS_setitimer, 3, &times, NULL));
	RESULT(syscall(SYS_setitimer, ITIMER_REAL, &times, NULL));
	times.it_value.tv_usec = 0;
	RESULT(syscall(SYS_setitimer, 3, &times, NULL));
	RESULT(syscall(SYS_getitimer, 3, &old));
	RESULT(syscall(SYS_getitimer, ITIMER_REAL, 16));
	times.it_value.tv_sec = -1;
	RESULT(syscall(SYS_setitimer, ITIMER_VIRTUAL, &times, NULL));
	times.it_value.tv_sec = 100;
	RESULT(syscall(SYS_setitimer, ITIMER_VIRTUAL, &times, NULL));
	RESULT(syscall(SYS_setitimer, ITIMER_VIRTUAL, NULL, &old));
	show("no new value disarms: old %d, now %ld", old.it_value.tv_sec >= 98, seconds_left(ITIMER_VIRTUAL));
}

CASE(clocks_of_timers)
{
	static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI, CLOCK_PROCESS_CPUTIME_ID,
					   CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, 77, -1, -5};
	for (size_t i = 0; i < COUNT(clocks); i++) {
		int timer = -1;
		long result = syscall(SYS_timer_create, clocks[i], NULL, &timer);
		show("clock %d: %s", clocks[i], result == 0 ? "timer" : error_name(errno));
		if (result == 0)
			syscall(SYS_timer_delete, timer);
	}
	RESULT(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, 16));
	RESULT(syscall(SYS_timer_create, CLOCK_MONOTONIC, 16, 16));
	RESULT(syscall(SYS_timer_create, 77, 16, 16));
}

CASE(every_clock_s_timer_fires)
{
	static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI};
	handle(SIGUSR1, note, SA_RESTART);
	for (size_t i = 0; i < COUNT(clocks); i++) {
		struct itimerspec times = {.it_value = {0, 0}};
		int timer = made(clocks[i], SIGUSR1);
		caught = 0;
		armed(timer, 5, 0);
		AWAIT(caught);
		clock_gettime(clocks[i], &times.it_value);
		times.it_value.tv_sec += 1;
		RESULT(syscall(SYS_timer_settime, timer, TIMER_ABSTIME, &times, NULL));
		RESULT(syscall(SYS_timer_gettime, timer, &times));
		show("clock %d: caught %d, a second is left %d", clocks[i], caught, times.it_value.tv_sec == 0 && times.it_value.tv_nsec > 500000000);
		syscall(SYS_timer_delete, timer);
	}
}

CASE(ignored_timer_goes_on)
{
	struct itimerspec left;
	int timer = made(CLOCK_MONOTONIC, SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	armed(timer, 2, 2);
	settle();
	RESULT(syscall(SYS_timer_gettime, timer, &left));
	show("armed %d", left.it_value.tv_nsec > 0 && left.it_interval.tv_nsec == 2000000);
	caught = 0;
	handle(SIGUSR1, note, SA_RESTART);
	AWAIT(caught >= 3);
	syscall(SYS_timer_delete, timer);
	show("caught");
}

CASE(each_timer_waits_with_a_signal_of_its_own)
{
	sigset_t set = set_of(SIGRTMIN + 2);
	struct timespec now = {0, 0};
	siginfo_t info;
	int timers[3], seen = 0;
	block(SIGRTMIN + 2);
	for (int i = 0; i < 3; i++)
		armed(timers[i] = made(CLOCK_MONOTONIC, SIGRTMIN + 2), 1, 0);
	settle();
	while (sigtimedwait(&set, &info, &now) > 0) {
		show("SI_TIMER %d, overrun %d", info.si_code == SI_TIMER, info.si_overrun);
		seen |= 1 << (info.si_timerid - timers[0]);
	}
	show("different ones %d", seen);
	for (int i = 0; i < 3; i++)
		syscall(SYS_timer_delete, timers[i]);
	unblock(SIGRTMIN + 2);
}

CASE(timer_counts_a_child_s_processor_time)
{
	volatile int *words = shared_words();
	clockid_t clock;
	pid_t child = forked();
	if (child == 0) {
		while (!words[0])
			;
		_exit(0);
	}
	REQUIRE(clock_getcpuclockid(child, &clock) == 0);
	handle(SIGUSR1, note, SA_RESTART);
	caught = 0;
	int timer = made(clock, SIGUSR1);
	armed(timer, 20, 0);
	AWAIT(caught);
	struct timespec used;
	clock_gettime(clock, &used);
	show("used %d", used.tv_sec > 0 || used.tv_nsec >= 20000000);
	words[0] = 1;
	show_end("child", child);
	syscall(SYS_timer_delete, timer);
}

CASE(processor_time_limit_is_inherited)
{
	struct rlimit limit = {1, 3};
	pid_t child = forked();
	if (child == 0) {
		REQUIRE(setrlimit(RLIMIT_CPU, &limit) == 0);
		pid_t grandchild = forked();
		if (grandchild == 0)
			for (;;)
				;
		show_end("grandchild", grandchild);
		handle(SIGXCPU, note, 0);
		caught = 0;
		while (!caught)
			;
		show("signal before the end %d", caught);
		_exit(0);
	}
	show_end("child", child);
}
