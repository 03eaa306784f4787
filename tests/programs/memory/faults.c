/* Page faults as signals: sigaction(2)'s siginfo_t, the registers in the handler, and the way back. */
#include "fault.h"

#include <sys/ucontext.h>

CASE(null_pointer_is_a_mapping_error)
{
	READ(NULL, NULL);
	WRITE(NULL, NULL);
	READ((void *)0x123, NULL);
}

CASE(address_that_is_not_canonical_has_no_address)
{
	void *lowest = (void *)0x0001000000000000, *middle = (void *)0x8000000000000000;
	READ(middle, middle);
	WRITE(lowest, lowest);
}

CASE(upper_half_is_a_mapping_error)
{
	void *address = (void *)0xffff900000000000;
	READ(address, address);
	WRITE(address, address);
}

CASE(call_of_nothing_is_a_mapping_error)
{
	char *memory = anonymous(PAGE);
	REQUIRE(munmap(memory, PAGE) == 0);
	EXECUTE(memory + 16, memory);
	EXECUTE(NULL, NULL);
}

static void load_eight_bytes(void *address)
{
	(void)*(volatile uint64_t *)address;
}

CASE(access_across_a_page_border_names_the_bad_page)
{
	char *memory = reserved(2 * PAGE);
	REQUIRE(mprotect(memory, PAGE, PROT_READ | PROT_WRITE) == 0);
	show_access("8-byte read", load_eight_bytes, memory + PAGE - 4, memory);
	munmap(memory, 2 * PAGE);
}

static greg_t seen[NGREG];

static void record(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	memcpy(seen, ((ucontext_t *)context)->uc_mcontext.gregs, sizeof seen);
	siglongjmp(fault_back, 1);
}

static void show_trap(const char *what, void (*access)(void *), char *address)
{
	handle(SIGSEGV, record, 0);
	if (sigsetjmp(fault_back, 1) == 0)
		access(address);
	signal(SIGSEGV, SIG_DFL);
	show("%s: trap %lld, error code %lld, CR2 right %d", what, seen[REG_TRAPNO], seen[REG_ERR],
	     (char *)seen[REG_CR2] == address);
}

CASE(context_holds_trap_number_error_code_and_address)
{
	char *memory = anonymous(3 * PAGE);
	fill(memory, 3 * PAGE);
	REQUIRE(mprotect(memory + PAGE, PAGE, PROT_READ) == 0);
	REQUIRE(munmap(memory + 2 * PAGE, PAGE) == 0);
	show_trap("write to a read-only page", fault_store, memory + PAGE + 5);
	show_trap("read of an unmapped page", fault_read, memory + 2 * PAGE + 6);
	show_trap("write to an unmapped page", fault_store, memory + 2 * PAGE + 7);
	show_trap("call of a page without execute permission", fault_execute, memory + 8);
	munmap(memory, 2 * PAGE);
}

static void skip_load(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
	registers[REG_RIP] += 3;
	registers[REG_RAX] = 4242;
}

CASE(handler_can_change_registers)
{
	uint64_t result = 0;
	handle(SIGSEGV, skip_load, 0);
	/* 3 bytes: mov rax, [rcx] */
	__asm__ volatile(".byte 0x48, 0x8b, 0x01" : "=a"(result) : "c"(0x18) : "memory");
	signal(SIGSEGV, SIG_DFL);
	show("loaded %lu", result);
}

static char *volatile guarded;

static void open_and_clobber(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	(void)context;
	if (mprotect(guarded, PAGE, PROT_READ | PROT_WRITE) != 0)
		_exit(SET_UP_FAILED);
	__asm__ volatile("pxor %%xmm0, %%xmm0\n pxor %%xmm7, %%xmm7\n pxor %%xmm15, %%xmm15\n"
			 "xor %%r8d, %%r8d\n xor %%r11d, %%r11d\n fninit\n" ::
				 : "xmm0", "xmm7", "xmm15", "r8", "r11");
}

CASE(general_registers_survive_a_fault)
{
	uint64_t out[8];
	guarded = reserved(PAGE);
	handle(SIGSEGV, open_and_clobber, 0);
	__asm__ volatile("mov $8, %%r8\n mov $9, %%r9\n mov $10, %%r10\n mov $11, %%r11\n"
			 "mov $12, %%r12\n mov $13, %%r13\n mov $14, %%r14\n mov $15, %%rdx\n"
			 "movq $1, (%0)\n"
			 "mov %%r8, (%1)\n mov %%r9, 8(%1)\n mov %%r10, 16(%1)\n mov %%r11, 24(%1)\n"
			 "mov %%r12, 32(%1)\n mov %%r13, 40(%1)\n mov %%r14, 48(%1)\n mov %%rdx, 56(%1)\n"
			 :: "D"(guarded), "S"(out)
			 : "r8", "r9", "r10", "r11", "r12", "r13", "r14", "rdx", "memory");
	signal(SIGSEGV, SIG_DFL);
	for (size_t i = 0; i < COUNT(out); i++)
		show("register %zu: %lu", i, out[i]);
	munmap(guarded, PAGE);
}

CASE(vector_and_x87_registers_survive_a_fault)
{
	double in[3] = {1.5, 2.5, 3.5}, out[3] = {0}, x87 = 0;
	guarded = reserved(PAGE);
	handle(SIGSEGV, open_and_clobber, 0);
	__asm__ volatile("movsd (%2), %%xmm0\n movsd 8(%2), %%xmm7\n movsd 16(%2), %%xmm15\n fldl 8(%2)\n"
			 "movq $1, (%0)\n"
			 "movsd %%xmm0, (%1)\n movsd %%xmm7, 8(%1)\n movsd %%xmm15, 16(%1)\n fstpl (%3)\n"
			 :: "D"(guarded), "S"(out), "a"(in), "b"(&x87)
			 : "xmm0", "xmm7", "xmm15", "memory");
	signal(SIGSEGV, SIG_DFL);
	show("%.1f %.1f %.1f, x87 %.1f", out[0], out[1], out[2], x87);
	munmap(guarded, PAGE);
}

CASE(flags_survive_a_fault)
{
	uint64_t flags = 0;
	guarded = reserved(PAGE);
	handle(SIGSEGV, open_and_clobber, 0);
	__asm__ volatile("std\n stc\n movq $1, (%1)\n pushfq\n pop %0\n cld\n" : "=&r"(flags) : "r"(guarded) : "memory");
	signal(SIGSEGV, SIG_DFL);
	show("carry %d, direction %d", (int)(flags & 1), (int)(flags >> 10 & 1));
	munmap(guarded, PAGE);
}

CASE(red_zone_survives_a_fault)
{
	uint64_t result = 0;
	guarded = reserved(PAGE);
	handle(SIGSEGV, open_and_clobber, 0);
	__asm__ volatile("mov $77, %%rax\n mov %%rax, -120(%%rsp)\n movq $1, (%1)\n mov -120(%%rsp), %0\n"
			 : "=&r"(result) : "r"(guarded) : "rax", "memory");
	signal(SIGSEGV, SIG_DFL);
	show("red zone %lu", result);
	munmap(guarded, PAGE);
}

static volatile int depth;

static void fault_within(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	depth++;
	show("depth %d, address %#lx", depth, (unsigned long)info->si_addr);
	if (depth < 4)
		fault_read((void *)(uintptr_t)(depth * 16));
	siglongjmp(fault_back, 1);
}

CASE(handler_with_nodefer_can_fault_again)
{
	depth = 0;
	handle(SIGSEGV, fault_within, SA_NODEFER);
	if (sigsetjmp(fault_back, 1) == 0)
		fault_read(NULL);
	signal(SIGSEGV, SIG_DFL);
	show("depth reached %d", depth);
}

static void fault_in_usr1(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	(void)context;
	READ((void *)0x40, NULL);
}

CASE(another_signals_handler_can_fault)
{
	handle(SIGUSR1, fault_in_usr1, 0);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_DFL);
	show("back");
}

CASE(mask_is_restored_by_siglongjmp)
{
	sigset_t mask;
	READ(NULL, NULL);
	REQUIRE(sigprocmask(SIG_SETMASK, NULL, &mask) == 0);
	show("SIGSEGV blocked %d", sigismember(&mask, SIGSEGV));
}

CASE(thousand_faults_are_all_delivered)
{
	int count = 0;
	for (int i = 0; i < 1000; i++)
		count += faults(fault_read, (void *)(uintptr_t)i) == SIGSEGV;
	show("%d", count);
}

ENDS(fault_without_handler_kills, 139)
{
	show("before");
	fault_store(NULL);
}

ENDS(fault_while_blocked_kills, 139)
{
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGSEGV);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	handle(SIGSEGV, record, 0);
	show("before");
	fault_store(NULL);
}

ENDS(fault_while_ignored_kills, 139)
{
	signal(SIGSEGV, SIG_IGN);
	show("before");
	fault_store(NULL);
}

static void fault_once_more(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	(void)context;
	show("in the handler");
	fault_read((void *)8);
}

ENDS(fault_in_its_own_handler_kills, 139)
{
	handle(SIGSEGV, fault_once_more, 0);
	fault_read(NULL);
}

static void do_nothing(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	(void)context;
	show("in the handler");
}

ENDS(second_fault_after_resethand_kills, 139)
{
	handle(SIGSEGV, do_nothing, SA_RESETHAND);
	fault_read(NULL);
}

ENDS(bus_error_without_handler_kills, 135)
{
	int file = patterned_file("short", 1);
	char *memory = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, file, 0);
	REQUIRE(memory != MAP_FAILED);
	show("before");
	fault_read(memory + PAGE);
}
