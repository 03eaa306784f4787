/* membarrier(2), rseq(2), arch_prctl(2) by threads. */
#include "thread.h"

#include <asm/prctl.h>
#include <linux/membarrier.h>

static long membarrier(int command, unsigned flags)
{
	return syscall(SYS_membarrier, command, flags, 0);
}

CASE(membarrier_tells_what_it_can)
{
	long mask = membarrier(MEMBARRIER_CMD_QUERY, 0);
	show("global %d, private expedited %d, its registration %d", (mask & MEMBARRIER_CMD_GLOBAL) != 0,
	     (mask & MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0, (mask & MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) != 0);
	RESULT(membarrier(MEMBARRIER_CMD_QUERY, 1));
	RESULT(membarrier(1 << 20, 0));
	RESULT(membarrier(-1, 0));
}

CASE(private_barrier_must_be_registered)
{
	pid_t child = forked();
	if (child == 0) {
		RESULT(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0));
		RESULT(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0));
		RESULT(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0));
		RESULT(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0));
		RESULT(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0));
		_exit(0);
	}
	show_end("child", child);
}

CASE(global_barrier_succeeds)
{
	RESULT(membarrier(MEMBARRIER_CMD_GLOBAL, 0));
	RESULT(membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0));
	RESULT(membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0));
}

static volatile int x, y, stop;
static int seen_y;

static void *other_side(void *argument)
{
	x = 1;
	__asm__ volatile("" ::: "memory");
	seen_y = y;
	return argument;
}

CASE(private_barrier_orders_the_other_side)
{
	int both_missed = 0;
	REQUIRE(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0) == 0);
	for (int i = 0; i < 50; i++) {
		x = y = 0;
		pthread_t thread = started(other_side, NULL);
		y = 1;
		REQUIRE(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0) == 0);
		int seen_x = x;
		joined(thread);
		both_missed += seen_x == 0 && seen_y == 0;
	}
	show("both missed %d", both_missed);
}

struct area {
	uint32_t cpu_id_start, cpu_id;
	uint64_t section;
	uint32_t flags, node, concurrency, padding;
} __attribute__((aligned(32)));

#define SIGNATURE 0x53053053

static long rseq(struct area *area, unsigned length, int flags, unsigned signature)
{
	return syscall(SYS_rseq, area, length, flags, signature);
}

CASE(rseq_checks_its_arguments)
{
	static struct area area;
	RESULT(rseq(NULL, 32, 0, SIGNATURE));
	RESULT(rseq((struct area *)((char *)&area + 1), 32, 0, SIGNATURE));
	RESULT(rseq(&area, 32, 77, SIGNATURE));
	RESULT(rseq(&area, 32, 1, SIGNATURE));
}

/* A thread that no library has registered. */
static int raw_body(void *argument)
{
	static struct area area, other;
	volatile int *done = argument;
	cpu_set_t set;
	RESULT(rseq(&area, 16, 0, SIGNATURE));
	RESULT(rseq(&area, 32, 0, SIGNATURE));
	RESULT(rseq(&area, 32, 0, SIGNATURE));
	RESULT(rseq(&area, 32, 0, SIGNATURE + 1));
	RESULT(rseq(&other, 32, 0, SIGNATURE));
	sched_yield();
	sched_getaffinity(0, sizeof set, &set);
	show("area holds an allowed CPU %d", CPU_ISSET(area.cpu_id, &set) && area.cpu_id == area.cpu_id_start);
	RESULT(rseq(&area, 32, 1, SIGNATURE + 1));
	RESULT(rseq(&area, 32, 1, SIGNATURE));
	show("area holds no CPU %d", area.cpu_id == (uint32_t)-1);
	RESULT(rseq(&area, 32, 1, SIGNATURE));
	*done = 1;
	syscall(SYS_exit, 0);
	return 0;
}

CASE(rseq_is_registered_once_a_thread)
{
	volatile int done = 0;
	clone(raw_body, anonymous(256 * 1024) + 256 * 1024,
	      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, (void *)&done);
	AWAIT(done);
	settle();
}

/* Runs in a restartable sequence until the kernel takes it to the abort label. */
static int aborted_body(void *argument)
{
	static struct area area;
	static struct {
		uint32_t version, flags;
		uint64_t start, length, abort;
	} section __attribute__((aligned(32)));
	volatile int *done = argument;
	uint64_t start, end, abort_at;
	if (rseq(&area, 32, 0, SIGNATURE) != 0) {
		*done = 2;
		syscall(SYS_exit, 0);
	}
	__asm__ volatile("lea 1f(%%rip), %0\n lea 2f(%%rip), %1\n lea 3f(%%rip), %2\n"
			 "mov %0, 8(%3)\n"
			 "mov %1, %%rax\n sub %0, %%rax\n mov %%rax, 16(%3)\n"
			 "mov %2, 24(%3)\n"
			 "mov %3, 8(%4)\n"
			 "1: pause\n jmp 1b\n"
			 "2: ud2\n"
			 ".long 0x53053053\n"
			 "3:\n"
			 : "=&r"(start), "=&r"(end), "=&r"(abort_at)
			 : "r"(&section), "r"(&area)
			 : "rax", "memory");
	*done = area.section == 0 ? 1 : 3;
	rseq(&area, 32, 1, SIGNATURE);
	syscall(SYS_exit, 0);
	return 0;
}

static void *burn(void *argument)
{
	while (!stop)
		;
	return argument;
}

CASE(preemption_aborts_a_restartable_sequence)
{
	volatile int done = 0;
	cpu_set_t all, one;
	REQUIRE(sched_getaffinity(0, sizeof all, &all) == 0);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
	stop = 0;
	pthread_t competitor = started(burn, NULL);
	clone(aborted_body, anonymous(256 * 1024) + 256 * 1024,
	      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, (void *)&done);
	AWAIT(done);
	stop = 1;
	joined(competitor);
	show("aborted %d", done);
	sched_setaffinity(0, sizeof all, &all);
	settle();
}

static void *bases(void *argument)
{
	unsigned long *seen = argument, word = 0;
	static unsigned long words[2] = {11, 22};
	syscall(SYS_arch_prctl, ARCH_GET_FS, &seen[0]);
	syscall(SYS_arch_prctl, ARCH_GET_GS, &seen[1]);
	syscall(SYS_arch_prctl, ARCH_SET_GS, words);
	for (int i = 0; i < 100; i++)
		sched_yield();
	__asm__ volatile("mov %%gs:8, %0" : "=r"(word));
	seen[2] = word;
	return NULL;
}

CASE(segment_bases_belong_to_threads)
{
	static unsigned long words[2] = {33, 44};
	unsigned long one[3], two[3], own, word = 0;
	RESULT(syscall(SYS_arch_prctl, ARCH_SET_GS, words));
	pthread_t first = started(bases, one), second = started(bases, two);
	joined(first);
	joined(second);
	syscall(SYS_arch_prctl, ARCH_GET_FS, &own);
	__asm__ volatile("mov %%gs:8, %0" : "=r"(word));
	show("all FS differ %d, GS worked %lu %lu %lu", one[0] != own && two[0] != own, one[2], two[2], word);
	show("GS is inherited %d", one[1] == (unsigned long)words);
	RESULT(syscall(SYS_arch_prctl, ARCH_SET_GS, 0));
}

CASE(cpuid_faulting_state_is_told)
{
	RESULT(syscall(SYS_arch_prctl, ARCH_GET_CPUID, 0));
	RESULT(syscall(SYS_arch_prctl, 0x7777, 0));
	RESULT(syscall(SYS_arch_prctl, ARCH_GET_GS, 16));
	RESULT(syscall(SYS_arch_prctl, ARCH_SET_GS, 0x800000000000));
}
