/* mmap(2) with MAP_PRIVATE of files. */
#include "fault.h"

static char *private_map(int file, size_t bytes, off_t offset)
{
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, offset);
	REQUIRE(memory != MAP_FAILED);
	return memory;
}

CASE(content_is_the_files)
{
	int file = patterned_file("content", 3 * PAGE);
	char *memory = private_map(file, 3 * PAGE, 0);
	show("%zu bytes intact", intact(memory, 0, 3 * PAGE));
	munmap(memory, 3 * PAGE);
	close(file);
}

CASE(offset_selects_the_page)
{
	int file = patterned_file("offset", 5 * PAGE);
	char *memory = private_map(file, 2 * PAGE, 3 * PAGE);
	show("%zu bytes intact", intact(memory, 3 * PAGE, 2 * PAGE));
	munmap(memory, 2 * PAGE);
	close(file);
}

CASE(bytes_beyond_the_end_of_the_last_page_are_zero)
{
	int file = patterned_file("tail", PAGE + 100);
	char *memory = private_map(file, 2 * PAGE, 0);
	show("%zu intact, %zu zero", intact(memory, 0, PAGE + 100), zeroes(memory + PAGE + 100, PAGE - 100));
	munmap(memory, 2 * PAGE);
	close(file);
}

CASE(writes_do_not_reach_the_file)
{
	int file = patterned_file("kept", 2 * PAGE);
	char *memory = private_map(file, 2 * PAGE, 0);
	memset(memory, 'x', 2 * PAGE);
	RESULT(msync(memory, 2 * PAGE, MS_SYNC));
	munmap(memory, 2 * PAGE);
	char *content = anonymous(2 * PAGE);
	RESULT(pread(file, content, 2 * PAGE, 0));
	show("%zu bytes intact in the file", intact(content, 0, 2 * PAGE));
	munmap(content, 2 * PAGE);
	close(file);
}

CASE(two_private_mappings_are_independent)
{
	int file = patterned_file("twice", PAGE);
	char *one = private_map(file, PAGE, 0), *two = private_map(file, PAGE, 0);
	memset(one, 'x', PAGE);
	show("first %zu intact, second %zu intact", intact(one, 0, PAGE), intact(two, 0, PAGE));
	munmap(one, PAGE);
	munmap(two, PAGE);
	close(file);
}

CASE(mapping_outlives_the_descriptor)
{
	int file = patterned_file("closed", 2 * PAGE);
	char *memory = private_map(file, 2 * PAGE, 0);
	close(file);
	show("%zu bytes intact", intact(memory, 0, 2 * PAGE));
	munmap(memory, 2 * PAGE);
}

CASE(mapping_outlives_the_name)
{
	int file = patterned_file("unlinked", 2 * PAGE);
	char *memory = private_map(file, 2 * PAGE, 0);
	RESULT(unlink("unlinked"));
	close(file);
	show("%zu bytes intact", intact(memory, 0, 2 * PAGE));
	munmap(memory, 2 * PAGE);
}

CASE(page_beyond_the_end_raises_sigbus)
{
	int file = patterned_file("short", PAGE + 1);
	char *memory = private_map(file, 4 * PAGE, 0);
	READ(memory + 2 * PAGE - 1, memory);
	READ(memory + 2 * PAGE, memory);
	WRITE(memory + 3 * PAGE + 5, memory);
	munmap(memory, 4 * PAGE);
	close(file);
}

CASE(empty_file_maps_but_cannot_be_read)
{
	int file = patterned_file("empty", 0);
	char *memory = MAPPED(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 0));
	READ(memory, memory);
	munmap(memory, PAGE);
	close(file);
}

CASE(offset_beyond_the_end_maps_but_cannot_be_read)
{
	int file = patterned_file("beyond", PAGE);
	char *memory = MAPPED(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 8 * PAGE));
	READ(memory + 1, memory);
	munmap(memory, PAGE);
	close(file);
}

CASE(read_only_mapping_refuses_writes)
{
	int file = patterned_file("protected", PAGE);
	char *memory = MAPPED(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 0));
	WRITE(memory + 9, memory);
	RESULT(mprotect(memory, PAGE, PROT_READ | PROT_WRITE));
	WRITE(memory + 9, memory);
	show("%zu bytes intact", intact(memory, 0, PAGE));
	munmap(memory, PAGE);
	close(file);
}

CASE(read_only_file_can_be_written_privately)
{
	close(patterned_file("read-only", PAGE));
	int file = open("read-only", O_RDONLY);
	char *memory = private_map(file, PAGE, 0);
	memset(memory, 'x', 10);
	show("%zu bytes intact", intact(memory, 0, PAGE));
	munmap(memory, PAGE);
	close(file);
}

CASE(fixed_file_over_anonymous_memory)
{
	int file = patterned_file("over", PAGE);
	char *base = anonymous(3 * PAGE);
	memset(base, 'a', 3 * PAGE);
	SUCCESS(mmap(base + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0));
	show("%c %zu %c", base[PAGE - 1], intact(base + PAGE, 0, PAGE), base[2 * PAGE]);
	munmap(base, 3 * PAGE);
	close(file);
}

CASE(large_file_is_read_right_everywhere)
{
	size_t bytes = 3 * LARGE_PAGE + 5 * PAGE + 77;
	int file = patterned_file("large", bytes);
	char *memory = private_map(file, bytes, 0);
	show("all intact %d, rest zero %d", intact(memory, 0, bytes) == bytes,
	     zeroes(memory + bytes, PAGE - 77) == PAGE - 77);
	munmap(memory, bytes);
	close(file);
	unlink("large");
}

CASE(sparse_file_reads_as_zero)
{
	int file = open("sparse", O_RDWR | O_CREAT | O_TRUNC, 0600);
	REQUIRE(file >= 0 && ftruncate(file, 8 * PAGE) == 0);
	REQUIRE(pwrite(file, "end", 3, 8 * PAGE - 3) == 3);
	char *memory = private_map(file, 8 * PAGE, 0);
	show("%zu zero, then %.3s", zeroes(memory, 8 * PAGE - 3), memory + 8 * PAGE - 3);
	munmap(memory, 8 * PAGE);
	close(file);
}

CASE(read_into_a_private_mapping)
{
	int file = patterned_file("source", 2 * PAGE);
	char *memory = private_map(file, 2 * PAGE, 0);
	memset(memory, 0, 2 * PAGE);
	RESULT(pread(file, memory, 2 * PAGE, 0));
	show("%zu bytes intact", intact(memory, 0, 2 * PAGE));
	munmap(memory, 2 * PAGE);
	close(file);
}

CASE(write_from_a_private_mapping)
{
	int file = patterned_file("from", 2 * PAGE);
	char *memory = private_map(file, 2 * PAGE, 0);
	memory[0] = '!';
	int copy = open("copy", O_RDWR | O_CREAT | O_TRUNC, 0644);
	RESULT(write(copy, memory, 2 * PAGE));
	close(copy);
	munmap(memory, 2 * PAGE);
	close(file);
}

CASE(dontneed_brings_the_files_content_back)
{
	int file = patterned_file("again", 2 * PAGE);
	char *memory = private_map(file, 2 * PAGE, 0);
	memset(memory, 'x', 2 * PAGE);
	RESULT(madvise(memory, PAGE, MADV_DONTNEED));
	show("first %zu intact, second %zu intact", intact(memory, 0, PAGE), intact(memory + PAGE, PAGE, PAGE));
	munmap(memory, 2 * PAGE);
	close(file);
}

CASE(memory_file_maps_privately)
{
	int file = memfd_create("memory", 0);
	REQUIRE(file >= 0 && ftruncate(file, 2 * PAGE) == 0 && pwrite(file, "memory", 6, PAGE) == 6);
	char *memory = private_map(file, 2 * PAGE, 0);
	memory[0] = 'x';
	char byte = '?';
	RESULT(pread(file, &byte, 1, 0));
	show("file %d, mapping %c %s", byte, memory[0], memory + PAGE);
	munmap(memory, 2 * PAGE);
	close(file);
}
