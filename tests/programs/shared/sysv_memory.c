/* shmget(2), shmat(2), shmdt(2), shmctl(2). */
#include "process.h"

#include <sys/ipc.h>
#include <sys/shm.h>

static int segment(size_t bytes)
{
	int id = shmget(IPC_PRIVATE, bytes, IPC_CREAT | 0600);
	REQUIRE(id >= 0);
	return id;
}

static char *attached(int id, int flags)
{
	char *memory = shmat(id, NULL, flags);
	REQUIRE(memory != (char *)-1);
	return memory;
}

static void removed(int id)
{
	REQUIRE(shmctl(id, IPC_RMID, NULL) == 0);
}

/* A key that other programs hardly use. */
static key_t key(int number)
{
	return (key_t)(0x4c574b00 + number + (getpid() & 0x3fff) * 256);
}

CASE(segment_is_zero_and_writable)
{
	int id = segment(3 * PAGE);
	char *memory = attached(id, 0);
	show("zeroes %zu", zeroes(memory, 3 * PAGE));
	fill(memory, 3 * PAGE);
	show("intact %zu", intact(memory, 0, 3 * PAGE));
	RESULT(shmdt(memory));
	removed(id);
}

CASE(segment_is_seen_twice)
{
	int id = segment(PAGE);
	char *one = attached(id, 0), *two = attached(id, 0);
	one[5] = 'x';
	show("places differ %d, seen '%c'", one != two, two[5]);
	shmdt(one);
	show("still there '%c'", two[5]);
	shmdt(two);
	two = attached(id, 0);
	show("kept while detached '%c'", two[5]);
	shmdt(two);
	removed(id);
}

CASE(child_inherits_the_attachment)
{
	int id = segment(PAGE);
	volatile char *memory = attached(id, 0);
	struct shmid_ds state;
	pid_t child = forked();
	if (child == 0) {
		shmctl(id, IPC_STAT, &state);
		show("attached %ld", (long)state.shm_nattch);
		memory[0] = 'c';
		_exit(0);
	}
	show_end("child", child);
	shmctl(id, IPC_STAT, &state);
	show("child wrote '%c', attached %ld", memory[0], (long)state.shm_nattch);
	shmdt((void *)memory);
	removed(id);
}

CASE(child_attaches_by_itself)
{
	int id = segment(2 * PAGE);
	pid_t child = forked();
	if (child == 0) {
		char *memory = attached(id, 0);
		fill(memory, 2 * PAGE);
		_exit(0);
	}
	show_end("child", child);
	char *memory = attached(id, SHM_RDONLY);
	show("intact %zu", intact(memory, 0, 2 * PAGE));
	shmdt(memory);
	removed(id);
}

CASE(read_only_attachment_cannot_be_written)
{
	int id = segment(PAGE);
	volatile char *memory = attached(id, SHM_RDONLY);
	pid_t child = forked();
	if (child == 0) {
		show("read %d", memory[0]);
		memory[0] = 1;
		_exit(0);
	}
	show_end("child", child);
	shmdt((void *)memory);
	removed(id);
}

CASE(removed_segment_lives_until_the_last_detachment)
{
	int id = segment(PAGE);
	struct shmid_ds state;
	char *memory = attached(id, 0);
	RESULT(shmctl(id, IPC_RMID, NULL));
	memory[0] = 'a';
	RESULT(shmctl(id, IPC_STAT, &state));
	show("marked %d, attached %ld", (state.shm_perm.mode & SHM_DEST) != 0, (long)state.shm_nattch);
	char *again = shmat(id, NULL, 0);
	show("may still be attached %d", again != (char *)-1);
	if (again != (char *)-1)
		shmdt(again);
	RESULT(shmdt(memory));
	RESULT(shmctl(id, IPC_STAT, &state));
	RESULT((long)shmat(id, NULL, 0));
}

CASE(segment_has_a_key)
{
	int id = shmget(key(1), 2 * PAGE, IPC_CREAT | IPC_EXCL | 0600);
	REQUIRE(id >= 0);
	show("found %d", shmget(key(1), 0, 0) == id);
	show("found if created %d", shmget(key(1), PAGE, IPC_CREAT | 0600) == id);
	RESULT(shmget(key(1), PAGE, IPC_CREAT | IPC_EXCL | 0600));
	RESULT(shmget(key(1), 3 * PAGE, 0));
	removed(id);
	RESULT(shmget(key(1), 0, 0));
}

CASE(segment_errors)
{
	struct shmid_ds state;
	RESULT(shmget(IPC_PRIVATE, 0, IPC_CREAT | 0600));
	RESULT(shmget(key(2), PAGE, 0));
	RESULT((long)shmat(0x3fffffff, NULL, 0));
	RESULT(shmctl(0x3fffffff, IPC_STAT, &state));
	RESULT(shmctl(0x3fffffff, IPC_RMID, NULL));
	RESULT(shmdt(anonymous(PAGE)));
	RESULT(shmdt((void *)1));
	int id = segment(PAGE);
	RESULT((long)shmat(id, (void *)0x12345001, 0));
	RESULT(shmctl(id, 77, NULL));
	RESULT(shmctl(id, IPC_STAT, (struct shmid_ds *)16));
	removed(id);
}

CASE(segment_is_attached_where_asked)
{
	int id = segment(2 * PAGE);
	char *place = reserved(4 * PAGE);
	munmap(place, 4 * PAGE);
	show("there %d", shmat(id, place, 0) == place);
	RESULT((long)shmat(id, place + PAGE, 0));
	shmdt(place);
	show("rounded down %d", shmat(id, place + 100, SHM_RND) == place);
	char *again = shmat(id, place, SHM_REMAP);
	show("replaced %d", again == place);
	shmdt(place);
	removed(id);
}

CASE(state_of_a_segment)
{
	struct shmid_ds state;
	int id = segment(5000);
	RESULT(shmctl(id, IPC_STAT, &state));
	show("size %zu, attached %ld, mode %o, creator right %d, owner right %d", state.shm_segsz, (long)state.shm_nattch,
	     state.shm_perm.mode & 0777, state.shm_cpid == getpid(), state.shm_perm.uid == geteuid());
	show("never attached %d, changed %d", state.shm_atime == 0 && state.shm_lpid == 0, state.shm_ctime > 0);
	char *memory = attached(id, 0);
	shmctl(id, IPC_STAT, &state);
	show("attached %ld, by us %d", (long)state.shm_nattch, state.shm_lpid == getpid() && state.shm_atime > 0);
	memory[5001] = 1;
	show("whole pages are there %d", memory[8191]);
	state.shm_perm.mode = 0400;
	RESULT(shmctl(id, IPC_SET, &state));
	RESULT(shmctl(id, IPC_STAT, &state));
	show("mode %o", state.shm_perm.mode & 0777);
	shmdt(memory);
	removed(id);
}

CASE(permissions_are_checked)
{
	if (getuid() != 0)
		return;
	int id = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0604);
	pid_t child = forked();
	if (child == 0) {
		REQUIRE(setresgid(60123, 60123, 60123) == 0 && setresuid(60123, 60123, 60123) == 0);
		RESULT((long)shmat(id, NULL, 0));
		show("read only %d", shmat(id, NULL, SHM_RDONLY) != (void *)-1);
		RESULT(shmctl(id, IPC_RMID, NULL));
		_exit(0);
	}
	show_end("child", child);
	removed(id);
}

ROLE(count_attachments)
{
	struct shmid_ds state;
	check_name = "executed";
	shmctl(atoi(words[0]), IPC_STAT, &state);
	show("attached %ld", (long)state.shm_nattch);
	return 0;
}

CASE(exec_and_exit_detach)
{
	char text[16];
	struct shmid_ds state;
	int id = segment(PAGE);
	pid_t child = forked();
	if (child == 0) {
		attached(id, 0);
		attached(id, 0);
		snprintf(text, sizeof text, "%d", id);
		execl(this_program(), "name", "count_attachments", text, NULL);
		_exit(98);
	}
	show_end("exec", child);
	child = forked();
	if (child == 0) {
		attached(id, 0);
		pause();
		_exit(0);
	}
	do {
		pause_for(1);
		shmctl(id, IPC_STAT, &state);
	} while (state.shm_nattch == 0);
	kill(child, SIGKILL);
	show_end("killed", child);
	shmctl(id, IPC_STAT, &state);
	show("attached %ld", (long)state.shm_nattch);
	removed(id);
}

CASE(part_of_a_segment_may_be_unmapped_and_protected)
{
	int id = segment(4 * PAGE);
	char *memory = attached(id, 0), *other = attached(id, 0);
	fill(memory, 4 * PAGE);
	RESULT(munmap(memory + PAGE, PAGE));
	RESULT(mprotect(memory + 2 * PAGE, PAGE, PROT_READ));
	show("rest intact %d, other intact %zu", memory[0] == other[0] && memory[2 * PAGE] == other[2 * PAGE],
	     intact(other, 0, 4 * PAGE));
	RESULT(shmdt(memory));
	shmdt(other);
	removed(id);
}

CASE(large_segment_is_shared_whole)
{
	size_t bytes = 6 << 20;
	int id = segment(bytes);
	char *memory = attached(id, 0);
	pid_t child = forked();
	if (child == 0) {
		fill(memory, bytes);
		_exit(0);
	}
	show_end("child", child);
	show("intact %d", intact(memory, 0, bytes) == bytes);
	shmdt(memory);
	removed(id);
}
