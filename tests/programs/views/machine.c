/* proc(5), sysfs(5): the machine that a program sees is the one that its calls tell of. */
#include "process.h"

#include <dirent.h>
#include <sys/sysinfo.h>

static int lines_with(const char *name, const char *beginning)
{
	char line[8192];
	int count = 0;
	FILE *lines = fopen(name, "r");
	REQUIRE(lines != NULL);
	while (fgets(line, sizeof line, lines) != NULL)
		count += strncmp(line, beginning, strlen(beginning)) == 0;
	fclose(lines);
	return count;
}

static int usable(void)
{
	cpu_set_t set;
	REQUIRE(sched_getaffinity(0, sizeof set, &set) == 0);
	return CPU_COUNT(&set);
}

CASE(everything_counts_the_same_processors)
{
	show("sysconf %d, %d", sysconf(_SC_NPROCESSORS_ONLN) == usable(), sysconf(_SC_NPROCESSORS_CONF) == usable());
	show("cpuinfo %d", lines_with("/proc/cpuinfo", "processor") == usable());
	show("stat %d", lines_with("/proc/stat", "cpu") == usable() + 1);
}

CASE(processors_have_folders)
{
	char name[96];
	int folders = 0;
	DIR *entries = opendir("/sys/devices/system/cpu");
	REQUIRE(entries != NULL);
	for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
		folders += strncmp(entry->d_name, "cpu", 3) == 0 && entry->d_name[3] >= '0' && entry->d_name[3] <= '9';
	closedir(entries);
	show("as many as there are processors %d", folders == usable());
	snprintf(name, sizeof name, "/sys/devices/system/cpu/cpu%d", usable());
	RESULT(access(name, F_OK));
	RESULT(access("/sys/devices/system/cpu/cpu0/topology/core_id", R_OK));
}

CASE(all_memory_is_counted_once)
{
	struct sysinfo info;
	char line[256];
	unsigned long total = 0;
	FILE *lines = fopen("/proc/meminfo", "r");
	REQUIRE(lines != NULL && sysinfo(&info) == 0);
	while (fgets(line, sizeof line, lines) != NULL)
		sscanf(line, "MemTotal: %lu", &total);
	fclose(lines);
	show("meminfo and sysinfo agree %d", total == info.totalram * info.mem_unit / 1024);
	show("and sysconf %d", total == (unsigned long)sysconf(_SC_PHYS_PAGES) * 4);
	show("free is less %d", sysconf(_SC_AVPHYS_PAGES) < sysconf(_SC_PHYS_PAGES));
}

CASE(nodes_have_the_processors)
{
	RESULT(access("/sys/devices/system/node/node0/cpulist", R_OK));
	RESULT(access("/sys/devices/system/node/node4095", F_OK));
	show("memory %d", lines_with("/sys/devices/system/node/node0/meminfo", "Node 0 MemTotal:"));
}
