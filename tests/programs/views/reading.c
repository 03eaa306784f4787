/* proc(5): how files of /proc are opened, read, read again, and inherited; threads; memory as a file. */
#include "thread.h"

#include <dirent.h>

static int numbers_in(const char *folder)
{
	int count = 0;
	DIR *entries = opendir(folder);
	REQUIRE(entries != NULL);
	for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
		count += entry->d_name[0] >= '0' && entry->d_name[0] <= '9';
	closedir(entries);
	return count;
}

CASE(flags_of_open_are_kept)
{
	int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	REQUIRE(file >= 0);
	show("closes on exec %d", fcntl(file, F_GETFD));
	show("access %d", fcntl(file, F_GETFL) & O_ACCMODE);
	RESULT(write(file, "x", 1));
	close(file);
	int next = open("/proc/self/maps", O_RDONLY);
	show("the lowest number %d, closes on exec %d", next == file, fcntl(next, F_GETFD));
	RESULT(open("/proc/self/maps", O_RDONLY | O_DIRECTORY));
	RESULT(open("/proc/self/nothing", O_RDONLY));
}

CASE(files_are_read_in_pieces_and_again)
{
	char first[64] = "", whole[4096] = "", again[64] = "";
	int file = open("/proc/self/auxv", O_RDONLY);
	REQUIRE(file >= 0);
	RESULT(read(file, first, 16));
	show("position %ld", (long)lseek(file, 0, SEEK_CUR));
	long rest = read(file, whole, sizeof whole);
	show("the rest %d", rest > 0 && rest % 16 == 0);
	RESULT(read(file, whole, sizeof whole));
	RESULT(pread(file, again, 16, 0));
	show("the same %d", memcmp(first, again, 16) == 0);
	close(file);
}

CASE(paths_may_be_relative)
{
	char text[64] = "";
	int folder = open("/proc/self", O_RDONLY | O_DIRECTORY);
	REQUIRE(folder >= 0);
	int file = openat(folder, "stat", O_RDONLY);
	REQUIRE(read(file, text, sizeof text - 1) > 0);
	show("through a descriptor %d", atoi(text) == getpid());
	close(file);
	REQUIRE(chdir("/proc/self") == 0);
	file = open("statm", O_RDONLY);
	REQUIRE(read(file, text, sizeof text - 1) > 0);
	show("from the working directory: pages %d", atoi(text) > 0 && atoi(text) < 1 << 20);
	close(file);
	REQUIRE(chdir("/") == 0);
	file = open("proc/self/../self/./stat", O_RDONLY);
	REQUIRE(read(file, text, sizeof text - 1) > 0);
	show("from the root %d", atoi(text) == getpid());
}

static volatile int stage;

static void *seen_thread(void *result)
{
	char file[64], text[512] = "", *numbers = result;
	int descriptor = open("/proc/thread-self/stat", O_RDONLY);
	REQUIRE(descriptor >= 0 && read(descriptor, text, sizeof text - 1) > 0);
	close(descriptor);
	numbers[0] = atoi(text) == gettid();
	snprintf(file, sizeof file, "/proc/self/task/%d/comm", gettid());
	pthread_setname_np(pthread_self(), "second");
	descriptor = open(file, O_RDONLY);
	REQUIRE(descriptor >= 0 && read(descriptor, text, sizeof text - 1) > 0);
	close(descriptor);
	numbers[1] = strncmp(text, "second\n", 7) == 0;
	stage = 1;
	AWAIT(stage == 2);
	return NULL;
}

CASE(threads_are_listed)
{
	char numbers[2] = "";
	show("before %d", numbers_in("/proc/self/task"));
	stage = 0;
	pthread_t thread = started(seen_thread, numbers);
	AWAIT(stage == 1);
	show("with another %d, its own file %d, its name %d", numbers_in("/proc/self/task"), numbers[0], numbers[1]);
	stage = 2;
	joined(thread);
	AWAIT(numbers_in("/proc/self/task") == 1);
	show("afterwards %d", numbers_in("/proc/self/task"));
}

CASE(descriptors_are_listed)
{
	int before = numbers_in("/proc/self/fd");
	int file = open("/proc/self/status", O_RDONLY);
	show("one more %d, %d", numbers_in("/proc/self/fd") - before, numbers_in("/proc/self/fdinfo") - before);
	close(file);
}

CASE(memory_can_be_read_and_written)
{
	volatile unsigned long word = 0x1122334455667788;
	unsigned long other = 0;
	int file = open("/proc/self/mem", O_RDWR);
	REQUIRE(file >= 0);
	RESULT(pread(file, &other, 8, (off_t)&word));
	show("%#lx", other);
	other = 99;
	RESULT(pwrite(file, &other, 8, (off_t)&word));
	show("%lu", word);
	show("sought %d", lseek(file, (off_t)&word, SEEK_SET) == (off_t)&word);
	RESULT(read(file, &other, 4));
	show("moved on %ld", (long)(lseek(file, 0, SEEK_CUR) - (off_t)&word));
	RESULT(pread(file, &other, 8, 8));
	char *memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	REQUIRE(memory != MAP_FAILED && munmap(memory + PAGE, PAGE) == 0);
	char bytes[64];
	RESULT(pread(file, bytes, sizeof bytes, (off_t)(memory + PAGE - 10)));
	close(file);
}

CASE(memory_of_a_child_can_be_read)
{
	volatile unsigned long word = 1;
	volatile int *words = shared_words();
	unsigned long other = 0;
	char name[64];
	pid_t child = forked();
	if (child == 0) {
		word = 2;
		words[0] = 1;
		AWAIT(words[1]);
		_exit((int)word);
	}
	AWAIT(words[0]);
	snprintf(name, sizeof name, "/proc/%d/mem", child);
	int file = open(name, O_RDWR);
	REQUIRE(file >= 0);
	RESULT(pread(file, &other, 8, (off_t)&word));
	show("the child's %lu, our own %lu", other, word);
	other = 3;
	RESULT(pwrite(file, &other, 8, (off_t)&word));
	words[1] = 1;
	show_end("child", child);
}

CASE(pagemap_tells_what_is_there)
{
	unsigned long entry = 0;
	char *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int file = open("/proc/self/pagemap", O_RDONLY);
	REQUIRE(memory != MAP_FAILED && file >= 0);
	memory[0] = 1;
	RESULT(pread(file, &entry, 8, (off_t)((unsigned long)memory / PAGE * 8)));
	show("there %d", (int)(entry >> 63));
	munmap(memory, PAGE);
	RESULT(pread(file, &entry, 8, (off_t)((unsigned long)memory / PAGE * 8)));
	show("there %d", (int)(entry >> 63));
	RESULT(pread(file, &entry, 7, 0));
	close(file);
}

CASE(other_files_are_the_hosts)
{
	char text[4096];
	for (int index = 0; index < 4; index++) {
		const char *names[] = {"/proc/version", "/proc/filesystems", "/proc/self/cgroup", "/proc/sys/kernel/pid_max"};
		int file = open(names[index], O_RDONLY);
		long length = read(file, text, sizeof text - 1);
		REQUIRE(file >= 0 && length > 0);
		show("%s: %.*s", names[index], (int)strcspn(text, "\n"), text);
		close(file);
	}
}

/* A view is a memory file, which has a size. */
DIFFERS(files_have_no_size)
CASE(files_have_no_size)
{
	struct stat status;
	int file = open("/proc/self/status", O_RDONLY);
	REQUIRE(file >= 0 && fstat(file, &status) == 0);
	show("%ld", (long)status.st_size);
	close(file);
}

/* Only the descriptor that was opened is made anew when it is read again. */
DIFFERS(duplicates_show_what_is_so)
CASE(duplicates_show_what_is_so)
{
	char first[64] = "", second[64] = "";
	int file = open("/proc/self/statm", O_RDONLY), other = dup(file);
	REQUIRE(file >= 0 && other >= 0 && pread(other, first, sizeof first - 1, 0) > 0);
	REQUIRE(mmap(NULL, 64 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
	REQUIRE(pread(other, second, sizeof second - 1, 0) > 0);
	show("grew %d", atoi(second) - atoi(first) >= 64);
}

/* A proxy knows only its own workers from the program's threads. */
DIFFERS(threads_of_another_process_are_listed)
CASE(threads_of_another_process_are_listed)
{
	char name[64];
	volatile int *words = shared_words();
	pid_t child = forked();
	if (child == 0) {
		words[0] = access("/", F_OK) == 0;
		for (;;)
			pause();
	}
	AWAIT(words[0]);
	snprintf(name, sizeof name, "/proc/%d/task", child);
	show("%d", numbers_in(name));
	REQUIRE(kill(child, SIGKILL) == 0);
	show_end("child", child);
}

CASE(files_of_a_thread_are_those_of_its_process)
{
	char file[64], path[4096] = "", own[4096] = "";
	snprintf(file, sizeof file, "/proc/self/task/%d/exe", gettid());
	REQUIRE(readlink(file, path, sizeof path - 1) > 0 && readlink("/proc/self/exe", own, sizeof own - 1) > 0);
	show("the same program %d", strcmp(path, own) == 0);
	snprintf(file, sizeof file, "/proc/self/task/%d/cmdline", gettid());
	int descriptor = open(file, O_RDONLY);
	REQUIRE(descriptor >= 0 && read(descriptor, path, sizeof path - 1) > 0);
	show("the same arguments %d", strcmp(path, program_invocation_name) == 0);
}
