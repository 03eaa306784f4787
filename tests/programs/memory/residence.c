/* mincore(2), mlock(2), munlock(2), mlockall(2) and msync(2): what they refuse, and what they must not change. */
#include "fault.h"

CASE(mincore_of_touched_pages_says_resident)
{
	char *memory = anonymous(4 * PAGE);
	unsigned char vector[4] = {0};
	fill(memory, 4 * PAGE);
	RESULT(mincore(memory, 4 * PAGE, vector));
	show("%d%d%d%d", vector[0] & 1, vector[1] & 1, vector[2] & 1, vector[3] & 1);
	munmap(memory, 4 * PAGE);
}

CASE(mincore_writes_one_byte_a_page)
{
	char *memory = anonymous(4 * PAGE);
	unsigned char vector[6];
	memset(vector, 0xee, sizeof vector);
	fill(memory, 4 * PAGE);
	RESULT(mincore(memory, 3 * PAGE + 1, vector));
	show("fifth byte %#x, sixth byte %#x", vector[4], vector[5]);
	munmap(memory, 4 * PAGE);
}

CASE(mincore_refuses_bad_arguments)
{
	char *memory = anonymous(4 * PAGE);
	unsigned char vector[4];
	RESULT(mincore(memory + 1, PAGE, vector));
	REQUIRE(munmap(memory + PAGE, PAGE) == 0);
	RESULT(mincore(memory, 3 * PAGE, vector));
	RESULT(mincore(memory + PAGE, PAGE, vector));
	RESULT(mincore(memory, 0, vector));
	munmap(memory, 4 * PAGE);
}

CASE(mincore_into_a_bad_vector_is_a_fault)
{
	char *memory = anonymous(PAGE), *bad = reserved(PAGE);
	memory[0] = 1;
	RESULT(mincore(memory, PAGE, (unsigned char *)bad));
	munmap(memory, PAGE);
	munmap(bad, PAGE);
}

CASE(mlock_keeps_content)
{
	char *memory = anonymous(4 * PAGE);
	fill(memory, 4 * PAGE);
	RESULT(mlock(memory, 4 * PAGE));
	show("%zu bytes intact", intact(memory, 0, 4 * PAGE));
	RESULT(munlock(memory, 4 * PAGE));
	munmap(memory, 4 * PAGE);
}

CASE(mlock_makes_pages_resident)
{
	char *memory = anonymous(3 * PAGE);
	unsigned char vector[3] = {0};
	RESULT(mlock(memory, 3 * PAGE));
	RESULT(mincore(memory, 3 * PAGE, vector));
	show("%d%d%d", vector[0] & 1, vector[1] & 1, vector[2] & 1);
	munmap(memory, 3 * PAGE);
}

CASE(mlock_accepts_unaligned_addresses)
{
	char *memory = anonymous(2 * PAGE);
	RESULT(mlock(memory + 10, 20));
	RESULT(munlock(memory + 10, 20));
	RESULT(mlock(memory, 0));
	munmap(memory, 2 * PAGE);
}

CASE(mlock_of_a_hole_is_no_memory)
{
	char *memory = anonymous(3 * PAGE);
	REQUIRE(munmap(memory + PAGE, PAGE) == 0);
	RESULT(mlock(memory, 3 * PAGE));
	RESULT(munlock(memory, 3 * PAGE));
	RESULT(mlock(memory + PAGE, PAGE));
	munmap(memory, 3 * PAGE);
}

CASE(dontneed_of_locked_memory_is_invalid)
{
	char *memory = anonymous(PAGE);
	memory[0] = 'l';
	REQUIRE(mlock(memory, PAGE) == 0);
	RESULT(madvise(memory, PAGE, MADV_DONTNEED));
	show("kept %c", memory[0]);
	REQUIRE(munlock(memory, PAGE) == 0);
	RESULT(madvise(memory, PAGE, MADV_DONTNEED));
	show("now %d", memory[0]);
	munmap(memory, PAGE);
}

CASE(mlockall_checks_its_flags)
{
	RESULT(mlockall(0));
	RESULT(mlockall(64));
	RESULT(munlockall());
}

CASE(msync_of_anonymous_memory_succeeds)
{
	char *memory = anonymous(2 * PAGE);
	RESULT(msync(memory, 2 * PAGE, MS_SYNC));
	RESULT(msync(memory, 2 * PAGE, MS_ASYNC));
	RESULT(msync(memory, 0, MS_SYNC));
	munmap(memory, 2 * PAGE);
}

CASE(msync_refuses_bad_arguments)
{
	char *memory = anonymous(3 * PAGE);
	RESULT(msync(memory + 1, PAGE, MS_SYNC));
	RESULT(msync(memory, PAGE, MS_SYNC | MS_ASYNC));
	RESULT(msync(memory, PAGE, 0x100));
	REQUIRE(munmap(memory + PAGE, PAGE) == 0);
	RESULT(msync(memory, 3 * PAGE, MS_SYNC));
	RESULT(msync(memory + PAGE, PAGE, MS_SYNC));
	munmap(memory, 3 * PAGE);
}
