/*
 * What every C program of the differential tests shares.
 *
 * A program is a list of cases. A case prints what it observed, in lines that are the same on every Linux: no
 * addresses, no times, no numbers that the machine chose. The oracle's output says what is right, so a case
 * asserts nothing by itself; but a case that cannot be set up ends with status 99, lest both sides agree on nothing.
 *
 *   prog --list      each case, the exit status that Linux gives it, and whether the LWK is known to differ
 *   prog --all       all cases that do not end the process and are not known to differ, in order
 *   prog CASE        one case
 *   prog ROLE ...    what a case executes to see what a new program gets
 */
#ifndef CHECK_H
#define CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define PAGE 4096UL
#define LARGE_PAGE (2UL << 20)
#define SET_UP_FAILED 99
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct check_case {
	const char *name;
	void (*body)(void);
	int status;
};

static struct check_case check_cases[128];
static size_t check_count;
static const char *check_name = "?";

#define CHECK_REGISTER(function, expected)                                              \
	static void function(void);                                                     \
	__attribute__((constructor)) static void check_register_##function(void)        \
	{                                                                               \
		check_cases[check_count++] = (struct check_case){#function, function, expected}; \
	}                                                                               \
	static void function(void)

/* A case. */
#define CASE(function) CHECK_REGISTER(function, 0)
/* A case that ends the process with this status, 128+n for signal n. */
#define ENDS(function, status) CHECK_REGISTER(function, status)

static const char *check_differing[32];
static size_t check_differing_count;

/*
 * The LWK does not do yet what Linux does in this case; the comment above says why. Such a case is expected to differ: the
 * harness fails when it no longer does.
 */
#define DIFFERS(function)                                                                  \
	__attribute__((constructor)) static void check_differs_##function(void)            \
	{                                                                                  \
		check_differing[check_differing_count++] = #function;                      \
	}

__attribute__((unused)) static int check_differs(const char *name)
{
	for (size_t i = 0; i < check_differing_count; i++)
		if (strcmp(check_differing[i], name) == 0)
			return 1;
	return 0;
}

/* A part that this program plays after execve(2): its words are those after its own name. */
struct check_role {
	const char *name;
	int (*body)(int, char **);
};

static struct check_role check_roles[16];
static size_t check_role_count;

#define ROLE(function)                                                                    \
	static int function(int, char **);                                                \
	__attribute__((constructor)) static void check_register_##function(void)          \
	{                                                                                 \
		check_roles[check_role_count++] = (struct check_role){#function, function}; \
	}                                                                                 \
	static int function(int count __attribute__((unused)), char **words __attribute__((unused)))

/* Prints an observation of the running case. */
__attribute__((format(printf, 1, 2), unused)) static void show(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	printf("%s: ", check_name);
	vprintf(format, arguments);
	putchar('\n');
	fflush(stdout);
	va_end(arguments);
}

/* Ends the process if the case cannot be set up. */
#define REQUIRE(condition)                                                                        \
	do {                                                                                      \
		if (!(condition)) {                                                               \
			show("line %d: set-up failed: %s: %s", __LINE__, #condition, strerror(errno)); \
			_exit(SET_UP_FAILED);                                                     \
		}                                                                                 \
	} while (0)

__attribute__((unused)) static const char *error_name(int number)
{
	static const struct {
		int number;
		const char *name;
	} names[] = {
		{EPERM, "EPERM"}, {ENOENT, "ENOENT"}, {ESRCH, "ESRCH"}, {EINTR, "EINTR"}, {EIO, "EIO"},
		{ENXIO, "ENXIO"}, {E2BIG, "E2BIG"}, {EBADF, "EBADF"}, {ECHILD, "ECHILD"}, {EAGAIN, "EAGAIN"},
		{ENOMEM, "ENOMEM"}, {EACCES, "EACCES"}, {EFAULT, "EFAULT"}, {EBUSY, "EBUSY"}, {EEXIST, "EEXIST"},
		{EXDEV, "EXDEV"}, {ENODEV, "ENODEV"}, {ENOTDIR, "ENOTDIR"}, {EISDIR, "EISDIR"}, {EINVAL, "EINVAL"},
		{EMFILE, "EMFILE"}, {ENOTTY, "ENOTTY"}, {ETXTBSY, "ETXTBSY"}, {EFBIG, "EFBIG"}, {ENOSPC, "ENOSPC"},
		{ESPIPE, "ESPIPE"}, {EROFS, "EROFS"}, {EMLINK, "EMLINK"}, {EPIPE, "EPIPE"}, {EDOM, "EDOM"},
		{ERANGE, "ERANGE"}, {EDEADLK, "EDEADLK"}, {ENAMETOOLONG, "ENAMETOOLONG"}, {ENOSYS, "ENOSYS"},
		{ENOTEMPTY, "ENOTEMPTY"}, {ELOOP, "ELOOP"}, {ENODATA, "ENODATA"}, {ETIME, "ETIME"},
		{EOVERFLOW, "EOVERFLOW"}, {ENOTSOCK, "ENOTSOCK"}, {EDESTADDRREQ, "EDESTADDRREQ"},
		{EMSGSIZE, "EMSGSIZE"}, {EPROTOTYPE, "EPROTOTYPE"}, {ENOPROTOOPT, "ENOPROTOOPT"},
		{EPROTONOSUPPORT, "EPROTONOSUPPORT"}, {EOPNOTSUPP, "EOPNOTSUPP"}, {EAFNOSUPPORT, "EAFNOSUPPORT"},
		{EADDRINUSE, "EADDRINUSE"}, {ECONNRESET, "ECONNRESET"}, {EISCONN, "EISCONN"},
		{ENOTCONN, "ENOTCONN"}, {ETIMEDOUT, "ETIMEDOUT"}, {ECONNREFUSED, "ECONNREFUSED"},
		{ENOEXEC, "ENOEXEC"}, {EIDRM, "EIDRM"}, {ENOMSG, "ENOMSG"}, {EOWNERDEAD, "EOWNERDEAD"},
		{ENOTRECOVERABLE, "ENOTRECOVERABLE"}, {EALREADY, "EALREADY"}, {EINPROGRESS, "EINPROGRESS"}, {ECANCELED, "ECANCELED"},
	};
	for (size_t i = 0; i < COUNT(names); i++)
		if (names[i].number == number)
			return names[i].name;
	return "E?";
}

__attribute__((unused)) static const char *signal_name(int number)
{
	switch (number) {
	case 0: return "none";
	case SIGHUP: return "SIGHUP";
	case SIGINT: return "SIGINT";
	case SIGILL: return "SIGILL";
	case SIGTRAP: return "SIGTRAP";
	case SIGABRT: return "SIGABRT";
	case SIGBUS: return "SIGBUS";
	case SIGFPE: return "SIGFPE";
	case SIGSEGV: return "SIGSEGV";
	case SIGPIPE: return "SIGPIPE";
	case SIGALRM: return "SIGALRM";
	case SIGTERM: return "SIGTERM";
	case SIGUSR1: return "SIGUSR1";
	case SIGUSR2: return "SIGUSR2";
	case SIGIO: return "SIGIO";
	case SIGQUIT: return "SIGQUIT";
	case SIGKILL: return "SIGKILL";
	case SIGCHLD: return "SIGCHLD";
	case SIGCONT: return "SIGCONT";
	case SIGSTOP: return "SIGSTOP";
	case SIGTSTP: return "SIGTSTP";
	case SIGTTIN: return "SIGTTIN";
	case SIGTTOU: return "SIGTTOU";
	case SIGXCPU: return "SIGXCPU";
	case SIGXFSZ: return "SIGXFSZ";
	case SIGVTALRM: return "SIGVTALRM";
	case SIGPROF: return "SIGPROF";
	case SIGWINCH: return "SIGWINCH";
	case SIGURG: return "SIGURG";
	case SIGSYS: return "SIGSYS";
	default: return "SIG?";
	}
}

/* Prints what a call returned: its value, or -1 and the error. */
__attribute__((unused)) static long show_result(const char *what, long result)
{
	int number = errno;
	if (result == -1)
		show("%s = -1 %s", what, error_name(number));
	else
		show("%s = %ld", what, result);
	return result;
}
#define RESULT(call) show_result(#call, (errno = 0, (long)(call)))

/* Prints whether a call that returns an address or a descriptor succeeded: its value is nobody's business. */
__attribute__((unused)) static long show_success(const char *what, long result)
{
	int number = errno;
	show("%s %s", what, result == -1 ? error_name(number) : "succeeds");
	return result;
}
#define SUCCESS(call) show_success(#call, (errno = 0, (long)(call)))
#define MAPPED(call) ((char *)show_success(#call, (errno = 0, (long)(call))))

/* Anonymous private memory that can be read and written. */
__attribute__((unused)) static char *anonymous(size_t bytes)
{
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	REQUIRE(memory != MAP_FAILED);
	return memory;
}

/* Reserved addresses that nothing else will be mapped at. */
__attribute__((unused)) static char *reserved(size_t bytes)
{
	char *memory = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	REQUIRE(memory != MAP_FAILED);
	return memory;
}

/* A byte that tells pages and places apart. */
__attribute__((unused)) static unsigned char pattern(size_t offset)
{
	return (unsigned char)(1 + offset / PAGE * 17 + offset % 251);
}

__attribute__((unused)) static void fill(char *memory, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		memory[i] = (char)pattern(i);
}

/* How many of the bytes are what fill() would have written had `memory` been at `offset`. */
__attribute__((unused)) static size_t intact(const char *memory, size_t offset, size_t bytes)
{
	size_t count = 0;
	for (size_t i = 0; i < bytes; i++)
		count += (unsigned char)memory[i] == pattern(offset + i);
	return count;
}

__attribute__((unused)) static size_t zeroes(const char *memory, size_t bytes)
{
	size_t count = 0;
	for (size_t i = 0; i < bytes; i++)
		count += memory[i] == 0;
	return count;
}

/* A new file in the current folder holding fill()'s pattern, open for reading and writing at its start. */
__attribute__((unused)) static int patterned_file(const char *name, size_t bytes)
{
	int file = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
	REQUIRE(file >= 0);
	char *content = malloc(bytes + 1);
	REQUIRE(content != NULL);
	fill(content, bytes);
	REQUIRE(pwrite(file, content, bytes, 0) == (ssize_t)bytes);
	free(content);
	return file;
}

__attribute__((unused)) static void *handle(int number, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
	sigemptyset(&action.sa_mask);
	REQUIRE(sigaction(number, &action, NULL) == 0);
	return NULL;
}

static int check_run(const char *name)
{
	int found = 0;
	for (size_t i = 0; i < check_count; i++) {
		int all = strcmp(name, "--all") == 0;
		int left_out = check_cases[i].status != 0 || check_differs(check_cases[i].name);
		if (all ? left_out : strcmp(name, check_cases[i].name) != 0)
			continue;
		found = 1;
		check_name = check_cases[i].name;
		check_cases[i].body();
	}
	return found ? 0 : 2;
}

int main(int count, char **words)
{
	for (size_t i = 0; count >= 2 && i < check_role_count; i++)
		if (strcmp(words[1], check_roles[i].name) == 0)
			return check_roles[i].body(count - 2, words + 2);
	if (count != 2)
		return 2;
	if (strcmp(words[1], "--list") != 0)
		return check_run(words[1]);
	for (size_t i = 0; i < check_count; i++)
		printf("%s %d %s\n", check_cases[i].name, check_cases[i].status,
		       check_differs(check_cases[i].name) ? "differs" : "same");
	return 0;
}

#endif
