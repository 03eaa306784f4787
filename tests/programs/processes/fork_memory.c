/* fork(2): whose memory is it afterwards? */
#include "process.h"

#include <pthread.h>

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#define MADV_KEEPONFORK 19
#endif

static int global = 7;
static char large[3 << 20];

CASE(child_sees_memory_as_it_was)
{
	int local = 8, *heap = malloc(sizeof *heap);
	*heap = 9;
	global = 7;
	pid_t child = forked();
	if (child == 0) {
		show("%d %d %d", global, local, *heap);
		_exit(0);
	}
	show_end("child", child);
	free(heap);
}

CASE(writes_of_the_child_are_its_own)
{
	int local = 1;
	global = 1;
	pid_t child = forked();
	if (child == 0) {
		global = local = 2;
		_exit(global + local);
	}
	show_end("child", child);
	show("%d %d", global, local);
}

CASE(writes_of_the_parent_are_its_own)
{
	volatile int *words = shared_words();
	global = 1;
	pid_t child = forked();
	if (child == 0) {
		AWAIT(words[0]);
		_exit(global);
	}
	global = 5;
	words[0] = 1;
	show_end("child", child);
	global = 7;
}

CASE(shared_anonymous_memory_is_common)
{
	volatile int *words = shared_words();
	pid_t child = forked();
	if (child == 0) {
		words[0] = 42;
		AWAIT(words[1]);
		_exit(words[1]);
	}
	AWAIT(words[0]);
	words[1] = 43;
	show_end("child", child);
	show("%d", words[0]);
}

CASE(large_heap_is_copied_page_by_page)
{
	fill(large, sizeof large);
	pid_t child = forked();
	if (child == 0) {
		for (size_t i = 0; i < sizeof large; i += 2 * PAGE)
			memset(large + i, 0, PAGE);
		size_t kept = 0;
		for (size_t i = PAGE; i < sizeof large; i += 2 * PAGE)
			kept += intact(large + i, i, PAGE);
		show("child: kept all others %d", kept == sizeof large / 2);
		_exit(0);
	}
	show_end("child", child);
	show("parent: intact %d", intact(large, 0, sizeof large) == sizeof large);
}

CASE(large_page_is_copied_on_write)
{
	char *memory = reserved(2 * LARGE_PAGE);
	char *page = (char *)(((uintptr_t)memory + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1));
	REQUIRE(mprotect(page, LARGE_PAGE, PROT_READ | PROT_WRITE) == 0);
	madvise(page, LARGE_PAGE, MADV_HUGEPAGE);
	fill(page, LARGE_PAGE);
	pid_t child = forked();
	if (child == 0) {
		page[100 * PAGE] = 0;
		show("child: others intact %d", intact(page, 0, LARGE_PAGE) == LARGE_PAGE - 1);
		_exit(0);
	}
	show_end("child", child);
	show("parent: intact %d", intact(page, 0, LARGE_PAGE) == LARGE_PAGE);
	munmap(memory, 2 * LARGE_PAGE);
}

CASE(private_file_mapping_is_copied)
{
	int file = patterned_file("private", 2 * PAGE);
	char *memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	REQUIRE(memory != MAP_FAILED);
	memory[0] = 'p';
	pid_t child = forked();
	if (child == 0) {
		show("child sees '%c', second page intact %d", memory[0], intact(memory + PAGE, PAGE, PAGE) == PAGE);
		memory[0] = memory[PAGE] = 'c';
		_exit(0);
	}
	show_end("child", child);
	show("parent sees '%c', second page intact %d", memory[0], intact(memory + PAGE, PAGE, PAGE) == PAGE);
	munmap(memory, 2 * PAGE);
	close(file);
}

CASE(shared_file_mapping_is_common)
{
	int file = patterned_file("shared", PAGE);
	volatile char *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	char byte;
	REQUIRE(memory != MAP_FAILED);
	pid_t child = forked();
	if (child == 0) {
		memory[10] = 'c';
		_exit(0);
	}
	show_end("child", child);
	REQUIRE(pread(file, &byte, 1, 10) == 1);
	show("mapping '%c', file '%c'", memory[10], byte);
	munmap((void *)memory, PAGE);
	close(file);
}

CASE(memory_kept_from_the_child_is_not_there)
{
	char *memory = anonymous(3 * PAGE);
	fill(memory, 3 * PAGE);
	RESULT(madvise(memory + PAGE, PAGE, MADV_DONTFORK));
	pid_t child = forked();
	if (child == 0) {
		show("neighbours intact %d", intact(memory, 0, PAGE) == PAGE && intact(memory + 2 * PAGE, 2 * PAGE, PAGE) == PAGE);
		*(volatile char *)(memory + PAGE);
		_exit(0);
	}
	show_end("child", child);
	show("parent's intact %d", intact(memory, 0, 3 * PAGE) == 3 * PAGE);
	RESULT(madvise(memory + PAGE, PAGE, MADV_DOFORK));
	child = forked();
	if (child == 0)
		_exit(intact(memory, 0, 3 * PAGE) == 3 * PAGE);
	show_end("child", child);
	munmap(memory, 3 * PAGE);
}

CASE(memory_wiped_on_fork_is_zero_in_the_child)
{
	char *memory = anonymous(2 * PAGE);
	fill(memory, 2 * PAGE);
	RESULT(madvise(memory, PAGE, MADV_WIPEONFORK));
	pid_t child = forked();
	if (child == 0) {
		show("zeroes %zu, second page intact %d", zeroes(memory, PAGE), intact(memory + PAGE, PAGE, PAGE) == PAGE);
		memory[0] = 1;
		pid_t grandchild = forked();
		if (grandchild == 0)
			_exit(memory[0]);
		show_end("grandchild", grandchild);
		_exit(0);
	}
	show_end("child", child);
	show("parent's intact %d", intact(memory, 0, 2 * PAGE) == 2 * PAGE);
	RESULT(madvise(memory, PAGE, MADV_KEEPONFORK));
	char *shared = mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	RESULT(madvise(shared, PAGE, MADV_WIPEONFORK));
	munmap(shared, PAGE);
	munmap(memory, 2 * PAGE);
}

CASE(protections_are_inherited)
{
	char *memory = anonymous(2 * PAGE);
	memory[0] = 5;
	REQUIRE(mprotect(memory, PAGE, PROT_READ) == 0);
	pid_t child = forked();
	if (child == 0) {
		show("read %d", memory[0]);
		memory[PAGE] = 1;
		memory[0] = 1;
		_exit(0);
	}
	show_end("child", child);
	REQUIRE(mprotect(memory, PAGE, PROT_READ | PROT_WRITE) == 0);
	memory[0] = 6;
	show("parent writes %d", memory[0]);
	munmap(memory, 2 * PAGE);
}

CASE(child_changes_mappings_of_its_own_only)
{
	char *memory = anonymous(4 * PAGE);
	fill(memory, 4 * PAGE);
	pid_t child = forked();
	if (child == 0) {
		munmap(memory, PAGE);
		mprotect(memory + PAGE, PAGE, PROT_NONE);
		madvise(memory + 2 * PAGE, PAGE, MADV_DONTNEED);
		_exit(memory[2 * PAGE]);
	}
	show_end("child", child);
	show("parent's intact %d", intact(memory, 0, 4 * PAGE) == 4 * PAGE);
	munmap(memory, 4 * PAGE);
}

static int descend(int depth)
{
	volatile char frame[4096];
	frame[0] = (char)depth;
	if (depth == 0) {
		pid_t child = forked();
		if (child != 0) {
			show_end("child", child);
			return frame[0];
		}
		return frame[0] + 1;
	}
	return descend(depth - 1) + (frame[0] == (char)depth ? 0 : 100);
}

CASE(child_returns_through_the_whole_stack)
{
	pid_t parent = getpid();
	int result = descend(100);
	if (getpid() != parent)
		_exit(result);
	show("parent %d", result);
}

CASE(untouched_memory_is_zero_in_both)
{
	char *memory = anonymous(4 * PAGE);
	pid_t child = forked();
	if (child == 0) {
		memory[0] = 1;
		_exit(zeroes(memory, 4 * PAGE) == 4 * PAGE - 1);
	}
	show_end("child", child);
	show("zeroes %zu", zeroes(memory, 4 * PAGE));
	munmap(memory, 4 * PAGE);
}

CASE(generations_each_see_their_parent_s_memory)
{
	global = 0;
	pid_t parent = getpid(), child = 0;
	for (int i = 1; i <= 6 && child == 0; i++) {
		child = forked();
		if (child == 0)
			global += i;
	}
	if (child == 0)
		_exit(global);
	int status;
	REQUIRE(waitpid(child, &status, 0) == child && WIFEXITED(status));
	if (getpid() != parent)
		_exit(WEXITSTATUS(status));
	show("sum %d, own %d", WEXITSTATUS(status), global);
	global = 7;
}

CASE(many_children_do_not_disturb_each_other)
{
	pid_t children[30];
	int sum = 0, status;
	fill(large, sizeof large);
	for (int i = 0; i < 30; i++) {
		children[i] = forked();
		if (children[i] == 0) {
			memset(large, i, sizeof large);
			int right = 1;
			for (size_t k = 0; k < sizeof large; k += 511)
				right &= large[k] == i;
			_exit(right);
		}
	}
	for (int i = 0; i < 30; i++)
		if (waitpid(children[i], &status, 0) == children[i] && WIFEXITED(status))
			sum += WEXITSTATUS(status);
	show("right %d, parent intact %d", sum, intact(large, 0, sizeof large) == sizeof large);
}

static volatile int spins, stop;

static void *spin(void *argument)
{
	while (!stop)
		spins++;
	return argument;
}

CASE(only_the_calling_thread_goes_on)
{
	pthread_t thread;
	stop = 0;
	REQUIRE(pthread_create(&thread, NULL, spin, NULL) == 0);
	while (spins == 0)
		sched_yield();
	pid_t child = forked();
	if (child == 0) {
		int before = spins;
		pause_for(20);
		show("other thread stands still %d, thread is the process %d", spins == before, gettid() == getpid());
		_exit(0);
	}
	show_end("child", child);
	stop = 1;
	pthread_join(thread, NULL);
}

static void *fork_in_thread(void *argument)
{
	pid_t child = fork();
	if (child == 0) {
		global += 1;
		_exit(gettid() == getpid() ? global : 99);
	}
	*(pid_t *)argument = child;
	return NULL;
}

CASE(child_of_a_thread_is_a_child_of_the_process)
{
	pthread_t thread;
	pid_t child;
	global = 10;
	REQUIRE(pthread_create(&thread, NULL, fork_in_thread, &child) == 0);
	pthread_join(thread, NULL);
	show_end("child", child);
	show("parent %d", global);
}

static char handlers[8];
static void before_fork(void) { strcat(handlers, "b"); }
static void in_parent(void) { strcat(handlers, "p"); }
static void in_child(void) { strcat(handlers, "c"); }

CASE(fork_handlers_run)
{
	pid_t outer = forked();
	if (outer == 0) {
		REQUIRE(pthread_atfork(before_fork, in_parent, in_child) == 0);
		pid_t child = forked();
		if (child == 0) {
			show("child %s", handlers);
			_exit(0);
		}
		show_end("child", child);
		show("parent %s", handlers);
		_exit(0);
	}
	show_end("outer", outer);
}

CASE(threads_fork_at_once)
{
	pthread_t threads[6];
	pid_t children[6];
	int right = 0, status;
	global = 20;
	for (int i = 0; i < 6; i++)
		REQUIRE(pthread_create(&threads[i], NULL, fork_in_thread, &children[i]) == 0);
	for (int i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 6; i++)
		right += waitpid(children[i], &status, 0) == children[i] && WEXITSTATUS(status) == 21;
	show("right %d", right);
}
