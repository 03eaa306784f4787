/* remap_file_pages(2): shared mappings whose pages are shown in another order. */
#define _GNU_SOURCE
#include "process.h"

#include "fault.h"

#include <sys/shm.h>

#define PAGES 8UL

static int file;

static char *shared_map(const char *name, int protection)
{
	file = patterned_file(name, PAGES * PAGE);
	char *memory = mmap(NULL, PAGES * PAGE, protection, MAP_SHARED, file, 0);
	REQUIRE(memory != MAP_FAILED);
	return memory;
}

static char *shared_anonymous(void)
{
	char *memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(memory != MAP_FAILED);
	fill(memory, PAGES * PAGE);
	return memory;
}

/* Which page of what fill() made each page at `memory` shows. */
static void show_order(const char *what, const char *memory, size_t pages)
{
	char line[65] = "";
	REQUIRE(pages < sizeof line);
	for (size_t i = 0; i < pages; i++) {
		line[i] = '?';
		for (size_t page = 0; page < PAGES; page++)
			if (intact(memory + i * PAGE, page * PAGE, PAGE) == PAGE)
				line[i] = (char)('0' + page);
	}
	show("%s: pages %s", what, line);
}

static void reverse(char *memory)
{
	for (size_t page = 0; page < PAGES; page++)
		REQUIRE(remap_file_pages(memory + page * PAGE, PAGE, 0, PAGES - 1 - page, 0) == 0);
}

CASE(pages_of_a_file_are_reordered)
{
	char *memory = shared_map("reordered", PROT_READ | PROT_WRITE);
	RESULT(remap_file_pages(memory, 2 * PAGE, 0, 4, 0));
	show_order("part", memory, PAGES);
	reverse(memory);
	show_order("reversed", memory, PAGES);
	RESULT(remap_file_pages(memory, PAGES * PAGE, 0, 0, 0));
	show_order("in order again", memory, PAGES);
}

CASE(pages_of_anonymous_memory_are_reordered)
{
	char *memory = shared_anonymous();
	reverse(memory);
	show_order("reversed", memory, PAGES);
	memory[0] = 'x';
	RESULT(remap_file_pages(memory, PAGES * PAGE, 0, 0, MAP_NONBLOCK));
	show("written %c", memory[(PAGES - 1) * PAGE]);
	show_order("in order again", memory, PAGES - 1);
}

CASE(pages_of_a_segment_are_reordered)
{
	int segment = shmget(IPC_PRIVATE, PAGES * PAGE, 0600);
	char *memory = shmat(segment, NULL, 0);
	REQUIRE(memory != (void *)-1 && shmctl(segment, IPC_RMID, NULL) == 0);
	fill(memory, PAGES * PAGE);
	RESULT(remap_file_pages(memory + PAGE, PAGE, 0, 5, 0));
	show_order("one", memory, PAGES);
}

CASE(one_page_can_be_shown_often)
{
	char *memory = shared_map("often", PROT_READ | PROT_WRITE);
	for (size_t page = 0; page < PAGES; page++)
		REQUIRE(remap_file_pages(memory + page * PAGE, PAGE, 0, 3, 0) == 0);
	show_order("all", memory, PAGES);
	memory[0] = 'x';
	show("seen %c", memory[(PAGES - 1) * PAGE]);
}

CASE(stores_reach_the_file)
{
	char *memory = shared_map("stores", PROT_READ | PROT_WRITE);
	char byte = 0;
	reverse(memory);
	memory[PAGE] = 'x';
	REQUIRE(pread(file, &byte, 1, (PAGES - 2) * PAGE) == 1);
	show("read %c", byte);
	REQUIRE(pwrite(file, "y", 1, 0) == 1);
	show("loaded %c", memory[(PAGES - 1) * PAGE]);
	RESULT(msync(memory, PAGES * PAGE, MS_SYNC));
	RESULT(munmap(memory, PAGES * PAGE));
}

CASE(pages_outside_of_what_was_mapped_are_shown)
{
	file = patterned_file("outside", PAGES * PAGE);
	char *memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 3 * PAGE);
	REQUIRE(memory != MAP_FAILED);
	close(file);
	RESULT(remap_file_pages(memory, PAGE, 0, 0, 0));
	show_order("before", memory, 2);
	RESULT(remap_file_pages(memory + PAGE, PAGE, 0, 7, 0));
	show_order("behind", memory, 2);
	RESULT(remap_file_pages(memory, 2 * PAGE, 0, 5, 0));
	show_order("both", memory, 2);
}

CASE(pages_behind_the_end_raise_a_signal)
{
	char *memory = shared_map("end", PROT_READ | PROT_WRITE);
	RESULT(remap_file_pages(memory, 2 * PAGE, 0, PAGES - 1, 0));
	READ(memory, memory);
	READ(memory + PAGE, memory);
	memory = shared_anonymous();
	RESULT(remap_file_pages(memory, 2 * PAGE, 0, PAGES - 1, 0));
	READ(memory, memory);
	READ(memory + PAGE, memory);
}

CASE(protection_stays)
{
	char *memory = shared_map("protection", PROT_READ);
	RESULT(remap_file_pages(memory, PAGE, 0, 2, 0));
	show_order("readable", memory, PAGES);
	WRITE(memory, memory);
	RESULT(mprotect(memory, PAGE, PROT_READ | PROT_WRITE));
	WRITE(memory, memory);
	REQUIRE(mprotect(memory, PAGES * PAGE, PROT_NONE) == 0);
	RESULT(remap_file_pages(memory, PAGE, 0, 4, 0));
	READ(memory, memory);
}

CASE(addresses_and_lengths_are_rounded_down)
{
	char *memory = shared_map("rounded", PROT_READ | PROT_WRITE);
	RESULT(remap_file_pages(memory + 100, PAGE + 4000, 0, 6, 0));
	show_order("one page", memory, PAGES);
	RESULT(remap_file_pages(memory, PAGE - 1, 0, 6, 0));
	RESULT(remap_file_pages(memory, 0, 0, 6, 0));
}

CASE(wrong_arguments_are_refused)
{
	char *memory = shared_map("wrong", PROT_READ | PROT_WRITE);
	RESULT(remap_file_pages(memory, PAGE, PROT_READ, 0, 0));
	RESULT(remap_file_pages(memory, -PAGE, 0, 0, 0));
	RESULT(remap_file_pages(memory, PAGE, 0, -1UL, 0));
	RESULT(remap_file_pages(memory, 2 * PAGE, 0, -2UL, 0));
	RESULT(remap_file_pages(memory, PAGE, 0, -2UL, 0));
	RESULT(remap_file_pages(memory, PAGE, 0, 1UL << 51, 0));
	RESULT(remap_file_pages(memory, PAGE, 0, (1UL << 51) - 1, 0));
	RESULT(remap_file_pages(memory, PAGE, 0, 1, 0xffff));
	RESULT(remap_file_pages((char *)16, PAGE, 0, 0, 0));
	show_order("unknown flags mean nothing", memory, 2);
}

CASE(only_shared_mappings_are_remapped)
{
	int descriptor = patterned_file("shared", PAGES * PAGE);
	char *private = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, descriptor, 0);
	RESULT(remap_file_pages(private, PAGE, 0, 1, 0));
	RESULT(remap_file_pages(anonymous(PAGE), PAGE, 0, 1, 0));
	RESULT(remap_file_pages(&descriptor, PAGE, 0, 1, 0));
	int reader = open("shared", O_RDONLY);
	char *read_only = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, reader, 0);
	REQUIRE(reader >= 0 && private != MAP_FAILED && read_only != MAP_FAILED);
	RESULT(remap_file_pages(read_only, PAGE, 0, 1, 0));
}

CASE(all_of_it_has_to_be_one_mapping)
{
	char *memory = shared_map("one", PROT_READ | PROT_WRITE);
	REQUIRE(mprotect(memory + PAGE, PAGE, PROT_READ) == 0);
	RESULT(remap_file_pages(memory, 2 * PAGE, 0, 4, 0));
	REQUIRE(munmap(memory + 3 * PAGE, PAGE) == 0);
	RESULT(remap_file_pages(memory + 2 * PAGE, 3 * PAGE, 0, 4, 0));
	RESULT(remap_file_pages(memory + 3 * PAGE, PAGE, 0, 4, 0));
	RESULT(remap_file_pages(memory + 4 * PAGE, PAGE, 0, 0, 0));
	RESULT(remap_file_pages(memory + 4 * PAGE, 3 * PAGE, 0, 4, 0));
	show_order("behind the hole", memory + 4 * PAGE, 4);
	char *place = reserved(2 * PAGE);
	int other = patterned_file("other", PAGE);
	REQUIRE(mmap(place, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, file, 0) == place);
	REQUIRE(mmap(place + PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, other, 0) == place + PAGE);
	RESULT(remap_file_pages(place, 2 * PAGE, 0, 0, 0));
}

CASE(maps_tells_the_new_offset)
{
	char *memory = shared_map("maps", PROT_READ | PROT_WRITE), line[512];
	RESULT(remap_file_pages(memory + PAGE, PAGE, 0, 5, 0));
	FILE *maps = fopen("/proc/self/maps", "r");
	REQUIRE(maps != NULL);
	while (fgets(line, sizeof line, maps) != NULL) {
		unsigned long start, end, offset;
		REQUIRE(sscanf(line, "%lx-%lx %*s %lx", &start, &end, &offset) == 3);
		if (start >= (unsigned long)memory && end <= (unsigned long)memory + PAGES * PAGE)
			show("+%#lx: %#lx bytes from %#lx", start - (unsigned long)memory, end - start, offset);
	}
	fclose(maps);
}

CASE(a_child_has_the_same_order)
{
	char *memory = shared_map("child", PROT_READ | PROT_WRITE), *nameless = shared_anonymous();
	reverse(memory);
	reverse(nameless);
	pid_t child = forked();
	if (child == 0) {
		show_order("file", memory, PAGES);
		show_order("memory", nameless, PAGES);
		memory[0] = nameless[0] = 'x';
		_exit(0);
	}
	show_end("child", child);
	show("%c, %c", memory[0], nameless[0]);
}
