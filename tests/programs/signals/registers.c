/* What a signal handler and a switch of threads must leave alone: registers, vectors, flags, rounding. */
#include "thread.h"

#include <sys/time.h>
#include <ucontext.h>

static volatile int caught;

/* Fills the vector registers with rubbish. */
static void spoil(int number)
{
	(void)number;
	caught++;
	__asm__ volatile("pcmpeqd %%xmm0, %%xmm0\n movdqa %%xmm0, %%xmm1\n movdqa %%xmm0, %%xmm2\n"
			 "movdqa %%xmm0, %%xmm3\n movdqa %%xmm0, %%xmm4\n movdqa %%xmm0, %%xmm5\n"
			 "movdqa %%xmm0, %%xmm6\n movdqa %%xmm0, %%xmm7\n movdqa %%xmm0, %%xmm8\n"
			 "movdqa %%xmm0, %%xmm15\n fninit\n fldpi\n" ::
				 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm15", "st");
}

static void ticks(long microseconds)
{
	struct itimerval timer = {{0, microseconds}, {0, microseconds}};
	struct sigaction action = {.sa_handler = spoil, .sa_flags = SA_RESTART};
	sigaction(SIGALRM, &action, NULL);
	caught = 0;
	REQUIRE(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

static void no_ticks(void)
{
	struct itimerval never = {0};
	setitimer(ITIMER_REAL, &never, NULL);
}

/* Sums whole numbers as floating-point ones: exact, so that any disturbed register shows. */
static double sum_up(long count, double step)
{
	double a = 0, b = 0, c = 0, d = 0;
	for (long i = 0; i < count; i++) {
		a += step;
		b += 2 * step;
		c += 3 * step;
		d -= step;
	}
	return a + b + c + d;
}

CASE(floating_point_survives_handlers)
{
	int wrong = 0;
	ticks(1000);
	while (caught < 30)
		wrong += sum_up(10000, 3) != 10000.0 * 3 * 5;
	no_ticks();
	show("wrong %d", wrong);
}

static long double long_sum(long count)
{
	long double a = 0.5L;
	for (volatile long i = 0; i < count; i++)
		a += 1.0L;
	return a;
}

CASE(x87_registers_survive_handlers)
{
	int wrong = 0;
	ticks(1000);
	while (caught < 30)
		wrong += long_sum(10000) != 10000.5L;
	no_ticks();
	show("wrong %d", wrong);
}

__attribute__((target("avx"))) static int avx_holds(long turns)
{
	static const uint64_t in[4] = {0x1111, 0x2222, 0x3333, 0x4444};
	uint64_t out[4] = {0}, high[4] = {0};
	__asm__ volatile("vmovdqu (%2), %%ymm3\n vmovdqu (%2), %%ymm14\n"
			 "1: dec %3\n jnz 1b\n"
			 "vmovdqu %%ymm3, (%0)\n vmovdqu %%ymm14, (%1)\n vzeroupper\n"
			 : : "r"(out), "r"(high), "r"(in), "r"(turns)
			 : "xmm3", "xmm14", "memory", "cc");
	return memcmp(in, out, sizeof in) == 0 && memcmp(in, high, sizeof in) == 0;
}

__attribute__((target("avx"))) static void spoil_avx(int number)
{
	(void)number;
	caught++;
	__asm__ volatile("vxorps %%ymm3, %%ymm3, %%ymm3\n vxorps %%ymm14, %%ymm14, %%ymm14" : : : "xmm3", "xmm14");
}

CASE(wide_vectors_survive_handlers)
{
	int wrong = 0;
	if (!__builtin_cpu_supports("avx")) {
		show("wrong 0");
		return;
	}
	ticks(1000);
	signal(SIGALRM, spoil_avx);
	while (caught < 30)
		wrong += !avx_holds(100000);
	no_ticks();
	show("wrong %d", wrong);
}

static void *compute(void *argument)
{
	double step = (double)(long)argument;
	long wrong = 0;
	for (int i = 0; i < 300; i++)
		wrong += sum_up(5000, step) != 5000 * step * 5;
	return (void *)wrong;
}

CASE(threads_have_floating_point_registers_of_their_own)
{
	pthread_t threads[8];
	long wrong = 0;
	ticks(1000);
	for (long i = 0; i < 8; i++)
		threads[i] = started(compute, (void *)(i + 1));
	for (int i = 0; i < 8; i++)
		wrong += (long)joined(threads[i]);
	no_ticks();
	show("wrong %ld", wrong);
}

static void *hold_avx(void *argument)
{
	long wrong = 0;
	(void)argument;
	for (int i = 0; i < 200; i++)
		wrong += !avx_holds(20000);
	return (void *)wrong;
}

static void *hold_other(void *argument)
{
	for (int i = 0; i < 200; i++) {
		spoil_avx(0);
		sched_yield();
	}
	return argument;
}

CASE(threads_have_wide_vectors_of_their_own)
{
	pthread_t threads[6];
	long wrong = 0;
	if (__builtin_cpu_supports("avx")) {
		for (int i = 0; i < 6; i++)
			threads[i] = started(i % 2 ? hold_other : hold_avx, NULL);
		for (int i = 0; i < 6; i++)
			wrong += (long)joined(threads[i]);
	}
	show("wrong %ld", wrong);
}

/* The rounding mode of the vector unit, without the mathematical library: bits 13 and 14 of MXCSR. */
enum { NEAREST = 0, DOWNWARD = 1, UPWARD = 2, TOWARD_ZERO = 3 };

static unsigned rounding(void)
{
	return __builtin_ia32_stmxcsr() >> 13 & 3;
}

static void round_by(unsigned mode)
{
	__builtin_ia32_ldmxcsr((__builtin_ia32_stmxcsr() & ~0x6000U) | mode << 13);
}

static unsigned rounding_in_handler;

static void look_at_rounding(int number)
{
	(void)number;
	rounding_in_handler = rounding();
	round_by(UPWARD);
}

CASE(rounding_mode_is_restored_after_a_handler)
{
	signal(SIGUSR1, look_at_rounding);
	round_by(DOWNWARD);
	raise(SIGUSR1);
	show("still downward %d, default in the handler %d", rounding() == DOWNWARD, rounding_in_handler == NEAREST);
	round_by(NEAREST);
}

static void *rounding_of_thread(void *argument)
{
	unsigned *modes = argument;
	modes[0] = rounding();
	round_by(TOWARD_ZERO);
	for (int i = 0; i < 50; i++)
		sched_yield();
	modes[1] = rounding();
	return NULL;
}

CASE(rounding_mode_is_inherited_and_then_a_thread_s_own)
{
	unsigned modes[2];
	round_by(UPWARD);
	joined(started(rounding_of_thread, modes));
	show("inherited %d, kept %d, own unchanged %d", modes[0] == UPWARD, modes[1] == TOWARD_ZERO,
	     rounding() == UPWARD);
	round_by(NEAREST);
}

CASE(child_has_the_parent_s_rounding_mode)
{
	round_by(UPWARD);
	pid_t child = forked();
	if (child == 0)
		_exit(rounding() == UPWARD);
	show_end("child", child);
	round_by(NEAREST);
}

static void change_context(int number, siginfo_t *info, void *context)
{
	ucontext_t *state = context;
	(void)number;
	(void)info;
	state->uc_mcontext.gregs[REG_R12] = 4711;
}

CASE(handler_may_change_a_register_of_the_interrupted)
{
	long value;
	handle(SIGUSR1, change_context, 0);
	register long number __asm__("rax") = SYS_tkill;
	__asm__ volatile("mov $1, %%r12\n syscall\n mov %%r12, %0"
			 : "=r"(value), "+r"(number)
			 : "D"(gettid()), "S"(SIGUSR1)
			 : "r12", "rcx", "r11", "memory");
	show("%ld", value);
}

static void *all_registers(void *argument)
{
	long wrong = 0;
	for (int i = 0; i < 300; i++) {
		long sum;
		__asm__ volatile("mov $1, %%rbx\n mov $2, %%r8\n mov $3, %%r9\n mov $4, %%r10\n mov $5, %%r11\n"
				 "mov $6, %%r12\n mov $7, %%r13\n mov $8, %%r14\n mov $9, %%r15\n mov $10, %%rsi\n mov $11, %%rdi\n"
				 "mov $20000, %%rcx\n 1: dec %%rcx\n jnz 1b\n"
				 "lea (%%rbx,%%r8), %%rax\n add %%r9, %%rax\n add %%r10, %%rax\n add %%r11, %%rax\n add %%r12, %%rax\n"
				 "add %%r13, %%rax\n add %%r14, %%rax\n add %%r15, %%rax\n add %%rsi, %%rax\n add %%rdi, %%rax\n"
				 : "=&a"(sum)
				 :
				 : "rbx", "rcx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc");
		wrong += sum != 66;
	}
	(void)argument;
	return (void *)wrong;
}

CASE(general_registers_survive_switches_and_handlers)
{
	pthread_t threads[4];
	long wrong = 0;
	ticks(1000);
	for (int i = 0; i < 4; i++)
		threads[i] = started(all_registers, NULL);
	for (int i = 0; i < 4; i++)
		wrong += (long)joined(threads[i]);
	no_ticks();
	show("wrong %ld", wrong);
}

static void far_from_the_red_zone(int number)
{
	volatile char area[512];
	(void)number;
	caught++;
	for (size_t i = 0; i < sizeof area; i++)
		area[i] = 0x55;
}

CASE(red_zone_survives_handlers)
{
	long wrong = 0;
	ticks(1000);
	signal(SIGALRM, far_from_the_red_zone);
	while (caught < 30) {
		long value;
		__asm__ volatile("movq $0x1234, -128(%%rsp)\n mov $50000, %%rcx\n 1: dec %%rcx\n jnz 1b\n movq -128(%%rsp), %0"
				 : "=r"(value) : : "rcx", "memory", "cc");
		wrong += value != 0x1234;
	}
	no_ticks();
	show("wrong %ld", wrong);
}
