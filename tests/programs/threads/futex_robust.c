/* set_robust_list(2): what becomes of the words of threads that end. The lists are hand-made, so that nothing of the C library helps. */
#include "futex.h"

#include <stddef.h>

#define OFFSET ((long)offsetof(struct entry, word))

struct entry {
	struct robust_list link;
	word_t word;
};

/* What a thread leaves behind: `count` entries and perhaps one in work. */
struct estate {
	struct robust_list_head head;
	struct entry *entries;
	size_t count;
	struct entry *pending;
	/* Added to each pointer: 1 says that the lock is one with a known owner. */
	uintptr_t kind;
	/* What its words hold besides the tid. */
	uint32_t bits;
	/* The words are somebody else's. */
	int foreign;
	uint32_t tid;
};

static struct robust_list *pointer(struct estate *estate, struct entry *entry)
{
	return (struct robust_list *)((uintptr_t)&entry->link + estate->kind);
}

static void make_list(struct estate *estate)
{
	struct robust_list *next = &estate->head.list;
	estate->tid = own_tid();
	uint32_t owner = (estate->foreign ? NOBODY : estate->tid) | estate->bits;
	for (size_t i = estate->count; i-- > 0;) {
		estate->entries[i].link.next = next;
		estate->entries[i].word = owner;
		next = pointer(estate, &estate->entries[i]);
	}
	estate->head.list.next = next;
	estate->head.futex_offset = OFFSET;
	estate->head.list_op_pending = estate->pending == NULL ? NULL : pointer(estate, estate->pending);
}

static void *leaves(void *argument)
{
	struct estate *estate = argument;
	make_list(estate);
	REQUIRE(syscall(SYS_set_robust_list, &estate->head, sizeof estate->head) == 0);
	return NULL;
}

static void leave_and_show(const char *what, struct estate *estate)
{
	joined(started(leaves, estate));
	for (size_t i = 0; i < estate->count; i++)
		show_word(what, estate->entries[i].word, estate->foreign ? NOBODY : estate->tid);
}

CASE(the_list_is_registered)
{
	struct robust_list_head head, *found = NULL;
	size_t length = 0;
	void *before;
	REQUIRE(syscall(SYS_get_robust_list, 0, &before, &length) == 0);
	RESULT(syscall(SYS_set_robust_list, &head, sizeof head - 1));
	RESULT(syscall(SYS_set_robust_list, &head, sizeof head + 1));
	RESULT(syscall(SYS_set_robust_list, &head, 0L));
	RESULT(syscall(SYS_set_robust_list, &head, sizeof head));
	length = 0;
	RESULT(syscall(SYS_get_robust_list, 0, &found, &length));
	show("ours %d, %zu bytes", found == &head, length);
	RESULT(syscall(SYS_get_robust_list, own_tid(), &found, &length));
	RESULT(syscall(SYS_get_robust_list, NOBODY, &found, &length));
	RESULT(syscall(SYS_get_robust_list, 0, (void *)8, &length));
	RESULT(syscall(SYS_get_robust_list, 0, &found, (void *)8));
	RESULT(syscall(SYS_set_robust_list, (void *)8, sizeof head));
	REQUIRE(syscall(SYS_set_robust_list, before, sizeof head) == 0);
}

static void *registered(void *argument)
{
	static struct robust_list_head head;
	static word_t never;
	volatile uint32_t *tid = argument;
	head.list.next = &head.list;
	REQUIRE(syscall(SYS_set_robust_list, &head, sizeof head) == 0);
	tid[1] = (uint32_t)((uintptr_t)&head & 0xffffffff);
	tid[0] = own_tid();
	futex(&never, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	return NULL;
}

CASE(the_list_of_another_thread_is_told)
{
	volatile uint32_t told[2] = {0};
	void *found = NULL;
	size_t length = 0;
	pthread_t thread;
	REQUIRE(pthread_create(&thread, NULL, registered, (void *)told) == 0);
	AWAIT(told[0] != 0);
	RESULT(syscall(SYS_get_robust_list, told[0], &found, &length));
	show("the other's %d", (uint32_t)(uintptr_t)found == told[1]);
	REQUIRE(pthread_detach(thread) == 0);
}

CASE(words_of_the_dead_are_marked)
{
	struct entry entries[3];
	struct estate estate = {.entries = entries, .count = 3};
	leave_and_show("held", &estate);
	estate.bits = FUTEX_WAITERS;
	leave_and_show("waited for", &estate);
	estate.bits = FUTEX_OWNER_DIED;
	leave_and_show("inherited", &estate);
	estate.foreign = 1;
	estate.bits = FUTEX_WAITERS;
	leave_and_show("another's", &estate);
}

CASE(one_waiter_is_woken)
{
	struct entry entry;
	struct estate estate = {.entries = &entry, .count = 1, .bits = FUTEX_WAITERS};
	struct caller callers[2];
	entry.word = 0;
	for (int i = 0; i < 2; i++) {
		callers[i] = (struct caller){.word = &entry.word, .operation = FUTEX_WAIT};
		begin_call(&callers[i]);
		AWAIT_WAITERS(&entry.word, 0, i + 1);
	}
	leave_and_show("word", &estate);
	AWAIT(how_many_returned(callers, 2) == 1);
	show("returned: %s", who_returned(callers, 2));
	RESULT(futex(&entry.word, FUTEX_WAKE, 9, NULL, NULL, 0));
	show_call("first", &callers[0]);
	show_call("second", &callers[1]);
}

/* How many wait for a word after the end of a thread for which one waited. */
static void still_waiting(const char *what, struct estate *estate, int flag)
{
	struct entry *entry = estate->count == 0 ? estate->pending : estate->entries;
	struct caller caller = {.word = &entry->word, .operation = FUTEX_WAIT | flag};
	entry->word = 0;
	begin_call(&caller);
	AWAIT_WAITERS(&entry->word, flag, 1);
	leave_and_show(what, estate);
	show("%s: %ld wait", what, waiters(&entry->word, flag));
	futex(&entry->word, FUTEX_WAKE | flag, 9, NULL, NULL, 0);
	joined(caller.thread);
}

CASE(nobody_is_woken_without_need)
{
	struct entry entry;
	struct estate estate = {.entries = &entry, .count = 1};
	still_waiting("nobody said that he waits", &estate, 0);
	estate.bits = FUTEX_WAITERS;
	still_waiting("private waiters", &estate, FUTEX_PRIVATE_FLAG);
	estate.kind = 1;
	still_waiting("a lock with a known owner", &estate, 0);
	estate.kind = 0;
	estate.foreign = 1;
	still_waiting("another's", &estate, 0);
}

CASE(an_entry_in_work_counts)
{
	struct entry entry = {.word = 0};
	struct estate estate = {.pending = &entry};
	still_waiting("unlocked, not woken", &estate, 0);
	estate.kind = 1;
	still_waiting("with a known owner", &estate, 0);
}

static void *leaves_pending(void *argument)
{
	struct estate *estate = argument;
	make_list(estate);
	estate->pending->word = estate->tid;
	REQUIRE(syscall(SYS_set_robust_list, &estate->head, sizeof estate->head) == 0);
	return NULL;
}

CASE(an_entry_in_work_is_marked)
{
	struct entry entry = {.word = 0};
	struct estate estate = {.pending = &entry};
	joined(started(leaves_pending, &estate));
	show_word("pending", entry.word, estate.tid);
}

static void *leaves_a_ring(void *argument)
{
	struct estate *estate = argument;
	make_list(estate);
	estate->entries[estate->count - 1].link.next = &estate->entries[0].link;
	REQUIRE(syscall(SYS_set_robust_list, &estate->head, sizeof estate->head) == 0);
	return NULL;
}

CASE(a_ring_ends)
{
	struct entry entries[3];
	struct estate estate = {.entries = entries, .count = 3};
	joined(started(leaves_a_ring, &estate));
	for (size_t i = 0; i < 3; i++)
		show_word("in a ring", entries[i].word, estate.tid);
}

CASE(long_lists_are_cut)
{
	enum { LONG = 3000 };
	static struct entry entries[LONG];
	struct estate estate = {.entries = entries, .count = LONG};
	joined(started(leaves, &estate));
	int marked = 0;
	for (size_t i = 0; i < LONG; i++)
		marked += entries[i].word == FUTEX_OWNER_DIED;
	show("%d marked, the first %d, the last %d", marked, entries[0].word == FUTEX_OWNER_DIED,
	     entries[LONG - 1].word == FUTEX_OWNER_DIED);
}

static void *leaves_a_hole(void *argument)
{
	struct estate *estate = argument;
	make_list(estate);
	estate->entries[1].link.next = (struct robust_list *)8;
	REQUIRE(syscall(SYS_set_robust_list, &estate->head, sizeof estate->head) == 0);
	return NULL;
}

static void *leaves_an_odd_place(void *argument)
{
	struct estate *estate = argument;
	make_list(estate);
	estate->head.futex_offset = OFFSET + 2;
	REQUIRE(syscall(SYS_set_robust_list, &estate->head, sizeof estate->head) == 0);
	return NULL;
}

static void *leaves_no_list(void *argument)
{
	REQUIRE(syscall(SYS_set_robust_list, (void *)8, sizeof(struct robust_list_head)) == 0);
	return argument;
}

CASE(broken_lists_end_where_they_break)
{
	struct entry entries[3];
	struct estate estate = {.entries = entries, .count = 3};
	joined(started(leaves_a_hole, &estate));
	for (size_t i = 0; i < 3; i++)
		show_word("before a hole", entries[i].word, estate.tid);
	joined(started(leaves_an_odd_place, &estate));
	for (size_t i = 0; i < 3; i++)
		show_word("misaligned", entries[i].word, estate.tid);
	joined(started(leaves_no_list, NULL));
}

/* A child that owns a word of shared memory and ends. */
static void dies_owning(const char *what, void (*end)(void))
{
	struct entry *entry = (struct entry *)shared_words();
	volatile uint32_t *tid = (volatile uint32_t *)(entry + 1);
	struct caller caller = {.word = &entry->word, .operation = FUTEX_WAIT, .value = 1};
	entry->word = 1;
	begin_call(&caller);
	AWAIT_WAITERS(&entry->word, 0, 1);
	pid_t child = forked();
	if (child == 0) {
		static struct estate estate;
		estate = (struct estate){.entries = entry, .count = 1, .bits = FUTEX_WAITERS};
		leaves(&estate);
		*tid = estate.tid;
		end();
	}
	show_end(what, child);
	show_call(what, &caller);
	show_word(what, entry->word, *tid);
}

static void exits(void)
{
	_exit(3);
}

static void is_killed(void)
{
	raise(SIGKILL);
}

static void executes(void)
{
	execl("/bin/true", "true", NULL);
}

CASE(processes_leave_words_too)
{
	dies_owning("exit", exits);
	dies_owning("SIGKILL", is_killed);
	dies_owning("another program", executes);
}

CASE(a_robust_mutex_of_a_killed_process_is_recovered)
{
	pthread_mutexattr_t attributes;
	pthread_mutex_t *mutex = (pthread_mutex_t *)shared_words();
	volatile int *locked = shared_words();
	REQUIRE(pthread_mutexattr_init(&attributes) == 0);
	REQUIRE(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0);
	REQUIRE(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0);
	REQUIRE(pthread_mutex_init(mutex, &attributes) == 0);
	pid_t child = forked();
	if (child == 0) {
		REQUIRE(pthread_mutex_lock(mutex) == 0);
		*locked = 1;
		for (;;)
			pause();
	}
	AWAIT(*locked);
	ERROR(pthread_mutex_trylock(mutex));
	REQUIRE(kill(child, SIGKILL) == 0);
	ERROR(pthread_mutex_lock(mutex));
	ERROR(pthread_mutex_consistent(mutex));
	ERROR(pthread_mutex_unlock(mutex));
	ERROR(pthread_mutex_lock(mutex));
	ERROR(pthread_mutex_unlock(mutex));
	show_end("child", child);
}
