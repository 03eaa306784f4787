/* mprotect(2). */
#include "fault.h"

CASE(write_permission_can_be_taken_and_given_back)
{
	char *memory = anonymous(PAGE);
	memory[7] = 'x';
	RESULT(mprotect(memory, PAGE, PROT_READ));
	WRITE(memory + 7, memory);
	show("kept %c", memory[7]);
	RESULT(mprotect(memory, PAGE, PROT_READ | PROT_WRITE));
	WRITE(memory + 7, memory);
	munmap(memory, PAGE);
}

CASE(data_survives_prot_none)
{
	char *memory = anonymous(3 * PAGE);
	fill(memory, 3 * PAGE);
	RESULT(mprotect(memory, 3 * PAGE, PROT_NONE));
	READ(memory + PAGE, memory);
	RESULT(mprotect(memory, 3 * PAGE, PROT_READ));
	show("%zu bytes intact", intact(memory, 0, 3 * PAGE));
	munmap(memory, 3 * PAGE);
}

CASE(middle_page_can_be_protected)
{
	char *memory = anonymous(5 * PAGE);
	fill(memory, 5 * PAGE);
	RESULT(mprotect(memory + 2 * PAGE, PAGE, PROT_NONE));
	show_pages("guard", memory, 5);
	RESULT(mprotect(memory + 2 * PAGE, PAGE, PROT_READ));
	show_pages("read only", memory, 5);
	show("%zu bytes intact", intact(memory, 0, 5 * PAGE));
	munmap(memory, 5 * PAGE);
}

CASE(guard_pages_surround_a_buffer)
{
	char *memory = reserved(6 * PAGE);
	RESULT(mprotect(memory + PAGE, 4 * PAGE, PROT_READ | PROT_WRITE));
	WRITE(memory + PAGE - 1, memory);
	WRITE(memory + PAGE, memory);
	WRITE(memory + 5 * PAGE - 1, memory);
	WRITE(memory + 5 * PAGE, memory);
	munmap(memory, 6 * PAGE);
}

CASE(reserved_memory_can_be_committed_by_pieces)
{
	size_t bytes = 64 * LARGE_PAGE;
	char *memory = reserved(bytes);
	for (size_t i = 0; i < 16; i++) {
		char *piece = memory + i * 4 * LARGE_PAGE + i * PAGE;
		REQUIRE(mprotect(piece, 3 * PAGE, PROT_READ | PROT_WRITE) == 0);
		memset(piece, (int)i + 1, 3 * PAGE);
	}
	size_t right = 0;
	for (size_t i = 0; i < 16; i++)
		right += memory[i * 4 * LARGE_PAGE + i * PAGE + 3 * PAGE - 1] == (char)(i + 1);
	show("%zu pieces right", right);
	READ(memory + 3 * PAGE, memory);
	munmap(memory, bytes);
}

CASE(range_may_span_mappings)
{
	char *memory = anonymous(4 * PAGE);
	REQUIRE(mprotect(memory + PAGE, PAGE, PROT_NONE) == 0);
	REQUIRE(mprotect(memory + 2 * PAGE, PAGE, PROT_READ) == 0);
	RESULT(mprotect(memory, 4 * PAGE, PROT_READ | PROT_WRITE));
	show_pages("all", memory, 4);
	munmap(memory, 4 * PAGE);
}

CASE(hole_is_no_memory_but_what_precedes_it_changes)
{
	char *memory = anonymous(4 * PAGE);
	REQUIRE(munmap(memory + 2 * PAGE, PAGE) == 0);
	RESULT(mprotect(memory, 4 * PAGE, PROT_READ));
	show_pages("before the hole", memory, 4);
	munmap(memory, 4 * PAGE);
}

CASE(unmapped_start_is_no_memory)
{
	char *memory = anonymous(2 * PAGE);
	REQUIRE(munmap(memory, PAGE) == 0);
	RESULT(mprotect(memory, PAGE, PROT_READ));
	RESULT(mprotect(memory, 2 * PAGE, PROT_READ));
	show_pages("second", memory, 2);
	munmap(memory + PAGE, PAGE);
}

CASE(unaligned_address_is_invalid)
{
	char *memory = anonymous(2 * PAGE);
	RESULT(mprotect(memory + 1, PAGE, PROT_NONE));
	show_pages("both", memory, 2);
	munmap(memory, 2 * PAGE);
}

CASE(zero_length_does_nothing)
{
	char *memory = anonymous(PAGE);
	RESULT(mprotect(memory, 0, PROT_NONE));
	WRITE(memory, memory);
	munmap(memory, PAGE);
}

CASE(length_is_rounded_up)
{
	char *memory = anonymous(3 * PAGE);
	RESULT(mprotect(memory, PAGE + 1, PROT_READ));
	show_pages("two of three", memory, 3);
	munmap(memory, 3 * PAGE);
}

CASE(length_that_wraps_is_no_memory)
{
	char *memory = anonymous(PAGE);
	RESULT(mprotect(memory, SIZE_MAX & ~(PAGE - 1), PROT_READ));
	munmap(memory, PAGE);
}

CASE(unknown_protection_is_invalid)
{
	char *memory = anonymous(PAGE);
	RESULT(mprotect(memory, PAGE, 0x100));
	RESULT(mprotect(memory, PAGE, PROT_READ | PROT_GROWSDOWN | PROT_GROWSUP));
	munmap(memory, PAGE);
}

CASE(part_of_large_memory_can_be_protected)
{
	size_t bytes = 6 * LARGE_PAGE, from = 2 * LARGE_PAGE + 9 * PAGE, length = LARGE_PAGE;
	char *memory = anonymous(bytes);
	fill(memory, bytes);
	RESULT(mprotect(memory + from, length, PROT_READ));
	WRITE(memory + from - 1, memory);
	WRITE(memory + from, memory);
	WRITE(memory + from + length - 1, memory);
	WRITE(memory + from + length, memory);
	RESULT(mprotect(memory, bytes, PROT_READ));
	size_t right = intact(memory, 0, from - 1) + intact(memory + from, from, length);
	show("intact %d", right == from - 1 + length);
	munmap(memory, bytes);
}

CASE(handler_can_repair_and_return)
{
	extern void repair(int, siginfo_t *, void *);
	extern char *volatile repaired;
	extern volatile int repairs;
	repaired = reserved(8 * PAGE);
	handle(SIGSEGV, repair, 0);
	for (size_t i = 0; i < 8; i++)
		repaired[i * PAGE + i] = (char)('a' + i);
	signal(SIGSEGV, SIG_DFL);
	show("%d repairs, %c%c", repairs, repaired[0], repaired[7 * PAGE + 7]);
	munmap(repaired, 8 * PAGE);
}

char *volatile repaired;
volatile int repairs;
void repair(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	char *page = (char *)((uintptr_t)info->si_addr & ~(PAGE - 1));
	if (mprotect(page, PAGE, PROT_READ | PROT_WRITE) != 0)
		_exit(SET_UP_FAILED);
	repairs++;
}
