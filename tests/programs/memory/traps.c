/* Exceptions other than page faults: their signals, codes and addresses. */
#include "fault.h"

#include <sys/ucontext.h>

static void divide(void *unused)
{
	(void)unused;
	__asm__ volatile("xor %%ecx, %%ecx\n xor %%edx, %%edx\n div %%ecx" ::: "eax", "ecx", "edx");
}

static void divide_overflow(void *unused)
{
	(void)unused;
	__asm__ volatile("mov $0x80000000, %%eax\n cltd\n mov $-1, %%ecx\n idiv %%ecx" ::: "eax", "ecx", "edx");
}

static void divide_sse(void *unused)
{
	(void)unused;
	unsigned control = 0x1f80 & ~0x200U;
	double one = 1, nothing = 0;
	__asm__ volatile("ldmxcsr %0\n divsd %2, %1" : : "m"(control), "x"(one), "x"(nothing));
}

static void divide_x87(void *unused)
{
	(void)unused;
	unsigned short control = 0x037f & ~4;
	__asm__ volatile("fldcw %0\n fld1\n fldz\n fdivrp\n fwait" : : "m"(control));
}

static void undefined(void *unused)
{
	(void)unused;
	__asm__ volatile("ud2");
}

static void not_in_long_mode(void *unused)
{
	(void)unused;
	__asm__ volatile(".byte 0x06");
}

static void breakpoint(void *unused)
{
	(void)unused;
	__asm__ volatile("int3");
}

static void halt(void *unused)
{
	(void)unused;
	__asm__ volatile("hlt");
}

static void port(void *unused)
{
	(void)unused;
	__asm__ volatile("in $0x80, %%al" ::: "eax");
}

static void control_register(void *unused)
{
	(void)unused;
	__asm__ volatile("mov %%cr3, %%rax" ::: "rax");
}

static void misaligned(void *unused)
{
	(void)unused;
	static char bytes[64] __attribute__((aligned(16)));
	__asm__ volatile("movaps %%xmm0, (%0)" : : "r"(bytes + 1) : "memory");
}

static void show_trap(void (*action)(void *))
{
	int number = faults(action, NULL);
	show("%s %s, si_addr %s", signal_name(number), code_name(number, fault_code),
	     fault_address == NULL ? "0" : "set");
	__asm__ volatile("fninit");
	unsigned control = 0x1f80;
	__asm__ volatile("ldmxcsr %0" : : "m"(control));
}

CASE(division_by_zero) { show_trap(divide); }
CASE(division_overflow) { show_trap(divide_overflow); }
CASE(unmasked_sse_division_by_zero) { show_trap(divide_sse); }
CASE(unmasked_x87_division_by_zero) { show_trap(divide_x87); }
CASE(undefined_instruction) { show_trap(undefined); }
CASE(instruction_that_long_mode_lacks) { show_trap(not_in_long_mode); }
CASE(breakpoint_instruction) { show_trap(breakpoint); }
CASE(halt_is_privileged) { show_trap(halt); }
CASE(port_access_is_privileged) { show_trap(port); }
CASE(control_registers_are_privileged) { show_trap(control_register); }
CASE(misaligned_vector_store) { show_trap(misaligned); }

static volatile int skipped;
static volatile long address_distance;

static void skip_two_bytes(int number, siginfo_t *info, void *context)
{
	(void)number;
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
	address_distance = (long)((greg_t)(uintptr_t)info->si_addr - registers[REG_RIP]);
	registers[REG_RIP] += 2;
	skipped++;
}

CASE(undefined_instruction_can_be_skipped)
{
	skipped = 0;
	handle(SIGILL, skip_two_bytes, 0);
	__asm__ volatile("ud2\n ud2\n ud2");
	signal(SIGILL, SIG_DFL);
	show("skipped %d, si_addr is the instruction %d", skipped, address_distance == 0);
}

CASE(division_can_be_skipped)
{
	skipped = 0;
	handle(SIGFPE, skip_two_bytes, 0);
	/* 2 bytes: div ecx */
	__asm__ volatile("xor %%ecx, %%ecx\n xor %%edx, %%edx\n .byte 0xf7, 0xf1" ::: "eax", "ecx", "edx");
	signal(SIGFPE, SIG_DFL);
	show("skipped %d, si_addr is the instruction %d", skipped, address_distance == 0);
}

static void count_trap(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	unsigned char *next = (unsigned char *)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
	skipped += next[-1] == 0xcc;
}

CASE(breakpoint_goes_on_behind_itself)
{
	skipped = 0;
	handle(SIGTRAP, count_trap, 0);
	__asm__ volatile("int3\n nop\n int3\n nop");
	signal(SIGTRAP, SIG_DFL);
	show("%d traps right behind an int3", skipped);
}

static volatile greg_t trap_number;

static void record_number(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	trap_number = ((ucontext_t *)context)->uc_mcontext.gregs[REG_TRAPNO];
	siglongjmp(fault_back, 1);
}

static void show_number(const char *what, int number, void (*action)(void *))
{
	handle(number, record_number, 0);
	if (sigsetjmp(fault_back, 1) == 0)
		action(NULL);
	signal(number, SIG_DFL);
	show("%s: %lld", what, trap_number);
}

CASE(context_holds_the_vector)
{
	show_number("division", SIGFPE, divide);
	show_number("undefined", SIGILL, undefined);
	show_number("breakpoint", SIGTRAP, breakpoint);
	show_number("privileged", SIGSEGV, halt);
}

ENDS(division_without_handler_kills, 136)
{
	show("before");
	divide(NULL);
}

ENDS(undefined_instruction_without_handler_kills, 132)
{
	show("before");
	undefined(NULL);
}

ENDS(breakpoint_without_handler_kills, 133)
{
	show("before");
	breakpoint(NULL);
}

ENDS(privileged_instruction_without_handler_kills, 139)
{
	show("before");
	halt(NULL);
}

ENDS(abort_kills, 134)
{
	show("before");
	abort();
}
