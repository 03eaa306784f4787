/* What mmap(2) refuses. */
#include "fault.h"

#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)

CASE(zero_length_is_invalid)
{
	SUCCESS(mmap(NULL, 0, PROT_READ, ANONYMOUS, -1, 0));
}

CASE(neither_private_nor_shared_is_invalid)
{
	SUCCESS(mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0));
}

CASE(length_that_overflows_is_no_memory)
{
	SUCCESS(mmap(NULL, SIZE_MAX, PROT_READ, ANONYMOUS, -1, 0));
	SUCCESS(mmap(NULL, SIZE_MAX - PAGE + 1, PROT_READ, ANONYMOUS, -1, 0));
}

CASE(more_than_the_address_space_is_no_memory)
{
	SUCCESS(mmap(NULL, 1UL << 47, PROT_NONE, ANONYMOUS | MAP_NORESERVE, -1, 0));
}

CASE(much_more_than_memory_is_no_memory)
{
	SUCCESS(mmap(NULL, 1UL << 46, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0));
	char *memory = anonymous(PAGE);
	WRITE(memory, memory);
	munmap(memory, PAGE);
}

CASE(bad_descriptor_is_refused)
{
	SUCCESS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0));
	SUCCESS(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, 1000, 0));
}

CASE(unaligned_offset_is_invalid)
{
	int file = patterned_file("offset", 2 * PAGE);
	SUCCESS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 1));
	SUCCESS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, PAGE / 2));
	close(file);
}

CASE(offset_that_overflows_is_refused)
{
	int file = patterned_file("overflow", PAGE);
	SUCCESS(mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, file, (off_t)(-PAGE)));
	close(file);
}

CASE(shared_writable_mapping_of_a_read_only_descriptor_is_refused)
{
	close(patterned_file("read-only", PAGE));
	int file = open("read-only", O_RDONLY);
	SUCCESS(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
	SUCCESS(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, file, 0));
	char *memory = MAPPED(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0));
	munmap(memory, PAGE);
	close(file);
}

CASE(write_only_descriptor_is_refused)
{
	close(patterned_file("write-only", PAGE));
	int file = open("write-only", O_WRONLY);
	SUCCESS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 0));
	SUCCESS(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, file, 0));
	close(file);
}

CASE(path_descriptor_is_refused)
{
	close(patterned_file("path-only", PAGE));
	int file = open("path-only", O_PATH);
	SUCCESS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 0));
	close(file);
}

CASE(folder_cannot_be_mapped)
{
	int folder = open(".", O_RDONLY | O_DIRECTORY);
	SUCCESS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, folder, 0));
	close(folder);
}

CASE(pipe_cannot_be_mapped)
{
	int ends[2];
	REQUIRE(pipe(ends) == 0);
	SUCCESS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ends[0], 0));
	SUCCESS(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ends[0], 0));
	close(ends[0]);
	close(ends[1]);
}

CASE(null_device_cannot_be_mapped)
{
	int file = open("/dev/null", O_RDWR);
	REQUIRE(file >= 0);
	SUCCESS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 0));
	close(file);
}

CASE(zero_device_gives_zero_memory)
{
	int file = open("/dev/zero", O_RDWR);
	REQUIRE(file >= 0);
	char *memory = MAPPED(mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0));
	show("%zu zero bytes", zeroes(memory, 2 * PAGE));
	fill(memory, 2 * PAGE);
	show("%zu bytes intact", intact(memory, 0, 2 * PAGE));
	munmap(memory, 2 * PAGE);
	close(file);
}

CASE(unknown_flags_of_shared_validate_are_not_supported)
{
	int file = patterned_file("validate", PAGE);
	SUCCESS(mmap(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE | (1 << 22), file, 0));
	char *memory = MAPPED(mmap(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE, file, 0));
	munmap(memory, PAGE);
	close(file);
}

CASE(large_pages_of_a_file_that_has_none_are_refused)
{
	int file = patterned_file("small-pages", PAGE);
	SUCCESS(mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_HUGETLB, file, 0));
	SUCCESS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_HUGETLB, file, 0));
	SUCCESS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_HUGETLB, -1, 0));
	close(file);
}
