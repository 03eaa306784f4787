/* stat(2), statx(2), chmod(2), chown(2), utimensat(2), access(2), xattr(7), statfs(2), openat2(2). */
#include "check.h"

#include <linux/openat2.h>
#include <linux/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/xattr.h>

static void show_status(const char *what, const struct stat *status)
{
	show("%s: mode %o, links %lu, size %ld, owner %u:%u", what, status->st_mode, (unsigned long)status->st_nlink,
	     (long)status->st_size, status->st_uid, status->st_gid);
}

CASE(kinds_of_files)
{
	struct stat status;
	close(patterned_file("file", 123));
	symlink("file", "link");
	mkfifo("pipe", 0640);
	REQUIRE(stat("file", &status) == 0);
	show_status("file", &status);
	REQUIRE(stat("link", &status) == 0);
	show_status("through the link", &status);
	REQUIRE(lstat("link", &status) == 0);
	show("link: mode %o, size %ld", status.st_mode, (long)status.st_size);
	REQUIRE(stat("pipe", &status) == 0);
	show_status("pipe", &status);
	REQUIRE(stat("/dev/null", &status) == 0);
	show("null device %d:%d, mode %o", major(status.st_rdev), minor(status.st_rdev), status.st_mode & S_IFMT);
}

CASE(errors_of_stat)
{
	struct stat status;
	close(patterned_file("plain", 1));
	RESULT(stat("missing", &status));
	RESULT(stat("plain/x", &status));
	RESULT(stat("", &status));
	RESULT(fstat(999, &status));
	RESULT(fstatat(AT_FDCWD, "plain", &status, 0x40000));
}

CASE(empty_path_means_the_descriptor)
{
	struct stat status;
	int file = patterned_file("described", 77);
	RESULT(fstatat(file, "", &status, AT_EMPTY_PATH));
	show("size %ld", (long)status.st_size);
	int path = open("described", O_PATH);
	RESULT(fstat(path, &status));
	RESULT(read(path, &status, 1));
	RESULT(fchmod(path, 0600));
	close(path);
	close(file);
}

/* musl lacks statx(). */
static long extended_status(const char *path, int flags, unsigned mask, struct statx *status)
{
	return syscall(SYS_statx, AT_FDCWD, path, flags, mask, status);
}

CASE(statx_fills_what_is_asked)
{
	struct statx status;
	close(patterned_file("extended", 55));
	RESULT(extended_status("extended", 0, STATX_BASIC_STATS, &status));
	show("size %llu, mode %o, links %u, mask has basic %d", status.stx_size, status.stx_mode, status.stx_nlink,
	     (status.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
	RESULT(extended_status("missing", 0, STATX_SIZE, &status));
	RESULT(extended_status("extended", 0x800000, STATX_SIZE, &status));
	RESULT(extended_status("extended", 0, STATX__RESERVED, &status));
}

CASE(modes_change)
{
	struct stat status;
	int file = patterned_file("mode", 1);
	RESULT(chmod("mode", 0751));
	REQUIRE(stat("mode", &status) == 0);
	show("%o", status.st_mode);
	RESULT(fchmod(file, 04711));
	REQUIRE(stat("mode", &status) == 0);
	show("%o", status.st_mode);
	RESULT(fchmodat(AT_FDCWD, "mode", 0600, 0));
	RESULT(chmod("missing", 0600));
	close(file);
}

CASE(owners_change_to_themselves)
{
	close(patterned_file("owner", 1));
	RESULT(chown("owner", (uid_t)-1, (gid_t)-1));
	RESULT(chown("owner", getuid(), getgid()));
	RESULT(lchown("missing", 0, 0));
	RESULT(fchownat(AT_FDCWD, "owner", getuid(), (gid_t)-1, AT_SYMLINK_NOFOLLOW));
}

CASE(times_can_be_set)
{
	struct stat status;
	int file = patterned_file("times", 1);
	struct timespec times[2] = {{1000, 500}, {2000, 999999999}};
	RESULT(utimensat(AT_FDCWD, "times", times, 0));
	REQUIRE(stat("times", &status) == 0);
	show("accessed %ld.%09ld, modified %ld.%09ld", (long)status.st_atim.tv_sec, status.st_atim.tv_nsec,
	     (long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
	times[0].tv_nsec = UTIME_OMIT;
	times[1].tv_sec = 3000;
	RESULT(futimens(file, times));
	REQUIRE(stat("times", &status) == 0);
	show("accessed %ld, modified %ld", (long)status.st_atim.tv_sec, (long)status.st_mtim.tv_sec);
	times[1].tv_nsec = 1000000000;
	RESULT(utimensat(AT_FDCWD, "times", times, 0));
	struct timeval old[2] = {{10, 20}, {30, 40}};
	RESULT(utimes("times", old));
	REQUIRE(stat("times", &status) == 0);
	show("modified %ld.%09ld", (long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
	close(file);
}

CASE(access_asks_for_permission)
{
	close(patterned_file("accessed", 1));
	chmod("accessed", 0644);
	RESULT(access("accessed", F_OK));
	RESULT(access("accessed", R_OK | W_OK));
	RESULT(access("accessed", X_OK));
	RESULT(access("missing", F_OK));
	RESULT(access("accessed", 64));
	RESULT(faccessat(AT_FDCWD, "accessed", R_OK, AT_EACCESS));
}

CASE(attributes_can_be_set_listed_and_removed)
{
	char value[64] = "";
	int file = patterned_file("attributes", 1);
	RESULT(setxattr("attributes", "user.one", "value", 5, 0));
	RESULT(getxattr("attributes", "user.one", value, sizeof value));
	show("%s", value);
	RESULT(getxattr("attributes", "user.one", NULL, 0));
	RESULT(getxattr("attributes", "user.one", value, 2));
	RESULT(fsetxattr(file, "user.one", "v", 1, XATTR_CREATE));
	RESULT(fsetxattr(file, "user.two", "v", 1, XATTR_REPLACE));
	RESULT(fsetxattr(file, "user.one", "new", 3, XATTR_REPLACE));
	RESULT(listxattr("attributes", value, sizeof value));
	RESULT(removexattr("attributes", "user.one"));
	RESULT(fgetxattr(file, "user.one", value, sizeof value));
	RESULT(setxattr("attributes", "odd", "v", 1, 0));
	close(file);
}

CASE(file_systems_describe_themselves)
{
	struct statfs here, root;
	RESULT(statfs(".", &here));
	RESULT(statfs("missing", &here));
	REQUIRE(statfs("/proc", &root) == 0);
	show("/proc is proc %d", root.f_type == 0x9fa0);
	REQUIRE(statfs(".", &here) == 0);
	show("name length %ld", (long)here.f_namelen);
}

CASE(openat2_resolves_below)
{
	mkdir("jail", 0755);
	close(patterned_file("jail/inside", 1));
	symlink("../outside", "jail/escape");
	close(patterned_file("outside", 1));
	int folder = open("jail", O_RDONLY | O_DIRECTORY);
	struct open_how how = {.flags = O_RDONLY, .resolve = RESOLVE_BENEATH};
	close((int)SUCCESS(syscall(SYS_openat2, folder, "inside", &how, sizeof how)));
	SUCCESS(syscall(SYS_openat2, folder, "../outside", &how, sizeof how));
	SUCCESS(syscall(SYS_openat2, folder, "escape", &how, sizeof how));
	how.resolve = RESOLVE_NO_SYMLINKS;
	SUCCESS(syscall(SYS_openat2, folder, "escape", &how, sizeof how));
	how.flags = ~0ULL;
	SUCCESS(syscall(SYS_openat2, folder, "inside", &how, sizeof how));
	how = (struct open_how){.flags = O_RDONLY};
	SUCCESS(syscall(SYS_openat2, folder, "inside", &how, 8));
	close(folder);
}

CASE(truncate_by_name)
{
	struct stat status;
	close(patterned_file("shortened", 100));
	RESULT(truncate("shortened", 10));
	REQUIRE(stat("shortened", &status) == 0);
	show("size %ld", (long)status.st_size);
	RESULT(truncate("shortened", -1));
	RESULT(truncate("missing", 1));
	RESULT(truncate(".", 1));
}
