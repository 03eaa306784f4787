/* The main thread's stack: growth, its end, and sigaltstack(2). */
#include "fault.h"

#include <sys/resource.h>

__attribute__((noinline)) static unsigned descend(size_t bytes, char *top)
{
	volatile char frame[1024];
	memset((char *)frame, (int)(bytes >> 20), sizeof frame);
	if ((size_t)(top - (char *)frame) >= bytes)
		return (unsigned char)frame[0];
	unsigned below = descend(bytes, top);
	return below + (unsigned char)frame[1023] * 0;
}

CASE(six_mebibytes_of_recursion_fit)
{
	char top;
	show("deepest frame says %u", descend(6UL << 20, &top));
}

/* The stack that far below the caller's frame; the compiler must not know that it is nobody's. */
__attribute__((noinline)) static char *below(size_t bytes)
{
	volatile uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
	return (char *)(frame - bytes);
}

CASE(large_frame_can_be_touched_at_its_far_end_first)
{
	volatile char *far = below(4UL << 20);
	*far = 'f';
	show("far end %c", *far);
}

CASE(stack_that_was_never_used_is_zero)
{
	char *unused = (char *)((uintptr_t)below(7UL << 20) & ~(PAGE - 1));
	show("%zu zero bytes", zeroes(unused, PAGE));
}

CASE(stack_is_not_executable)
{
	unsigned char code[1] = {0xc3};
	int number = faults(fault_execute, code);
	show("%s %s, si_addr right %d", signal_name(number), code_name(number, fault_code), fault_address == code);
}

CASE(limit_is_as_inherited)
{
	struct rlimit limit;
	RESULT(getrlimit(RLIMIT_STACK, &limit));
	show("soft limit %ld", (long)limit.rlim_cur);
}

CASE(page_of_the_stack_can_be_protected)
{
	volatile char room[8 * PAGE];
	char *page = (char *)(((uintptr_t)room + 3 * PAGE) & ~(PAGE - 1));
	page[5] = 'p';
	RESULT(mprotect(page, PAGE, PROT_READ));
	show("kept %c", page[5]);
	WRITE(page + 5, page);
	RESULT(mprotect(page, PAGE, PROT_READ | PROT_WRITE));
	WRITE(page + 5, page);
}

static char *alternate;
static const size_t alternate_bytes = 16 * PAGE;

static void use_alternate(int flags)
{
	alternate = anonymous(alternate_bytes);
	stack_t stack = {.ss_sp = alternate, .ss_size = alternate_bytes, .ss_flags = flags};
	REQUIRE(sigaltstack(&stack, NULL) == 0);
}

static void drop_alternate(void)
{
	stack_t stack = {.ss_flags = SS_DISABLE};
	REQUIRE(sigaltstack(&stack, NULL) == 0);
	munmap(alternate, alternate_bytes);
}

static volatile int forever = 1;

__attribute__((noinline)) static void overflow(void *unused)
{
	volatile char frame[4096];
	frame[0] = 1;
	if (forever)
		overflow((void *)frame);
	frame[1] = frame[0];
	(void)unused;
}

CASE(overflow_arrives_on_the_alternate_stack)
{
	use_alternate(0);
	int number = faults(overflow, NULL);
	show("%s %s", signal_name(number), code_name(number, fault_code));
	number = faults(overflow, NULL);
	show("again %s %s", signal_name(number), code_name(number, fault_code));
	drop_alternate();
}

static void where_am_i(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	(void)context;
	char here;
	stack_t now;
	sigaltstack(NULL, &now);
	show("on the alternate stack %d, flags %d", &here >= alternate && &here < alternate + alternate_bytes,
	     now.ss_flags);
	stack_t other = {.ss_flags = SS_DISABLE};
	RESULT(sigaltstack(&other, NULL));
}

CASE(onstack_handler_runs_on_the_alternate_stack)
{
	use_alternate(0);
	handle(SIGUSR1, where_am_i, SA_ONSTACK);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_DFL);
	drop_alternate();
}

CASE(handler_without_onstack_stays_on_the_stack)
{
	use_alternate(0);
	handle(SIGUSR1, where_am_i, 0);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_DFL);
	munmap(alternate, alternate_bytes);
}

CASE(autodisarm_disables_while_the_handler_runs)
{
	use_alternate((int)(1U << 31));
	handle(SIGUSR1, where_am_i, SA_ONSTACK);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_DFL);
	stack_t now;
	RESULT(sigaltstack(NULL, &now));
	show("armed again %d", now.ss_sp == alternate);
	drop_alternate();
}

CASE(sigaltstack_checks_its_argument)
{
	char room[64];
	stack_t small = {.ss_sp = room, .ss_size = sizeof room};
	stack_t odd = {.ss_sp = room, .ss_size = 1 << 20, .ss_flags = 1234};
	RESULT(sigaltstack(&small, NULL));
	RESULT(sigaltstack(&odd, NULL));
	RESULT(sigaltstack(NULL, NULL));
	stack_t now;
	RESULT(sigaltstack(NULL, &now));
	show("disabled %d", now.ss_flags == SS_DISABLE);
}

CASE(frame_is_aligned_in_a_handler)
{
	extern void alignment(int, siginfo_t *, void *);
	handle(SIGUSR1, alignment, 0);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_DFL);
}

void alignment(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	(void)context;
	show("frame address modulo 16: %lu", (uintptr_t)__builtin_frame_address(0) % 16);
}

ENDS(overflow_without_alternate_stack_kills, 139)
{
	handle(SIGSEGV, where_am_i, SA_ONSTACK);
	show("before");
	overflow(NULL);
}

ENDS(bad_alternate_stack_kills, 139)
{
	use_alternate(0);
	REQUIRE(mprotect(alternate, alternate_bytes, PROT_NONE) == 0);
	handle(SIGUSR1, where_am_i, SA_ONSTACK);
	show("before");
	raise(SIGUSR1);
}
