/* Names: mkdir(2), rmdir(2), rename(2), link(2), symlink(2), unlink(2), getdents64(2), chdir(2). */
#include "check.h"

#include <dirent.h>
#include <sys/syscall.h>

CASE(make_and_remove)
{
	RESULT(mkdir("made", 0750));
	RESULT(mkdir("made", 0750));
	RESULT(mkdir("missing/below", 0750));
	RESULT(rmdir("made"));
	RESULT(rmdir("made"));
	RESULT(mkdir("kept", 0711));
}

CASE(full_folder_stays)
{
	mkdir("full", 0755);
	close(open("full/file", O_CREAT | O_WRONLY, 0600));
	RESULT(rmdir("full"));
	RESULT(unlink("full"));
	RESULT(rmdir("full/file"));
	RESULT(rmdir("full/."));
}

static int by_name(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

CASE(all_entries_are_listed)
{
	enum { FILES = 500 };
	mkdir("many", 0755);
	char name[32], *names[FILES + 10];
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof name, "many/file-%03d", i);
		close(open(name, O_CREAT | O_WRONLY, 0600));
	}
	size_t count = 0;
	DIR *folder = opendir("many");
	REQUIRE(folder != NULL);
	for (struct dirent *entry; (entry = readdir(folder)) != NULL && count < COUNT(names);)
		names[count++] = strdup(entry->d_name);
	closedir(folder);
	qsort(names, count, sizeof *names, by_name);
	show("%zu entries: %s %s %s ... %s", count, names[0], names[1], names[2], names[count - 1]);
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof name, "many/file-%03d", i);
		REQUIRE(unlink(name) == 0);
	}
	RESULT(rmdir("many"));
}

CASE(entry_types_are_told)
{
	mkdir("types", 0755);
	mkdir("types/folder", 0755);
	close(open("types/file", O_CREAT | O_WRONLY, 0600));
	symlink("file", "types/link");
	mkfifo("types/pipe", 0600);
	int kinds[16] = {0};
	DIR *folder = opendir("types");
	REQUIRE(folder != NULL);
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
		kinds[entry->d_type % 16]++;
	closedir(folder);
	show("folders %d, files %d, links %d, pipes %d", kinds[DT_DIR], kinds[DT_REG], kinds[DT_LNK], kinds[DT_FIFO]);
}

CASE(getdents_checks_its_buffer)
{
	char buffer[1024];
	mkdir("listed", 0755);
	int folder = open("listed", O_RDONLY | O_DIRECTORY), file = patterned_file("plain", 1);
	RESULT(syscall(SYS_getdents64, folder, buffer, 1));
	show("first part %s", syscall(SYS_getdents64, folder, buffer, sizeof buffer) > 0 ? "not empty" : "empty");
	RESULT(syscall(SYS_getdents64, folder, buffer, sizeof buffer));
	RESULT(syscall(SYS_getdents64, file, buffer, sizeof buffer));
	RESULT(lseek(folder, 0, SEEK_SET));
	show("again %s", syscall(SYS_getdents64, folder, buffer, sizeof buffer) > 0 ? "not empty" : "empty");
	close(folder);
	close(file);
}

CASE(working_folder_moves)
{
	char path[4096], *before = getcwd(NULL, 0);
	mkdir("deep", 0755);
	mkdir("deep/deeper", 0755);
	RESULT(chdir("deep/deeper"));
	getcwd(path, sizeof path);
	show("%s", path + strlen(before));
	close(open("here", O_CREAT | O_WRONLY, 0600));
	RESULT(access("../deeper/here", F_OK));
	RESULT(chdir("missing"));
	RESULT(chdir("here"));
	RESULT(chdir(".."));
	int folder = open(before, O_RDONLY | O_DIRECTORY);
	RESULT(fchdir(folder));
	getcwd(path, sizeof path);
	show("back %d", strcmp(path, before) == 0);
	close(folder);
	free(before);
}

CASE(getcwd_needs_room)
{
	char small[2];
	show("%s", getcwd(small, sizeof small) == NULL ? error_name(errno) : "fits");
	RESULT(syscall(SYS_getcwd, small, 0UL));
}

CASE(removed_working_folder)
{
	char path[4096];
	int before = open(".", O_RDONLY | O_DIRECTORY);
	mkdir("vanishing", 0755);
	REQUIRE(chdir("vanishing") == 0);
	RESULT(rmdir("../vanishing"));
	show("%s", getcwd(path, sizeof path) == NULL ? error_name(errno) : "found");
	SUCCESS(open("file", O_CREAT | O_WRONLY, 0600));
	RESULT(fchdir(before));
	close(before);
}

CASE(rename_moves_and_replaces)
{
	close(patterned_file("from", 10));
	close(patterned_file("to", 20));
	RESULT(rename("from", "to"));
	RESULT(access("from", F_OK));
	struct stat status;
	RESULT(stat("to", &status));
	show("size %ld", (long)status.st_size);
	RESULT(rename("from", "to"));
	mkdir("somewhere", 0755);
	RESULT(rename("to", "somewhere"));
	RESULT(rename("somewhere", "to"));
	RESULT(rename("to", "somewhere/to"));
}

/* musl has neither the call nor its flags. */
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#endif

static long rename_with(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
	return syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

CASE(rename_with_flags)
{
	close(patterned_file("a", 1));
	close(patterned_file("b", 2));
	RESULT(rename_with(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE));
	RESULT(rename_with(AT_FDCWD, "a", AT_FDCWD, "c", RENAME_NOREPLACE));
	RESULT(rename_with(AT_FDCWD, "b", AT_FDCWD, "c", RENAME_EXCHANGE));
	struct stat b, c;
	REQUIRE(stat("b", &b) == 0 && stat("c", &c) == 0);
	show("b %ld, c %ld", (long)b.st_size, (long)c.st_size);
	RESULT(rename_with(AT_FDCWD, "b", AT_FDCWD, "c", RENAME_EXCHANGE | RENAME_NOREPLACE));
}

CASE(links_share_the_file)
{
	close(patterned_file("original", 10));
	RESULT(link("original", "twin"));
	RESULT(link("original", "twin"));
	RESULT(link("missing", "other"));
	RESULT(link(".", "folder-link"));
	struct stat one, two;
	REQUIRE(stat("original", &one) == 0 && stat("twin", &two) == 0);
	show("same inode %d, links %lu", one.st_ino == two.st_ino, (unsigned long)one.st_nlink);
	RESULT(unlink("original"));
	RESULT(stat("twin", &two));
	show("links %lu", (unsigned long)two.st_nlink);
}

CASE(symlinks_hold_any_text)
{
	char text[16] = "";
	RESULT(symlink("no/such/place", "dangling"));
	RESULT(symlink("x", "dangling"));
	RESULT(symlink("", "empty"));
	RESULT(readlink("dangling", text, sizeof text));
	show("%.13s", text);
	RESULT(readlink("dangling", text, 4));
	RESULT(readlink(".", text, sizeof text));
	RESULT(readlink("missing", text, sizeof text));
	RESULT(readlink("dangling", text, 0));
	RESULT(access("dangling", F_OK));
}

CASE(names_with_odd_bytes)
{
	const char *names[] = {"with space", "with\nnewline", "\xff\xfe", "-dash", "..hidden", "caf\xc3\xa9"};
	for (size_t i = 0; i < COUNT(names); i++) {
		int file = open(names[i], O_CREAT | O_EXCL | O_WRONLY, 0600);
		show("name %zu %s", i, file < 0 ? error_name(errno) : "succeeds");
		close(file);
	}
}

CASE(temporary_file_without_a_name)
{
	int file = open(".", O_TMPFILE | O_RDWR, 0600);
	if (file < 0) {
		show("%s", error_name(errno));
		return;
	}
	RESULT(write(file, "nameless", 8));
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	show("linked %s", linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW) == 0 ? "yes" : error_name(errno));
	close(file);
}

CASE(unlinkat_and_mkdirat)
{
	mkdir("base", 0755);
	int folder = open("base", O_RDONLY | O_DIRECTORY);
	RESULT(mkdirat(folder, "sub", 0700));
	RESULT(symlinkat("sub", folder, "link"));
	RESULT(unlinkat(folder, "sub", 0));
	RESULT(unlinkat(folder, "sub", AT_REMOVEDIR));
	RESULT(unlinkat(folder, "link", 0));
	RESULT(mknodat(folder, "pipe", S_IFIFO | 0600, 0));
	RESULT(unlinkat(folder, "pipe", 0xffff));
	close(folder);
}
