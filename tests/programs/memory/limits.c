/* When memory is refused: setrlimit(2) and requests that nothing can satisfy. */
#include "fault.h"

#include <sys/resource.h>
#include <sys/syscall.h>

#define MIB (1UL << 20)
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)

static struct rlimit limited(int resource, size_t bytes)
{
	struct rlimit before, now;
	REQUIRE(getrlimit(resource, &before) == 0);
	now = (struct rlimit){bytes, before.rlim_max};
	REQUIRE(setrlimit(resource, &now) == 0);
	return before;
}

CASE(address_space_limit_refuses_mmap)
{
	struct rlimit before = limited(RLIMIT_AS, 512 * MIB);
	SUCCESS(mmap(NULL, 1024 * MIB, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0));
	SUCCESS(mmap(NULL, 1024 * MIB, PROT_NONE, ANONYMOUS | MAP_NORESERVE, -1, 0));
	char *memory = MAPPED(mmap(NULL, 64 * MIB, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0));
	WRITE(memory + 64 * MIB - 1, memory);
	munmap(memory, 64 * MIB);
	REQUIRE(setrlimit(RLIMIT_AS, &before) == 0);
	memory = MAPPED(mmap(NULL, 1024 * MIB, PROT_NONE, ANONYMOUS, -1, 0));
	munmap(memory, 1024 * MIB);
}

CASE(address_space_limit_counts_what_is_mapped)
{
	struct rlimit before = limited(RLIMIT_AS, 512 * MIB);
	char *memory[16];
	size_t count = 0;
	while (count < COUNT(memory)) {
		memory[count] = mmap(NULL, 100 * MIB, PROT_NONE, ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (memory[count] == MAP_FAILED)
			break;
		count++;
	}
	show("%zu mappings of 100 MiB under 512 MiB", count);
	munmap(memory[0], 100 * MIB);
	memory[0] = MAPPED(mmap(NULL, 100 * MIB, PROT_NONE, ANONYMOUS | MAP_NORESERVE, -1, 0));
	while (count > 0)
		munmap(memory[--count], 100 * MIB);
	setrlimit(RLIMIT_AS, &before);
}

CASE(address_space_limit_refuses_mremap)
{
	char *memory = anonymous(PAGE);
	struct rlimit before = limited(RLIMIT_AS, 512 * MIB);
	SUCCESS(mremap(memory, PAGE, 1024 * MIB, MREMAP_MAYMOVE));
	WRITE(memory, memory);
	setrlimit(RLIMIT_AS, &before);
	munmap(memory, PAGE);
}

CASE(address_space_limit_refuses_brk)
{
	char *start = (char *)syscall(SYS_brk, 0);
	struct rlimit before = limited(RLIMIT_AS, 512 * MIB);
	show("unchanged %d", (char *)syscall(SYS_brk, start + 1024 * MIB) == start);
	setrlimit(RLIMIT_AS, &before);
}

CASE(data_limit_refuses_private_writable_memory)
{
	struct rlimit before = limited(RLIMIT_DATA, 64 * MIB);
	SUCCESS(mmap(NULL, 128 * MIB, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0));
	char *memory = MAPPED(mmap(NULL, 128 * MIB, PROT_READ, ANONYMOUS, -1, 0));
	RESULT(mprotect(memory, 128 * MIB, PROT_READ | PROT_WRITE));
	munmap(memory, 128 * MIB);
	setrlimit(RLIMIT_DATA, &before);
}

CASE(data_limit_refuses_brk)
{
	char *start = (char *)syscall(SYS_brk, 0);
	struct rlimit before = limited(RLIMIT_DATA, 64 * MIB);
	show("unchanged %d", (char *)syscall(SYS_brk, start + 128 * MIB) == start);
	setrlimit(RLIMIT_DATA, &before);
	show("raised %d", (char *)syscall(SYS_brk, start + 128 * MIB) == start + 128 * MIB);
	syscall(SYS_brk, start);
}

CASE(malloc_of_too_much_fails_with_an_error)
{
	volatile size_t bytes = 1UL << 46;
	errno = 0;
	void *memory = malloc(bytes);
	show("null %d, %s", memory == NULL, error_name(errno));
	errno = 0;
	memory = calloc(bytes, 1);
	show("null %d, %s", memory == NULL, error_name(errno));
}

CASE(refusal_leaves_everything_usable)
{
	char *memory = anonymous(8 * PAGE);
	fill(memory, 8 * PAGE);
	for (int i = 0; i < 100; i++)
		REQUIRE(mmap(NULL, 1UL << 46, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0) == MAP_FAILED);
	char *more = anonymous(LARGE_PAGE);
	show("%zu bytes intact, new memory zero %d", intact(memory, 0, 8 * PAGE),
	     zeroes(more, LARGE_PAGE) == LARGE_PAGE);
	munmap(memory, 8 * PAGE);
	munmap(more, LARGE_PAGE);
}

CASE(memory_can_be_used_up_and_given_back_many_times)
{
	size_t right = 0;
	for (int round = 0; round < 40; round++) {
		char *memory = anonymous(100 * MIB);
		for (size_t offset = 0; offset < 100 * MIB; offset += LARGE_PAGE)
			memory[offset] = 1;
		right += memory[50 * MIB] == 1;
		REQUIRE(munmap(memory, 100 * MIB) == 0);
	}
	show("%zu rounds of 100 MiB", right);
}
