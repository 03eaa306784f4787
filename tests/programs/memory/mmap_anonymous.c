/* mmap(2) of anonymous memory: content, independence, placement. */
#include "fault.h"

CASE(new_memory_is_zero)
{
	char *memory = anonymous(5 * PAGE);
	show("%zu zero bytes of %lu", zeroes(memory, 5 * PAGE), 5 * PAGE);
	munmap(memory, 5 * PAGE);
}

CASE(length_is_rounded_up_to_pages)
{
	char *base = reserved(4 * PAGE);
	SUCCESS(mmap(base + PAGE, PAGE + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	show_pages("one page and a byte", base, 4);
	munmap(base, 4 * PAGE);
}

CASE(one_byte_is_a_page)
{
	char *base = reserved(2 * PAGE);
	SUCCESS(mmap(base, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	base[PAGE - 1] = 'x';
	show_pages("one byte", base, 2);
	munmap(base, 2 * PAGE);
}

CASE(result_is_page_aligned)
{
	char *memory = anonymous(3);
	show("offset in page %lu", (uintptr_t)memory % PAGE);
	munmap(memory, 3);
}

CASE(free_hint_is_taken)
{
	char *base = reserved(8 * PAGE);
	munmap(base, 8 * PAGE);
	char *memory = mmap(base + 2 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	show("hint %s", memory == base + 2 * PAGE ? "taken" : "ignored");
	munmap(memory, PAGE);
}

CASE(occupied_hint_moves_elsewhere)
{
	char *base = anonymous(2 * PAGE);
	fill(base, 2 * PAGE);
	char *memory = mmap(base, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	REQUIRE(memory != MAP_FAILED);
	show("hint %s, %zu bytes intact", memory == base ? "taken" : "ignored", intact(base, 0, 2 * PAGE));
	munmap(memory, 2 * PAGE);
	munmap(base, 2 * PAGE);
}

CASE(unaligned_hint_is_rounded)
{
	char *base = reserved(8 * PAGE);
	munmap(base, 8 * PAGE);
	char *memory = mmap(base + 2 * PAGE + 5, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	REQUIRE(memory != MAP_FAILED);
	show("offset in page %lu", (uintptr_t)memory % PAGE);
	munmap(memory, PAGE);
}

CASE(mappings_do_not_overlap)
{
	char *memory[16];
	for (size_t i = 0; i < COUNT(memory); i++) {
		memory[i] = anonymous((i + 1) * PAGE);
		memset(memory[i], (int)i + 1, (i + 1) * PAGE);
	}
	size_t right = 0;
	for (size_t i = 0; i < COUNT(memory); i++) {
		right += memory[i][0] == (char)(i + 1) && memory[i][(i + 1) * PAGE - 1] == (char)(i + 1);
		munmap(memory[i], (i + 1) * PAGE);
	}
	show("%zu of %zu hold their own bytes", right, COUNT(memory));
}

CASE(read_only_memory_refuses_writes)
{
	char *memory = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	READ(memory, memory);
	WRITE(memory, memory);
	munmap(memory, PAGE);
}

CASE(write_only_memory_can_be_read_on_x86)
{
	char *memory = mmap(NULL, PAGE, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	WRITE(memory, memory);
	READ(memory, memory);
	munmap(memory, PAGE);
}

CASE(inaccessible_memory_refuses_everything)
{
	char *memory = reserved(PAGE);
	READ(memory + 8, memory);
	WRITE(memory + 16, memory);
	EXECUTE(memory + 24, memory);
	munmap(memory, PAGE);
}

CASE(populate_gives_zero_memory)
{
	char *memory = MAPPED(mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0));
	show("%zu zero bytes", zeroes(memory, 64 * PAGE));
	munmap(memory, 64 * PAGE);
}

CASE(stack_flag_is_accepted)
{
	char *memory = MAPPED(mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0));
	WRITE(memory, memory);
	munmap(memory, 4 * PAGE);
}

CASE(low_32_bits_are_honoured)
{
	char *memory = MAPPED(mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
	show("below 2 GiB: %d", (uintptr_t)memory < 0x80000000UL);
	munmap(memory, 4 * PAGE);
}

CASE(descriptor_and_offset_do_not_matter)
{
	char *memory = MAPPED(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, 12345, 0));
	READ(memory, memory);
	munmap(memory, PAGE);
	memory = MAPPED(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 16 * PAGE));
	munmap(memory, PAGE);
}

CASE(shared_anonymous_memory_is_zero_and_keeps_data)
{
	char *memory = MAPPED(mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	show("%zu zero bytes", zeroes(memory, 3 * PAGE));
	fill(memory, 3 * PAGE);
	show("%zu bytes intact", intact(memory, 0, 3 * PAGE));
	munmap(memory, 3 * PAGE);
}

CASE(large_memory_is_usable_to_its_last_byte)
{
	size_t bytes = 96 * LARGE_PAGE;
	char *memory = anonymous(bytes);
	for (size_t offset = 0; offset < bytes; offset += LARGE_PAGE)
		memory[offset] = (char)(offset / LARGE_PAGE + 1);
	memory[bytes - 1] = 'e';
	size_t right = 0;
	for (size_t offset = 0; offset < bytes; offset += LARGE_PAGE)
		right += memory[offset] == (char)(offset / LARGE_PAGE + 1);
	show("%zu of 96 right, last %c", right, memory[bytes - 1]);
	munmap(memory, bytes);
}

CASE(memory_given_back_is_zero_when_it_returns)
{
	for (int round = 0; round < 3; round++) {
		char *memory = anonymous(4 * LARGE_PAGE);
		show("round %d: %zu zero bytes", round, zeroes(memory, 4 * LARGE_PAGE));
		memset(memory, 0xff, 4 * LARGE_PAGE);
		munmap(memory, 4 * LARGE_PAGE);
	}
}

CASE(many_small_mappings_are_possible)
{
	enum { MAPPINGS = 4000 };
	static char *memory[MAPPINGS];
	for (size_t i = 0; i < MAPPINGS; i++) {
		int protection = i % 2 ? PROT_READ | PROT_WRITE : PROT_READ;
		memory[i] = mmap(NULL, PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		REQUIRE(memory[i] != MAP_FAILED);
	}
	size_t zero = 0;
	for (size_t i = 0; i < MAPPINGS; i++) {
		zero += *memory[i] == 0;
		REQUIRE(munmap(memory[i], PAGE) == 0);
	}
	show("%zu of %d read as zero", zero, MAPPINGS);
}
