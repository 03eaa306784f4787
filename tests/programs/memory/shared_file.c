/* mmap(2) with MAP_SHARED of files: coherent with read(2) and write(2) at once. */
#include "fault.h"

static char *shared_map(int file, size_t bytes, off_t offset)
{
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, offset);
	REQUIRE(memory != MAP_FAILED);
	return memory;
}

CASE(shared_content_is_the_files)
{
	int file = patterned_file("content", 3 * PAGE);
	char *memory = shared_map(file, 3 * PAGE, 0);
	show("%zu bytes intact", intact(memory, 0, 3 * PAGE));
	munmap(memory, 3 * PAGE);
	close(file);
}

CASE(store_is_seen_by_pread_at_once)
{
	int file = patterned_file("store", 2 * PAGE);
	char *memory = shared_map(file, 2 * PAGE, 0);
	memcpy(memory + PAGE, "stored", 6);
	char text[7] = "";
	RESULT(pread(file, text, 6, PAGE));
	show("read %s", text);
	munmap(memory, 2 * PAGE);
	close(file);
}

CASE(pwrite_is_seen_by_loads_at_once)
{
	int file = patterned_file("write", 2 * PAGE);
	char *memory = shared_map(file, 2 * PAGE, 0);
	fault_read(memory);
	RESULT(pwrite(file, "written", 7, 100));
	show("load %.7s", memory + 100);
	munmap(memory, 2 * PAGE);
	close(file);
}

CASE(store_survives_munmap)
{
	int file = patterned_file("survives", PAGE);
	char *memory = shared_map(file, PAGE, 0);
	memcpy(memory, "kept", 4);
	RESULT(munmap(memory, PAGE));
	char text[5] = "";
	RESULT(pread(file, text, 4, 0));
	show("read %s", text);
	close(file);
}

CASE(msync_accepts_its_flags)
{
	int file = patterned_file("sync", 2 * PAGE);
	char *memory = shared_map(file, 2 * PAGE, 0);
	memcpy(memory, "sync", 4);
	RESULT(msync(memory, 2 * PAGE, MS_SYNC));
	RESULT(msync(memory, PAGE, MS_ASYNC));
	RESULT(msync(memory, PAGE, MS_SYNC | MS_INVALIDATE));
	munmap(memory, 2 * PAGE);
	close(file);
}

CASE(two_shared_mappings_see_each_other)
{
	int file = patterned_file("both", PAGE);
	char *one = shared_map(file, PAGE, 0), *two = shared_map(file, PAGE, 0);
	memcpy(one + 50, "hello", 5);
	show("other side %.5s", two + 50);
	munmap(one, PAGE);
	memcpy(two + 50, "again", 5);
	show("still %.5s", two + 50);
	munmap(two, PAGE);
	close(file);
}

CASE(shared_and_private_mapping_side_by_side)
{
	int file = patterned_file("mixed", PAGE);
	char *shared = shared_map(file, PAGE, 0);
	char *private = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	REQUIRE(private != MAP_FAILED);
	private[0] = 'p';
	shared[0] = 's';
	show("private %c, shared %c", private[0], shared[0]);
	munmap(shared, PAGE);
	munmap(private, PAGE);
	close(file);
}

CASE(offset_selects_the_shared_page)
{
	int file = patterned_file("offset", 6 * PAGE);
	char *memory = shared_map(file, PAGE, 4 * PAGE);
	show("%zu bytes intact", intact(memory, 4 * PAGE, PAGE));
	memcpy(memory, "five", 4);
	char text[5] = "";
	RESULT(pread(file, text, 4, 4 * PAGE));
	show("read %s", text);
	munmap(memory, PAGE);
	close(file);
}

CASE(mapping_grows_with_the_file)
{
	int file = patterned_file("grows", PAGE);
	char *memory = shared_map(file, 3 * PAGE, 0);
	READ(memory + PAGE, memory);
	RESULT(ftruncate(file, 2 * PAGE));
	READ(memory + PAGE, memory);
	memcpy(memory + PAGE, "grown", 5);
	char text[6] = "";
	RESULT(pread(file, text, 5, PAGE));
	show("read %s", text);
	READ(memory + 2 * PAGE, memory);
	munmap(memory, 3 * PAGE);
	close(file);
}

CASE(truncated_page_raises_sigbus)
{
	int file = patterned_file("shrinks", 2 * PAGE);
	char *memory = shared_map(file, 2 * PAGE, 0);
	READ(memory + PAGE, memory);
	RESULT(ftruncate(file, PAGE));
	READ(memory + PAGE, memory);
	READ(memory + PAGE - 1, memory);
	munmap(memory, 2 * PAGE);
	close(file);
}

CASE(bytes_beyond_the_end_are_not_written_to_the_file)
{
	int file = patterned_file("tail", 100);
	char *memory = shared_map(file, PAGE, 0);
	memory[99] = 'l';
	memory[100] = 'x';
	RESULT(msync(memory, PAGE, MS_SYNC));
	munmap(memory, PAGE);
	struct stat status;
	REQUIRE(fstat(file, &status) == 0);
	show("size %ld", (long)status.st_size);
	close(file);
}

CASE(read_only_shared_mapping_refuses_writes)
{
	close(patterned_file("protected", PAGE));
	int file = open("protected", O_RDONLY);
	char *memory = MAPPED(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0));
	WRITE(memory, memory);
	RESULT(mprotect(memory, PAGE, PROT_READ | PROT_WRITE));
	WRITE(memory, memory);
	munmap(memory, PAGE);
	close(file);
}

CASE(protection_of_a_writable_file_can_be_raised)
{
	int file = patterned_file("raised", PAGE);
	char *memory = MAPPED(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0));
	WRITE(memory + 3, memory);
	RESULT(mprotect(memory, PAGE, PROT_READ | PROT_WRITE));
	WRITE(memory + 3, memory);
	char byte = '?';
	RESULT(pread(file, &byte, 1, 3));
	show("read %c", byte);
	munmap(memory, PAGE);
	close(file);
}

CASE(memory_file_is_shared_between_mappings)
{
	int file = memfd_create("shared", 0);
	REQUIRE(file >= 0 && ftruncate(file, 4 * PAGE) == 0);
	char *all = shared_map(file, 4 * PAGE, 0), *third = shared_map(file, PAGE, 2 * PAGE);
	memcpy(third, "third", 5);
	show("all %.5s", all + 2 * PAGE);
	RESULT(pwrite(file, "THIRD", 5, 2 * PAGE));
	show("all %.5s, third %.5s", all + 2 * PAGE, third);
	munmap(all, 4 * PAGE);
	munmap(third, PAGE);
	close(file);
}

CASE(middle_of_a_shared_mapping_can_go)
{
	int file = patterned_file("middle", 4 * PAGE);
	char *memory = shared_map(file, 4 * PAGE, 0);
	RESULT(munmap(memory + PAGE, 2 * PAGE));
	show_pages("middle removed", memory, 4);
	show("%zu and %zu intact", intact(memory, 0, PAGE), intact(memory + 3 * PAGE, 3 * PAGE, PAGE));
	munmap(memory, 4 * PAGE);
	close(file);
}

CASE(shared_mapping_can_be_moved)
{
	int file = patterned_file("moved", 2 * PAGE);
	char *memory = shared_map(file, 2 * PAGE, 0), *target = reserved(4 * PAGE);
	char *moved = mremap(memory, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target);
	show("moved %d, %zu bytes intact", moved == target, intact(moved, 0, 2 * PAGE));
	memcpy(moved, "moved", 5);
	char text[6] = "";
	RESULT(pread(file, text, 5, 0));
	show("read %s", text);
	munmap(target, 4 * PAGE);
	close(file);
}

CASE(shared_mapping_can_grow_with_its_file)
{
	int file = patterned_file("longer", PAGE);
	char *memory = shared_map(file, PAGE, 0);
	RESULT(ftruncate(file, 5 * PAGE));
	memory = MAPPED(mremap(memory, PAGE, 5 * PAGE, MREMAP_MAYMOVE));
	REQUIRE(memory != MAP_FAILED);
	show("%zu intact, %zu zero", intact(memory, 0, PAGE), zeroes(memory + PAGE, 4 * PAGE));
	memcpy(memory + 4 * PAGE, "far", 3);
	char text[4] = "";
	RESULT(pread(file, text, 3, 4 * PAGE));
	show("read %s", text);
	memory = MAPPED(mremap(memory, 5 * PAGE, 2 * PAGE, 0));
	READ(memory + 2 * PAGE, memory);
	munmap(memory, 2 * PAGE);
	close(file);
}

CASE(private_mapping_can_grow_over_its_file)
{
	int file = patterned_file("over", 3 * PAGE);
	char *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	REQUIRE(memory != MAP_FAILED);
	memory[0] = 'x';
	memory = MAPPED(mremap(memory, PAGE, 3 * PAGE, MREMAP_MAYMOVE));
	REQUIRE(memory != MAP_FAILED);
	show("%c, %zu intact", memory[0], intact(memory + 1, 1, 3 * PAGE - 1));
	munmap(memory, 3 * PAGE);
	close(file);
}

CASE(old_size_zero_duplicates_a_shared_mapping)
{
	int file = patterned_file("duplicate", PAGE);
	char *memory = shared_map(file, PAGE, 0);
	char *twin = MAPPED(mremap(memory, 0, PAGE, MREMAP_MAYMOVE));
	memcpy(twin, "twin", 4);
	show("first %.4s", memory);
	munmap(memory, PAGE);
	munmap(twin, PAGE);
	close(file);
}

CASE(dontneed_of_a_shared_mapping_loses_nothing)
{
	int file = patterned_file("dontneed", PAGE);
	char *memory = shared_map(file, PAGE, 0);
	memcpy(memory, "still", 5);
	RESULT(madvise(memory, PAGE, MADV_DONTNEED));
	show("load %.5s, %zu bytes intact", memory, intact(memory + 5, 5, PAGE - 5));
	munmap(memory, PAGE);
	close(file);
}

CASE(read_into_the_mapping_of_another_file)
{
	int source = patterned_file("source", PAGE), file = patterned_file("target", PAGE);
	char *memory = shared_map(file, PAGE, 0);
	memset(memory, 0, PAGE);
	RESULT(pread(source, memory, PAGE, 0));
	munmap(memory, PAGE);
	char *content = anonymous(PAGE);
	RESULT(pread(file, content, PAGE, 0));
	show("%zu bytes intact", intact(content, 0, PAGE));
	munmap(content, PAGE);
	close(source);
	close(file);
}
