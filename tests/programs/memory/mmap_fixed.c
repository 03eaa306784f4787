/* mmap(2) with MAP_FIXED and MAP_FIXED_NOREPLACE. */
#include "fault.h"

#define FIXED (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)
#define NO_REPLACE (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE)

CASE(fixed_takes_the_address)
{
	char *base = reserved(4 * PAGE);
	char *memory = mmap(base + PAGE, PAGE, PROT_READ | PROT_WRITE, FIXED, -1, 0);
	show("at +%#lx", (long)(memory - base));
	munmap(base, 4 * PAGE);
}

CASE(fixed_replaces_what_was_there)
{
	char *base = anonymous(3 * PAGE);
	fill(base, 3 * PAGE);
	SUCCESS(mmap(base + PAGE, PAGE, PROT_READ | PROT_WRITE, FIXED, -1, 0));
	show("intact %zu, zero %zu, intact %zu", intact(base, 0, PAGE), zeroes(base + PAGE, PAGE),
	     intact(base + 2 * PAGE, 2 * PAGE, PAGE));
	munmap(base, 3 * PAGE);
}

CASE(fixed_spans_mappings_and_holes)
{
	char *base = reserved(8 * PAGE);
	munmap(base + 2 * PAGE, 2 * PAGE);
	mprotect(base + 5 * PAGE, PAGE, PROT_READ);
	SUCCESS(mmap(base + PAGE, 6 * PAGE, PROT_READ | PROT_WRITE, FIXED, -1, 0));
	show_pages("one over many", base, 8);
	munmap(base, 8 * PAGE);
}

CASE(fixed_over_part_of_a_large_page_keeps_the_rest)
{
	char *base = reserved(6 * LARGE_PAGE);
	char *large = (char *)(((uintptr_t)base + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1));
	REQUIRE(mmap(large, 4 * LARGE_PAGE, PROT_READ | PROT_WRITE, FIXED, -1, 0) == large);
	fill(large, 4 * LARGE_PAGE);
	SUCCESS(mmap(large + LARGE_PAGE + 7 * PAGE, PAGE, PROT_READ, FIXED, -1, 0));
	size_t before = LARGE_PAGE + 7 * PAGE, after = before + PAGE;
	show("before %d, hole %zu, after %d", intact(large, 0, before) == before, zeroes(large + before, PAGE),
	     intact(large + after, after, 4 * LARGE_PAGE - after) == 4 * LARGE_PAGE - after);
	munmap(base, 6 * LARGE_PAGE);
}

CASE(fixed_at_an_unaligned_address_is_invalid)
{
	char *base = reserved(4 * PAGE);
	SUCCESS(mmap(base + 1, PAGE, PROT_READ, FIXED, -1, 0));
	munmap(base, 4 * PAGE);
}

CASE(fixed_beyond_the_address_space_fails)
{
	SUCCESS(mmap((void *)0x7ffffffff000, PAGE, PROT_READ, FIXED, -1, 0));
	SUCCESS(mmap((void *)0x800000000000, PAGE, PROT_READ, FIXED, -1, 0));
	SUCCESS(mmap((void *)0xffff800000000000, PAGE, PROT_READ, FIXED, -1, 0));
	SUCCESS(mmap((void *)0xfffffffffffff000, PAGE, PROT_READ, FIXED, -1, 0));
}

CASE(fixed_across_the_end_fails)
{
	SUCCESS(mmap((void *)0x700000000000, 1UL << 46, PROT_NONE, FIXED | MAP_NORESERVE, -1, 0));
	SUCCESS(mmap((void *)0x10000000000, -2 * PAGE, PROT_NONE, FIXED | MAP_NORESERVE, -1, 0));
}

CASE(no_replace_refuses_an_occupied_range)
{
	char *base = anonymous(4 * PAGE);
	fill(base, 4 * PAGE);
	SUCCESS(mmap(base + PAGE, PAGE, PROT_READ, NO_REPLACE, -1, 0));
	show("%zu bytes intact", intact(base, 0, 4 * PAGE));
	munmap(base, 4 * PAGE);
}

CASE(no_replace_refuses_a_partial_overlap)
{
	char *base = reserved(6 * PAGE);
	munmap(base, 3 * PAGE);
	SUCCESS(mmap(base + PAGE, 3 * PAGE, PROT_READ, NO_REPLACE, -1, 0));
	munmap(base + 4 * PAGE, 2 * PAGE);
	SUCCESS(mmap(base + 3 * PAGE, 2 * PAGE, PROT_READ, NO_REPLACE, -1, 0));
	munmap(base + 3 * PAGE, PAGE);
}

CASE(no_replace_takes_a_free_range)
{
	char *base = reserved(4 * PAGE);
	munmap(base + PAGE, 2 * PAGE);
	char *memory = mmap(base + PAGE, 2 * PAGE, PROT_READ | PROT_WRITE, NO_REPLACE, -1, 0);
	show("at +%#lx", (long)(memory - base));
	show_pages("between reservations", base, 4);
	munmap(base, 4 * PAGE);
}

CASE(failed_fixed_mapping_of_a_bad_descriptor_keeps_what_was_there)
{
	char *base = anonymous(2 * PAGE);
	fill(base, 2 * PAGE);
	SUCCESS(mmap(base, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, -1, 0));
	show("%zu bytes intact", intact(base, 0, 2 * PAGE));
	munmap(base, 2 * PAGE);
}

CASE(adjacent_mappings_act_as_one)
{
	char *base = reserved(4 * PAGE);
	for (size_t i = 0; i < 4; i++)
		REQUIRE(mmap(base + i * PAGE, PAGE, PROT_READ | PROT_WRITE, FIXED, -1, 0) != MAP_FAILED);
	fill(base, 4 * PAGE);
	RESULT(mprotect(base, 4 * PAGE, PROT_READ));
	show("%zu bytes intact", intact(base, 0, 4 * PAGE));
	RESULT(munmap(base + PAGE, 2 * PAGE));
	show_pages("middle removed", base, 4);
	munmap(base, 4 * PAGE);
}
