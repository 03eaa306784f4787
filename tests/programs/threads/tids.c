/* Tids: they are a thread's as long as it lives, and what was done to one thread is not seen at a later one. */
#include "thread.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* More than the LWK keeps of those that have ended. */
enum { THREADS = 150 };

struct seen {
	pid_t tid;
	int listed, nice;
	char name[16];
};

static int is_listed(pid_t tid, int *count)
{
	DIR *folder = opendir("/proc/self/task");
	int found = 0;
	*count = 0;
	for (struct dirent *entry; (entry = readdir(folder));) {
		*count += entry->d_name[0] != '.';
		found |= atoi(entry->d_name) == tid;
	}
	closedir(folder);
	return found;
}

static void read_name(pid_t tid, char name[16])
{
	char path[64];
	snprintf(path, sizeof path, "/proc/self/task/%d/comm", tid);
	memset(name, 0, 16);
	int file = open(path, O_RDONLY);
	if (file < 0 || read(file, name, 15) < 0)
		name[0] = '?';
	close(file);
	name[strcspn(name, "\n")] = 0;
}

static void *look(void *argument)
{
	struct seen *seen = argument;
	int count;
	seen->tid = gettid();
	seen->listed = is_listed(seen->tid, &count);
	seen->nice = getpriority(PRIO_PROCESS, seen->tid);
	read_name(seen->tid, seen->name);
	return NULL;
}

static int has_no_folder(pid_t tid)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid);
	int file = open(path, O_RDONLY);
	snprintf(path, sizeof path, "/proc/%d", tid);
	return file == -1 && errno == ENOENT && access(path, F_OK) == -1 && errno == ENOENT;
}

/* Whether a thread is gone; Linux wakes whoever joins it a moment before it is. */
static int is_gone(pid_t tid)
{
	int count;
	AWAIT(!is_listed(tid, &count));
	return count == 1 && tgkill(getpid(), tid, 0) == -1 && errno == ESRCH && tgkill(getpid(), tid, SIGTERM) == -1
		&& getpriority(PRIO_PROCESS, tid) == -1 && errno == ESRCH && setpriority(PRIO_PROCESS, tid, 0) == -1
		&& syscall(SYS_sched_getscheduler, tid) == -1 && errno == ESRCH && has_no_folder(tid);
}

CASE(thread_that_has_ended_is_neither_listed_nor_found)
{
	int listed = 0, gone = 0;
	for (int i = 0; i < THREADS; i++) {
		struct seen seen;
		joined(started(look, &seen));
		listed += seen.listed;
		gone += is_gone(seen.tid);
	}
	show("listed %d gone %d", listed, gone);
}

CASE(tid_is_not_given_again_soon)
{
	enum { SOON = 30 };
	pid_t last[SOON] = {0};
	int again = 0;
	for (int i = 0; i < THREADS; i++) {
		struct seen seen;
		joined(started(look, &seen));
		for (int j = 0; j < SOON; j++)
			again += last[j] == seen.tid;
		last[i % SOON] = seen.tid;
	}
	show("again %d", again);
}

static void *rename_itself(void *argument)
{
	prctl(PR_SET_NAME, "its own name");
	return argument;
}

static void *rename_by_file(void *argument)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/self/task/%d/comm", gettid());
	int file = open(path, O_WRONLY);
	show("written %zd", write(file, "another", 7));
	close(file);
	return argument;
}

static void *be_nice(void *argument)
{
	show("nice %d", setpriority(PRIO_PROCESS, gettid(), 7));
	return argument;
}

static void later_ones_are_as_new(void)
{
	char first[16];
	int named = 0, nice = 0;
	read_name(getpid(), first);
	for (int i = 0; i < THREADS; i++) {
		struct seen seen;
		joined(started(look, &seen));
		named += strcmp(seen.name, first) == 0;
		nice += seen.nice == 0;
	}
	show("named %d nice %d", named, nice);
}

CASE(later_threads_have_the_name_of_the_process_and_no_niceness)
{
	for (int i = 0; i < THREADS; i++)
		joined(started(rename_itself, NULL));
	later_ones_are_as_new();
	joined(started(rename_by_file, NULL));
	later_ones_are_as_new();
	joined(started(be_nice, NULL));
	later_ones_are_as_new();
	prctl(PR_SET_NAME, "renamed");
	later_ones_are_as_new();
}

static void *wait_for(void *argument)
{
	AWAIT(*(volatile int *)argument);
	return NULL;
}

CASE(threads_of_a_child_have_tids_of_their_own)
{
	struct seen seen;
	for (int i = 0; i < THREADS; i++)
		joined(started(look, &seen));
	int gate = 0;
	pthread_t thread = started(wait_for, &gate);
	pid_t child = fork();
	if (child == 0) {
		int listed = 0;
		for (int i = 0; i < THREADS; i++) {
			struct seen seen;
			joined(started(look, &seen));
			listed += seen.listed;
		}
		_exit(listed == THREADS);
	}
	int status;
	waitpid(child, &status, 0);
	gate = 1;
	joined(thread);
	show("child %d", WEXITSTATUS(status));
}
