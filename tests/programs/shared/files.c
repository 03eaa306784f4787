/* mmap(2) with MAP_SHARED and msync(2) on files that several processes map, read and write. */
#include "process.h"

static char *mapped(int file, size_t bytes)
{
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	REQUIRE(memory != MAP_FAILED);
	return memory;
}

CASE(child_maps_the_file_itself)
{
	int file = patterned_file("mapped", 4 * PAGE);
	char *memory = mapped(file, 4 * PAGE);
	pid_t child = forked();
	if (child == 0) {
		int again = open("mapped", O_RDWR);
		char *other = mapped(again, 4 * PAGE);
		memset(other + PAGE, 'c', PAGE);
		_exit(intact(other, 0, PAGE) == PAGE);
	}
	show_end("child", child);
	show("first intact %d, second written %d", intact(memory, 0, PAGE) == PAGE, memory[PAGE] == 'c' && memory[2 * PAGE - 1] == 'c');
	munmap(memory, 4 * PAGE);
	close(file);
}

CASE(child_reads_by_a_call_what_the_parent_mapped)
{
	int file = patterned_file("mapped", PAGE);
	char *memory = mapped(file, PAGE);
	strcpy(memory, "through the mapping");
	pid_t child = forked();
	if (child == 0) {
		char text[32] = "";
		REQUIRE(pread(file, text, 19, 0) == 19);
		show("%s", text);
		REQUIRE(pwrite(file, "through the call   ", 19, 0) == 19);
		_exit(0);
	}
	show_end("child", child);
	show("%.19s", memory);
	munmap(memory, PAGE);
	close(file);
}

CASE(other_program_reads_what_was_mapped)
{
	int file = patterned_file("seen-by-cat", 16);
	char *memory = mapped(file, PAGE);
	memcpy(memory, "0123456789abcde\n", 16);
	RESULT(msync(memory, PAGE, MS_SYNC));
	pid_t child = forked();
	if (child == 0) {
		execl("/bin/cat", "cat", "seen-by-cat", NULL);
		_exit(98);
	}
	show_end("child", child);
	munmap(memory, PAGE);
	close(file);
}

CASE(mapping_shows_what_another_program_writes)
{
	int file = patterned_file("written-by-sh", PAGE);
	volatile char *memory = mapped(file, PAGE);
	pid_t child = forked();
	if (child == 0) {
		execl("/bin/sh", "sh", "-c", "printf shell 1<>written-by-sh", NULL);
		_exit(98);
	}
	show_end("child", child);
	show("%c%c%c%c%c", memory[0], memory[1], memory[2], memory[3], memory[4]);
	munmap((void *)memory, PAGE);
	close(file);
}

CASE(two_processes_talk_through_a_file)
{
	int file = patterned_file("talk", PAGE);
	volatile int *talk = (volatile int *)mapped(file, PAGE);
	talk[0] = 0;
	pid_t child = forked();
	if (child == 0) {
		for (int i = 1; i < 200; i += 2) {
			while (__atomic_load_n(&talk[0], __ATOMIC_SEQ_CST) != i)
				sched_yield();
			__atomic_store_n(&talk[0], i + 1, __ATOMIC_SEQ_CST);
		}
		_exit(0);
	}
	for (int i = 0; i < 200; i += 2) {
		while (__atomic_load_n(&talk[0], __ATOMIC_SEQ_CST) != i)
			sched_yield();
		__atomic_store_n(&talk[0], i + 1, __ATOMIC_SEQ_CST);
	}
	show_end("child", child);
	show("reached %d", talk[0]);
	munmap((void *)talk, PAGE);
	close(file);
}

CASE(truncation_by_a_child_takes_pages_away)
{
	int file = patterned_file("truncated", 2 * PAGE);
	char *memory = mapped(file, 2 * PAGE);
	pid_t child = forked();
	if (child == 0) {
		REQUIRE(truncate("truncated", PAGE) == 0);
		_exit(0);
	}
	show_end("child", child);
	show("first intact %zu", intact(memory, 0, PAGE));
	pid_t victim = forked();
	if (victim == 0) {
		*(volatile char *)(memory + PAGE);
		_exit(0);
	}
	show_end("victim", victim);
	munmap(memory, 2 * PAGE);
	close(file);
}

/* Small private mappings are read when they are made, not when they are touched. */
DIFFERS(private_copy_is_made_from_the_shared_content)
CASE(private_copy_is_made_from_the_shared_content)
{
	int file = patterned_file("both", PAGE);
	char *shared = mapped(file, PAGE);
	volatile char *own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	REQUIRE(own != MAP_FAILED);
	shared[0] = 's';
	show("before the copy '%c'", own[0]);
	own[1] = 'p';
	pid_t child = forked();
	if (child == 0) {
		shared[2] = 'c';
		own[3] = 'c';
		_exit(0);
	}
	show_end("child", child);
	show("shared '%c', own '%c', third untouched %d", shared[2], own[1], own[3] == (char)pattern(3));
	munmap(shared, PAGE);
	close(file);
}

CASE(sync_errors)
{
	int file = patterned_file("sync", PAGE);
	char *memory = mapped(file, PAGE);
	RESULT(msync(memory, PAGE, MS_ASYNC));
	RESULT(msync(memory, PAGE, MS_SYNC | MS_INVALIDATE));
	RESULT(msync(memory, PAGE, MS_SYNC | MS_ASYNC));
	RESULT(msync(memory + 1, PAGE, MS_SYNC));
	RESULT(msync(memory, PAGE, 0x40));
	RESULT(msync(memory, 0, MS_SYNC));
	munmap(memory, PAGE);
	RESULT(msync(memory, PAGE, MS_SYNC));
	close(file);
}

CASE(mapping_outlives_the_file_s_name)
{
	int file = patterned_file("unlinked", PAGE);
	char *memory = mapped(file, PAGE);
	close(file);
	RESULT(unlink("unlinked"));
	pid_t child = forked();
	if (child == 0) {
		memory[0] = 'u';
		_exit(0);
	}
	show_end("child", child);
	show("'%c', rest intact %zu", memory[0], intact(memory + 1, 1, PAGE - 1));
	munmap(memory, PAGE);
}

CASE(many_writers_lose_nothing)
{
	int file = patterned_file("counter", PAGE);
	volatile int *counter = (volatile int *)mapped(file, PAGE);
	pid_t children[6];
	counter[0] = 0;
	for (int i = 0; i < 6; i++) {
		children[i] = forked();
		if (children[i] == 0) {
			for (int k = 0; k < 5000; k++)
				__atomic_add_fetch(&counter[0], 1, __ATOMIC_SEQ_CST);
			_exit(0);
		}
	}
	for (int i = 0; i < 6; i++)
		REQUIRE(waitpid(children[i], NULL, 0) == children[i]);
	int content;
	REQUIRE(pread(file, &content, sizeof content, 0) == sizeof content);
	show("mapping %d, file %d", counter[0], content);
	munmap((void *)counter, PAGE);
	close(file);
}

CASE(mapping_of_a_file_that_shrank_and_grew_reads_zeros)
{
	int file = patterned_file("regrown", 2 * PAGE);
	volatile char *memory = mapped(file, 2 * PAGE);
	int was = memory[PAGE] != 0;
	RESULT(ftruncate(file, PAGE));
	pause_for(700);
	RESULT(ftruncate(file, 2 * PAGE));
	show("was %d, is %d, kept %d", was, memory[PAGE] | memory[2 * PAGE - 1], intact((char *)memory, 0, PAGE) == PAGE);
	memory[PAGE] = 'n';
	char byte = 0;
	RESULT(pread(file, &byte, 1, PAGE));
	show("written %c", byte);
	munmap((void *)memory, 2 * PAGE);
	close(file);
}

CASE(mapping_of_a_file_that_another_process_shrank_and_grew_reads_zeros)
{
	int file = patterned_file("regrown", 2 * PAGE);
	volatile char *memory = mapped(file, 2 * PAGE);
	int was = memory[PAGE] != 0;
	pid_t child = forked();
	if (child == 0) {
		REQUIRE(ftruncate(file, PAGE) == 0);
		pause_for(700);
		_exit(ftruncate(file, 2 * PAGE));
	}
	show_end("child", child);
	show("was %d, is %d", was, memory[PAGE] | memory[2 * PAGE - 1]);
	munmap((void *)memory, 2 * PAGE);
	close(file);
}

CASE(files_are_truncated_while_processes_that_map_one_end)
{
	volatile int *words = shared_words();
	int file = patterned_file("mapped", PAGE), ended = 0, status;
	for (int i = 0; i < 60; i++) {
		words[0] = 0;
		pid_t child = forked();
		if (child == 0) {
			words[1] = mapped(file, PAGE)[0];
			words[0] = 1;
			if (i % 2)
				_exit(0);
			for (;;)
				pause();
		}
		AWAIT(words[0]);
		kill(child, i % 2 ? 0 : SIGKILL);
		for (int turn = 0; turn < 4; turn++)
			close(open("other", O_WRONLY | O_CREAT | O_TRUNC, 0644));
		ended += waitpid(child, &status, 0) == child;
	}
	show("ended %d", ended);
	close(file);
}
