/* readv(2), writev(2), preadv2(2), pwritev2(2). */
#include "check.h"

#include <limits.h>
#include <sys/syscall.h>
#include <sys/uio.h>

CASE(gather_and_scatter)
{
	int file = open("vector", O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct iovec out[3] = {{"one", 3}, {"", 0}, {"three", 5}};
	RESULT(writev(file, out, 3));
	char a[3] = "", b[4] = "", c[10] = "";
	struct iovec in[3] = {{a, 2}, {b, 3}, {c, 9}};
	RESULT(lseek(file, 0, SEEK_SET));
	RESULT(readv(file, in, 3));
	show("%s|%s|%s", a, b, c);
	close(file);
}

CASE(positioned_vectors)
{
	int file = open("positioned", O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct iovec out[2] = {{"abc", 3}, {"def", 3}};
	RESULT(pwritev(file, out, 2, 10));
	RESULT(lseek(file, 0, SEEK_CUR));
	char text[8] = "";
	struct iovec in[2] = {{text, 1}, {text + 1, 5}};
	RESULT(preadv(file, in, 2, 11));
	show("%s", text);
	RESULT(preadv(file, in, 2, -1));
	close(file);
}

/* musl has neither the calls nor their flags. */
#ifndef RWF_HIPRI
#define RWF_HIPRI 1
#define RWF_APPEND 16
#endif

static long read_with(int file, const struct iovec *vector, long position, int flags)
{
	return syscall(SYS_preadv2, file, vector, 1UL, position, 0UL, flags);
}

static long write_with(int file, const struct iovec *vector, long position, int flags)
{
	return syscall(SYS_pwritev2, file, vector, 1UL, position, 0UL, flags);
}

CASE(version_two_takes_flags_and_the_position)
{
	int file = patterned_file("flags", 100);
	char byte;
	struct iovec vector = {&byte, 1};
	RESULT(lseek(file, 42, SEEK_SET));
	RESULT(read_with(file, &vector, -1, 0));
	RESULT(lseek(file, 0, SEEK_CUR));
	RESULT(read_with(file, &vector, 0, RWF_HIPRI));
	RESULT(read_with(file, &vector, 0, 0x40000000));
	vector = (struct iovec){"!", 1};
	RESULT(write_with(file, &vector, 0, RWF_APPEND));
	RESULT(lseek(file, 0, SEEK_END));
	close(file);
}

CASE(empty_vectors)
{
	int file = patterned_file("none", 10);
	RESULT(readv(file, NULL, 0));
	RESULT(writev(file, NULL, 0));
	close(file);
}

CASE(bad_counts_and_lengths)
{
	int file = patterned_file("counts", 10);
	char byte;
	struct iovec one = {&byte, 1}, huge = {&byte, SIZE_MAX};
	static struct iovec many[IOV_MAX + 1];
	volatile int negative = -1;
	RESULT(readv(file, &one, negative));
	RESULT(readv(file, many, IOV_MAX + 1));
	RESULT(readv(file, many, IOV_MAX));
	RESULT(readv(file, &huge, 1));
	close(file);
}

CASE(thousand_pieces)
{
	static char pieces[1024][16];
	struct iovec vector[1024];
	for (size_t i = 0; i < 1024; i++) {
		snprintf(pieces[i], sizeof pieces[i], "piece %04zu\n", i);
		vector[i] = (struct iovec){pieces[i], 11};
	}
	int file = open("pieces", O_RDWR | O_CREAT | O_TRUNC, 0600);
	RESULT(writev(file, vector, 1024));
	close(file);
}

CASE(large_pieces)
{
	size_t bytes = 3UL << 20;
	char *one = anonymous(bytes), *two = anonymous(bytes);
	memset(one, '1', bytes);
	memset(two, '2', bytes);
	struct iovec vector[2] = {{one + 100, bytes - 100}, {two, bytes}};
	int file = open("large", O_RDWR | O_CREAT | O_TRUNC, 0600);
	RESULT(writev(file, vector, 2));
	char border[3] = "";
	RESULT(pread(file, border, 2, (off_t)bytes - 101));
	show("%s", border);
	close(file);
	unlink("large");
	munmap(one, bytes);
	munmap(two, bytes);
}

CASE(overlapping_pieces)
{
	int file = patterned_file("overlap", 8);
	char text[9] = "";
	struct iovec vector[2] = {{text, 8}, {text, 8}};
	RESULT(writev(file, vector, 0));
	RESULT(pwrite(file, "abcdefgh", 8, 0));
	RESULT(preadv(file, (struct iovec[2]){{text, 4}, {text, 4}}, 2, 0));
	show("%s", text);
	close(file);
}
