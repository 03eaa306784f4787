/* proc(5): status, stat, limits, cmdline, environ, auxv and exe of a process and its children. */
#include "process.h"

#include <sys/prctl.h>
#include <sys/resource.h>

/* The whole of `file`, ended by a NUL; answers its length. */
static int read_file(const char *file, char *text, size_t size)
{
	int descriptor = open(file, O_RDONLY);
	int length = 0, more;
	REQUIRE(descriptor >= 0);
	while ((more = (int)read(descriptor, text + length, size - 1 - (size_t)length)) > 0)
		length += more;
	close(descriptor);
	text[length] = '\0';
	return length;
}

/* The value behind `name` and a colon in the status of `process`. */
static const char *status_of(pid_t process, const char *name)
{
	static char text[8192], file[64];
	snprintf(file, sizeof file, "/proc/%d/status", process);
	read_file(file, text, sizeof text);
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
		if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
			return line + strlen(name) + 2;
	return "nothing";
}

/* Field `number` of the stat of `process`; the state is field 3. */
static const char *field_of(pid_t process, int number)
{
	static char text[2048], file[64];
	snprintf(file, sizeof file, "/proc/%d/stat", process);
	read_file(file, text, sizeof text);
	char *field = strtok(strrchr(text, ')') + 1, " \n");
	while (number-- > 3 && field != NULL)
		field = strtok(NULL, " \n");
	return field == NULL ? "nothing" : field;
}

static void handler(int number)
{
	(void)number;
}

CASE(ids_are_those_of_the_process)
{
	show("Pid %d, Tgid %d, PPid %d", atoi(status_of(getpid(), "Pid")) == getpid(),
	     atoi(status_of(getpid(), "Tgid")) == getpid(), atoi(status_of(getpid(), "PPid")) == getppid());
	show("group %d, session %d", atoi(field_of(getpid(), 5)) == getpgrp(), atoi(field_of(getpid(), 6)) == getsid(0));
	show("user %d, group %d", atoi(status_of(getpid(), "Uid")) == (int)getuid(),
	     atoi(status_of(getpid(), "Gid")) == (int)getgid());
}

CASE(name_is_that_of_prctl)
{
	REQUIRE(prctl(PR_SET_NAME, "a name") == 0);
	show("%s", status_of(getpid(), "Name"));
}

CASE(sets_of_signals_are_shown)
{
	sigset_t set;
	REQUIRE(signal(SIGUSR1, SIG_IGN) != SIG_ERR && signal(SIGUSR2, handler) != SIG_ERR);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGRTMIN + 1);
	REQUIRE(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	REQUIRE(kill(getpid(), SIGHUP) == 0);
	show("blocked %s", status_of(getpid(), "SigBlk"));
	show("ignores SIGUSR1 %d", (int)(strtoul(status_of(getpid(), "SigIgn"), NULL, 16) >> (SIGUSR1 - 1) & 1));
	show("caught %s", status_of(getpid(), "SigCgt"));
	show("pending %s", status_of(getpid(), "ShdPnd"));
	show("pending for the thread %s", status_of(getpid(), "SigPnd"));
	show("stat: blocked %s", field_of(getpid(), 32));
	show("stat: caught %s", field_of(getpid(), 34));
}

CASE(state_of_a_child_is_seen)
{
	pid_t child = forked();
	if (child == 0) {
		for (;;)
			pause();
	}
	AWAIT(field_of(child, 3)[0] == 'S');
	show("%s", status_of(child, "State"));
	REQUIRE(kill(child, SIGSTOP) == 0);
	AWAIT(field_of(child, 3)[0] == 'T');
	show("%s", status_of(child, "State"));
	REQUIRE(kill(child, SIGKILL) == 0);
	AWAIT(ended(child));
	show("%s", status_of(child, "State"));
	show_end("child", child);
}

CASE(own_state_is_running)
{
	show("%s, %s", status_of(getpid(), "State"), field_of(getpid(), 3));
	show("threads %s, %s", status_of(getpid(), "Threads"), field_of(getpid(), 20));
}

CASE(parts_of_the_program_are_where_they_are)
{
	static int data = 7;
	int local = 0;
	unsigned long code = strtoul(field_of(getpid(), 26), NULL, 10);
	unsigned long end = strtoul(field_of(getpid(), 27), NULL, 10);
	show("code %d", (unsigned long)&handler >= code && (unsigned long)&handler < end);
	unsigned long start = strtoul(field_of(getpid(), 45), NULL, 10);
	end = strtoul(field_of(getpid(), 46), NULL, 10);
	show("data %d", (unsigned long)&data >= start && (unsigned long)&data < end);
	show("stack %d", (unsigned long)&local < strtoul(field_of(getpid(), 28), NULL, 10));
	show("arguments %d", strtoul(field_of(getpid(), 48), NULL, 10) < strtoul(field_of(getpid(), 49), NULL, 10));
	show("heap %d", strtoul(field_of(getpid(), 47), NULL, 10) <= (unsigned long)sbrk(0));
}

CASE(processor_time_is_counted)
{
	unsigned long before = strtoul(field_of(getpid(), 14), NULL, 10) + strtoul(field_of(getpid(), 15), NULL, 10);
	clock_t begin = clock();
	while (clock() - begin < CLOCKS_PER_SEC / 10)
		;
	unsigned long after = strtoul(field_of(getpid(), 14), NULL, 10) + strtoul(field_of(getpid(), 15), NULL, 10);
	show("a tenth of a second is counted %d", after - before >= 8);
}

static long number_in_stat(int field)
{
	return strtol(field_of(getpid(), field), NULL, 10);
}

CASE(time_of_calls_is_the_systems)
{
	struct stat about;
	long user = number_in_stat(14), system = number_in_stat(15);
	clock_t begin = clock();
	while (clock() - begin < CLOCKS_PER_SEC / 5)
		for (int i = 0; i < 100; i++)
			REQUIRE(stat("/", &about) == 0);
	show("%d", number_in_stat(15) - system > number_in_stat(14) - user);
}

CASE(time_and_faults_of_children_are_counted_when_they_are_waited_for)
{
	long time = number_in_stat(16) + number_in_stat(17), faults = number_in_stat(11);
	pid_t child = forked();
	if (child == 0) {
		clock_t begin = clock();
		while (clock() - begin < CLOCKS_PER_SEC / 10)
			;
		memset(anonymous(8 << 20), 1, 8 << 20);
		_exit(0);
	}
	show_end("child", child);
	show("time %d, faults %d", number_in_stat(16) + number_in_stat(17) - time >= 8, number_in_stat(11) > faults);
}

CASE(faults_are_counted)
{
	long minor = number_in_stat(10), major = number_in_stat(12);
	memset(anonymous(8 << 20), 1, 8 << 20);
	show("minor %d, major %d", number_in_stat(10) > minor, number_in_stat(12) == major);
}

CASE(switches_are_counted)
{
	long before = strtol(status_of(getpid(), "voluntary_ctxt_switches"), NULL, 10);
	for (int i = 0; i < 10; i++)
		usleep(1000);
	show("%d", strtol(status_of(getpid(), "voluntary_ctxt_switches"), NULL, 10) - before >= 10);
	show("involuntary ones too %d", atoi(status_of(getpid(), "nonvoluntary_ctxt_switches")) >= 0);
}

CASE(affinity_is_the_same_everywhere)
{
	int first = stay_on_first_processor();
	show("list %d", atoi(status_of(getpid(), "Cpus_allowed_list")) == first);
	show("processor %d", atoi(field_of(getpid(), 39)) == first);
}

CASE(limits_are_those_of_getrlimit)
{
	struct rlimit limit = {123 << 20, 456 << 20};
	char text[8192];
	REQUIRE(setrlimit(RLIMIT_STACK, &limit) == 0);
	read_file("/proc/self/limits", text, sizeof text);
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
		if (strstr(line, "Max stack") != NULL || strstr(line, "Limit") != NULL)
			show("%s", line);
}

ROLE(arguments)
{
	char text[4096];
	int length = read_file("/proc/self/cmdline", text, sizeof text);
	const char *second = strchr(text, '\0') + 1, *third = strchr(second, '\0') + 1;
	check_name = "executed";
	show("command line %s, %s, %s: all of it %d", text, second, third, third + strlen(third) + 1 == text + length);
	length = read_file("/proc/self/environ", text, sizeof text);
	show("environment %s, of %d bytes", text, length);
	return 0;
}

CASE(command_line_and_environment_are_those_of_execve)
{
	char *arguments[] = {"name", "arguments", "two words", NULL}, *environment[] = {"KEY=value", "B=2", NULL};
	pid_t child = forked();
	if (child == 0) {
		execve(this_program(), arguments, environment);
		_exit(98);
	}
	show_end("child", child);
}

ROLE(waits)
{
	for (;;)
		pause();
	return 0;
}

CASE(command_line_of_a_child_is_seen)
{
	char file[64], text[4096] = "", own[4096] = "";
	pid_t child = forked();
	if (child == 0) {
		execl(this_program(), "another", "waits", NULL);
		_exit(98);
	}
	snprintf(file, sizeof file, "/proc/%d/cmdline", child);
	AWAIT(read_file(file, text, sizeof text) > 0 && strcmp(text, "another") == 0);
	show("%s %s", text, strchr(text, '\0') + 1);
	snprintf(file, sizeof file, "/proc/%d/exe", child);
	REQUIRE(readlink(file, text, sizeof text - 1) > 0 && readlink("/proc/self/exe", own, sizeof own - 1) > 0);
	show("runs the same program %d", strcmp(text, own) == 0);
	REQUIRE(kill(child, SIGKILL) == 0);
	show_end("child", child);
}

static void show_program_of(pid_t process, const char *expected)
{
	char file[64];
	struct stat own, linked, opened, link;
	snprintf(file, sizeof file, "/proc/%d/exe", process);
	int descriptor = open(file, O_RDONLY);
	REQUIRE(stat(expected, &own) == 0);
	show("stat %d", stat(file, &linked) == 0 && linked.st_ino == own.st_ino && linked.st_dev == own.st_dev);
	show("open %d", fstat(descriptor, &opened) == 0 && opened.st_ino == own.st_ino && opened.st_dev == own.st_dev);
	show("link %d", lstat(file, &link) == 0 && S_ISLNK(link.st_mode));
	SUCCESS(access(file, X_OK));
	close(descriptor);
}

CASE(programs_of_children_are_found)
{
	pid_t child = forked();
	if (child == 0) {
		for (;;)
			pause();
	}
	show_program_of(child, "/proc/self/exe");
	REQUIRE(kill(child, SIGKILL) == 0);
	show_end("child", child);
	child = forked();
	if (child == 0) {
		execl("/bin/sleep", "sleep", "1000", NULL);
		_exit(98);
	}
	char file[64], text[256] = "";
	snprintf(file, sizeof file, "/proc/%d/comm", child);
	AWAIT(read_file(file, text, sizeof text) > 0 && strcmp(text, "sleep\n") == 0);
	show_program_of(child, "/bin/sleep");
	pid_t runner = forked();
	if (runner == 0) {
		snprintf(file, sizeof file, "/proc/%d/exe", child);
		execl(file, "sleep", "0", NULL);
		_exit(98);
	}
	show_end("runs it as well", runner);
	REQUIRE(kill(child, SIGKILL) == 0);
	show_end("child", child);
	RESULT(open(file, O_RDONLY));
}

CASE(auxiliary_vector_is_that_of_the_stack)
{
	unsigned long words[128];
	int file = open("/proc/self/auxv", O_RDONLY);
	long length = read(file, words, sizeof words);
	REQUIRE(file >= 0 && length > 0);
	for (long at = 0; at < length / 8; at += 2)
		if (words[at] == AT_ENTRY || words[at] == AT_PHDR || words[at] == AT_EXECFN || words[at] == AT_PAGESZ)
			show("%lu is the same %d", words[at], words[at + 1] == getauxval(words[at]));
	show("ends with AT_NULL %d", words[length / 8 - 2] == AT_NULL);
}
