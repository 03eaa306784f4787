/* Address space by the terabyte, memory by the page. */
#include "fault.h"

#define GIB (1UL << 30)
#define TIB (1UL << 40)

CASE(tebibyte_without_access_can_be_reserved)
{
	char *memory = MAPPED(mmap(NULL, TIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	READ(memory + 5 * GIB, memory);
	RESULT(munmap(memory, TIB));
}

CASE(tebibyte_without_access_needs_no_flag)
{
	char *memory = MAPPED(mmap(NULL, TIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	RESULT(munmap(memory, TIB));
}

CASE(hundred_gibibytes_without_reserve_can_be_touched_here_and_there)
{
	size_t bytes = 100 * GIB;
	char *memory = MAPPED(mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	REQUIRE(memory != MAP_FAILED);
	for (size_t i = 0; i < 10; i++)
		memory[i * 10 * GIB + i] = (char)('a' + i);
	memory[bytes - 1] = 'z';
	size_t right = 0;
	for (size_t i = 0; i < 10; i++)
		right += memory[i * 10 * GIB + i] == (char)('a' + i) && memory[i * 10 * GIB + i + 1] == 0;
	show("%zu of 10 right, last %c", right, memory[bytes - 1]);
	RESULT(munmap(memory, bytes));
}

CASE(pages_can_be_committed_inside_a_reservation)
{
	char *memory = reserved(TIB);
	for (size_t i = 0; i < 8; i++)
		REQUIRE(mprotect(memory + i * 100 * GIB, 2 * PAGE, PROT_READ | PROT_WRITE) == 0);
	WRITE(memory + 700 * GIB, memory);
	WRITE(memory + 700 * GIB + 2 * PAGE, memory);
	show("second %zu zero", zeroes(memory + 100 * GIB, 2 * PAGE));
	RESULT(munmap(memory, TIB));
}

CASE(pages_can_be_mapped_over_a_reservation)
{
	char *memory = reserved(64 * GIB);
	char *place = memory + 33 * GIB;
	SUCCESS(mmap(place, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	WRITE(place, place);
	READ(place + PAGE, place);
	SUCCESS(mmap(place, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0));
	READ(place, place);
	RESULT(munmap(memory, 64 * GIB));
}

CASE(decommitted_pages_come_back_zero)
{
	char *memory = reserved(16 * GIB);
	char *place = memory + 7 * GIB;
	for (int round = 0; round < 3; round++) {
		REQUIRE(mprotect(place, LARGE_PAGE, PROT_READ | PROT_WRITE) == 0);
		show("round %d: zero %d", round, zeroes(place, LARGE_PAGE) == LARGE_PAGE);
		memset(place, 'x', LARGE_PAGE);
		REQUIRE(madvise(place, LARGE_PAGE, MADV_DONTNEED) == 0);
		REQUIRE(mprotect(place, LARGE_PAGE, PROT_NONE) == 0);
	}
	munmap(memory, 16 * GIB);
}

CASE(reservation_can_be_trimmed_to_an_alignment)
{
	size_t alignment = 4 * GIB;
	char *memory = reserved(2 * alignment);
	char *aligned = (char *)(((uintptr_t)memory + alignment - 1) & ~(alignment - 1));
	if (aligned > memory)
		REQUIRE(munmap(memory, (size_t)(aligned - memory)) == 0);
	char *end = memory + 2 * alignment;
	if (aligned + alignment < end)
		REQUIRE(munmap(aligned + alignment, (size_t)(end - aligned) - alignment) == 0);
	RESULT(mprotect(aligned + GIB, PAGE, PROT_READ | PROT_WRITE));
	WRITE(aligned + GIB, aligned);
	RESULT(munmap(aligned, alignment));
}

CASE(many_reservations_fit)
{
	char *memory[64];
	for (size_t i = 0; i < COUNT(memory); i++)
		memory[i] = reserved(256 * GIB);
	show("all");
	for (size_t i = 0; i < COUNT(memory); i++)
		REQUIRE(munmap(memory[i], 256 * GIB) == 0);
}

CASE(read_of_untouched_memory_costs_nothing)
{
	size_t bytes = 40 * GIB;
	char *memory = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	REQUIRE(memory != MAP_FAILED);
	size_t sum = 0;
	for (size_t i = 0; i < 40; i++)
		sum += (size_t)memory[i * GIB];
	show("sum %zu", sum);
	WRITE(memory, memory);
	munmap(memory, bytes);
}

CASE(reservation_can_grow_in_place_or_move)
{
	char *memory = reserved(8 * GIB);
	REQUIRE(mprotect(memory, PAGE, PROT_READ | PROT_WRITE) == 0);
	memory[1] = 'r';
	char *target = reserved(32 * GIB);
	char *moved = mremap(memory, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + 20 * GIB);
	show("moved %d, %c", moved == target + 20 * GIB, moved[1]);
	munmap(memory, 8 * GIB);
	munmap(target, 32 * GIB);
}
