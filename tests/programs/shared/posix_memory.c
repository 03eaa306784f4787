/* shm_open(3), memfd_create(2), fcntl(2) with seals, shared mappings over fork. */
#include "process.h"

#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_GET_SEALS 1034
#endif

static char *mapped(int file, size_t bytes)
{
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	REQUIRE(memory != MAP_FAILED);
	return memory;
}

static const char *name(void)
{
	static char text[64];
	snprintf(text, sizeof text, "/differential-%d", getpid());
	return text;
}

CASE(named_memory_is_created_and_removed)
{
	struct stat status;
	int file = shm_open(name(), O_RDWR | O_CREAT | O_EXCL, 0600);
	REQUIRE(file >= 0);
	RESULT(shm_open(name(), O_RDWR | O_CREAT | O_EXCL, 0600));
	RESULT(fstat(file, &status));
	show("size %ld, mode %o, close-on-exec %d", (long)status.st_size, status.st_mode & 0777, fcntl(file, F_GETFD));
	RESULT(shm_unlink(name()));
	RESULT(shm_unlink(name()));
	RESULT(shm_open(name(), O_RDWR, 0));
	RESULT(ftruncate(file, 100));
	close(file);
}

CASE(named_memory_is_shared_by_two_openings)
{
	int one = shm_open(name(), O_RDWR | O_CREAT, 0600);
	REQUIRE(one >= 0 && ftruncate(one, PAGE) == 0);
	pid_t child;
	const char *text = strdup(name());
	char *memory = mapped(one, PAGE);
	child = forked();
	if (child == 0) {
		int two = shm_open(text, O_RDWR, 0);
		REQUIRE(two >= 0);
		fill(mapped(two, PAGE), PAGE);
		_exit(0);
	}
	show_end("child", child);
	show("intact %zu", intact(memory, 0, PAGE));
	shm_unlink(text);
	show("still intact %zu", intact(memory, 0, PAGE));
	munmap(memory, PAGE);
	close(one);
}

CASE(memory_file_grows_and_shrinks)
{
	int file = memfd_create("sized", MFD_CLOEXEC);
	REQUIRE(file >= 0 && ftruncate(file, 2 * PAGE) == 0);
	char *memory = mapped(file, 2 * PAGE);
	fill(memory, 2 * PAGE);
	RESULT(ftruncate(file, PAGE));
	pid_t child = forked();
	if (child == 0) {
		show("first page intact %zu", intact(memory, 0, PAGE));
		*(volatile char *)(memory + PAGE);
		_exit(0);
	}
	show_end("child", child);
	RESULT(ftruncate(file, 2 * PAGE));
	show("second page zero again %d", zeroes(memory + PAGE, PAGE) == PAGE);
	munmap(memory, 2 * PAGE);
	close(file);
}

CASE(memory_file_is_read_and_written_like_a_file)
{
	char text[16] = "";
	int file = memfd_create("file", 0);
	RESULT(write(file, "memory file", 11));
	RESULT(pread(file, text, sizeof text, 0));
	show("%s", text);
	char *memory = mapped(file, PAGE);
	memory[0] = 'M';
	RESULT(pread(file, text, 1, 0));
	show("'%c'", text[0]);
	RESULT(pwrite(file, "F", 1, 7));
	show("'%c'", memory[7]);
	munmap(memory, PAGE);
	close(file);
}

CASE(memory_file_errors)
{
	static char long_name[300];
	memset(long_name, 'n', 250);
	RESULT(memfd_create("x", 0x1000));
	RESULT(memfd_create(long_name, 0));
	RESULT(memfd_create((const char *)16, 0));
	long_name[249] = 0;
	SUCCESS(memfd_create(long_name, 0));
}

CASE(seals_forbid)
{
	int file = memfd_create("sealed", MFD_ALLOW_SEALING);
	REQUIRE(file >= 0 && ftruncate(file, PAGE) == 0);
	RESULT(fcntl(file, F_GET_SEALS));
	RESULT(fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK));
	RESULT(ftruncate(file, 10));
	RESULT(ftruncate(file, 2 * PAGE));
	RESULT(fcntl(file, F_ADD_SEALS, F_SEAL_GROW));
	RESULT(ftruncate(file, 3 * PAGE));
	RESULT(pwrite(file, "x", 1, 2 * PAGE));
	RESULT(pwrite(file, "x", 1, 0));
	RESULT(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
	RESULT(pwrite(file, "x", 1, 0));
	SUCCESS(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
	SUCCESS(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0));
	SUCCESS(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0));
	RESULT(fcntl(file, F_ADD_SEALS, F_SEAL_SEAL));
	RESULT(fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK));
	RESULT(fcntl(file, F_GET_SEALS));
	close(file);
}

CASE(writable_mapping_keeps_the_write_seal_off)
{
	int file = memfd_create("mapped", MFD_ALLOW_SEALING);
	REQUIRE(file >= 0 && ftruncate(file, PAGE) == 0);
	char *memory = mapped(file, PAGE);
	RESULT(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
	munmap(memory, PAGE);
	RESULT(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
	close(file);
}

CASE(future_writes_are_sealed_off)
{
	int file = memfd_create("future", MFD_ALLOW_SEALING);
	REQUIRE(file >= 0 && ftruncate(file, PAGE) == 0);
	char *memory = mapped(file, PAGE);
	RESULT(fcntl(file, F_ADD_SEALS, 0x10));
	memory[0] = 'w';
	show("old mapping writes '%c'", memory[0]);
	RESULT(pwrite(file, "x", 1, 0));
	SUCCESS(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
	munmap(memory, PAGE);
	close(file);
}

CASE(files_without_sealing_cannot_be_sealed)
{
	int file = memfd_create("plain", 0), disk = patterned_file("disk", 10);
	RESULT(fcntl(file, F_GET_SEALS));
	RESULT(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
	RESULT(fcntl(disk, F_GET_SEALS));
	RESULT(fcntl(disk, F_ADD_SEALS, F_SEAL_WRITE));
	close(file);
	close(disk);
}

CASE(memory_file_passes_through_generations)
{
	int file = memfd_create("generations", 0);
	REQUIRE(ftruncate(file, PAGE) == 0);
	volatile int *numbers = (volatile int *)mapped(file, PAGE);
	pid_t child = forked();
	if (child == 0) {
		numbers[0] = 1;
		pid_t grandchild = forked();
		if (grandchild == 0) {
			volatile int *again = (volatile int *)mapped(file, PAGE);
			again[1] = numbers[0] + 1;
			_exit(0);
		}
		show_end("grandchild", grandchild);
		_exit(0);
	}
	show_end("child", child);
	show("%d %d", numbers[0], numbers[1]);
	close(file);
}

CASE(zero_device_shared_is_anonymous_memory)
{
	int file = open("/dev/zero", O_RDWR);
	REQUIRE(file >= 0);
	volatile char *memory = mapped(file, PAGE);
	pid_t child = forked();
	if (child == 0) {
		memory[3] = 'z';
		_exit(0);
	}
	show_end("child", child);
	show("'%c'", memory[3]);
	munmap((void *)memory, PAGE);
	close(file);
}
