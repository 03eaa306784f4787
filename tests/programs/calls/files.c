/* open(2), read(2), write(2), lseek(2), ftruncate(2), fsync(2) and what they refuse. */
#include "check.h"

#include <sys/resource.h>

CASE(write_and_read_back)
{
	int file = open("plain", O_RDWR | O_CREAT | O_TRUNC, 0640);
	char text[16] = "";
	RESULT(write(file, "hello world", 11));
	RESULT(lseek(file, 6, SEEK_SET));
	RESULT(read(file, text, sizeof text));
	show("%s", text);
	RESULT(read(file, text, sizeof text));
	RESULT(close(file));
}

CASE(flags_of_open_are_checked)
{
	close(patterned_file("exists", 10));
	SUCCESS(open("missing", O_RDONLY));
	SUCCESS(open("exists", O_RDWR | O_CREAT | O_EXCL, 0600));
	SUCCESS(open("exists", O_RDONLY | O_DIRECTORY));
	SUCCESS(open("exists/below", O_RDONLY));
	SUCCESS(open(".", O_RDWR));
	SUCCESS(open("", O_RDONLY));
}

CASE(name_that_is_too_long)
{
	char name[300], path[5000];
	memset(name, 'n', sizeof name);
	name[299] = 0;
	SUCCESS(open(name, O_RDONLY));
	memset(path, '/', sizeof path);
	path[4999] = 0;
	SUCCESS(open(path, O_RDONLY));
}

CASE(symlink_is_not_followed_on_demand)
{
	close(patterned_file("target", 5));
	symlink("target", "link");
	symlink("loop", "loop");
	int file = (int)SUCCESS(open("link", O_RDONLY));
	close(file);
	SUCCESS(open("link", O_RDONLY | O_NOFOLLOW));
	SUCCESS(open("loop", O_RDONLY));
}

CASE(truncation_on_open)
{
	close(patterned_file("truncated", 1000));
	int file = open("truncated", O_WRONLY | O_TRUNC);
	RESULT(lseek(file, 0, SEEK_END));
	close(file);
}

CASE(append_writes_at_the_end)
{
	int file = open("append", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600), other = open("append", O_WRONLY);
	RESULT(write(file, "one", 3));
	RESULT(pwrite(other, "TWO", 3, 3));
	RESULT(lseek(file, 0, SEEK_SET));
	RESULT(write(file, "three", 5));
	RESULT(lseek(file, 0, SEEK_CUR));
	RESULT(pwrite(file, "!", 1, 0));
	char text[32] = "";
	RESULT(pread(file, text, sizeof text, 0));
	show("%s", text);
	close(file);
	close(other);
}

CASE(seek_positions)
{
	int file = patterned_file("seek", 100);
	RESULT(lseek(file, -10, SEEK_END));
	RESULT(lseek(file, 5, SEEK_CUR));
	RESULT(lseek(file, -200, SEEK_CUR));
	RESULT(lseek(file, 0, 99));
	RESULT(lseek(file, 1L << 40, SEEK_SET));
	RESULT(read(file, (char[1]){0}, 1));
	close(file);
}

CASE(hole_reads_as_zero)
{
	int file = open("hole", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char bytes[100];
	RESULT(pwrite(file, "x", 1, 1 << 20));
	RESULT(pread(file, bytes, sizeof bytes, 1000));
	size_t zero = 0;
	for (size_t i = 0; i < sizeof bytes; i++)
		zero += bytes[i] == 0;
	show("%zu zero bytes", zero);
	RESULT(ftruncate(file, 10));
	RESULT(lseek(file, 0, SEEK_END));
	close(file);
}

CASE(positioned_calls_leave_the_position)
{
	int file = patterned_file("positioned", 100);
	char bytes[10];
	RESULT(lseek(file, 50, SEEK_SET));
	RESULT(pread(file, bytes, 10, 90));
	RESULT(pread(file, bytes, 10, 95));
	RESULT(pread(file, bytes, 10, -1));
	RESULT(pwrite(file, bytes, 10, 0));
	RESULT(lseek(file, 0, SEEK_CUR));
	close(file);
}

CASE(direction_of_the_descriptor_is_enforced)
{
	char byte = 'b';
	close(patterned_file("direction", 10));
	int reading = open("direction", O_RDONLY), writing = open("direction", O_WRONLY);
	RESULT(write(reading, &byte, 1));
	RESULT(read(writing, &byte, 1));
	RESULT(ftruncate(reading, 1));
	close(reading);
	close(writing);
}

CASE(bad_descriptors_are_refused)
{
	char byte = 'b';
	RESULT(read(-1, &byte, 1));
	RESULT(write(12345, &byte, 1));
	RESULT(close(12345));
	RESULT(lseek(-5, 0, SEEK_SET));
	RESULT(fsync(777));
	RESULT(fchmod(777, 0600));
	RESULT(fcntl(777, F_GETFL));
}

CASE(empty_transfers)
{
	int file = patterned_file("empty", 10);
	RESULT(read(file, NULL, 0));
	RESULT(write(file, NULL, 0));
	RESULT(write(-1, NULL, 0));
	close(file);
}

CASE(large_transfer_in_one_call)
{
	size_t bytes = 16UL << 20;
	char *out = anonymous(bytes), *in = anonymous(bytes);
	fill(out, bytes);
	int file = open("large", O_RDWR | O_CREAT | O_TRUNC, 0600);
	RESULT(write(file, out, bytes));
	RESULT(pread(file, in, bytes, 0));
	show("equal %d", memcmp(out, in, bytes) == 0);
	RESULT(pread(file, in, bytes, 1000));
	show("equal %d", memcmp(out + 1000, in, bytes - 1000) == 0);
	munmap(out, bytes);
	munmap(in, bytes);
	close(file);
	unlink("large");
}

CASE(unlinked_file_lives_while_open)
{
	int file = patterned_file("unlinked", 100);
	RESULT(unlink("unlinked"));
	RESULT(unlink("unlinked"));
	RESULT(lseek(file, 0, SEEK_END));
	RESULT(write(file, "more", 4));
	RESULT(lseek(file, 0, SEEK_END));
	close(file);
}

CASE(sync_calls_succeed)
{
	int file = patterned_file("sync", 100);
	RESULT(fsync(file));
	RESULT(fdatasync(file));
	RESULT(sync_file_range(file, 0, 100, SYNC_FILE_RANGE_WRITE));
	RESULT(posix_fadvise(file, 0, 100, POSIX_FADV_SEQUENTIAL));
	RESULT(readahead(file, 0, 100));
	close(file);
}

CASE(fallocate_extends)
{
	int file = patterned_file("allocated", 10);
	long result = fallocate(file, 0, 0, 8192);
	show("fallocate %s", result == 0 || errno == EOPNOTSUPP ? "succeeds or is not supported" : strerror(errno));
	RESULT(fallocate(file, 0, 0, 0));
	RESULT(fallocate(file, 0, -1, 10));
	close(file);
	unlink("allocated");
}

CASE(openat_is_relative_to_its_folder)
{
	mkdir("folder", 0755);
	int folder = open("folder", O_RDONLY | O_DIRECTORY);
	int file = (int)SUCCESS(openat(folder, "inside", O_RDWR | O_CREAT, 0600));
	RESULT(write(file, "in", 2));
	RESULT(faccessat(AT_FDCWD, "folder/inside", R_OK, 0));
	SUCCESS(openat(file, "x", O_RDONLY));
	SUCCESS(openat(-1, "x", O_RDONLY));
	close(SUCCESS(openat(-1, "/dev/null", O_RDONLY)));
	close(file);
	close(folder);
}

CASE(umask_limits_new_files)
{
	struct stat status;
	show("before %03o", umask(077));
	close(open("masked", O_RDWR | O_CREAT, 0666));
	REQUIRE(stat("masked", &status) == 0);
	show("mode %03o, mask %03o", status.st_mode & 0777, umask(022));
}

CASE(null_and_zero_devices)
{
	char bytes[100];
	memset(bytes, 'x', sizeof bytes);
	int null = open("/dev/null", O_RDWR), nothing = open("/dev/zero", O_RDONLY), full = open("/dev/full", O_WRONLY);
	RESULT(read(null, bytes, 100));
	RESULT(write(null, bytes, 100));
	RESULT(read(nothing, bytes, 100));
	show("%d %d", bytes[0], bytes[99]);
	RESULT(write(full, bytes, 100));
	close(null);
	close(nothing);
	close(full);
}

ENDS(file_size_limit_raises_sigxfsz, 153)
{
	struct rlimit limit = {1000, 1000};
	int file = open("limited", O_RDWR | O_CREAT | O_TRUNC, 0600);
	REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	static char bytes[2000];
	RESULT(write(file, bytes, 2000));
	show("before");
	RESULT(write(file, bytes, 1));
}
