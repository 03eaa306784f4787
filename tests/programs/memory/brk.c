/* brk(2): the system call itself, since the C library's heap lives there too. */
#include "fault.h"

#include <sys/syscall.h>

static char *set_break(char *address)
{
	return (char *)syscall(SYS_brk, address);
}

CASE(zero_asks_for_the_break)
{
	char *first = set_break(NULL), *second = set_break(NULL);
	show("same answer %d, not null %d", first == second, first != NULL);
}

CASE(raised_break_gives_zero_memory)
{
	char *start = set_break(NULL), *end = set_break(start + 5 * PAGE);
	show("raised by %#lx, %zu zero bytes", (long)(end - start), zeroes(start, 5 * PAGE));
	fill(start, 5 * PAGE);
	show("%zu bytes intact", intact(start, 0, 5 * PAGE));
	set_break(start);
}

CASE(break_is_exact_to_the_byte)
{
	char *start = set_break(NULL);
	char *up = set_break(start + 12345);
	char *down = set_break(start + 54);
	show("raised by %ld, lowered to %ld", (long)(up - start), (long)(down - start));
	set_break(start);
}

CASE(lowered_break_takes_memory_away)
{
	char *start = set_break(NULL);
	char *aligned = (char *)(((uintptr_t)start + PAGE - 1) & ~(PAGE - 1));
	set_break(aligned + 8 * PAGE);
	memset(aligned, 'x', 8 * PAGE);
	set_break(aligned + 3 * PAGE);
	READ(aligned + 3 * PAGE - 1, aligned);
	READ(aligned + 3 * PAGE, aligned);
	READ(aligned + 8 * PAGE - 1, aligned);
	set_break(start);
}

CASE(memory_is_zero_after_lowering_and_raising)
{
	char *start = set_break(NULL);
	char *aligned = (char *)(((uintptr_t)start + PAGE - 1) & ~(PAGE - 1));
	for (int round = 0; round < 3; round++) {
		set_break(aligned + 4 * LARGE_PAGE);
		show("round %d: zero %d", round, zeroes(aligned, 4 * LARGE_PAGE) == 4 * LARGE_PAGE);
		memset(aligned, 'x', 4 * LARGE_PAGE);
		set_break(aligned);
	}
	set_break(start);
}

CASE(break_below_the_start_is_ignored)
{
	char *start = set_break(NULL);
	char *answer = set_break((char *)PAGE);
	show("unchanged %d", answer == start);
}

CASE(impossible_break_is_ignored)
{
	char *start = set_break(NULL);
	show("unchanged %d", set_break((char *)0x7ffffffff000) == start);
	show("unchanged %d", set_break((char *)UINTPTR_MAX) == start);
}

CASE(break_does_not_run_into_a_mapping)
{
	char *start = set_break(NULL);
	char *aligned = (char *)(((uintptr_t)start + PAGE - 1) & ~(PAGE - 1));
	char *wall = mmap(aligned + 16 * LARGE_PAGE, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	REQUIRE(wall != MAP_FAILED);
	wall[0] = 'w';
	char *answer = set_break(aligned + 17 * LARGE_PAGE);
	show("unchanged %d, wall %c", answer == start, wall[0]);
	answer = set_break(aligned + 8 * LARGE_PAGE);
	show("raised below the wall %d", answer == aligned + 8 * LARGE_PAGE);
	set_break(start);
	munmap(wall, PAGE);
}

CASE(large_heap_is_usable)
{
	char *start = set_break(NULL), *end = set_break(start + 64 * LARGE_PAGE);
	show("raised by %#lx", (long)(end - start));
	for (char *place = start; place < end; place += 64 * PAGE)
		*place = 'h';
	end[-1] = 'e';
	show("%c %c", start[0], end[-1]);
	set_break(start);
}

CASE(heap_can_be_protected_and_released_in_parts)
{
	char *start = set_break(NULL);
	char *aligned = (char *)(((uintptr_t)start + PAGE - 1) & ~(PAGE - 1));
	set_break(aligned + 6 * PAGE);
	memset(aligned, 'x', 6 * PAGE);
	RESULT(mprotect(aligned + PAGE, PAGE, PROT_READ));
	RESULT(madvise(aligned + 2 * PAGE, PAGE, MADV_DONTNEED));
	RESULT(munmap(aligned + 4 * PAGE, PAGE));
	show_pages("heap", aligned, 6);
	show("third page %zu zero", zeroes(aligned + 2 * PAGE, PAGE));
	set_break(start);
}

CASE(sbrk_moves_by_steps)
{
	char *start = sbrk(0);
	size_t right = 0;
	for (size_t i = 0; i < 200; i++)
		right += (char *)sbrk(1000) == start + i * 1000;
	show("%zu of 200 steps", right);
	memset(start, 's', 200 * 1000);
	sbrk(-200 * 1000);
	show("back %d", sbrk(0) == (void *)start);
}

CASE(malloc_serves_many_sizes)
{
	char *blocks[200];
	size_t right = 0;
	for (size_t i = 0; i < COUNT(blocks); i++) {
		blocks[i] = malloc(i * i * 7 + 1);
		REQUIRE(blocks[i] != NULL);
		memset(blocks[i], (int)i, i * i * 7 + 1);
	}
	for (size_t i = 0; i < COUNT(blocks); i++) {
		right += blocks[i][i * i * 7] == (char)i;
		free(blocks[i]);
	}
	show("%zu blocks right", right);
}
