/* execve(2): what the new program gets, and what of the old one goes on. */
#include "process.h"

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>

extern char **environ;

ROLE(words_and_environment)
{
	check_name = "executed";
	for (int i = 0; i < count; i++)
		show("word %d is '%s'", i, words[i]);
	for (int i = 0; environ[i] != NULL; i++)
		show("environment %d is '%s'", i, environ[i]);
	return 3;
}

ROLE(signal_state)
{
	check_name = "executed";
	struct sigaction usr1, usr2;
	sigset_t pending;
	stack_t stack;
	sigaction(SIGUSR1, NULL, &usr1);
	sigaction(SIGUSR2, NULL, &usr2);
	sigpending(&pending);
	sigaltstack(NULL, &stack);
	show("SIGUSR1 default %d, SIGUSR2 ignored %d", usr1.sa_handler == SIG_DFL, usr2.sa_handler == SIG_IGN);
	show("SIGTERM blocked %d, pending %d", is_blocked(SIGTERM), sigismember(&pending, SIGTERM));
	show("alternate stack off %d", stack.ss_flags == SS_DISABLE);
	return 0;
}

ROLE(descriptors_open)
{
	check_name = "executed";
	for (int i = 0; i < count; i++)
		show("descriptor %s open %d", words[i], fcntl(atoi(words[i]), F_GETFD) != -1);
	return 0;
}

ROLE(ids)
{
	check_name = "executed";
	show("process the same %d, parent the same %d", getpid() == atoi(words[0]), getppid() == atoi(words[1]));
	show("group the same %d, thread is process %d", getpgrp() == atoi(words[2]), gettid() == getpid());
	return 0;
}

ROLE(own_link)
{
	check_name = "executed";
	show("executed by its link");
	return count;
}

ROLE(removed)
{
	char link[4096], *words_of_next[] = {"name", "own_link", "x", NULL};
	check_name = "executed";
	SUCCESS(unlink(words[0]));
	ssize_t length = readlink("/proc/self/exe", link, sizeof link - 1);
	REQUIRE(length > 0);
	link[length] = 0;
	char *end = strstr(link, " (deleted)");
	show("link says that it is gone %d", end != NULL && end[10] == 0);
	int file = open("/proc/self/exe", O_RDONLY);
	struct stat by_file, by_link;
	show("the same file %d", fstat(file, &by_file) == 0 && stat("/proc/self/exe", &by_link) == 0 && by_file.st_ino == by_link.st_ino);
	close(file);
	RESULT(execv("/proc/self/exe", words_of_next));
	return 1;
}

ROLE(name)
{
	check_name = "executed";
	char name[17] = "";
	prctl(PR_GET_NAME, name);
	const char *file = strrchr(this_program(), '/');
	show("name is the file's %d", strncmp(name, file ? file + 1 : this_program(), 15) == 0);
	return 0;
}

ROLE(surroundings)
{
	check_name = "executed";
	struct rlimit limit;
	struct itimerval timer;
	char where[4096];
	getrlimit(RLIMIT_NOFILE, &limit);
	getitimer(ITIMER_REAL, &timer);
	show("limit %ld, umask %o, folder '%s'", (long)limit.rlim_cur, umask(0),
	     getcwd(where, sizeof where) ? strrchr(where, '/') : "?");
	show("interval timer runs %d, alarm left %d, nice %d", timer.it_value.tv_sec > 0, alarm(0) > 0,
	     getpriority(PRIO_PROCESS, 0));
	return 0;
}

/* Executes this program in `role` and returns only by failing. */
static void become(const char *role, const char *first)
{
	execl(this_program(), "name", role, first, NULL);
	_exit(98);
}

CASE(program_can_be_executed_by_its_link)
{
	char *const words[] = {"name", "own_link", "one", NULL};
	pid_t child = forked();
	if (child == 0) {
		execv("/proc/self/exe", words);
		_exit(98);
	}
	show_end("child", child);
}

CASE(program_that_was_removed_is_still_there)
{
	char bytes[4096];
	int from = open(this_program(), O_RDONLY), to = open("copy", O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	REQUIRE(from != -1 && to != -1);
	for (ssize_t count; (count = read(from, bytes, sizeof bytes)) > 0;)
		REQUIRE(write(to, bytes, (size_t)count) == count);
	close(from);
	close(to);
	pid_t child = forked();
	if (child == 0) {
		execl("./copy", "name", "removed", "copy", NULL);
		_exit(98);
	}
	show_end("child", child);
}

CASE(words_and_environment_arrive)
{
	char *const words[] = {"name", "words_and_environment", "one", "", "with space", NULL};
	char *const environment[] = {"FIRST=1", "EMPTY=", "no equals sign", NULL};
	pid_t child = forked();
	if (child == 0) {
		execve(this_program(), words, environment);
		_exit(98);
	}
	show_end("child", child);
}

CASE(environment_may_be_empty)
{
	char *const words[] = {"name", "words_and_environment", NULL};
	pid_t child = forked();
	if (child == 0) {
		execve(this_program(), words, NULL);
		_exit(98);
	}
	show_end("child", child);
}

CASE(program_without_words_gets_an_empty_one)
{
	char *const none[] = {NULL};
	pid_t child = forked();
	if (child == 0) {
		execve(this_program(), none, environ);
		_exit(98);
	}
	show_end("child", child);
	child = forked();
	if (child == 0) {
		syscall(SYS_execve, this_program(), NULL, environ);
		_exit(98);
	}
	show_end("child", child);
}

CASE(many_long_words_arrive)
{
	static char *words[3000], text[200];
	memset(text, 'w', sizeof text - 1);
	for (size_t i = 0; i + 1 < COUNT(words); i++)
		words[i] = text;
	words[0] = "sh";
	words[1] = "-c";
	words[2] = "echo $#; echo ${#1}";
	pid_t child = forked();
	if (child == 0) {
		execve("/bin/sh", words, environ);
		_exit(98);
	}
	show_end("child", child);
}

CASE(close_on_exec_closes)
{
	REQUIRE(dup2(1, 40) == 40 && dup3(1, 41, O_CLOEXEC) == 41 && dup2(1, 42) == 42);
	REQUIRE(fcntl(42, F_SETFD, FD_CLOEXEC) == 0);
	pid_t child = forked();
	if (child == 0) {
		execl(this_program(), "name", "descriptors_open", "40", "41", "42", NULL);
		_exit(98);
	}
	show_end("child", child);
	show("own still open %d", fcntl(41, F_GETFD) != -1);
	close(40);
	close(41);
	close(42);
}

CASE(failed_exec_closes_nothing)
{
	REQUIRE(dup3(1, 41, O_CLOEXEC) == 41);
	RESULT(execl("/no/such/program", "x", NULL));
	show("still open %d", fcntl(41, F_GETFD) != -1);
	close(41);
}

static void handler(int number)
{
	(void)number;
}

CASE(handlers_are_reset_and_ignored_signals_stay)
{
	static char area[65536];
	pid_t child = forked();
	if (child == 0) {
		stack_t stack = {.ss_sp = area, .ss_size = sizeof area};
		sigaltstack(&stack, NULL);
		signal(SIGUSR1, handler);
		signal(SIGUSR2, SIG_IGN);
		become("signal_state", NULL);
	}
	show_end("child", child);
}

CASE(mask_and_pending_signals_stay)
{
	pid_t child = forked();
	if (child == 0) {
		block(SIGTERM);
		kill(getpid(), SIGTERM);
		become("signal_state", NULL);
	}
	show_end("child", child);
}

CASE(ids_stay)
{
	char own[16], parent[16], group[16];
	pid_t child = forked();
	if (child == 0) {
		snprintf(own, sizeof own, "%d", getpid());
		snprintf(parent, sizeof parent, "%d", getppid());
		snprintf(group, sizeof group, "%d", getpgrp());
		execl(this_program(), "name", "ids", own, parent, group, NULL);
		_exit(98);
	}
	show_end("child", child);
}

CASE(name_becomes_the_file_s)
{
	pid_t child = forked();
	if (child == 0) {
		prctl(PR_SET_NAME, "before");
		become("name", NULL);
	}
	show_end("child", child);
}

CASE(limits_umask_folder_timers_stay)
{
	mkdir("working", 0755);
	pid_t child = forked();
	if (child == 0) {
		struct rlimit limit = {77, 100};
		REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0 && chdir("working") == 0);
		umask(035);
		setpriority(PRIO_PROCESS, 0, 3);
		alarm(1000);
		become("surroundings", NULL);
	}
	show_end("child", child);
}

ROLE(rest)
{
	check_name = "executed";
	pause_for(atoi(words[0]));
	show("undisturbed");
	return 0;
}

CASE(posix_timers_go)
{
	pid_t child = forked();
	if (child == 0) {
		timer_t timer;
		struct itimerspec soon = {.it_value = {1, 0}};
		REQUIRE(timer_create(CLOCK_MONOTONIC, NULL, &timer) == 0);
		REQUIRE(timer_settime(timer, 0, &soon, NULL) == 0);
		become("rest", "1200");
	}
	show_end("child", child);
}

static char *volatile memory;

ROLE(memory_is_fresh)
{
	check_name = "executed";
	show("static memory fresh %d", memory == NULL);
	unsigned char state = 9;
	show("old mapping gone %d", mincore((void *)strtoul(words[0], NULL, 16), PAGE, &state) == -1 && errno == ENOMEM);
	return 0;
}

CASE(memory_is_replaced)
{
	char address[32];
	pid_t child = forked();
	if (child == 0) {
		memory = mmap((void *)0x123400000000, PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		snprintf(address, sizeof address, "%lx", (unsigned long)memory);
		become("memory_is_fresh", address);
	}
	show_end("child", child);
}

static char ids_words[3][16];

static void *exec_ids(void *argument)
{
	execl(this_program(), "name", "ids", ids_words[0], ids_words[1], ids_words[2], NULL);
	return argument;
}

CASE(exec_by_another_thread_takes_the_process_over)
{
	pid_t child = forked();
	if (child == 0) {
		pthread_t thread;
		snprintf(ids_words[0], 16, "%d", getpid());
		snprintf(ids_words[1], 16, "%d", getppid());
		snprintf(ids_words[2], 16, "%d", getpgrp());
		REQUIRE(pthread_create(&thread, NULL, exec_ids, NULL) == 0);
		for (;;)
			pause();
	}
	show_end("child", child);
}

static void *spin(void *argument)
{
	for (volatile long i = 0;; i++)
		;
	return argument;
}

static void *sleep_long(void *argument)
{
	for (;;)
		pause();
	return argument;
}

CASE(other_threads_are_gone_after_exec)
{
	pid_t child = forked();
	if (child == 0) {
		pthread_t thread;
		for (int i = 0; i < 4; i++)
			REQUIRE(pthread_create(&thread, NULL, i % 2 ? spin : sleep_long, NULL) == 0);
		settle();
		become("rest", "20");
	}
	show_end("child", child);
}

CASE(failed_exec_leaves_the_threads)
{
	pid_t child = forked();
	if (child == 0) {
		pthread_t thread;
		REQUIRE(pthread_create(&thread, NULL, sleep_long, NULL) == 0);
		RESULT(execl("/no/such/program", "x", NULL));
		show("thread is there %d", pthread_kill(thread, 0) == 0);
		_exit(0);
	}
	show_end("child", child);
}

ROLE(chain)
{
	int left = atoi(words[0]);
	char text[16];
	if (left == 0)
		return 31;
	snprintf(text, sizeof text, "%d", left - 1);
	become("chain", text);
	return 1;
}

CASE(forty_programs_in_one_process)
{
	pid_t child = forked();
	if (child == 0)
		become("chain", "40");
	show_end("child", child);
}

ENDS(exec_replaces_the_first_process_too, 31)
{
	show("before");
	become("chain", "3");
}

CASE(shell_replaces_the_program)
{
	pid_t outer = forked();
	if (outer == 0) {
		execl("/bin/sh", "sh", "-c", "echo shell; exit 6", NULL);
		_exit(98);
	}
	show_end("outer", outer);
}

ROLE(wait_for_any)
{
	check_name = "executed";
	int status = 0;
	show("a child is there %d", waitpid(-1, &status, 0) > 0);
	show_status("it", status);
	return 0;
}

CASE(child_of_the_old_program_is_waited_for_by_the_new)
{
	pid_t outer = forked();
	if (outer == 0) {
		pid_t inner = forked();
		if (inner == 0)
			_exit(5);
		become("wait_for_any", NULL);
	}
	show_end("outer", outer);
}
