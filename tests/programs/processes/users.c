/* setuid(2), setresuid(2), setgroups(2), setfsuid(2), capget(2), and what they do to children and threads. */
#include "process.h"

#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define NOBODY 60123

/* As root, becomes nobody for the rest of the child; otherwise stays who it is. */
static void drop(void)
{
	if (getuid() == 0)
		REQUIRE(setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0);
}

static void show_ids(const char *what)
{
	uid_t real, effective, saved;
	gid_t greal, geffective, gsaved;
	getresuid(&real, &effective, &saved);
	getresgid(&greal, &geffective, &gsaved);
	show("%s: %u %u %u, %u %u %u", what, real, effective, saved, greal, geffective, gsaved);
}

CASE(ids_are_inherited)
{
	uid_t user = getuid();
	gid_t group = getgid();
	pid_t child = forked();
	if (child == 0)
		_exit(getuid() == user && geteuid() == user && getgid() == group);
	show_end("child", child);
}

CASE(dropped_ids_cannot_be_taken_back)
{
	pid_t child = forked();
	if (child == 0) {
		drop();
		show_ids("dropped");
		RESULT(setuid(0));
		RESULT(setresuid(0, 0, 0));
		RESULT(setgid(0));
		RESULT(setgroups(0, NULL));
		RESULT(seteuid(0));
		show_ids("still");
		_exit(0);
	}
	show_end("child", child);
	show_ids("parent");
}

CASE(effective_id_may_go_and_return)
{
	pid_t child = forked();
	if (child == 0) {
		uid_t other = getuid() == 0 ? NOBODY : getuid();
		RESULT(seteuid(other));
		show_ids("lowered");
		RESULT(open("/root/nothing", O_RDONLY));
		RESULT(seteuid(getuid()));
		show_ids("raised");
		_exit(0);
	}
	show_end("child", child);
}

CASE(real_effective_and_saved_ids_differ)
{
	pid_t child = forked();
	if (child == 0) {
		if (getuid() != 0)
			_exit(0);
		RESULT(setresuid(1, 2, 3));
		show_ids("set");
		RESULT(setuid(3));
		show_ids("saved is taken");
		RESULT(setreuid(2, 1));
		RESULT(setresuid(1, 1, 1));
		RESULT(setresuid(3, 1, 1));
		show_ids("end");
		_exit(0);
	}
	show_end("child", child);
}

CASE(setreuid_sets_the_saved_id)
{
	pid_t child = forked();
	if (child == 0) {
		if (getuid() != 0)
			_exit(0);
		RESULT(setreuid((uid_t)-1, 7));
		show_ids("effective only");
		RESULT(setreuid(0, 0));
		RESULT(setreuid(5, 6));
		show_ids("both");
		RESULT(setregid(8, 9));
		_exit(0);
	}
	show_end("child", child);
}

CASE(groups_are_set_and_inherited)
{
	pid_t child = forked();
	if (child == 0) {
		gid_t groups[3] = {10, 30, 20}, now[8];
		if (getuid() != 0)
			_exit(0);
		RESULT(setgroups(3, groups));
		pid_t grandchild = forked();
		if (grandchild == 0) {
			RESULT(getgroups(8, now));
			show("%u %u %u", now[0], now[1], now[2]);
			RESULT(getgroups(2, now));
			RESULT(syscall(SYS_getgroups, -1, now));
			RESULT(setgroups(70000, groups));
			_exit(0);
		}
		show_end("grandchild", grandchild);
		_exit(0);
	}
	show_end("child", child);
}

CASE(file_system_ids_follow_and_may_differ)
{
	pid_t child = forked();
	if (child == 0) {
		if (getuid() != 0)
			_exit(0);
		RESULT(setfsuid(NOBODY));
		RESULT(setfsuid((uid_t)-1));
		RESULT(setfsgid(NOBODY));
		RESULT(setfsgid((gid_t)-1));
		RESULT(seteuid(5));
		RESULT(setfsuid((uid_t)-1));
		_exit(0);
	}
	show_end("child", child);
}

CASE(files_of_the_dropped_belong_to_it)
{
	umask(0);
	mkdir("open-to-all", 0777);
	umask(022);
	pid_t child = forked();
	if (child == 0) {
		drop();
		struct stat status;
		int file = open("open-to-all/mine", O_WRONLY | O_CREAT, 0600);
		if (file < 0) {
			show("no way there");
			_exit(0);
		}
		REQUIRE(fstat(file, &status) == 0);
		show("mine %d", status.st_uid == getuid() && status.st_gid == getgid());
		RESULT(fchown(file, 0, 0));
		_exit(0);
	}
	show_end("child", child);
}

CASE(signals_between_users_are_refused)
{
	if (getuid() != 0)
		return;
	pid_t parent = getpid(), child = forked();
	if (child == 0) {
		drop();
		RESULT(kill(parent, 0));
		RESULT(kill(parent, SIGTERM));
		RESULT(kill(getpid(), 0));
		RESULT(setpriority(PRIO_PROCESS, (id_t)parent, 1));
		_exit(0);
	}
	show_end("child", child);
}

static void *ids_of_thread(void *argument)
{
	volatile int *stage = argument;
	stage[1] = 1;
	AWAIT(stage[0]);
	return (void *)(long)(geteuid() * 2 + (gettid() != getpid()));
}

CASE(library_changes_the_ids_of_all_threads)
{
	pid_t child = forked();
	if (child == 0) {
		volatile int stage[2] = {0, 0};
		pthread_t thread;
		void *result;
		REQUIRE(pthread_create(&thread, NULL, ids_of_thread, (void *)stage) == 0);
		AWAIT(stage[1]);
		drop();
		stage[0] = 1;
		pthread_join(thread, &result);
		show("thread follows %d", (long)result == (long)geteuid() * 2 + 1);
		_exit(0);
	}
	show_end("child", child);
}

static void *set_raw(void *argument)
{
	*(long *)argument = syscall(SYS_setresuid, -1, getuid() == 0 ? NOBODY : getuid(), -1);
	return NULL;
}

/* Credentials are the process's, as glibc keeps them; the system call alone changes them for all threads. */
DIFFERS(system_call_changes_the_ids_of_one_thread)
CASE(system_call_changes_the_ids_of_one_thread)
{
	pid_t child = forked();
	if (child == 0) {
		pthread_t thread;
		long result = -1;
		uid_t before = geteuid();
		REQUIRE(pthread_create(&thread, NULL, set_raw, &result) == 0);
		pthread_join(thread, NULL);
		show("result %ld, main thread unchanged %d", result, geteuid() == before);
		_exit(0);
	}
	show_end("child", child);
}

CASE(capabilities_can_be_asked_for)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2], after[2];
	RESULT(syscall(SYS_capget, &header, data));
	show("effective are permitted %d", (data[0].effective & ~data[0].permitted) == 0);
	pid_t child = forked();
	if (child == 0) {
		drop();
		RESULT(syscall(SYS_capget, &header, after));
		show("none left %d", after[0].effective == 0 && after[0].permitted == 0 && after[1].effective == 0);
		RESULT(prctl(PR_CAPBSET_READ, CAP_CHOWN));
		after[0].permitted = after[0].effective = 1;
		RESULT(syscall(SYS_capset, &header, after));
		_exit(0);
	}
	show_end("child", child);
	header.version = 1;
	RESULT(syscall(SYS_capget, &header, data));
	show("told the version %d", header.version == _LINUX_CAPABILITY_VERSION_3);
	header.pid = 0x3fffffff;
	RESULT(syscall(SYS_capget, &header, data));
	header.pid = -1;
	RESULT(syscall(SYS_capget, &header, data));
	RESULT(syscall(SYS_capget, (void *)16, data));
}

CASE(capabilities_can_be_kept_over_a_change_of_user)
{
	pid_t child = forked();
	if (child == 0) {
		struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
		struct __user_cap_data_struct data[2];
		if (getuid() != 0)
			_exit(0);
		RESULT(prctl(PR_SET_KEEPCAPS, 1));
		RESULT(prctl(PR_GET_KEEPCAPS));
		drop();
		RESULT(syscall(SYS_capget, &header, data));
		show("permitted kept %d, effective gone %d", data[0].permitted != 0, data[0].effective == 0);
		_exit(0);
	}
	show_end("child", child);
}
