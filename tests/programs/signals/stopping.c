/* signal(7): SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT and processes with threads. */
#include "thread.h"

static volatile int caught;
static volatile int *words;

/* The word that go_on() sets. */
#define GONE_ON 64

static void count(int number)
{
	(void)number;
	caught++;
}

static void show_stop(pid_t child)
{
	int status;
	REQUIRE(waitpid(child, &status, WUNTRACED) == child);
	show_status("child", status);
}

/* The child must not end before words[GONE_ON] says so, or its end would be told in place of its going on. */
static void go_on(pid_t child)
{
	int status;
	kill(child, SIGCONT);
	REQUIRE(waitpid(child, &status, WCONTINUED) == child);
	show_status("child", status);
	words[GONE_ON] = 1;
}

static void finish(pid_t child)
{
	kill(child, SIGKILL);
	REQUIRE(waitpid(child, NULL, 0) == child);
}

/* A child that counts in words[0], with threads that count in words[1] to words[threads]. */
static void *count_up(void *argument)
{
	for (;;)
		((volatile int *)argument)[0]++;
	return NULL;
}

static pid_t counting_child(int threads)
{
	words = shared_words();
	pid_t child = forked();
	if (child == 0) {
		for (int i = 1; i <= threads; i++)
			started(count_up, (void *)&words[i]);
		count_up((void *)&words[0]);
	}
	for (int i = 0; i <= threads; i++)
		AWAIT(words[i] > 0);
	return child;
}

CASE(stopped_process_does_not_run)
{
	pid_t child = counting_child(0);
	kill(child, SIGSTOP);
	show_stop(child);
	int before = words[0];
	pause_for(30);
	show("stands still %d", words[0] == before);
	go_on(child);
	AWAIT(words[0] != before);
	show("runs again");
	finish(child);
}

/* It does not come back from the call before it is continued, or at all. */
CASE(own_stop_and_kill_act_at_once)
{
	int late = 0;
	words = shared_words();
	for (int i = 0; i < 30; i++) {
		int status, number = i % 2 ? SIGSTOP : SIGKILL;
		words[0] = 0;
		pid_t child = forked();
		if (child == 0) {
			if (i % 3 == 0)
				kill(getpid(), number);
			else if (i % 3 == 1)
				syscall(SYS_tgkill, getpid(), gettid(), number);
			else
				syscall(SYS_tkill, gettid(), number);
			words[0] = 1;
			_exit(0);
		}
		REQUIRE(waitpid(child, &status, WUNTRACED) == child);
		late += words[0];
		REQUIRE(number == SIGKILL ? WIFSIGNALED(status) : WIFSTOPPED(status));
		if (number == SIGSTOP) {
			kill(child, SIGCONT);
			REQUIRE(waitpid(child, &status, 0) == child && status == 0 && words[0] == 1);
		}
	}
	show("late %d", late);
}

CASE(all_threads_stop)
{
	pid_t child = counting_child(3);
	int before[4], still = 0;
	kill(child, SIGSTOP);
	show_stop(child);
	for (int i = 0; i < 4; i++)
		before[i] = words[i];
	pause_for(30);
	for (int i = 0; i < 4; i++)
		still += words[i] == before[i];
	show("stand still %d", still);
	go_on(child);
	for (int i = 0; i < 4; i++)
		AWAIT(words[i] != before[i]);
	show("run again");
	finish(child);
}

CASE(terminal_stop_signals_stop_by_default)
{
	static const int numbers[] = {SIGTSTP, SIGTTIN, SIGTTOU};
	pid_t leader = forked();
	if (leader == 0) {
		for (size_t i = 0; i < COUNT(numbers); i++) {
			words = shared_words();
			pid_t child = forked();
			if (child == 0) {
				setpgid(0, 0);
				raise(numbers[i]);
				AWAIT(words[GONE_ON]);
				_exit((int)i);
			}
			show_stop(child);
			go_on(child);
			show_end("child", child);
		}
		_exit(0);
	}
	show_end("leader", leader);
}

CASE(terminal_stop_signals_do_not_stop_an_orphaned_group)
{
	pid_t child = forked();
	if (child == 0) {
		setsid();
		raise(SIGTSTP);
		raise(SIGTTIN);
		raise(SIGTTOU);
		_exit(5);
	}
	show_end("child", child);
}

CASE(terminal_stop_may_be_caught_and_ignored)
{
	pid_t child = forked();
	if (child == 0) {
		caught = 0;
		signal(SIGTSTP, count);
		signal(SIGTTIN, SIG_IGN);
		raise(SIGTSTP);
		raise(SIGTTIN);
		_exit(caught);
	}
	show_end("child", child);
}

CASE(stop_cannot_be_caught_blocked_or_ignored)
{
	RESULT((long)signal(SIGSTOP, count));
	RESULT((long)signal(SIGSTOP, SIG_IGN));
	RESULT((long)signal(SIGKILL, count));
	block(SIGSTOP);
	block(SIGKILL);
	show("blocked %d %d", is_blocked(SIGSTOP), is_blocked(SIGKILL));
	words = shared_words();
	pid_t child = forked();
	if (child == 0) {
		raise(SIGSTOP);
		AWAIT(words[GONE_ON]);
		_exit(3);
	}
	show_stop(child);
	go_on(child);
	show_end("child", child);
}

CASE(signals_wait_while_the_process_is_stopped)
{
	words = shared_words();
	pid_t child = forked();
	if (child == 0) {
		caught = 0;
		signal(SIGUSR1, count);
		words[0] = 1;
		AWAIT(words[GONE_ON]);
		_exit(caught);
	}
	AWAIT(words[0]);
	kill(child, SIGSTOP);
	show_stop(child);
	kill(child, SIGUSR1);
	kill(child, SIGUSR1);
	pause_for(10);
	RESULT(waitpid(child, NULL, WNOHANG));
	go_on(child);
	show_end("child", child);
}

static const int late_numbers[] = {SIGURG, SIGWINCH, 40, 64};

/* Signals with greater numbers than SIGCONT's: Linux hands them on behind it. */
CASE(late_numbers_wait_while_the_process_is_stopped)
{
	words = shared_words();
	for (int round = 0; round < 8; round++) {
		words[0] = words[GONE_ON] = 0;
		pid_t child = forked();
		if (child == 0) {
			caught = 0;
			for (size_t index = 0; index < sizeof late_numbers / sizeof *late_numbers; index++)
				signal(late_numbers[index], count);
			words[0] = 1;
			AWAIT(words[GONE_ON]);
			_exit(caught);
		}
		AWAIT(words[0]);
		kill(child, SIGSTOP);
		show_stop(child);
		for (size_t index = 0; index < sizeof late_numbers / sizeof *late_numbers; index++)
			kill(child, late_numbers[index]);
		go_on(child);
		show_end("child", child);
	}
}

CASE(stopped_process_can_be_killed)
{
	pid_t child = counting_child(1);
	kill(child, SIGSTOP);
	show_stop(child);
	kill(child, SIGTERM);
	pause_for(10);
	RESULT(waitpid(child, NULL, WNOHANG));
	kill(child, SIGKILL);
	show_end("child", child);
}

CASE(continue_discards_pending_stops_and_stop_pending_continues)
{
	sigset_t pending;
	block(SIGTSTP);
	block(SIGCONT);
	raise(SIGTSTP);
	raise(SIGCONT);
	sigpending(&pending);
	show("SIGTSTP %d, SIGCONT %d", sigismember(&pending, SIGTSTP), sigismember(&pending, SIGCONT));
	raise(SIGTSTP);
	sigpending(&pending);
	show("SIGTSTP %d, SIGCONT %d", sigismember(&pending, SIGTSTP), sigismember(&pending, SIGCONT));
	raise(SIGCONT);
	unblock(SIGTSTP);
	unblock(SIGCONT);
}

CASE(continue_may_be_caught)
{
	words = shared_words();
	pid_t child = forked();
	if (child == 0) {
		caught = 0;
		signal(SIGCONT, count);
		words[0] = 1;
		AWAIT(caught && words[GONE_ON]);
		_exit(caught);
	}
	AWAIT(words[0]);
	kill(child, SIGSTOP);
	show_stop(child);
	go_on(child);
	show_end("child", child);
}

CASE(sleeping_process_stops_and_sleeps_on)
{
	words = shared_words();
	pid_t child = forked();
	if (child == 0) {
		struct timespec rest = {0, 150000000};
		words[0] = 1;
		int result = nanosleep(&rest, NULL);
		AWAIT(words[GONE_ON]);
		_exit(result == 0 ? 1 : 2);
	}
	AWAIT(words[0]);
	settle();
	kill(child, SIGSTOP);
	show_stop(child);
	go_on(child);
	show_end("child", child);
}

CASE(reading_process_stops_and_reads_on)
{
	int ends[2];
	words = shared_words();
	REQUIRE(pipe(ends) == 0);
	pid_t child = forked();
	if (child == 0) {
		char byte;
		words[0] = 1;
		_exit(read(ends[0], &byte, 1) == 1 ? 4 : 5);
	}
	AWAIT(words[0]);
	settle();
	kill(child, SIGSTOP);
	show_stop(child);
	go_on(child);
	REQUIRE(write(ends[1], "x", 1) == 1);
	show_end("child", child);
	close(ends[0]);
	close(ends[1]);
}
