/* pthread_create(3), pthread_join(3), pthread_detach(3), pthread_exit(3) and their relatives. */
#include "thread.h"

static void *same(void *argument)
{
	return argument;
}

static void *slow(void *argument)
{
	AWAIT(*(volatile int *)argument);
	return argument;
}

CASE(join_returns_what_the_thread_returned)
{
	show("%ld", (long)joined(started(same, (void *)4711)));
}

static int leave_deep(int depth)
{
	if (depth == 0)
		pthread_exit((void *)77);
	return depth < 0 ? 0 : 1 + leave_deep(depth - 1);
}

static void *nest(void *argument)
{
	return (void *)(long)leave_deep((int)(long)argument);
}

CASE(exit_from_a_nested_function_ends_the_thread)
{
	show("%ld", (long)joined(started(nest, (void *)20)));
}

static void *write_words(void *argument)
{
	int *words = argument;
	for (int i = 0; i < 1000; i++)
		words[i] = i * 3;
	return NULL;
}

CASE(thread_writes_memory_of_its_creator)
{
	int words[1000] = {0}, right = 0;
	joined(started(write_words, words));
	for (int i = 0; i < 1000; i++)
		right += words[i] == i * 3;
	show("right %d", right);
}

static void *report_ids(void *argument)
{
	pid_t *ids = argument;
	ids[0] = getpid();
	ids[1] = gettid();
	ids[2] = getppid();
	return NULL;
}

CASE(threads_share_the_process_and_differ_in_thread)
{
	pid_t one[3], two[3];
	pthread_t other = started(report_ids, one);
	joined(other);
	joined(started(report_ids, two));
	show("same process %d, same parent %d", one[0] == getpid() && two[0] == getpid(), one[2] == getppid());
	show("differs from the main thread %d", one[1] != gettid() && two[1] != gettid());
	show("main thread is the process %d", gettid() == getpid());
}

static void *is_self(void *argument)
{
	pthread_t *said = argument;
	*said = pthread_self();
	return NULL;
}

CASE(self_is_what_create_stored)
{
	pthread_t said, thread = started(is_self, &said);
	joined(thread);
	show("equal %d, differs from main %d", pthread_equal(thread, said) != 0, !pthread_equal(thread, pthread_self()));
}

CASE(try_join_says_busy_until_the_end)
{
	volatile int go = 0;
	void *result;
	pthread_t thread = started(slow, (void *)&go);
	ERROR(pthread_tryjoin_np(thread, &result));
	go = 1;
	int error;
	AWAIT((error = pthread_tryjoin_np(thread, &result)) != EBUSY);
	show("%d, result right %d", error, result == (void *)&go);
}

CASE(timed_join_times_out)
{
	volatile int go = 0;
	struct timespec until = in_milliseconds(CLOCK_REALTIME, 30);
	pthread_t thread = started(slow, (void *)&go);
	ERROR(pthread_timedjoin_np(thread, NULL, &until));
	go = 1;
	until = in_milliseconds(CLOCK_REALTIME, 20000);
	ERROR(pthread_timedjoin_np(thread, NULL, &until));
}

#ifdef __GLIBC__
/* To join oneself, or a detached thread, is a mistake that only glibc finds. */
CASE(join_of_oneself_is_a_deadlock)
{
	ERROR(pthread_join(pthread_self(), NULL));
}
#endif

static void *detach_oneself(void *argument)
{
	volatile int *done = argument;
	int error = pthread_detach(pthread_self());
	*done = error == 0 ? 1 : 2;
	return NULL;
}

CASE(thread_may_detach_itself)
{
	volatile int done = 0;
	started(detach_oneself, (void *)&done);
	AWAIT(done);
	show("done %d", done);
}

#ifdef __GLIBC__
static void *wait_for_two(void *argument)
{
	volatile int *stage = argument;
	AWAIT(*stage == 1);
	*stage = 2;
	return NULL;
}

CASE(detached_thread_cannot_be_joined)
{
	volatile int stage = 0;
	pthread_t thread = started(wait_for_two, (void *)&stage);
	ERROR(pthread_detach(thread));
	ERROR(pthread_join(thread, NULL));
	ERROR(pthread_detach(thread));
	stage = 1;
	AWAIT(stage == 2);
}
#endif

static void *start_another(void *argument)
{
	long depth = (long)argument;
	if (depth == 0)
		return (void *)1;
	return (void *)(1 + (long)joined(started(start_another, (void *)(depth - 1))));
}

CASE(threads_start_threads)
{
	show("%ld", (long)joined(started(start_another, (void *)9)));
}

static void *mask_of(void *argument)
{
	(void)argument;
	return (void *)(long)(is_blocked(SIGUSR1) + is_blocked(SIGRTMIN + 3) * 2 + is_blocked(SIGUSR2) * 4);
}

CASE(creation_inherits_the_signal_mask)
{
	block(SIGUSR1);
	block(SIGRTMIN + 3);
	long inherited = (long)joined(started(mask_of, NULL));
	unblock(SIGUSR1);
	unblock(SIGRTMIN + 3);
	show("blocked %ld, then %ld", inherited, (long)joined(started(mask_of, NULL)));
}

CASE(names_belong_to_threads)
{
	volatile int go = 0;
	char name[16] = "", own[16] = "", own_after[16] = "";
	pthread_getname_np(pthread_self(), own, sizeof own);
	pthread_t thread = started(slow, (void *)&go);
	ERROR(pthread_setname_np(thread, "other"));
	ERROR(pthread_setname_np(thread, "a name that is too long"));
	ERROR(pthread_getname_np(thread, name, sizeof name));
	ERROR(pthread_getname_np(thread, name, 4));
	pthread_getname_np(pthread_self(), own_after, sizeof own_after);
	show("%s; own name unchanged %d", name, strcmp(own, own_after) == 0);
	go = 1;
	joined(thread);
}

static void *cpu_clock(void *argument)
{
	struct timespec *used = argument;
	for (volatile int i = 0; i < 1000000; i++)
		;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, used);
	return NULL;
}

CASE(cpu_clock_of_a_thread_starts_at_its_birth)
{
	struct timespec before, used, process;
	for (volatile int i = 0; i < 30000000; i++)
		;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
	joined(started(cpu_clock, &used));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &process);
	long main_used = before.tv_sec * 1000000000 + before.tv_nsec;
	long thread_used = used.tv_sec * 1000000000 + used.tv_nsec;
	show("used something %d, less than the main thread %d", thread_used > 0, thread_used < main_used);
	show("process used both %d", process.tv_sec * 1000000000 + process.tv_nsec >= main_used + thread_used);
}

CASE(cpu_clock_of_another_thread_can_be_read)
{
	volatile int go = 0;
	clockid_t clock;
	struct timespec time;
	pthread_t thread = started(slow, (void *)&go);
	ERROR(pthread_getcpuclockid(thread, &clock));
	RESULT(clock_gettime(clock, &time));
	go = 1;
	joined(thread);
}

static void *add(void *argument)
{
	static __thread long own;
	for (int i = 0; i < 20000; i++) {
		own++;
		__atomic_add_fetch((long *)argument, 1, __ATOMIC_SEQ_CST);
	}
	return (void *)own;
}

CASE(atomic_additions_are_not_lost)
{
	long sum = 0, own = 0;
	pthread_t threads[8];
	for (size_t i = 0; i < COUNT(threads); i++)
		threads[i] = started(add, &sum);
	for (size_t i = 0; i < COUNT(threads); i++)
		own += (long)joined(threads[i]);
	show("sum %ld, own %ld", sum, own);
}

static void *take_turns(void *argument)
{
	struct { volatile int turn; int order[40]; int filled; } *table = *(void **)argument;
	int mine = (int)(long)((void **)argument)[1];
	for (int i = 0; i < 10; i++) {
		while (table->turn % 4 != mine)
			sched_yield();
		table->order[table->filled++] = mine;
		__atomic_add_fetch(&table->turn, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

CASE(spinning_threads_that_yield_take_turns)
{
	struct { volatile int turn; int order[40]; int filled; } table = {0};
	void *arguments[4][2];
	pthread_t threads[4];
	for (long i = 0; i < 4; i++) {
		arguments[i][0] = &table;
		arguments[i][1] = (void *)i;
		threads[i] = started(take_turns, arguments[i]);
	}
	for (int i = 0; i < 4; i++)
		joined(threads[i]);
	int right = 0;
	for (int i = 0; i < 40; i++)
		right += table.order[i] == i % 4;
	show("turns in order %d of %d", right, table.filled);
}

static void *spin_for(void *argument)
{
	while (!__atomic_load_n((int *)argument, __ATOMIC_SEQ_CST))
		;
	return argument;
}

CASE(spinning_threads_that_do_not_yield_are_preempted)
{
	int go = 0;
	pthread_t threads[6];
	for (size_t i = 0; i < COUNT(threads); i++)
		threads[i] = started(spin_for, &go);
	pause_for(20);
	__atomic_store_n(&go, 1, __ATOMIC_SEQ_CST);
	for (size_t i = 0; i < COUNT(threads); i++)
		joined(threads[i]);
	show("all ended");
}
