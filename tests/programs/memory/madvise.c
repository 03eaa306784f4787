/* madvise(2). */
#include "fault.h"

#include <sys/wait.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

CASE(dontneed_refills_with_zeroes)
{
	char *memory = anonymous(4 * PAGE);
	fill(memory, 4 * PAGE);
	RESULT(madvise(memory + PAGE, 2 * PAGE, MADV_DONTNEED));
	show("%zu intact, %zu zero, %zu intact", intact(memory, 0, PAGE), zeroes(memory + PAGE, 2 * PAGE),
	     intact(memory + 3 * PAGE, 3 * PAGE, PAGE));
	memory[PAGE] = 'w';
	show("writable again: %c", memory[PAGE]);
	munmap(memory, 4 * PAGE);
}

CASE(dontneed_inside_large_memory)
{
	size_t bytes = 5 * LARGE_PAGE, from = LARGE_PAGE + 3 * PAGE, length = 2 * LARGE_PAGE;
	char *memory = anonymous(bytes);
	fill(memory, bytes);
	RESULT(madvise(memory + from, length, MADV_DONTNEED));
	show("before %d, zero %d, after %d", intact(memory, 0, from) == from,
	     zeroes(memory + from, length) == length,
	     intact(memory + from + length, from + length, bytes - from - length) == bytes - from - length);
	munmap(memory, bytes);
}

CASE(dontneed_keeps_the_protection)
{
	char *memory = anonymous(2 * PAGE);
	fill(memory, 2 * PAGE);
	REQUIRE(mprotect(memory, PAGE, PROT_READ) == 0);
	RESULT(madvise(memory, 2 * PAGE, MADV_DONTNEED));
	show_pages("after", memory, 2);
	show("%zu zero bytes", zeroes(memory, 2 * PAGE));
	munmap(memory, 2 * PAGE);
}

CASE(dontneed_on_a_hole_is_no_memory_but_does_the_rest)
{
	char *memory = anonymous(4 * PAGE);
	fill(memory, 4 * PAGE);
	REQUIRE(munmap(memory + PAGE, PAGE) == 0);
	RESULT(madvise(memory, 4 * PAGE, MADV_DONTNEED));
	show("%zu and %zu zero", zeroes(memory, PAGE), zeroes(memory + 2 * PAGE, 2 * PAGE));
	munmap(memory, 4 * PAGE);
}

CASE(dontneed_can_be_repeated)
{
	char *memory = anonymous(LARGE_PAGE);
	size_t zero = 0;
	for (int round = 0; round < 20; round++) {
		memset(memory, round + 1, LARGE_PAGE);
		REQUIRE(madvise(memory, LARGE_PAGE, MADV_DONTNEED) == 0);
		zero += zeroes(memory, LARGE_PAGE) == LARGE_PAGE;
	}
	show("%zu of 20 rounds zero", zero);
	munmap(memory, LARGE_PAGE);
}

CASE(free_keeps_or_zeroes_each_page)
{
	char *memory = anonymous(8 * PAGE);
	memset(memory, 'f', 8 * PAGE);
	RESULT(madvise(memory, 8 * PAGE, MADV_FREE));
	size_t right = 0;
	for (size_t i = 0; i < 8; i++)
		right += memory[i * PAGE] == 'f' || zeroes(memory + i * PAGE, PAGE) == PAGE;
	show("%zu of 8 pages kept or zero", right);
	memset(memory, 'g', 8 * PAGE);
	show("written after: %c", memory[8 * PAGE - 1]);
	munmap(memory, 8 * PAGE);
}

CASE(free_of_a_file_mapping_is_invalid)
{
	int file = patterned_file("free", PAGE);
	char *memory = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 0);
	REQUIRE(memory != MAP_FAILED);
	RESULT(madvise(memory, PAGE, MADV_FREE));
	munmap(memory, PAGE);
	close(file);
}

CASE(hints_about_order_change_nothing)
{
	char *memory = anonymous(4 * PAGE);
	fill(memory, 4 * PAGE);
	RESULT(madvise(memory, 4 * PAGE, MADV_NORMAL));
	RESULT(madvise(memory, 4 * PAGE, MADV_RANDOM));
	RESULT(madvise(memory, 4 * PAGE, MADV_SEQUENTIAL));
	show("%zu bytes intact", intact(memory, 0, 4 * PAGE));
	munmap(memory, 4 * PAGE);
}

CASE(willneed_of_a_file_changes_nothing)
{
	int file = patterned_file("willneed", 3 * PAGE);
	char *memory = mmap(NULL, 3 * PAGE, PROT_READ, MAP_PRIVATE, file, 0);
	REQUIRE(memory != MAP_FAILED);
	RESULT(madvise(memory, 3 * PAGE, MADV_WILLNEED));
	show("%zu bytes intact", intact(memory, 0, 3 * PAGE));
	munmap(memory, 3 * PAGE);
	close(file);
}

CASE(fork_and_dump_hints_are_accepted)
{
	char *memory = anonymous(PAGE);
	RESULT(madvise(memory, PAGE, MADV_DONTFORK));
	RESULT(madvise(memory, PAGE, MADV_DOFORK));
	RESULT(madvise(memory, PAGE, MADV_DONTDUMP));
	RESULT(madvise(memory, PAGE, MADV_DODUMP));
	munmap(memory, PAGE);
}

CASE(populate_read_gives_zero_memory)
{
	char *memory = anonymous(8 * PAGE);
	RESULT(madvise(memory, 8 * PAGE, MADV_POPULATE_READ));
	show("%zu zero bytes", zeroes(memory, 8 * PAGE));
	munmap(memory, 8 * PAGE);
}

CASE(populate_write_keeps_content)
{
	char *memory = anonymous(8 * PAGE);
	fill(memory, 4 * PAGE);
	RESULT(madvise(memory, 8 * PAGE, MADV_POPULATE_WRITE));
	show("%zu intact, %zu zero", intact(memory, 0, 4 * PAGE), zeroes(memory + 4 * PAGE, 4 * PAGE));
	munmap(memory, 8 * PAGE);
}

CASE(populate_refuses_what_cannot_be_accessed)
{
	char *memory = reserved(2 * PAGE);
	RESULT(madvise(memory, PAGE, MADV_POPULATE_READ));
	REQUIRE(mprotect(memory, PAGE, PROT_READ) == 0);
	RESULT(madvise(memory, PAGE, MADV_POPULATE_READ));
	RESULT(madvise(memory, PAGE, MADV_POPULATE_WRITE));
	munmap(memory, 2 * PAGE);
	RESULT(madvise(memory, PAGE, MADV_POPULATE_READ));
}

CASE(hugepage_hints_keep_content)
{
	char *memory = anonymous(4 * LARGE_PAGE);
	fill(memory, 4 * LARGE_PAGE);
	RESULT(madvise(memory, 4 * LARGE_PAGE, MADV_HUGEPAGE));
	RESULT(madvise(memory, 4 * LARGE_PAGE, MADV_NOHUGEPAGE));
	show("intact %d", intact(memory, 0, 4 * LARGE_PAGE) == 4 * LARGE_PAGE);
	munmap(memory, 4 * LARGE_PAGE);
}

CASE(hugepage_memory_is_zero_and_can_be_split)
{
	char *memory = anonymous(4 * LARGE_PAGE);
	RESULT(madvise(memory, 4 * LARGE_PAGE, MADV_HUGEPAGE));
	show("zero %d", zeroes(memory, 4 * LARGE_PAGE) == 4 * LARGE_PAGE);
	fill(memory, 4 * LARGE_PAGE);
	RESULT(munmap(memory + LARGE_PAGE, PAGE));
	RESULT(mprotect(memory + 2 * LARGE_PAGE + PAGE, PAGE, PROT_READ));
	show("intact %d", intact(memory, 0, LARGE_PAGE) == LARGE_PAGE);
	munmap(memory, 4 * LARGE_PAGE);
}

CASE(unaligned_address_is_invalid)
{
	char *memory = anonymous(2 * PAGE);
	fill(memory, 2 * PAGE);
	RESULT(madvise(memory + 1, PAGE, MADV_DONTNEED));
	show("%zu bytes intact", intact(memory, 0, 2 * PAGE));
	munmap(memory, 2 * PAGE);
}

CASE(length_is_rounded_up)
{
	char *memory = anonymous(3 * PAGE);
	fill(memory, 3 * PAGE);
	RESULT(madvise(memory, PAGE + 1, MADV_DONTNEED));
	show("%zu zero, %zu intact", zeroes(memory, 2 * PAGE), intact(memory + 2 * PAGE, 2 * PAGE, PAGE));
	munmap(memory, 3 * PAGE);
}

CASE(zero_length_does_nothing)
{
	char *memory = anonymous(PAGE);
	memory[0] = 'z';
	RESULT(madvise(memory, 0, MADV_DONTNEED));
	show("kept %c", memory[0]);
	munmap(memory, PAGE);
}

CASE(unknown_advice_is_invalid)
{
	char *memory = anonymous(PAGE);
	RESULT(madvise(memory, PAGE, 999));
	RESULT(madvise(memory, PAGE, -1));
	munmap(memory, PAGE);
}

CASE(unmapped_range_is_no_memory)
{
	char *memory = anonymous(PAGE);
	REQUIRE(munmap(memory, PAGE) == 0);
	RESULT(madvise(memory, PAGE, MADV_NORMAL));
	RESULT(madvise(memory, PAGE, MADV_DONTNEED));
}

/* How many of the `count` pages from `memory` on mincore(2) calls resident. */
static int resident_pages(char *memory, int count)
{
	int resident = 0;
	for (int page = 0; page < count; page++) {
		unsigned char state = 0;
		REQUIRE(mincore(memory + (size_t)page * PAGE, PAGE, &state) == 0);
		resident += state & 1;
	}
	return resident;
}

CASE(discarded_pages_are_resident_when_they_are_written_again)
{
	char *memory = anonymous(8 * PAGE);
	fill(memory, 8 * PAGE);
	RESULT(madvise(memory, 6 * PAGE, MADV_DONTNEED));
	show("%d resident", resident_pages(memory, 8));
	memory[PAGE + 100] = 1;
	memory[4 * PAGE] = 1;
	show("%d resident", resident_pages(memory, 8));
	RESULT(madvise(memory, 8 * PAGE, MADV_DONTNEED));
	show("%d resident", resident_pages(memory, 8));
	RESULT(mlock(memory, 4 * PAGE));
	show("%d resident", resident_pages(memory, 8));
	munmap(memory, 8 * PAGE);
}

CASE(discarded_pages_that_are_populated_are_resident)
{
	char *memory = anonymous(4 * PAGE);
	fill(memory, 4 * PAGE);
	RESULT(madvise(memory, 4 * PAGE, MADV_DONTNEED));
	RESULT(madvise(memory, 3 * PAGE, MADV_POPULATE_WRITE));
	show("%d resident", resident_pages(memory, 4));
	munmap(memory, 4 * PAGE);
}

CASE(discarded_pages_are_zero_behind_another_protection)
{
	char *memory = anonymous(4 * PAGE);
	fill(memory, 4 * PAGE);
	REQUIRE(mprotect(memory, PAGE, PROT_NONE) == 0);
	REQUIRE(mprotect(memory + PAGE, PAGE, PROT_READ) == 0);
	RESULT(madvise(memory, 4 * PAGE, MADV_DONTNEED));
	show_pages("after", memory, 4);
	REQUIRE(mprotect(memory, 2 * PAGE, PROT_READ | PROT_WRITE) == 0);
	show("zeros %d", zeroes(memory, 4 * PAGE) == 4 * PAGE);
	munmap(memory, 4 * PAGE);
}

CASE(a_child_has_what_was_discarded_as_zeros_of_its_own)
{
	char *memory = anonymous(4 * PAGE);
	fill(memory, 4 * PAGE);
	REQUIRE(madvise(memory, 2 * PAGE, MADV_DONTNEED) == 0);
	pid_t child = fork();
	REQUIRE(child >= 0);
	if (child == 0) {
		int zeros = zeroes(memory, 2 * PAGE) == 2 * PAGE;
		memory[0] = 1;
		int discarded = madvise(memory + 2 * PAGE, 2 * PAGE, MADV_DONTNEED) == 0;
		_exit(zeros << 2 | discarded << 1 | (zeroes(memory + 2 * PAGE, 2 * PAGE) == 2 * PAGE));
	}
	int status = 0;
	REQUIRE(waitpid(child, &status, 0) == child);
	show("child %d", WEXITSTATUS(status));
	show("zeros %d, %zu bytes intact", zeroes(memory, 2 * PAGE) == 2 * PAGE,
	     intact(memory + 2 * PAGE, 2 * PAGE, 2 * PAGE));
	munmap(memory, 4 * PAGE);
}

CASE(memory_discarded_piece_by_piece_is_gone)
{
	enum { PIECE = 1 << 20, PIECES = 48 };
	char *memory = anonymous((size_t)PIECES * PIECE);
	REQUIRE(madvise(memory, (size_t)PIECES * PIECE, MADV_NOHUGEPAGE) == 0);
	for (int round = 0; round < 3; round++) {
		memset(memory, 1 + round, (size_t)PIECES * PIECE);
		for (int piece = 0; piece < PIECES; piece++)
			REQUIRE(madvise(memory + (size_t)piece * PIECE, PIECE, MADV_DONTNEED) == 0);
		show("%d resident", resident_pages(memory, PIECES * PIECE / PAGE));
		show("zeros %d", zeroes(memory, (size_t)PIECES * PIECE) == (size_t)PIECES * PIECE);
	}
	munmap(memory, (size_t)PIECES * PIECE);
}
