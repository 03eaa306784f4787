/* Who am I, where am I, and what did the kernel put on my stack. */
#include "check.h"

#include <asm/prctl.h>
#include <elf.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>

extern char **environ;

CASE(system_names_itself)
{
	struct utsname name;
	RESULT(uname(&name));
	show("%s on %s", name.sysname, name.machine);
	show("release has a dot %d, node name set %d", strchr(name.release, '.') != NULL, name.nodename[0] != 0);
	char host[65];
	RESULT(gethostname(host, sizeof host));
	show("host name agrees %d", strcmp(host, name.nodename) == 0);
}

CASE(process_and_thread_are_one)
{
	pid_t process = getpid();
	show("thread is process %d, stable %d", gettid() == process, getpid() == process);
	show("parent differs %d", getppid() > 0 && getppid() != process);
	show("set_tid_address agrees %d", syscall(SYS_set_tid_address, NULL) == process);
}

CASE(groups_and_sessions)
{
	show("group by two ways %d", getpgrp() == getpgid(0));
	show("session by two ways %d", getsid(0) == getsid(getpid()));
	RESULT(getpgid(0x3fffffff));
}

CASE(users_and_groups)
{
	uid_t real, effective, saved;
	RESULT(getresuid(&real, &effective, &saved));
	show("%u %u %u", real, effective, saved);
	show("%u %u %u %u", getuid(), geteuid(), getgid(), getegid());
	gid_t groups[64];
	show("groups agree %d", getgroups(0, NULL) == getgroups(64, groups));
	RESULT(setuid(getuid()));
	RESULT(setregid((gid_t)-1, getegid()));
}

CASE(fs_base_is_the_thread_pointer)
{
	unsigned long base = 0, pointer;
	RESULT(syscall(SYS_arch_prctl, ARCH_GET_FS, &base));
	__asm__("mov %%fs:0, %0" : "=r"(pointer));
	show("agrees %d", base == pointer);
	RESULT(syscall(SYS_arch_prctl, ARCH_SET_FS, base));
	RESULT(syscall(SYS_arch_prctl, ARCH_SET_FS, 0x8000000000000000));
	RESULT(syscall(SYS_arch_prctl, 0x9999, 0));
	RESULT(syscall(SYS_arch_prctl, ARCH_GET_FS, 0x10));
	errno = 0;
	show("errno still works %d", errno);
}

CASE(gs_base_can_be_set)
{
	static unsigned long words[2] = {0x1234, 0x5678};
	unsigned long base = 0, word = 0;
	RESULT(syscall(SYS_arch_prctl, ARCH_SET_GS, words));
	__asm__ volatile("mov %%gs:8, %0" : "=r"(word));
	show("word %#lx", word);
	RESULT(syscall(SYS_arch_prctl, ARCH_GET_GS, &base));
	show("agrees %d", base == (unsigned long)words);
	getppid();
	sched_yield();
	__asm__ volatile("mov %%gs:0, %0" : "=r"(word));
	show("word after calls %#lx", word);
	RESULT(syscall(SYS_arch_prctl, ARCH_SET_GS, 0));
}

CASE(name_of_the_thread)
{
	char name[16] = "";
	RESULT(prctl(PR_SET_NAME, "a-name-that-is-too-long"));
	RESULT(prctl(PR_GET_NAME, name));
	show("%s", name);
	RESULT(prctl(PR_GET_DUMPABLE));
	RESULT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	RESULT(prctl(12345));
}

CASE(personality_is_linux)
{
	RESULT(personality(0xffffffff));
}

CASE(scheduling_is_ordinary)
{
	RESULT(sched_yield());
	RESULT(sched_getscheduler(0));
	RESULT(getpriority(PRIO_PROCESS, 0));
	RESULT(sched_get_priority_max(SCHED_FIFO));
	struct sched_param parameter;
	RESULT(sched_getparam(0, &parameter));
	show("priority %d", parameter.sched_priority);
	cpu_set_t cpus;
	RESULT(sched_getaffinity(0, sizeof cpus, &cpus));
	show("at least one CPU %d, running on one of them %d", CPU_COUNT(&cpus) >= 1,
	     CPU_ISSET(sched_getcpu(), &cpus) != 0);
}

CASE(limits_can_be_read_and_lowered)
{
	struct rlimit limit;
	RESULT(getrlimit(RLIMIT_CORE, &limit));
	limit.rlim_cur = 0;
	RESULT(setrlimit(RLIMIT_CORE, &limit));
	limit = (struct rlimit){10, 5};
	RESULT(setrlimit(RLIMIT_CORE, &limit));
	RESULT(getrlimit(99, &limit));
	struct rlimit before, now = {100, 200};
	RESULT(prlimit(0, RLIMIT_NOFILE, NULL, &before));
	RESULT(prlimit(0, RLIMIT_NOFILE, &now, NULL));
	RESULT(prlimit(getpid(), RLIMIT_NOFILE, NULL, &now));
	show("%ld of %ld", (long)now.rlim_cur, (long)now.rlim_max);
}

CASE(system_information_is_plausible)
{
	struct sysinfo info;
	RESULT(sysinfo(&info));
	show("memory %d, uptime %d, processes %d", info.totalram > 0 && info.freeram <= info.totalram, info.uptime > 0,
	     info.procs > 0);
	show("page size %ld", sysconf(_SC_PAGESIZE));
	show("clock ticks %ld", sysconf(_SC_CLK_TCK));
	show("processors %d", sysconf(_SC_NPROCESSORS_ONLN) >= 1);
}

CASE(auxiliary_vector)
{
	show("page size %lu, clock %lu, secure %lu", getauxval(AT_PAGESZ), getauxval(AT_CLKTCK), getauxval(AT_SECURE));
	show("program header size %lu", getauxval(AT_PHENT));
	show("platform %s", (char *)getauxval(AT_PLATFORM));
	show("ids right %d", getauxval(AT_UID) == getuid() && getauxval(AT_EUID) == geteuid() &&
	     getauxval(AT_GID) == getgid() && getauxval(AT_EGID) == getegid());
	show("flags %lu", getauxval(AT_FLAGS));
	show("entry set %d, headers set %d", getauxval(AT_ENTRY) != 0, getauxval(AT_PHDR) != 0);
	const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);
	size_t zero = 0;
	for (size_t i = 0; i < 16; i++)
		zero += random[i] == 0;
	show("random bytes %d", zero < 8);
	show("vDSO is an ELF file %d", memcmp((void *)getauxval(AT_SYSINFO_EHDR), ELFMAG, SELFMAG) == 0);
}

CASE(program_knows_its_file)
{
	const char *name = (const char *)getauxval(AT_EXECFN);
	char path[4096] = "";
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
	show("name by the vector ends like the link %d",
	     length > 0 && strcmp(strrchr(name, '/'), strrchr(path, '/')) == 0);
	struct stat by_name, by_link;
	show("same file %d", stat(name, &by_name) == 0 && stat("/proc/self/exe", &by_link) == 0 &&
	     by_name.st_ino == by_link.st_ino);
}

CASE(environment_is_as_given)
{
	show("PATH set %d, HOME set %d, NO_SUCH set %d", getenv("PATH") != NULL, getenv("HOME") != NULL,
	     getenv("NO_SUCH") != NULL);
	show("LC_ALL %s", getenv("LC_ALL") ? getenv("LC_ALL") : "unset");
}

CASE(unknown_calls_do_not_exist)
{
	RESULT(syscall(9999));
	RESULT(syscall(-1));
	RESULT(syscall(0x7fffffff));
	RESULT(syscall(174));
}

CASE(no_children_to_wait_for)
{
	RESULT(waitpid(-1, NULL, 0));
	RESULT(waitpid(getpid(), NULL, 1));
}

ENDS(exit_status_is_one_byte, 44)
{
	show("before");
	exit(300);
}

static void first(void)
{
	show("first registered runs last");
}

static void second(void)
{
	show("second registered runs first");
}

ENDS(exit_handlers_run_in_reverse, 7)
{
	atexit(first);
	atexit(second);
	exit(7);
}

ENDS(exit_flushes_buffers, 3)
{
	printf("without a newline");
	exit(3);
}

ENDS(thread_exit_of_the_only_thread_ends_the_process, 5)
{
	show("before");
	syscall(SYS_exit, 5);
}
