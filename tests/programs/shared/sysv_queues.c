/* semget(2), semop(2), semctl(2), msgget(2), msgsnd(2), msgrcv(2). */
#include "process.h"

#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>

union argument {
	int value;
	struct semid_ds *state;
	unsigned short *array;
};

static int semaphores(int count)
{
	int id = semget(IPC_PRIVATE, count, IPC_CREAT | 0600);
	REQUIRE(id >= 0);
	return id;
}

static int operate(int id, int number, int change, int flags)
{
	struct sembuf operation = {(unsigned short)number, (short)change, (short)flags};
	return semop(id, &operation, 1);
}

CASE(semaphores_are_set_and_read)
{
	unsigned short values[3] = {4, 5, 6}, now[3];
	int id = semaphores(3);
	RESULT(semctl(id, 0, GETVAL));
	RESULT(semctl(id, 0, SETALL, (union argument){.array = values}));
	RESULT(semctl(id, 1, SETVAL, (union argument){.value = 9}));
	RESULT(semctl(id, 0, GETALL, (union argument){.array = now}));
	show("%u %u %u", now[0], now[1], now[2]);
	RESULT(semctl(id, 0, GETPID) == getpid());
	RESULT(semctl(id, 0, IPC_RMID));
	RESULT(semctl(id, 0, GETVAL));
}

CASE(semaphore_operations_count)
{
	int id = semaphores(1);
	RESULT(operate(id, 0, 3, 0));
	RESULT(operate(id, 0, -2, 0));
	RESULT(operate(id, 0, -2, IPC_NOWAIT));
	RESULT(operate(id, 0, 0, IPC_NOWAIT));
	RESULT(operate(id, 0, -1, 0));
	RESULT(operate(id, 0, 0, 0));
	RESULT(operate(id, 1, 1, 0));
	RESULT(operate(id, 0, 32767, 0));
	RESULT(operate(id, 0, 1, 0));
	semctl(id, 0, IPC_RMID);
}

CASE(several_operations_happen_together)
{
	int id = semaphores(2);
	struct sembuf both[2] = {{0, -1, IPC_NOWAIT}, {1, -1, IPC_NOWAIT}};
	semctl(id, 0, SETVAL, (union argument){.value = 1});
	RESULT(semop(id, both, 2));
	show("first untouched %d", semctl(id, 0, GETVAL));
	semctl(id, 1, SETVAL, (union argument){.value = 1});
	RESULT(semop(id, both, 2));
	show("both taken %d %d", semctl(id, 0, GETVAL), semctl(id, 1, GETVAL));
	RESULT(semop(id, both, 0));
	semctl(id, 0, IPC_RMID);
}

CASE(child_waits_for_a_semaphore)
{
	int id = semaphores(2);
	pid_t child = forked();
	if (child == 0) {
		REQUIRE(operate(id, 0, -1, 0) == 0 && operate(id, 1, 1, 0) == 0);
		_exit(7);
	}
	AWAIT(semctl(id, 0, GETNCNT) == 1);
	RESULT(operate(id, 0, 1, 0));
	RESULT(operate(id, 1, -1, 0));
	show_end("child", child);
	semctl(id, 0, IPC_RMID);
}

CASE(operations_are_undone_at_exit)
{
	int id = semaphores(1);
	semctl(id, 0, SETVAL, (union argument){.value = 5});
	pid_t child = forked();
	if (child == 0) {
		REQUIRE(operate(id, 0, -3, SEM_UNDO) == 0);
		_exit(semctl(id, 0, GETVAL));
	}
	show_end("child", child);
	show("value %d", semctl(id, 0, GETVAL));
	semctl(id, 0, IPC_RMID);
}

CASE(removal_wakes_the_waiting)
{
	int id = semaphores(1);
	pid_t child = forked();
	if (child == 0) {
		RESULT(operate(id, 0, -1, 0));
		_exit(0);
	}
	AWAIT(semctl(id, 0, GETNCNT) == 1);
	REQUIRE(semctl(id, 0, IPC_RMID) == 0);
	show_end("child", child);
}

CASE(wait_for_a_semaphore_times_out)
{
	int id = semaphores(1);
	struct sembuf operation = {0, -1, 0};
	struct timespec time = {0, 20000000};
	RESULT(semtimedop(id, &operation, 1, &time));
	time.tv_nsec = -1;
	RESULT(semtimedop(id, &operation, 1, &time));
	semctl(id, 0, IPC_RMID);
}

struct message {
	long type;
	char text[64];
};

static int queue(void)
{
	int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
	REQUIRE(id >= 0);
	return id;
}

static void put(int id, long type, const char *text)
{
	struct message message = {.type = type};
	strcpy(message.text, text);
	REQUIRE(msgsnd(id, &message, strlen(text) + 1, 0) == 0);
}

static void take(int id, long type, int flags)
{
	struct message message = {0};
	ssize_t length = msgrcv(id, &message, sizeof message.text, type, flags);
	if (length == -1)
		show("%s", error_name(errno));
	else
		show("type %ld, length %zd, '%s'", message.type, length, message.text);
}

CASE(messages_are_taken_by_type)
{
	int id = queue();
	put(id, 3, "three");
	put(id, 1, "one");
	put(id, 2, "two");
	put(id, 1, "another one");
	take(id, 1, 0);
	take(id, -2, 0);
	take(id, 0, 0);
	put(id, 4, "four");
	take(id, 2, MSG_EXCEPT);
	take(id, 3, IPC_NOWAIT);
	take(id, 2, 0);
	RESULT(msgctl(id, IPC_RMID, NULL));
	take(id, 0, 0);
}

CASE(messages_that_do_not_fit)
{
	struct message message;
	int id = queue();
	put(id, 1, "a long message");
	RESULT(msgrcv(id, &message, 5, 0, 0));
	RESULT(msgrcv(id, &message, 5, 0, MSG_NOERROR));
	message.type = 0;
	RESULT(msgsnd(id, &message, 1, 0));
	message.type = 1;
	RESULT(msgsnd(id, &message, 1 << 20, 0));
	RESULT(msgsnd(id, (void *)16, 1, 0));
	RESULT(msgget(0x4c574b99, 0));
	msgctl(id, IPC_RMID, NULL);
}

CASE(child_sends_messages)
{
	int id = queue();
	pid_t child = forked();
	if (child == 0) {
		settle();
		for (int i = 0; i < 3; i++)
			put(id, i + 1, "from the child");
		_exit(0);
	}
	for (int i = 0; i < 3; i++)
		take(id, 0, 0);
	show_end("child", child);
	struct msqid_ds state;
	RESULT(msgctl(id, IPC_STAT, &state));
	show("left %ld, last sender right %d", (long)state.msg_qnum, state.msg_lspid == child);
	msgctl(id, IPC_RMID, NULL);
}

CASE(full_queue_would_block)
{
	struct message message = {.type = 1};
	int id = queue(), sent = 0;
	struct msqid_ds state;
	REQUIRE(msgctl(id, IPC_STAT, &state) == 0);
	state.msg_qbytes = 320;
	RESULT(msgctl(id, IPC_SET, &state));
	while (sent < 100 && msgsnd(id, &message, 64, IPC_NOWAIT) == 0)
		sent++;
	show("sent %d, then %s", sent, error_name(errno));
	msgctl(id, IPC_RMID, NULL);
}
