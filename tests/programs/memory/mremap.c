/* mremap(2). */
#include "fault.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

CASE(shrinking_removes_the_tail)
{
	char *memory = anonymous(4 * PAGE);
	fill(memory, 4 * PAGE);
	char *result = mremap(memory, 4 * PAGE, 2 * PAGE, 0);
	show("in place %d, %zu bytes intact", result == memory, intact(memory, 0, 2 * PAGE));
	show_pages("shrunk", memory, 4);
	munmap(memory, 2 * PAGE);
}

CASE(same_size_does_nothing)
{
	char *memory = anonymous(2 * PAGE);
	fill(memory, 2 * PAGE);
	char *result = mremap(memory, 2 * PAGE, 2 * PAGE, 0);
	show("in place %d, %zu bytes intact", result == memory, intact(memory, 0, 2 * PAGE));
	munmap(memory, 2 * PAGE);
}

CASE(growing_into_free_space_stays_in_place)
{
	char *memory = anonymous(6 * PAGE);
	fill(memory, 2 * PAGE);
	REQUIRE(munmap(memory + 2 * PAGE, 4 * PAGE) == 0);
	char *result = mremap(memory, 2 * PAGE, 5 * PAGE, 0);
	show("in place %d, %zu intact, %zu zero", result == memory, intact(memory, 0, 2 * PAGE),
	     zeroes(memory + 2 * PAGE, 3 * PAGE));
	munmap(memory, 5 * PAGE);
}

CASE(growing_without_space_is_no_memory)
{
	char *memory = anonymous(4 * PAGE);
	fill(memory, 4 * PAGE);
	REQUIRE(mprotect(memory + 2 * PAGE, 2 * PAGE, PROT_READ) == 0);
	SUCCESS(mremap(memory, 2 * PAGE, 3 * PAGE, 0));
	show("%zu bytes intact", intact(memory, 0, 4 * PAGE));
	munmap(memory, 4 * PAGE);
}

CASE(growing_may_move)
{
	char *memory = anonymous(4 * PAGE);
	fill(memory, 4 * PAGE);
	REQUIRE(mprotect(memory + 2 * PAGE, 2 * PAGE, PROT_READ) == 0);
	char *moved = mremap(memory, 2 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
	REQUIRE(moved != MAP_FAILED);
	show("moved %d, %zu intact, %zu zero", moved != memory, intact(moved, 0, 2 * PAGE),
	     zeroes(moved + 2 * PAGE, 62 * PAGE));
	show_pages("old place", memory, 4);
	munmap(moved, 64 * PAGE);
	munmap(memory + 2 * PAGE, 2 * PAGE);
}

CASE(moving_keeps_the_protection)
{
	char *memory = anonymous(4 * PAGE), *target = reserved(8 * PAGE);
	fill(memory, 4 * PAGE);
	REQUIRE(mprotect(memory, 4 * PAGE, PROT_READ) == 0);
	char *moved = mremap(memory, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + PAGE);
	show("at +%#lx, %zu bytes intact", (long)(moved - target), intact(moved, 0, 4 * PAGE));
	show_pages("target", target, 8);
	munmap(target, 8 * PAGE);
}

CASE(fixed_replaces_the_target)
{
	char *memory = anonymous(2 * PAGE), *target = anonymous(4 * PAGE);
	fill(memory, 2 * PAGE);
	memset(target, 't', 4 * PAGE);
	char *moved = mremap(memory, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + PAGE);
	show("at +%#lx: %c, %zu intact, %c", (long)(moved - target), target[0], intact(moved, 0, 2 * PAGE),
	     target[3 * PAGE]);
	READ(memory, memory);
	munmap(target, 4 * PAGE);
}

CASE(fixed_can_grow_while_moving)
{
	char *memory = anonymous(2 * PAGE), *target = reserved(8 * PAGE);
	fill(memory, 2 * PAGE);
	char *moved = mremap(memory, 2 * PAGE, 6 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target);
	show("at +%#lx, %zu intact, %zu zero", (long)(moved - target), intact(moved, 0, 2 * PAGE),
	     zeroes(moved + 2 * PAGE, 4 * PAGE));
	munmap(target, 8 * PAGE);
}

CASE(fixed_can_shrink_while_moving)
{
	char *memory = anonymous(4 * PAGE), *target = reserved(4 * PAGE);
	fill(memory, 4 * PAGE);
	char *moved = mremap(memory, 4 * PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target);
	show("at +%#lx, %zu intact", (long)(moved - target), intact(moved, 0, PAGE));
	show_pages("old place", memory, 4);
	show_pages("target", target, 4);
	munmap(target, 4 * PAGE);
}

CASE(dontunmap_leaves_zero_memory_behind)
{
	char *memory = anonymous(3 * PAGE);
	fill(memory, 3 * PAGE);
	char *moved = mremap(memory, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	REQUIRE(moved != MAP_FAILED);
	show("moved %d, %zu intact, old place %zu zero", moved != memory, intact(moved, 0, 3 * PAGE),
	     zeroes(memory, 3 * PAGE));
	munmap(memory, 3 * PAGE);
	munmap(moved, 3 * PAGE);
}

CASE(dontunmap_needs_equal_sizes_and_maymove)
{
	char *memory = anonymous(2 * PAGE);
	SUCCESS(mremap(memory, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL));
	SUCCESS(mremap(memory, 2 * PAGE, 2 * PAGE, MREMAP_DONTUNMAP, NULL));
	munmap(memory, 2 * PAGE);
}

CASE(invalid_arguments_are_refused)
{
	char *memory = anonymous(4 * PAGE);
	SUCCESS(mremap(memory + 1, PAGE, PAGE, 0));
	SUCCESS(mremap(memory, PAGE, 0, 0));
	SUCCESS(mremap(memory, PAGE, 2 * PAGE, 64));
	SUCCESS(mremap(memory, PAGE, PAGE, MREMAP_FIXED, memory + 2 * PAGE));
	SUCCESS(mremap(memory, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, memory + 2 * PAGE + 1));
	show_pages("untouched", memory, 4);
	munmap(memory, 4 * PAGE);
}

CASE(overlap_of_source_and_target_is_invalid)
{
	char *memory = anonymous(4 * PAGE);
	fill(memory, 4 * PAGE);
	SUCCESS(mremap(memory, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, memory + PAGE));
	SUCCESS(mremap(memory, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, memory));
	show("%zu bytes intact", intact(memory, 0, 4 * PAGE));
	munmap(memory, 4 * PAGE);
}

CASE(unmapped_source_is_a_fault)
{
	char *memory = anonymous(2 * PAGE);
	REQUIRE(munmap(memory, 2 * PAGE) == 0);
	SUCCESS(mremap(memory, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
}

CASE(source_that_spans_mappings_cannot_grow)
{
	char *memory = anonymous(4 * PAGE);
	REQUIRE(mprotect(memory + PAGE, PAGE, PROT_READ) == 0);
	SUCCESS(mremap(memory, 2 * PAGE, 8 * PAGE, MREMAP_MAYMOVE));
	show_pages("untouched", memory, 4);
	munmap(memory, 4 * PAGE);
}

CASE(old_size_zero_of_private_memory_is_invalid)
{
	char *memory = anonymous(PAGE);
	SUCCESS(mremap(memory, 0, PAGE, MREMAP_MAYMOVE));
	munmap(memory, PAGE);
}

CASE(old_size_zero_duplicates_shared_memory)
{
	char *memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(memory != MAP_FAILED);
	fill(memory, 2 * PAGE);
	char *twin = MAPPED(mremap(memory, 0, 2 * PAGE, MREMAP_MAYMOVE));
	REQUIRE(twin != MAP_FAILED);
	show("%zu bytes intact", intact(twin, 0, 2 * PAGE));
	memcpy(twin, "twin", 4);
	show("first %.4s", memory);
	munmap(memory, 2 * PAGE);
	munmap(twin, 2 * PAGE);
}

CASE(large_memory_moves_intact)
{
	size_t bytes = 5 * LARGE_PAGE + 3 * PAGE;
	char *memory = anonymous(bytes + PAGE);
	fill(memory, bytes);
	REQUIRE(mprotect(memory + bytes, PAGE, PROT_NONE) == 0);
	char *moved = mremap(memory, bytes, 2 * bytes, MREMAP_MAYMOVE);
	REQUIRE(moved != MAP_FAILED);
	show("moved %d, intact %d, rest zero %d", moved != memory, intact(moved, 0, bytes) == bytes,
	     zeroes(moved + bytes, bytes) == bytes);
	munmap(moved, 2 * bytes);
	munmap(memory + bytes, PAGE);
}

CASE(middle_can_be_moved_out)
{
	char *memory = anonymous(5 * PAGE), *target = reserved(PAGE);
	fill(memory, 5 * PAGE);
	char *moved = mremap(memory + 2 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target);
	show("moved %d, %zu intact", moved == target, intact(moved, 2 * PAGE, PAGE));
	show_pages("left behind", memory, 5);
	munmap(memory, 5 * PAGE);
	munmap(target, PAGE);
}

CASE(private_file_mapping_moves_with_its_changes)
{
	int file = patterned_file("moved", 2 * PAGE);
	char *memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	REQUIRE(memory != MAP_FAILED);
	char *target = reserved(2 * PAGE);
	memory[0] = 'x';
	char *moved = mremap(memory, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target);
	show("moved %d, %c, %zu intact", moved == target, moved[0], intact(moved + 1, 1, 2 * PAGE - 1));
	munmap(target, 2 * PAGE);
	close(file);
}

CASE(growing_by_a_huge_amount_is_no_memory)
{
	char *memory = anonymous(PAGE);
	SUCCESS(mremap(memory, PAGE, 1UL << 46, MREMAP_MAYMOVE));
	WRITE(memory, memory);
	munmap(memory, PAGE);
}
