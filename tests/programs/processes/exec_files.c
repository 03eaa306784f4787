/* execve(2), execveat(2), fexecve(3): which files can be executed, scripts, and every error. */
#include "process.h"

#include <sys/resource.h>

extern char **environ;

ROLE(show_words)
{
	check_name = "executed";
	for (int i = 0; i < count; i++)
		show("word %d is '%s'", i, words[i]);
	return 3;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	unlink(name);
	int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	REQUIRE(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text));
	REQUIRE(fchmod(file, mode) == 0 && close(file) == 0);
}

/* In a child; prints the error or how the program ended. */
static void attempt(const char *what, const char *path, char *const *words)
{
	pid_t child = forked();
	if (child == 0) {
		syscall(SYS_execve, path, words, environ);
		show("%s: %s", what, error_name(errno));
		_exit(0);
	}
	show_end(what, child);
}

static char *const plain[] = {"word0", "word1", "word2", NULL};

CASE(missing_files_and_folders)
{
	write_file("plain", "text", 0644);
	attempt("missing", "./missing", plain);
	attempt("in a missing folder", "no/such", plain);
	attempt("below a file", "plain/x", plain);
	attempt("empty name", "", plain);
	attempt("folder", ".", plain);
	attempt("without permission", "./plain", plain);
}

CASE(files_that_are_no_programs)
{
	write_file("text", "this is no program\n", 0755);
	write_file("empty", "", 0755);
	write_file("short", "\177ELF", 0755);
	write_file("wrong", "\177ELF\2\1\1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0755);
	attempt("text", "./text", plain);
	attempt("empty", "./empty", plain);
	attempt("short", "./short", plain);
	attempt("wrong", "./wrong", plain);
}

CASE(script_runs_its_interpreter)
{
	write_file("script", "#!/bin/sh\necho \"$0\" \"$1\" \"$2\" $#\nexit 4\n", 0755);
	attempt("script", "./script", plain);
}

CASE(interpreter_gets_one_argument)
{
	write_file("script", "#! /bin/echo one two  \n", 0755);
	attempt("script", "./script", plain);
	write_file("script", "#!/bin/echo\n", 0755);
	attempt("script", "./script", plain);
	write_file("script", "#!\t/bin/echo\tx\n", 0755);
	attempt("script", "./script", plain);
}

CASE(script_may_name_a_script)
{
	write_file("inner", "#!/bin/echo inner\n", 0755);
	write_file("outer", "#!./inner outer\n", 0755);
	attempt("outer", "./outer", plain);
}

CASE(scripts_that_name_each_other_are_a_loop)
{
	write_file("one", "#!./two\n", 0755);
	write_file("two", "#!./one\n", 0755);
	attempt("loop", "./one", plain);
}

CASE(script_errors)
{
	write_file("script", "#!/no/such/interpreter\n", 0755);
	attempt("missing interpreter", "./script", plain);
	write_file("script", "#!\n", 0755);
	attempt("no interpreter", "./script", plain);
	write_file("script", "#!   \n", 0755);
	attempt("blanks", "./script", plain);
	write_file("script", "#!/usr\n", 0755);
	attempt("folder as interpreter", "./script", plain);
	write_file("interpreter", "#!/bin/sh\n", 0644);
	write_file("script", "#!./interpreter\n", 0755);
	attempt("interpreter without permission", "./script", plain);
}

CASE(script_without_a_newline_runs)
{
	write_file("script", "#!/bin/echo", 0755);
	attempt("script", "./script", plain);
}

CASE(symbolic_links_are_followed)
{
	write_file("target", "#!/bin/sh\necho \"$0\"\n", 0755);
	unlink("link");
	REQUIRE(symlink("target", "link") == 0);
	attempt("link", "./link", plain);
	unlink("loop");
	REQUIRE(symlink("loop", "loop") == 0);
	attempt("loop", "./loop", plain);
	unlink("nowhere");
	REQUIRE(symlink("no/where", "nowhere") == 0);
	attempt("nowhere", "./nowhere", plain);
}

CASE(names_that_are_too_long)
{
	static char name[5000];
	memset(name, 'n', 300);
	attempt("component", name, plain);
	for (int i = 0; i < 4998; i += 2)
		memcpy(name + i, "./", 2);
	attempt("path", name, plain);
}

CASE(words_that_are_too_long)
{
	size_t bytes = 200000;
	char *word = malloc(bytes);
	memset(word, 'w', bytes);
	word[bytes - 1] = 0;
	char *words[] = {"true", word, NULL};
	attempt("one word above 128 KiB", "/bin/true", words);
	word[131071] = 0;
	attempt("one word of 128 KiB", "/bin/true", words);
	free(word);
}

CASE(words_that_are_too_many)
{
	static char *words[50], text[100001];
	memset(text, 'w', 100000);
	for (size_t i = 0; i + 1 < COUNT(words); i++)
		words[i] = text;
	struct rlimit limit;
	getrlimit(RLIMIT_STACK, &limit);
	limit.rlim_cur = 8 << 20;
	setrlimit(RLIMIT_STACK, &limit);
	attempt("4.9 MB", "/bin/true", words);
}

CASE(bad_addresses)
{
	char *words[] = {"word", (char *)16, NULL};
	attempt("bad path", (const char *)16, plain);
	attempt("bad words", "/bin/true", (char *const *)16);
	attempt("bad word", "/bin/true", words);
	pid_t child = forked();
	if (child == 0) {
		syscall(SYS_execve, "/bin/true", plain, 16);
		show("bad environment: %s", error_name(errno));
		_exit(0);
	}
	show_end("bad environment", child);
}

CASE(file_open_for_writing_is_busy)
{
	write_file("busy", "#!/bin/echo busy\n", 0755);
	int file = open("busy", O_WRONLY);
	attempt("script", "./busy", plain);
	close(file);
	attempt("closed", "./busy", plain);
}

CASE(file_that_another_process_writes_is_busy)
{
	int ends[2];
	char byte;
	write_file("busy", "#!/bin/echo busy\n", 0755);
	REQUIRE(pipe(ends) == 0);
	pid_t child = forked();
	if (child == 0) {
		REQUIRE(open("busy", O_WRONLY) >= 0 && write(ends[1], "x", 1) == 1);
		for (;;)
			pause();
	}
	REQUIRE(read(ends[0], &byte, 1) == 1);
	attempt("open elsewhere", "./busy", plain);
	REQUIRE(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
	attempt("ended", "./busy", plain);
	close(ends[0]);
	close(ends[1]);
}

static void copy_program(const char *name)
{
	char bytes[65536];
	ssize_t count;
	unlink(name);
	int from = open(this_program(), O_RDONLY), to = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	REQUIRE(from >= 0 && to >= 0);
	while ((count = read(from, bytes, sizeof bytes)) > 0)
		REQUIRE(write(to, bytes, (size_t)count) == count);
	close(from);
	close(to);
}

CASE(programs_and_interpreters_can_be_busy)
{
	char *const words[] = {"copy", "show_words", "one", NULL};
	copy_program("copy");
	write_file("script", "#!./copy show_words\n", 0755);
	int file = open("copy", O_RDWR);
	attempt("program", "./copy", words);
	attempt("interpreter", "./script", plain);
	REQUIRE(file >= 0 && close(file) == 0);
	attempt("program that is closed", "./copy", words);
	attempt("interpreter that is closed", "./script", plain);
}

CASE(mapping_keeps_a_file_busy)
{
	static const int kinds[] = {MAP_SHARED, MAP_PRIVATE};
	for (size_t i = 0; i < COUNT(kinds); i++) {
		write_file("mapped", "#!/bin/echo mapped\n", 0755);
		int file = open("mapped", O_RDWR);
		char *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, kinds[i], file, 0);
		REQUIRE(file >= 0 && memory != MAP_FAILED);
		close(file);
		attempt("mapped", "./mapped", plain);
		REQUIRE(munmap(memory, PAGE) == 0);
		attempt("unmapped", "./mapped", plain);
	}
}

CASE(file_that_has_just_been_written_is_not_busy)
{
	static int good, i;
	for (good = i = 0; i < 50; i++) {
		write_file("fresh", "#!/bin/true\n", 0755);
		int status = -1;
		pid_t child = vfork();
		if (child == 0) {
			execl("./fresh", "fresh", NULL);
			_exit(errno);
		}
		REQUIRE(waitpid(child, &status, 0) == child);
		good += status == 0;
	}
	show("%d of 50", good);
}

static void attempt_at(const char *what, int folder, const char *path, int flags)
{
	pid_t child = forked();
	if (child == 0) {
		syscall(SYS_execveat, folder, path, plain, environ, flags);
		show("%s: %s", what, error_name(errno));
		_exit(0);
	}
	show_end(what, child);
}

CASE(execveat_is_relative_to_a_folder)
{
	mkdir("programs", 0755);
	write_file("programs/here", "#!/bin/echo here\n", 0755);
	int folder = open("programs", O_RDONLY | O_DIRECTORY);
	attempt_at("in the folder", folder, "/bin/true", 0);
	pid_t child = forked();
	if (child == 0) {
		char *const words[] = {"here", NULL};
		syscall(SYS_execveat, folder, "missing", words, environ, 0);
		show("missing: %s", error_name(errno));
		_exit(0);
	}
	show_end("missing", child);
	attempt_at("bad descriptor", 777, "x", 0);
	attempt_at("bad flags", folder, "here", 0x8000);
	attempt_at("a folder by its descriptor", folder, "", AT_EMPTY_PATH);
	attempt_at("no path", folder, "", 0);
	close(folder);
}

CASE(execveat_may_refuse_links)
{
	unlink("true");
	REQUIRE(symlink("/bin/true", "true") == 0);
	attempt_at("followed", AT_FDCWD, "true", 0);
	attempt_at("refused", AT_FDCWD, "true", AT_SYMLINK_NOFOLLOW);
}

CASE(program_is_executed_by_its_descriptor)
{
	char *const words[] = {"name", "show_words", "by", "descriptor", NULL};
	int file = open(this_program(), O_RDONLY | O_CLOEXEC);
	REQUIRE(file >= 0);
	pid_t child = forked();
	if (child == 0) {
		syscall(SYS_execveat, file, "", words, environ, AT_EMPTY_PATH);
		_exit(98);
	}
	show_end("child", child);
	child = forked();
	if (child == 0) {
		fexecve(file, words, environ);
		_exit(98);
	}
	show_end("child", child);
	close(file);
}

CASE(program_in_memory_is_executed)
{
	static char content[4 << 20];
	int from = open(this_program(), O_RDONLY), to = memfd_create("program", MFD_CLOEXEC);
	REQUIRE(from >= 0 && to >= 0);
	for (ssize_t bytes; (bytes = read(from, content, sizeof content)) > 0;)
		REQUIRE(write(to, content, (size_t)bytes) == bytes);
	char *const words[] = {"name", "show_words", "from", "memory", NULL};
	pid_t child = forked();
	if (child == 0) {
		syscall(SYS_execveat, to, "", words, environ, AT_EMPTY_PATH);
		_exit(98);
	}
	show_end("child", child);
	close(from);
	close(to);
}

CASE(program_may_be_removed_while_it_runs)
{
	static char content[4 << 20];
	int from = open(this_program(), O_RDONLY), to = open("removed", O_WRONLY | O_CREAT | O_TRUNC, 0755);
	REQUIRE(from >= 0 && to >= 0);
	for (ssize_t bytes; (bytes = read(from, content, sizeof content)) > 0;)
		REQUIRE(write(to, content, (size_t)bytes) == bytes);
	close(from);
	close(to);
	pid_t child = forked();
	if (child == 0) {
		execl("./removed", "name", "show_words", "on", "disk", NULL);
		_exit(98);
	}
	show_end("child", child);
	RESULT(unlink("removed"));
}

CASE(path_is_searched_by_the_library)
{
	mkdir("first", 0755);
	mkdir("second", 0755);
	write_file("first/tool", "not executable\n", 0644);
	write_file("second/tool", "#!/bin/echo second\n", 0755);
	write_file("second/shellcode", "echo no header\n", 0755);
	pid_t child = forked();
	if (child == 0) {
		setenv("PATH", "first:second", 1);
		execlp("tool", "tool", "x", NULL);
		_exit(98);
	}
	show_end("tool", child);
	child = forked();
	if (child == 0) {
		setenv("PATH", "first:second", 1);
		execlp("shellcode", "shellcode", NULL);
		show("shellcode: %s", error_name(errno));
		_exit(97);
	}
	show_end("shellcode", child);
}
