/* What the control calls of System V's objects tell and change: shmctl(2), semctl(2), msgctl(2). */
#include "process.h"

#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

union argument {
	int value;
	unsigned short *values;
	void *memory;
};

CASE(all_semaphores_are_set_and_read_together)
{
	unsigned short values[4] = {7, 0, 65535, 3}, read[4] = {0};
	int id = semget(IPC_PRIVATE, 3, 0600);
	REQUIRE(id >= 0);
	RESULT(semctl(id, 0, SETALL, (union argument){.values = values}));
	values[2] = 40;
	RESULT(semctl(id, 0, SETALL, (union argument){.values = values}));
	read[3] = 99;
	RESULT(semctl(id, 0, GETALL, (union argument){.values = read}));
	show("%d %d %d, behind them %d", read[0], read[1], read[2], read[3]);
	RESULT(semctl(id, 0, GETALL, (union argument){.memory = (void *)16}));
	RESULT(semctl(id, 0, IPC_RMID));
	RESULT(semctl(id, 0, GETALL, (union argument){.values = read}));
}

CASE(semaphore_sets_tell_their_state)
{
	struct semid_ds state;
	struct seminfo limits;
	int id = semget(IPC_PRIVATE, 5, 0640);
	RESULT(semctl(id, 0, IPC_STAT, (union argument){.memory = &state}));
	show("count %lu, mode %o, owner %d", state.sem_nsems, state.sem_perm.mode & 0777, state.sem_perm.uid == geteuid());
	state.sem_perm.mode = 0600;
	RESULT(semctl(id, 0, IPC_SET, (union argument){.memory = &state}));
	RESULT(semctl(id, 0, IPC_STAT, (union argument){.memory = &state}));
	show("mode %o", state.sem_perm.mode & 0777);
	REQUIRE(semctl(0, 0, IPC_INFO, (union argument){.memory = &limits}) >= 0);
	show("%d in a set", limits.semmsl);
	RESULT(semctl(id, 0, 99));
	RESULT(semctl(id, 7, GETVAL));
	RESULT(semctl(id, 0, IPC_STAT, (union argument){.memory = (void *)16}));
	semctl(id, 0, IPC_RMID);
}

CASE(message_queue_tells_its_state)
{
	struct msqid_ds state;
	struct {
		long type;
		char text[20];
	} message = {3, "hello"};
	int id = msgget(IPC_PRIVATE, 0600);
	RESULT(msgsnd(id, &message, 6, 0));
	RESULT(msgctl(id, IPC_STAT, &state));
	show("messages %lu, last sender right %d", state.msg_qnum, state.msg_lspid == getpid());
	state.msg_qbytes = 100;
	RESULT(msgctl(id, IPC_SET, &state));
	RESULT(msgctl(id, IPC_STAT, &state));
	show("room %lu", state.msg_qbytes);
	RESULT(msgsnd(id, (void *)16, 6, 0));
	message.type = 0;
	RESULT(msgsnd(id, &message, 6, 0));
	RESULT(msgrcv(id, (void *)16, 20, 0, IPC_NOWAIT));
	RESULT(msgctl(id, 99, &state));
	RESULT(msgctl(id, IPC_RMID, NULL));
	RESULT(msgrcv(id, &message, 20, 0, IPC_NOWAIT));
}

CASE(segments_tell_what_is_in_use)
{
	struct shm_info usage;
	struct shminfo limits;
	struct shmid_ds state;
	int id = shmget(IPC_PRIVATE, 3 * PAGE, 0600), found = 0;
	int highest = shmctl(0, SHM_INFO, (struct shmid_ds *)&usage);
	show("in use %d, pages %d", usage.used_ids >= 1, usage.shm_tot >= 3);
	REQUIRE(shmctl(0, IPC_INFO, (struct shmid_ds *)&limits) >= 0);
	show("least %lu", limits.shmmin);
	for (int place = 0; place <= highest; place++)
		found += shmctl(place, SHM_STAT, &state) == id;
	show("found by its place %d", found);
	RESULT(shmctl(id, SHM_LOCK, NULL));
	RESULT(shmctl(id, IPC_STAT, &state));
	show("locked %d", (state.shm_perm.mode & SHM_LOCKED) != 0);
	RESULT(shmctl(-1, IPC_STAT, &state));
	RESULT(shmctl(id, IPC_RMID, NULL));
	RESULT(shmctl(id, IPC_RMID, NULL));
}

CASE(attachment_checks_its_arguments)
{
	int id = shmget(IPC_PRIVATE, PAGE, 0600);
	RESULT((long)shmat(id, NULL, SHM_REMAP));
	RESULT((long)shmat(id, (void *)100, SHM_RND | SHM_REMAP));
	char *memory = shmat(id, NULL, SHM_RDONLY);
	RESULT(mprotect(memory, PAGE, PROT_READ | PROT_WRITE));
	RESULT(mprotect(memory, PAGE, PROT_READ));
	RESULT(shmdt(memory + 1));
	RESULT(shmdt(memory));
	RESULT(shmdt(memory));
	char *executable = shmat(id, NULL, SHM_EXEC);
	executable[0] = (char)0xc3;
	((void (*)(void))executable)();
	show("executed");
	shmctl(id, IPC_RMID, NULL);
}

CASE(pages_touched_after_a_fork_are_shared)
{
	size_t bytes = 3 * LARGE_PAGE;
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child = forked();
	if (child == 0) {
		memory[0] = 1;
		memory[LARGE_PAGE + 5] = 2;
		pid_t grandchild = forked();
		if (grandchild == 0) {
			memory[bytes - 1] = 3;
			_exit(memory[0]);
		}
		show_end("grandchild", grandchild);
		_exit(memory[bytes - 1]);
	}
	show_end("child", child);
	show("%d %d %d", memory[0], memory[LARGE_PAGE + 5], memory[bytes - 1]);
	munmap(memory, LARGE_PAGE);
	show("rest %d", memory[LARGE_PAGE + 5]);
}

CASE(shared_memory_is_seen_twice_by_one_process)
{
	char *memory = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *again = mremap(memory, 0, 4 * PAGE, MREMAP_MAYMOVE);
	REQUIRE(again != MAP_FAILED);
	memory[3 * PAGE] = 'a';
	again[PAGE] = 'b';
	show("'%c' '%c'", again[3 * PAGE], memory[PAGE]);
	munmap(memory, 4 * PAGE);
	show("'%c'", again[PAGE]);
}

ENDS(shared_memory_does_not_grow_with_its_mapping, 128 + SIGBUS)
{
	char *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memory = mremap(memory, PAGE, 3 * PAGE, MREMAP_MAYMOVE);
	REQUIRE(memory != MAP_FAILED);
	memory[0] = 1;
	memory[2 * PAGE] = 1;
}
