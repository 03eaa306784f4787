/* prctl(2) and personality(2): what a process may ask of itself, and what children and new programs keep of it. */
#include "process.h"

#include <pthread.h>
#include <sys/personality.h>
#include <sys/prctl.h>

ROLE(persona)
{
	check_name = "executed";
	show("personality %#x", personality(0xffffffff));
	show("no new privileges %d, dumpable %d", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), prctl(PR_GET_DUMPABLE));
	return 0;
}

static void *name_of_thread(void *argument)
{
	prctl(PR_GET_NAME, argument);
	prctl(PR_SET_NAME, "renamed");
	return NULL;
}

CASE(thread_starts_with_the_name_of_its_creator)
{
	char name[17] = "", own[17] = "";
	pthread_t thread;
	RESULT(prctl(PR_SET_NAME, "creator"));
	REQUIRE(pthread_create(&thread, NULL, name_of_thread, name) == 0);
	pthread_join(thread, NULL);
	prctl(PR_GET_NAME, own);
	show("thread %s, creator still %s", name, own);
	RESULT(prctl(PR_SET_NAME, 16));
	RESULT(prctl(PR_GET_NAME, 16));
}

CASE(name_is_seen_in_proc)
{
	char text[32] = "";
	RESULT(prctl(PR_SET_NAME, "seen"));
	int file = open("/proc/self/comm", O_RDONLY);
	REQUIRE(file >= 0);
	RESULT(read(file, text, sizeof text - 1));
	show("%s", strtok(text, "\n"));
	close(file);
}

CASE(privileges_cannot_be_regained)
{
	pid_t child = forked();
	if (child == 0) {
		RESULT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
		RESULT(prctl(PR_SET_NO_NEW_PRIVS, 2, 0, 0, 0));
		RESULT(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0));
		RESULT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		RESULT(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
		pid_t grandchild = forked();
		if (grandchild == 0) {
			execl(this_program(), "name", "persona", NULL);
			_exit(98);
		}
		show_end("grandchild", grandchild);
		_exit(0);
	}
	show_end("child", child);
	RESULT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
}

CASE(dumpable_is_a_flag)
{
	pid_t child = forked();
	if (child == 0) {
		RESULT(prctl(PR_SET_DUMPABLE, 0));
		RESULT(prctl(PR_GET_DUMPABLE));
		RESULT(prctl(PR_SET_DUMPABLE, 2));
		pid_t grandchild = forked();
		if (grandchild == 0)
			_exit(prctl(PR_GET_DUMPABLE));
		show_end("grandchild", grandchild);
		_exit(0);
	}
	show_end("child", child);
	RESULT(prctl(PR_GET_DUMPABLE));
}

CASE(personality_is_inherited_and_survives_exec)
{
	pid_t child = forked();
	if (child == 0) {
		RESULT(personality(ADDR_NO_RANDOMIZE));
		RESULT(personality(0xffffffff) == ADDR_NO_RANDOMIZE);
		pid_t grandchild = forked();
		if (grandchild == 0) {
			execl(this_program(), "name", "persona", NULL);
			_exit(98);
		}
		show_end("grandchild", grandchild);
		_exit(0);
	}
	show_end("child", child);
	RESULT(personality(0xffffffff));
}

ROLE(addresses)
{
	int local;
	char text[64];
	int length = snprintf(text, sizeof text, "%p %p;", (void *)&local, (void *)shared_words());
	return write(3, text, (size_t)length) == length ? 0 : 1;
}

CASE(without_randomisation_addresses_repeat)
{
	int file = open("addresses", O_RDWR | O_CREAT | O_TRUNC, 0644);
	char text[256] = "";
	REQUIRE(file >= 0 && dup2(file, 3) == 3);
	for (int i = 0; i < 2; i++) {
		pid_t child = forked();
		if (child == 0) {
			personality(ADDR_NO_RANDOMIZE);
			execl(this_program(), "name", "addresses", NULL);
			_exit(98);
		}
		show_end("child", child);
	}
	REQUIRE(pread(file, text, sizeof text - 1, 0) > 0);
	char *first = strtok(text, ";"), *second = strtok(NULL, ";");
	show("the same %d", second != NULL && strcmp(first, second) == 0);
	REQUIRE(ftruncate(file, 0) == 0);
	close(file);
}

CASE(timer_slack_is_inherited)
{
	pid_t child = forked();
	if (child == 0) {
		RESULT(prctl(PR_SET_TIMERSLACK, 123456));
		RESULT(prctl(PR_GET_TIMERSLACK));
		pid_t grandchild = forked();
		if (grandchild == 0)
			_exit(prctl(PR_GET_TIMERSLACK) == 123456);
		show_end("grandchild", grandchild);
		_exit(0);
	}
	show_end("child", child);
}

CASE(time_stamp_counter_may_be_read)
{
	int state = -1;
	RESULT(prctl(PR_GET_TSC, &state));
	show("enabled %d", state == PR_TSC_ENABLE);
}

CASE(unknown_requests)
{
	RESULT(prctl(9999));
	RESULT(prctl(PR_SET_DUMPABLE, 7));
	RESULT(prctl(PR_SET_KEEPCAPS, 7));
	RESULT(prctl(PR_SET_TSC, 7));
	RESULT(prctl(PR_GET_TSC, 16));
	RESULT(prctl(PR_SET_SECCOMP, 77));
	RESULT(prctl(PR_GET_SECCOMP));
	RESULT(prctl(PR_CAPBSET_READ, 1000));
}
