/* _exit(2), exit(3), atexit(3), abort(3) as a parent sees them. */
#include "process.h"

#include <sys/prctl.h>

static void note_end(void)
{
	show("handler runs");
}

CASE(every_status_arrives)
{
	int right = 0, status;
	for (int i = 0; i < 256; i += 5) {
		pid_t child = forked();
		if (child == 0)
			_exit(i);
		right += waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == i;
	}
	show("right %d", right);
}

CASE(status_is_cut_to_a_byte)
{
	static const int statuses[] = {256, 257, -1, 0x7fffffff, 1000};
	for (size_t i = 0; i < COUNT(statuses); i++) {
		pid_t child = forked();
		if (child == 0)
			_exit(statuses[i]);
		show_end("child", child);
	}
}

CASE(handlers_run_at_exit_and_not_at_fast_exit)
{
	pid_t child = forked();
	if (child == 0) {
		atexit(note_end);
		exit(1);
	}
	show_end("exit", child);
	child = forked();
	if (child == 0) {
		atexit(note_end);
		_exit(2);
	}
	show_end("_exit", child);
	child = forked();
	if (child == 0) {
		at_quick_exit(note_end);
		quick_exit(3);
	}
	show_end("quick_exit", child);
}

CASE(handlers_are_inherited_by_fork)
{
	pid_t child = forked();
	if (child == 0) {
		atexit(note_end);
		pid_t grandchild = forked();
		if (grandchild == 0)
			exit(4);
		show_end("grandchild", grandchild);
		_exit(0);
	}
	show_end("child", child);
}

CASE(deadly_signals_show_in_the_status)
{
	static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGUSR1,
				      SIGSEGV, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF,
				      SIGIO, SIGSYS};
	for (size_t i = 0; i < COUNT(numbers); i++) {
		int status = 0;
		pid_t child = forked();
		if (child == 0) {
			prctl(PR_SET_DUMPABLE, 0);
			raise(numbers[i]);
			_exit(0);
		}
		REQUIRE(waitpid(child, &status, 0) == child);
		show_status("child", status);
		show("core %d", WCOREDUMP(status) != 0);
	}
}

CASE(harmless_signals_do_not_end_a_process)
{
	pid_t child = forked();
	if (child == 0) {
		raise(SIGCHLD);
		raise(SIGURG);
		raise(SIGWINCH);
		raise(SIGCONT);
		_exit(5);
	}
	show_end("child", child);
}

CASE(real_time_signals_are_deadly_by_default)
{
	int status;
	pid_t child = forked();
	if (child == 0) {
		raise(SIGRTMIN + 5);
		_exit(0);
	}
	REQUIRE(waitpid(child, &status, 0) == child);
	show("right signal %d", WIFSIGNALED(status) && WTERMSIG(status) == SIGRTMIN + 5);
}

CASE(abort_cannot_be_ignored_or_blocked)
{
	pid_t child = forked();
	if (child == 0) {
		prctl(PR_SET_DUMPABLE, 0);
		signal(SIGABRT, SIG_IGN);
		block(SIGABRT);
		abort();
	}
	show_end("child", child);
}

CASE(faults_kill_even_when_ignored)
{
	pid_t child = forked();
	if (child == 0) {
		prctl(PR_SET_DUMPABLE, 0);
		signal(SIGSEGV, SIG_IGN);
		*(volatile char *)16 = 1;
		_exit(0);
	}
	show_end("ignored", child);
	child = forked();
	if (child == 0) {
		prctl(PR_SET_DUMPABLE, 0);
		block(SIGSEGV);
		*(volatile char *)16 = 1;
		_exit(0);
	}
	show_end("blocked", child);
}

CASE(end_closes_descriptors)
{
	int ends[2];
	char byte;
	REQUIRE(pipe(ends) == 0);
	pid_t child = forked();
	if (child == 0) {
		close(ends[0]);
		pause();
		_exit(0);
	}
	close(ends[1]);
	kill(child, SIGKILL);
	RESULT(read(ends[0], &byte, 1));
	show_end("child", child);
	close(ends[0]);
}

CASE(end_releases_record_locks)
{
	int file = patterned_file("locked", 10);
	volatile int *words = shared_words();
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	pid_t child = forked();
	if (child == 0) {
		REQUIRE(fcntl(file, F_SETLK, &lock) == 0);
		words[0] = 1;
		pause();
		_exit(0);
	}
	AWAIT(words[0]);
	RESULT(fcntl(file, F_SETLK, &lock));
	kill(child, SIGKILL);
	RESULT(fcntl(file, F_SETLKW, &lock));
	show_end("child", child);
	close(file);
}

CASE(two_hundred_children_come_and_go)
{
	int right = 0, status;
	for (int i = 0; i < 200; i++) {
		pid_t child = forked();
		if (child == 0)
			_exit(i % 256);
		right += waitpid(child, &status, 0) == child && WEXITSTATUS(status) == i % 256;
	}
	show("right %d", right);
}

CASE(fifty_children_are_alive_at_once)
{
	pid_t children[50];
	volatile int *words = shared_words();
	int right = 0, status;
	for (int i = 0; i < 50; i++) {
		children[i] = forked();
		if (children[i] == 0) {
			__atomic_add_fetch(&words[0], 1, __ATOMIC_SEQ_CST);
			AWAIT(words[1]);
			_exit(i);
		}
	}
	AWAIT(words[0] == 50);
	words[1] = 1;
	for (int i = 0; i < 50; i++)
		right += waitpid(children[i], &status, 0) == children[i] && WEXITSTATUS(status) == i;
	show("right %d", right);
}
