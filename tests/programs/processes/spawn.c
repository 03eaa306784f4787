/* posix_spawn(3) with its attributes and file actions; system(3) and popen(3). */
#include "process.h"

#include <spawn.h>

extern char **environ;

ROLE(report)
{
	check_name = "spawned";
	struct sigaction usr1, usr2;
	sigaction(SIGUSR1, NULL, &usr1);
	sigaction(SIGUSR2, NULL, &usr2);
	show("words %d, first %s", count, count > 0 ? words[0] : "-");
	show("SIGUSR1 default %d, SIGUSR2 ignored %d, SIGTERM blocked %d", usr1.sa_handler == SIG_DFL,
	     usr2.sa_handler == SIG_IGN, is_blocked(SIGTERM));
	show("leads a group %d, a session %d", getpgrp() == getpid(), getsid(0) == getpid());
	return 17;
}

ROLE(copy_input)
{
	char byte;
	while (read(0, &byte, 1) == 1)
		if (write(1, &byte, 1) != 1)
			return 1;
	return 0;
}

ROLE(descriptor_state)
{
	check_name = "spawned";
	for (int i = 0; i < count; i++)
		show("%s open %d", words[i], fcntl(atoi(words[i]), F_GETFD) != -1);
	return 0;
}

static char *const report_words[] = {"name", "report", "word", NULL};

static void spawn(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, char *const *arguments)
{
	pid_t child = 0;
	int error = posix_spawn(&child, this_program(), actions, attributes, arguments, environ);
	if (error == 0)
		show_end("child", child);
	else
		show("spawn %s", error_name(error));
}

CASE(plain_spawn_runs_a_program)
{
	spawn(NULL, NULL, report_words);
}

CASE(missing_program_is_told_to_the_parent)
{
	pid_t child = -7;
	int error = posix_spawn(&child, "/no/such/program", NULL, NULL, report_words, environ);
	show("%s", error_name(error));
	error = posix_spawnp(&child, "no-such-program-at-all", NULL, NULL, report_words, environ);
	show("%s", error_name(error));
	RESULT(waitpid(-1, NULL, WNOHANG));
}

CASE(file_without_permission_is_told_to_the_parent)
{
	pid_t child;
	close(patterned_file("plain", 10));
	int error = posix_spawn(&child, "./plain", NULL, NULL, report_words, environ);
	show("%s", error_name(error));
	RESULT(waitpid(-1, NULL, WNOHANG));
}

CASE(search_path_is_followed)
{
	pid_t child;
	char *const arguments[] = {"true", NULL};
	int error = posix_spawnp(&child, "true", NULL, NULL, arguments, environ);
	REQUIRE(error == 0);
	show_end("child", child);
}

CASE(signal_attributes_are_applied)
{
	posix_spawnattr_t attributes;
	sigset_t mask = set_of(SIGTERM), defaults = set_of(SIGUSR1);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &mask);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	spawn(NULL, &attributes, report_words);
	signal(SIGUSR1, SIG_DFL);
	signal(SIGUSR2, SIG_DFL);
	show("own SIGTERM blocked %d", is_blocked(SIGTERM));
}

CASE(group_attribute_is_applied)
{
	posix_spawnattr_t attributes;
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
	spawn(NULL, &attributes, report_words);
}

#ifndef POSIX_SPAWN_SETSID
#define POSIX_SPAWN_SETSID 0x80
#endif

CASE(session_attribute_is_applied)
{
	posix_spawnattr_t attributes;
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
	spawn(NULL, &attributes, report_words);
}

CASE(file_actions_open_duplicate_and_close)
{
	posix_spawn_file_actions_t actions;
	char *const arguments[] = {"name", "descriptor_state", "40", "41", "42", NULL};
	close(patterned_file("opened", 5));
	REQUIRE(dup2(1, 41) == 41);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 40, "opened", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, 40, 42);
	posix_spawn_file_actions_addclose(&actions, 41);
	spawn(&actions, NULL, arguments);
	show("parent's 40 open %d, 41 open %d", fcntl(40, F_GETFD) != -1, fcntl(41, F_GETFD) != -1);
	close(41);
}

CASE(failing_file_action_fails_the_spawn)
{
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 40, "no/such/file", O_RDONLY, 0);
	spawn(&actions, NULL, report_words);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, 77, 78);
	spawn(&actions, NULL, report_words);
}

CASE(pipeline_of_spawned_programs)
{
	int in[2], out[2];
	char text[16] = "";
	posix_spawn_file_actions_t actions;
	char *const arguments[] = {"name", "copy_input", NULL};
	pid_t child;
	REQUIRE(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in[0], 0);
	posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	REQUIRE(posix_spawn(&child, this_program(), &actions, NULL, arguments, environ) == 0);
	close(in[0]);
	close(out[1]);
	REQUIRE(write(in[1], "through", 7) == 7);
	close(in[1]);
	show_end("child", child);
	RESULT(read(out[0], text, 15));
	show("%s", text);
	close(out[0]);
}

CASE(environment_is_the_given_one)
{
	pid_t child;
	char *const arguments[] = {"sh", "-c", "echo \"$GIVEN:$HOME\"; test -z \"$HOME\"", NULL};
	char *const environment[] = {"GIVEN=yes", NULL};
	REQUIRE(posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environment) == 0);
	show_end("child", child);
}

CASE(shell_commands_run)
{
	show_status("true", system("true"));
	show_status("exit 9", system("exit 9"));
	show_status("missing", system("no-such-program-at-all 2>/dev/null"));
	show_status("killed", system("kill -TERM $$"));
	show("there is a shell %d", system(NULL) != 0);
}

CASE(output_of_a_command_is_read)
{
	char line[64] = "";
	FILE *stream = popen("echo one; echo two; exit 4", "r");
	REQUIRE(stream != NULL);
	while (fgets(line, sizeof line, stream) != NULL)
		show("%.3s", line);
	show_status("command", pclose(stream));
}

CASE(input_is_fed_to_a_command)
{
	FILE *stream = popen("tr a-z A-Z", "w");
	REQUIRE(stream != NULL);
	fputs("upper\n", stream);
	show_status("command", pclose(stream));
}
