/* timer_create(2) with every kind of event, setitimer(2), alarm(2), CPU-time clocks and timers. */
#include "thread.h"

#include <sys/time.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif
#ifndef SIGEV_THREAD_ID
#define SIGEV_THREAD_ID 4
#endif

static volatile int caught, catcher, value_seen;

static void note(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	catcher = gettid();
	value_seen = info->si_code == SI_TIMER ? info->si_value.sival_int : -1;
	caught++;
}

static timer_t timer_with(clockid_t clock, struct sigevent *event)
{
	timer_t timer;
	REQUIRE(timer_create(clock, event, &timer) == 0);
	return timer;
}

static void fire(timer_t timer, long first, long again)
{
	struct itimerspec times = {.it_value = {0, first}, .it_interval = {0, again}};
	REQUIRE(timer_settime(timer, 0, &times, NULL) == 0);
}

CASE(timer_sends_a_signal_with_its_value)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 7};
	handle(SIGUSR1, note, SA_RESTART);
	caught = 0;
	timer_t timer = timer_with(CLOCK_MONOTONIC, &event);
	fire(timer, 10000000, 0);
	AWAIT(caught);
	show("caught %d, value %d", caught, value_seen);
	RESULT(timer_getoverrun(timer));
	RESULT(timer_delete(timer));
	RESULT(timer_delete(timer));
}

CASE(timer_without_an_event_sends_sigalrm_with_its_id)
{
	handle(SIGALRM, note, SA_RESTART);
	caught = 0;
	timer_t timer = timer_with(CLOCK_REALTIME, NULL);
	fire(timer, 10000000, 0);
	AWAIT(caught);
	show("caught %d", caught);
	timer_delete(timer);
	signal(SIGALRM, SIG_DFL);
}

CASE(periodic_timer_repeats)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	handle(SIGUSR1, note, SA_RESTART);
	caught = 0;
	timer_t timer = timer_with(CLOCK_MONOTONIC, &event);
	fire(timer, 2000000, 2000000);
	AWAIT(caught >= 10);
	fire(timer, 0, 0);
	int before = caught;
	pause_for(20);
	show("stopped %d", caught == before);
	timer_delete(timer);
}

CASE(missed_expirations_are_counted)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1};
	sigset_t set = set_of(SIGRTMIN + 1);
	struct timespec now = {0, 0};
	siginfo_t info;
	block(SIGRTMIN + 1);
	timer_t timer = timer_with(CLOCK_MONOTONIC, &event);
	fire(timer, 1000000, 1000000);
	pause_for(50);
	REQUIRE(sigwaitinfo(&set, &info) == SIGRTMIN + 1);
	show("one signal for many %d, told by the call %d", info.si_overrun > 10, timer_getoverrun(timer) > 10);
	timer_delete(timer);
	while (sigtimedwait(&set, NULL, &now) > 0)
		;
	unblock(SIGRTMIN + 1);
}

CASE(timer_without_notification_counts_down)
{
	struct sigevent event = {.sigev_notify = SIGEV_NONE};
	struct itimerspec left, times = {.it_value = {100, 0}};
	timer_t timer = timer_with(CLOCK_MONOTONIC, &event);
	RESULT(timer_settime(timer, 0, &times, NULL));
	RESULT(timer_gettime(timer, &left));
	show("left %d", left.it_value.tv_sec >= 98 && left.it_value.tv_sec <= 100);
	timer_delete(timer);
}

CASE(disarmed_timer_has_nothing_left)
{
	struct itimerspec left, times = {.it_value = {100, 0}};
	timer_t timer = timer_with(CLOCK_MONOTONIC, NULL);
	RESULT(timer_settime(timer, 0, &times, NULL));
	times.it_value.tv_sec = 0;
	RESULT(timer_settime(timer, 0, &times, &left));
	show("old value %d", left.it_value.tv_sec >= 98);
	RESULT(timer_gettime(timer, &left));
	show("disarmed %d", left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0);
	timer_delete(timer);
}

CASE(absolute_time_in_the_past_fires_at_once)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	struct itimerspec times = {.it_value = {0, 1}};
	handle(SIGUSR1, note, SA_RESTART);
	caught = 0;
	timer_t timer = timer_with(CLOCK_MONOTONIC, &event);
	RESULT(timer_settime(timer, TIMER_ABSTIME, &times, NULL));
	AWAIT(caught);
	show("caught %d", caught);
	timer_delete(timer);
}

CASE(timer_errors)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 77};
	struct itimerspec times = {.it_value = {0, 1000000000}};
	timer_t timer;
	RESULT(timer_create(99, NULL, &timer));
	RESULT(timer_create(CLOCK_MONOTONIC, &event, &timer));
	event = (struct sigevent){.sigev_notify = 77};
	RESULT(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
	RESULT(syscall(SYS_timer_delete, 0x3fffff));
	RESULT(syscall(SYS_timer_gettime, 0x3fffff, &times));
	RESULT(syscall(SYS_timer_getoverrun, 0x3fffff));
	RESULT(syscall(SYS_timer_settime, 0x3fffff, 0, &times, NULL));
	timer = timer_with(CLOCK_MONOTONIC, NULL);
	RESULT(timer_settime(timer, 0, &times, NULL));
	RESULT(timer_settime(timer, 0, NULL, NULL));
	timer_delete(timer);
}

static volatile int thread_ran;

static void in_thread(union sigval value)
{
	thread_ran = value.sival_int + (gettid() != getpid());
}

CASE(timer_runs_a_function_in_a_thread)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = in_thread, .sigev_value.sival_int = 40};
	thread_ran = 0;
	timer_t timer = timer_with(CLOCK_MONOTONIC, &event);
	fire(timer, 5000000, 0);
	AWAIT(thread_ran);
	show("%d", thread_ran);
	timer_delete(timer);
	settle();
}

static volatile int tid_of_thread, go;

static void *wait_for_go(void *argument)
{
	tid_of_thread = gettid();
	AWAIT(go);
	return argument;
}

CASE(timer_signals_the_chosen_thread)
{
	handle(SIGUSR1, note, SA_RESTART);
	caught = tid_of_thread = go = 0;
	pthread_t thread = started(wait_for_go, NULL);
	AWAIT(tid_of_thread);
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 3};
	event.sigev_notify_thread_id = tid_of_thread;
	timer_t timer = timer_with(CLOCK_MONOTONIC, &event);
	fire(timer, 5000000, 0);
	AWAIT(caught);
	show("by it %d, value %d", catcher == tid_of_thread, value_seen);
	timer_delete(timer);
	event.sigev_notify_thread_id = 0x3fffffff;
	RESULT(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
	go = 1;
	joined(thread);
}

static void burn_until_caught(void)
{
	for (volatile long i = 0; !caught; i++)
		;
}

CASE(virtual_interval_timer_counts_user_time)
{
	struct itimerval timer = {.it_value = {0, 20000}};
	handle(SIGVTALRM, note, SA_RESTART);
	caught = 0;
	RESULT(setitimer(ITIMER_VIRTUAL, &timer, NULL));
	pause_for(40);
	show("not while sleeping %d", caught == 0);
	burn_until_caught();
	show("while computing %d", caught);
}

CASE(profiling_interval_timer_counts_cpu_time)
{
	struct itimerval timer = {.it_value = {0, 20000}};
	handle(SIGPROF, note, SA_RESTART);
	caught = 0;
	RESULT(setitimer(ITIMER_PROF, &timer, NULL));
	pause_for(40);
	show("not while sleeping %d", caught == 0);
	burn_until_caught();
	show("while computing %d", caught);
}

static volatile int caught_virtual, caught_profiling;

static void count_interval(int number, siginfo_t *information, void *context)
{
	(void)information, (void)context;
	if (number == SIGVTALRM)
		caught_virtual++;
	else
		caught_profiling++;
}

CASE(virtual_interval_timer_leaves_the_systems_time_out)
{
	struct itimerval timer = {.it_interval = {0, 10000}, .it_value = {0, 10000}};
	struct stat about;
	handle(SIGVTALRM, count_interval, SA_RESTART);
	handle(SIGPROF, count_interval, SA_RESTART);
	REQUIRE(setitimer(ITIMER_VIRTUAL, &timer, NULL) == 0 && setitimer(ITIMER_PROF, &timer, NULL) == 0);
	while (caught_profiling < 20)
		REQUIRE(stat("/", &about) == 0);
	show("%d", caught_virtual < caught_profiling);
	timer = (struct itimerval){0};
	REQUIRE(setitimer(ITIMER_VIRTUAL, &timer, NULL) == 0 && setitimer(ITIMER_PROF, &timer, NULL) == 0);
}

static void *burn_in_thread(void *argument)
{
	burn_until_caught();
	return argument;
}

CASE(profiling_timer_counts_all_threads)
{
	struct itimerval timer = {.it_value = {0, 30000}};
	handle(SIGPROF, note, SA_RESTART);
	caught = 0;
	RESULT(setitimer(ITIMER_PROF, &timer, NULL));
	joined(started(burn_in_thread, NULL));
	show("caught %d", caught);
}

CASE(cpu_timer_of_the_process_fires)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	handle(SIGUSR1, note, SA_RESTART);
	caught = 0;
	timer_t timer = timer_with(CLOCK_PROCESS_CPUTIME_ID, &event);
	fire(timer, 20000000, 0);
	pause_for(40);
	show("not while sleeping %d", caught == 0);
	burn_until_caught();
	show("while computing %d", caught);
	timer_delete(timer);
}

CASE(cpu_timer_of_a_thread_fires)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	handle(SIGUSR1, note, SA_RESTART);
	caught = 0;
	timer_t timer = timer_with(CLOCK_THREAD_CPUTIME_ID, &event);
	fire(timer, 20000000, 0);
	burn_until_caught();
	show("caught %d", caught);
	timer_delete(timer);
}

static void *burn_on(void *argument)
{
	burn_until_caught();
	return argument;
}

CASE(sleep_by_the_cpu_clock_of_the_process)
{
	struct timespec time = {0, 20000000};
	caught = 0;
	pthread_t thread = started(burn_on, NULL);
	show("%s", clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &time, NULL) == 0 ? "slept" : "failed");
	caught = 1;
	joined(thread);
	int error = clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &time, NULL);
	show("own clock %s", error == EINVAL ? "EINVAL" : error == EOPNOTSUPP ? "EOPNOTSUPP" : "?");
}

CASE(sleep_until_a_time)
{
	static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI};
	for (size_t i = 0; i < COUNT(clocks); i++) {
		struct timespec until = in_milliseconds(clocks[i], 20);
		int error = clock_nanosleep(clocks[i], TIMER_ABSTIME, &until, NULL);
		struct timespec now = in_milliseconds(clocks[i], 0);
		show("%d, not early %d", error, now.tv_sec > until.tv_sec || (now.tv_sec == until.tv_sec && now.tv_nsec >= until.tv_nsec));
	}
}

CASE(many_timers_fire_in_order)
{
	sigset_t set = set_of(SIGRTMIN + 4);
	timer_t timers[10];
	siginfo_t info;
	block(SIGRTMIN + 4);
	for (int i = 0; i < 10; i++) {
		struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 4, .sigev_value.sival_int = i};
		timers[i] = timer_with(CLOCK_MONOTONIC, &event);
	}
	struct itimerspec times = {.it_value = in_milliseconds(CLOCK_MONOTONIC, 20)};
	for (int i = 9; i >= 0; i--) {
		times.it_value.tv_nsec = (times.it_value.tv_nsec / 1000000 * 1000000 + 3000000);
		if (times.it_value.tv_nsec >= 1000000000) {
			times.it_value.tv_nsec -= 1000000000;
			times.it_value.tv_sec++;
		}
		REQUIRE(timer_settime(timers[i], TIMER_ABSTIME, &times, NULL) == 0);
	}
	for (int i = 0; i < 10; i++) {
		REQUIRE(sigwaitinfo(&set, &info) == SIGRTMIN + 4);
		show("timer %d", info.si_value.sival_int);
	}
	for (int i = 0; i < 10; i++)
		timer_delete(timers[i]);
	unblock(SIGRTMIN + 4);
}
