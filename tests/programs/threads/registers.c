/* Vector and floating-point registers belong to the thread, whoever runs on its processor in between. */
#include "thread.h"

#include <cpuid.h>

enum { THREADS = 6, ROUNDS = 300, REGISTERS = 8, WORDS = 4 };

/* What one thread's registers hold, in a round. */
struct vectors {
	uint64_t words[REGISTERS][WORDS];
};

static pthread_barrier_t beginning;
static int wrong[THREADS];

static int has_avx(void)
{
	unsigned a, b, c = 0, d;
	return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_AVX) && (c & bit_OSXSAVE);
}

static uint64_t value_of(int thread, int round, int reg, int word)
{
	return 0x9e3779b97f4a7c15U * (uint64_t)(((thread * ROUNDS + round) * REGISTERS + reg) * WORDS + word + 1);
}

/* Loads all of `in`, or clears them if `cleared`, gives the processor away and says what they hold then. */
__attribute__((target("avx"), noinline)) static void keep(const struct vectors *in, struct vectors *out, int cleared)
{
	long call = SYS_sched_yield;
	asm volatile("vmovdqu (%[in]), %%ymm0; vmovdqu 32(%[in]), %%ymm1; vmovdqu 64(%[in]), %%ymm2; vmovdqu 96(%[in]), %%ymm3\n"
		     "vmovdqu 128(%[in]), %%ymm4; vmovdqu 160(%[in]), %%ymm5; vmovdqu 192(%[in]), %%ymm6; vmovdqu 224(%[in]), %%ymm7\n"
		     "test %[cleared], %[cleared]; jz 1f; vzeroall\n"
		     "1: syscall\n"
		     "vmovdqu %%ymm0, (%[out]); vmovdqu %%ymm1, 32(%[out]); vmovdqu %%ymm2, 64(%[out]); vmovdqu %%ymm3, 96(%[out])\n"
		     "vmovdqu %%ymm4, 128(%[out]); vmovdqu %%ymm5, 160(%[out]); vmovdqu %%ymm6, 192(%[out]); vmovdqu %%ymm7, 224(%[out])\n"
		     : "+a"(call)
		     : [in] "r"(in), [out] "r"(out), [cleared] "r"(cleared)
		     : "rcx", "r11", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
		       "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

static int is_kept(int thread, int round)
{
	struct vectors in, out;
	int cleared = (thread + round) % 3 == 0;
	for (int reg = 0; reg < REGISTERS; reg++)
		for (int word = 0; word < WORDS; word++)
			in.words[reg][word] = value_of(thread, round, reg, word);
	keep(&in, &out, cleared);
	if (cleared)
		memset(&in, 0, sizeof in);
	return memcmp(&in, &out, sizeof in) == 0;
}

static void *hold_vectors(void *argument)
{
	int thread = (int)(intptr_t)argument;
	pthread_barrier_wait(&beginning);
	for (int round = 0; round < ROUNDS; round++)
		wrong[thread] += !is_kept(thread, round);
	return NULL;
}

static void *hold_modes(void *argument)
{
	int thread = (int)(intptr_t)argument;
	uint16_t control = (uint16_t)(0x037f | (thread & 3) << 10), seen_control;
	uint32_t mode = 0x1f80 | (uint32_t)(thread & 3) << 13, seen_mode;
	asm volatile("fldcw %0; ldmxcsr %1" : : "m"(control), "m"(mode));
	pthread_barrier_wait(&beginning);
	for (int round = 0; round < ROUNDS; round++) {
		syscall(SYS_sched_yield);
		asm volatile("fnstcw %0; stmxcsr %1" : "=m"(seen_control), "=m"(seen_mode));
		wrong[thread] += seen_control != control || (seen_mode & ~0x3fU) != mode;
	}
	return NULL;
}

static void with_threads(void *(*body)(void *))
{
	pthread_t threads[THREADS];
	memset(wrong, 0, sizeof wrong);
	REQUIRE(pthread_barrier_init(&beginning, NULL, THREADS) == 0);
	for (int thread = 0; thread < THREADS; thread++)
		threads[thread] = started(body, (void *)(intptr_t)thread);
	for (int thread = 0; thread < THREADS; thread++) {
		REQUIRE(pthread_join(threads[thread], NULL) == 0);
		show("thread %d: %d of %d rounds wrong", thread, wrong[thread], ROUNDS);
	}
	pthread_barrier_destroy(&beginning);
}

CASE(vector_registers_are_the_threads_own)
{
	if (has_avx())
		with_threads(hold_vectors);
}

CASE(rounding_modes_are_the_threads_own)
{
	with_threads(hold_modes);
}
