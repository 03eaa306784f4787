/*
 * Takes the command line of lwk-vmm and runs the program on Linux, faithfully or with a chosen defect.
 *
 * With it as LWK_VMM the lists of cases are compared with themselves, which shows that they are deterministic;
 * with PASS_THROUGH_DEFECT the harness's own tests show that every kind of difference is found. It is in C because
 * Rust's runtime opens closed standard descriptors and ignores SIGPIPE before main() can see what was inherited.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char *const with_value[] = {"--cpus", "--vcpus-per-cpu", "--mem", "--agent-cpus", "--hugepages", "--privilege", "--env-file"};

static int takes_value(const char *word)
{
	for (size_t i = 0; i < sizeof with_value / sizeof *with_value; i++)
		if (strcmp(word, with_value[i]) == 0)
			return 1;
	return 0;
}

/* NAME=VALUE sets, NAME passes on what `outer` holds. */
static void set_variable(char *text, char **outer)
{
	size_t length = strlen(text);
	if (strchr(text, '=') != NULL) {
		putenv(text);
		return;
	}
	for (; outer != NULL && *outer != NULL; outer++)
		if (strncmp(*outer, text, length) == 0 && (*outer)[length] == '=')
			putenv(*outer);
}

/* Applies the options and returns the program's words. */
static char **parse(char **words)
{
	char **outer = environ;
	for (; *words != NULL && (*words)[0] == '-'; words++) {
		if (strcmp(*words, "--") == 0)
			return words + 1;
		if (strcmp(*words, "--clear-env") == 0)
			environ = NULL;
		else if (strcmp(*words, "-e") == 0 || strcmp(*words, "--env") == 0)
			set_variable(*++words, outer);
		else if (strcmp(*words, "-w") == 0 || strcmp(*words, "--workdir") == 0) {
			if (chdir(*++words) != 0)
				exit(125);
		} else if (takes_value(*words))
			words++;
	}
	return words;
}

static void become(char **words)
{
	if (strchr(words[0], '/') != NULL)
		execv(words[0], words);
	else
		execvp(words[0], words);
	int status = errno == ENOENT ? 127 : 126;
	fprintf(stderr, "lwk-vmm: %s: %s\n", words[0], strerror(errno));
	exit(status);
}

static int run(char **words)
{
	int status;
	pid_t child = fork();
	if (child == 0)
		become(words);
	if (waitpid(child, &status, 0) != child)
		exit(125);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void leave_a_process(void)
{
	if (fork() != 0)
		return;
	int null = open("/dev/null", O_RDWR);
	dup2(null, 1);
	dup2(null, 2);
	sleep(60);
	exit(0);
}

static int run_with_defect(char **words, const char *defect)
{
	int status = run(words);
	if (strcmp(defect, "stdout") == 0)
		puts("a line that Linux did not print");
	else if (strcmp(defect, "stderr") == 0)
		fputs("a line that Linux did not print\n", stderr);
	else if (strcmp(defect, "status") == 0)
		return 77;
	else if (strcmp(defect, "hang") == 0)
		sleep(3600);
	else if (strcmp(defect, "process") == 0)
		leave_a_process();
	else if (system(defect) != 0)
		return 125;
	return status;
}

int main(int count, char **words)
{
	(void)count;
	const char *defect = getenv("PASS_THROUGH_DEFECT");
	unsetenv("PASS_THROUGH_DEFECT");
	words = parse(words + 1);
	if (*words == NULL)
		return 125;
	if (defect != NULL)
		return run_with_defect(words, strdup(defect));
	become(words);
	return 125;
}
