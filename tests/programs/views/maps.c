/* proc(5): maps, smaps, smaps_rollup and statm agree with what a program knows of its memory. */
#include "process.h"

#define MEGABYTE (1 << 20)

/* The line of `file` (maps, or smaps) that `address` lies in; false if there is none. */
static int line_of(const char *file, const void *address, char *line, size_t size)
{
	FILE *lines = fopen(file, "r");
	unsigned long start, end;
	int found = 0;
	REQUIRE(lines != NULL);
	while (!found && fgets(line, (int)size, lines) != NULL)
		found = sscanf(line, "%lx-%lx ", &start, &end) == 2 && (unsigned long)address >= start &&
			(unsigned long)address < end;
	fclose(lines);
	return found;
}

static void show_line(const char *what, const void *address)
{
	char line[4200], access[8] = "", name[4096] = "";
	unsigned long start, end, offset;
	if (!line_of("/proc/self/maps", address, line, sizeof line)) {
		show("%s: not there", what);
		return;
	}
	sscanf(line, "%lx-%lx %7s %lx %*s %*s %4095[^\n]", &start, &end, access, &offset, name);
	const char *last = strrchr(name, '/');
	show("%s: %s offset %#lx %s, name at column %d", what, access, offset, last == NULL ? name : last + 1,
	     name[0] == '\0' ? -1 : (int)(strstr(line, name) - line));
}

/* The number behind `name` in `file`, in KiB; -1 if there is none. */
static long number_in(const char *file, const char *name)
{
	char line[4200];
	long number = -1;
	FILE *lines = fopen(file, "r");
	REQUIRE(lines != NULL);
	while (number < 0 && fgets(line, sizeof line, lines) != NULL)
		if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
			number = atol(line + strlen(name) + 1);
	fclose(lines);
	return number;
}

CASE(every_kind_of_area_has_its_line)
{
	int local = 0;
	char *anonymous = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *heap = sbrk(PAGE);
	REQUIRE(anonymous != MAP_FAILED && heap != (void *)-1);
	REQUIRE(mprotect(anonymous + PAGE, PAGE, PROT_READ | PROT_WRITE) == 0);
	show_line("stack", &local);
	show_line("heap", heap);
	show_line("nothing", anonymous);
	show_line("memory", anonymous + PAGE);
	show_line("nothing again", anonymous + 2 * PAGE);
	munmap(anonymous, 3 * PAGE);
	show_line("unmapped", anonymous);
}

CASE(mapped_files_are_named_with_offset_and_inode)
{
	struct stat status;
	char line[4200];
	unsigned long inode = 0;
	int file = open("mapped file", O_RDWR | O_CREAT, 0600);
	REQUIRE(file >= 0 && ftruncate(file, 3 * PAGE) == 0 && fstat(file, &status) == 0);
	char *private = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, PAGE);
	char *shared = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	REQUIRE(private != MAP_FAILED && shared != MAP_FAILED);
	close(file);
	show_line("private", private);
	show_line("shared", shared);
	REQUIRE(line_of("/proc/self/maps", shared, line, sizeof line));
	sscanf(line, "%*s %*s %*s %*s %lu", &inode);
	show("its inode: %d", inode == status.st_ino);
	unlink("mapped file");
	show_line("removed", private);
}

CASE(shared_memory_without_a_file_is_shown_so)
{
	char *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(memory != MAP_FAILED);
	show_line("shared", memory);
}

CASE(smaps_tells_what_is_resident)
{
	char line[4200];
	long size = -1, resident = -1, locked = -1;
	char *memory = mmap(NULL, 8 * MEGABYTE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	REQUIRE(memory != MAP_FAILED);
	memset(memory, 1, 8 * MEGABYTE);
	FILE *lines = fopen("/proc/self/smaps", "r");
	REQUIRE(lines != NULL);
	unsigned long start, end;
	int inside = 0;
	while (fgets(line, sizeof line, lines) != NULL) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = (unsigned long)memory >= start && (unsigned long)memory < end;
		if (!inside)
			continue;
		sscanf(line, "Size: %ld", &size);
		sscanf(line, "Rss: %ld", &resident);
		sscanf(line, "Locked: %ld", &locked);
		if (strncmp(line, "VmFlags:", 8) == 0)
			show("readable %d, writable %d, executable %d", strstr(line, " rd") != NULL,
			     strstr(line, " wr") != NULL, strstr(line, " ex") != NULL);
	}
	fclose(lines);
	show("all is resident %d, size %d, locked %ld", resident >= 8 * 1024, size >= 8 * 1024, locked);
}

CASE(the_sum_of_smaps_is_in_smaps_rollup)
{
	long resident = number_in("/proc/self/smaps_rollup", "Rss");
	show("resident %d, anonymous within it %d", resident > 0,
	     number_in("/proc/self/smaps_rollup", "Anonymous") <= resident);
}

CASE(sizes_grow_with_what_is_mapped_and_touched)
{
	unsigned long size, resident, later_size, later_resident;
	char text[256] = "";
	int file = open("/proc/self/statm", O_RDONLY);
	REQUIRE(file >= 0 && read(file, text, sizeof text - 1) > 0);
	REQUIRE(sscanf(text, "%lu %lu", &size, &resident) == 2);
	long kilobytes = number_in("/proc/self/status", "VmSize");
	char *memory = mmap(NULL, 16 * MEGABYTE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	REQUIRE(memory != MAP_FAILED);
	memset(memory, 1, 16 * MEGABYTE);
	REQUIRE(lseek(file, 0, SEEK_SET) == 0 && read(file, text, sizeof text - 1) > 0);
	REQUIRE(sscanf(text, "%lu %lu", &later_size, &later_resident) == 2);
	show("statm: size %d resident %d", later_size - size >= 16 * MEGABYTE / PAGE,
	     later_resident - resident >= 15 * MEGABYTE / PAGE);
	show("status: size %d", number_in("/proc/self/status", "VmSize") - kilobytes >= 16 * 1024);
	show("peaks %d %d", number_in("/proc/self/status", "VmPeak") >= number_in("/proc/self/status", "VmSize"),
	     number_in("/proc/self/status", "VmHWM") >= number_in("/proc/self/status", "VmRSS"));
	RESULT(write(file, "x", 1));
	close(file);
}

CASE(a_child_has_its_own_lines)
{
	volatile int *words = shared_words();
	char *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char name[64], line[4200];
	pid_t child = forked();
	if (child == 0) {
		munmap(memory, PAGE);
		words[0] = 1;
		AWAIT(words[1]);
		_exit(0);
	}
	AWAIT(words[0]);
	snprintf(name, sizeof name, "/proc/%d/maps", child);
	show("child %d, own %d", line_of(name, memory, line, sizeof line),
	     line_of("/proc/self/maps", memory, line, sizeof line));
	show("its stack is there %d", line_of(name, line, line, sizeof line));
	words[1] = 1;
	show_end("child", child);
	show("then %d", open(name, O_RDONLY));
}
