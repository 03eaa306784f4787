/* Synchronous signals in threads: sigaltstack(2), siglongjmp(3), SIGSEGV while others run; deaths of children by faults. */
#include "thread.h"

#include <sys/prctl.h>

static __thread sigjmp_buf back;
static volatile int caught, stop;
static __thread volatile int own_caught;

static void jump_back(int number, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	own_caught++;
	siglongjmp(back, number);
}

static int faulting_store(volatile char *where)
{
	int number = sigsetjmp(back, 1);
	if (number == 0)
		*where = 1;
	return number;
}

static void *fault_often(void *argument)
{
	long right = 0;
	for (int i = 0; i < 100; i++)
		right += faulting_store(argument) == SIGSEGV;
	return (void *)right;
}

CASE(fault_of_a_thread_is_handled_by_it)
{
	handle(SIGSEGV, jump_back, 0);
	show("right %ld", (long)joined(started(fault_often, (void *)16)));
	show("main caught %d", own_caught);
}

CASE(threads_fault_at_once)
{
	pthread_t threads[6];
	long right = 0;
	char *memory = reserved(PAGE);
	handle(SIGSEGV, jump_back, 0);
	for (int i = 0; i < 6; i++)
		threads[i] = started(fault_often, memory);
	for (int i = 0; i < 6; i++)
		right += (long)joined(threads[i]);
	show("right %ld", right);
	munmap(memory, PAGE);
}

static void *compute(void *argument)
{
	long turns = 0;
	while (!stop)
		turns++;
	*(int *)argument = own_caught;
	return NULL;
}

CASE(other_threads_run_undisturbed)
{
	int disturbed = -1;
	stop = 0;
	handle(SIGSEGV, jump_back, 0);
	pthread_t computing = started(compute, &disturbed);
	show("right %ld", (long)joined(started(fault_often, (void *)16)));
	stop = 1;
	joined(computing);
	show("disturbed %d", disturbed);
}

static char *volatile handler_stack;

static void note_stack(int number, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	handler_stack = __builtin_frame_address(0);
	siglongjmp(back, number);
}

static void *on_alternate_stack(void *argument)
{
	static const size_t bytes = 65536;
	char *area = anonymous(bytes);
	stack_t stack = {.ss_sp = area, .ss_size = bytes}, now;
	long result = 0;
	REQUIRE(sigaltstack(NULL, &now) == 0);
	result += now.ss_flags == SS_DISABLE;
	REQUIRE(sigaltstack(&stack, NULL) == 0);
	if (sigsetjmp(back, 1) == 0)
		*(volatile char *)argument = 1;
	result += (handler_stack > area && handler_stack < area + bytes) * 2;
	REQUIRE(sigaltstack(NULL, &now) == 0);
	result += (now.ss_sp == area && now.ss_flags == 0) * 4;
	return (void *)result;
}

CASE(alternate_stack_belongs_to_the_thread)
{
	stack_t now;
	handle(SIGSEGV, note_stack, SA_ONSTACK);
	show("thread %ld", (long)joined(started(on_alternate_stack, (void *)16)));
	RESULT(sigaltstack(NULL, &now));
	show("main has none %d", now.ss_flags == SS_DISABLE);
}

static void recurse(int depth);
static void (*volatile recursion)(int) = recurse;

static void recurse(int depth)
{
	volatile char frame[4096];
	frame[0] = (char)depth;
	recursion(depth + 1);
	frame[1] = frame[0];
}

static void *overflow(void *argument)
{
	char *area = anonymous(65536);
	stack_t stack = {.ss_sp = area, .ss_size = 65536};
	REQUIRE(sigaltstack(&stack, NULL) == 0);
	if (sigsetjmp(back, 1) == 0)
		recursion(0);
	return argument;
}

CASE(stack_overflow_of_a_thread_is_caught_on_its_alternate_stack)
{
	handle(SIGSEGV, note_stack, SA_ONSTACK);
	for (long i = 1; i <= 3; i++)
		show("survived %ld", (long)joined(started(overflow, (void *)i)));
}

static void in_handler(int number, siginfo_t *info, void *context)
{
	stack_t now, other = {.ss_sp = &now, .ss_size = 65536};
	(void)number;
	(void)info;
	(void)context;
	sigaltstack(NULL, &now);
	caught = now.ss_flags;
	show("changed while in use: %s", sigaltstack(&other, NULL) == -1 ? error_name(errno) : "succeeds");
}

CASE(alternate_stack_in_use_cannot_be_changed)
{
	char *area = anonymous(65536);
	stack_t stack = {.ss_sp = area, .ss_size = 65536}, none = {.ss_flags = SS_DISABLE}, small = {.ss_sp = area, .ss_size = 100};
	RESULT(sigaltstack(&stack, NULL));
	handle(SIGUSR1, in_handler, SA_ONSTACK);
	raise(SIGUSR1);
	show("on the stack %d", caught == SS_ONSTACK);
	RESULT(sigaltstack(&small, NULL));
	stack.ss_flags = 77;
	RESULT(sigaltstack(&stack, NULL));
	RESULT(syscall(SYS_sigaltstack, 16, NULL));
	RESULT(sigaltstack(&none, NULL));
	munmap(area, 65536);
}

static void open_page(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	caught++;
	if (mprotect((void *)((uintptr_t)info->si_addr & ~(PAGE - 1)), PAGE, PROT_READ | PROT_WRITE) != 0)
		_exit(97);
}

static void *touch_all(void *argument)
{
	char *memory = argument;
	for (size_t i = 0; i < 64; i++)
		memory[i * PAGE + 1]++;
	return NULL;
}

CASE(pages_are_opened_on_demand_by_a_handler)
{
	char *memory = reserved(64 * PAGE);
	caught = 0;
	handle(SIGSEGV, open_page, 0);
	joined(started(touch_all, memory));
	show("opened %d", caught);
	touch_all(memory);
	show("opened %d, bytes %d", caught, memory[1] + memory[63 * PAGE + 1]);
	munmap(memory, 64 * PAGE);
	signal(SIGSEGV, SIG_DFL);
}

static void divide(void)
{
	volatile int zero = 0;
	volatile int result = 1 / zero;
	(void)result;
}

static void illegal(void) { __asm__ volatile("ud2"); }
static void breakpoint(void) { __asm__ volatile("int3"); }
static void privileged(void) { __asm__ volatile("hlt"); }
static void store_at_16(void) { *(volatile char *)16 = 1; }
static void non_canonical(void) { *(volatile char *)0x8000000000000000 = 1; }

static void past_the_end(void)
{
	int file = open("empty-file", O_RDWR | O_CREAT | O_TRUNC, 0644);
	volatile char *memory = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0);
	(void)memory[0];
}

CASE(children_die_of_their_faults)
{
	static const struct {
		const char *what;
		void (*fault)(void);
	} faults[] = {{"division by zero", divide}, {"ud2", illegal}, {"int3", breakpoint}, {"hlt", privileged},
		      {"store", store_at_16}, {"non-canonical address", non_canonical}, {"past the end", past_the_end}};
	for (size_t i = 0; i < COUNT(faults); i++) {
		pid_t child = forked();
		if (child == 0) {
			prctl(PR_SET_DUMPABLE, 0);
			faults[i].fault();
			_exit(0);
		}
		show_end(faults[i].what, child);
	}
}

static void *die_by_fault(void *argument)
{
	*(volatile char *)argument = 1;
	return NULL;
}

CASE(child_dies_by_a_fault_of_any_thread)
{
	pid_t child = forked();
	if (child == 0) {
		prctl(PR_SET_DUMPABLE, 0);
		signal(SIGSEGV, SIG_DFL);
		started(die_by_fault, (void *)16);
		for (;;)
			pause();
	}
	show_end("child", child);
}

static void fault_again(int number)
{
	(void)number;
	store_at_16();
}

CASE(fault_in_a_handler_of_a_fault_kills)
{
	pid_t child = forked();
	if (child == 0) {
		prctl(PR_SET_DUMPABLE, 0);
		signal(SIGSEGV, fault_again);
		store_at_16();
		_exit(0);
	}
	show_end("child", child);
}
