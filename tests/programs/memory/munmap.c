/* munmap(2). */
#include "fault.h"

CASE(unmapped_memory_faults)
{
	char *memory = anonymous(2 * PAGE);
	memory[0] = 'x';
	RESULT(munmap(memory, 2 * PAGE));
	READ(memory, memory);
	WRITE(memory + PAGE + 3, memory);
}

CASE(middle_can_be_removed)
{
	char *memory = anonymous(5 * PAGE);
	fill(memory, 5 * PAGE);
	RESULT(munmap(memory + 2 * PAGE, PAGE));
	show_pages("hole", memory, 5);
	show("%zu and %zu intact", intact(memory, 0, 2 * PAGE), intact(memory + 3 * PAGE, 3 * PAGE, 2 * PAGE));
	munmap(memory, 5 * PAGE);
}

CASE(head_and_tail_can_be_removed)
{
	char *memory = anonymous(5 * PAGE);
	fill(memory, 5 * PAGE);
	RESULT(munmap(memory, PAGE));
	RESULT(munmap(memory + 4 * PAGE, PAGE));
	show_pages("inner", memory, 5);
	show("%zu intact", intact(memory + PAGE, PAGE, 3 * PAGE));
	munmap(memory, 5 * PAGE);
}

CASE(range_may_contain_holes)
{
	char *memory = anonymous(5 * PAGE);
	RESULT(munmap(memory + PAGE, PAGE));
	RESULT(munmap(memory + 3 * PAGE, PAGE));
	RESULT(munmap(memory, 5 * PAGE));
	show_pages("nothing", memory, 5);
}

CASE(nothing_mapped_is_no_error)
{
	char *memory = anonymous(PAGE);
	RESULT(munmap(memory, PAGE));
	RESULT(munmap(memory, PAGE));
}

CASE(range_may_span_mappings_of_different_kinds)
{
	char *memory = reserved(6 * PAGE);
	mprotect(memory + PAGE, PAGE, PROT_READ);
	mprotect(memory + 2 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE);
	RESULT(munmap(memory + PAGE, 3 * PAGE));
	READ(memory, memory);
	READ(memory + PAGE, memory);
	READ(memory + 4 * PAGE, memory);
	munmap(memory, 6 * PAGE);
}

CASE(length_is_rounded_up)
{
	char *memory = anonymous(3 * PAGE);
	RESULT(munmap(memory, PAGE + 1));
	show_pages("two pages gone", memory, 3);
	munmap(memory, 3 * PAGE);
}

CASE(unaligned_address_is_invalid)
{
	char *memory = anonymous(2 * PAGE);
	RESULT(munmap(memory + 1, PAGE));
	show_pages("both", memory, 2);
	munmap(memory, 2 * PAGE);
}

CASE(zero_length_is_invalid)
{
	char *memory = anonymous(PAGE);
	RESULT(munmap(memory, 0));
	munmap(memory, PAGE);
}

CASE(range_beyond_the_address_space_is_invalid)
{
	RESULT(munmap((void *)0x800000000000, PAGE));
	RESULT(munmap((void *)0x10000000000, SIZE_MAX - PAGE));
	RESULT(munmap((void *)0xfffffffffffff000, 2 * PAGE));
}

CASE(part_of_large_memory_can_be_removed)
{
	size_t bytes = 8 * LARGE_PAGE, hole = 3 * LARGE_PAGE + 5 * PAGE, gap = LARGE_PAGE + 2 * PAGE;
	char *memory = anonymous(bytes);
	fill(memory, bytes);
	RESULT(munmap(memory + hole, gap));
	show("before %d, after %d", intact(memory, 0, hole) == hole,
	     intact(memory + hole + gap, hole + gap, bytes - hole - gap) == bytes - hole - gap);
	READ(memory + hole - 1, memory);
	READ(memory + hole, memory);
	READ(memory + hole + gap - 1, memory);
	READ(memory + hole + gap, memory);
	munmap(memory, bytes);
}

CASE(every_second_page_can_be_removed)
{
	enum { PAGES = 512 };
	char *memory = anonymous(PAGES * PAGE);
	fill(memory, PAGES * PAGE);
	for (size_t i = 1; i < PAGES; i += 2)
		REQUIRE(munmap(memory + i * PAGE, PAGE) == 0);
	size_t right = 0;
	for (size_t i = 0; i < PAGES; i += 2)
		right += intact(memory + i * PAGE, i * PAGE, PAGE) == PAGE;
	show("%zu pages intact", right);
	show_pages("comb", memory, 16);
	munmap(memory, PAGES * PAGE);
}
