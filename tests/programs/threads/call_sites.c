/*
 * `syscall` instructions, each executed often enough that whoever wants to do something about it has done so: what a program can
 * find out about the instruction and its surroundings must stay as it is.
 */
#include "thread.h"

#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>

#define TURNS 6

typedef long (*site)(long number, long first, long second, long third);

/* mov rax, rdi; mov rdi, rsi; mov rsi, rdx; mov rdx, rcx; syscall */
static const unsigned char opening[] = {0x48, 0x89, 0xf8, 0x48, 0x89, 0xf7, 0x48, 0x89, 0xd6, 0x48, 0x89, 0xca, 0x0f, 0x05};
/* cmp rax, -4095 */
static const unsigned char compare[] = {0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff};
static const unsigned char closing[] = {0xc3};

static unsigned char *code_pages(size_t pages)
{
	unsigned char *code = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	REQUIRE(code != MAP_FAILED);
	return code;
}

static void executable(void *code, size_t pages)
{
	REQUIRE(mprotect(code, pages * PAGE, PROT_READ | PROT_EXEC) == 0);
}

/* Writes a function that makes a system call which `behind` follows; answers where the next one can be. */
static unsigned char *written(unsigned char *at, const unsigned char *behind, size_t bytes)
{
	memcpy(at, opening, sizeof(opening));
	memcpy(at + sizeof(opening), behind, bytes);
	memcpy(at + sizeof(opening) + bytes, closing, sizeof(closing));
	return at + 64;
}

static site usual_site(void)
{
	unsigned char *code = code_pages(1);
	written(code, compare, sizeof(compare));
	executable(code, 1);
	return (site)(void *)code;
}

static int often(site call)
{
	int right = 0;
	for (int i = 0; i < TURNS; i++)
		right += call(SYS_getpid, 0, 0, 0) == getpid();
	return right;
}

CASE(what_lies_below_the_stack_pointer_is_kept)
{
	int kept = 0;
	for (long i = 0; i < TURNS; i++) {
		long a, b;
		__asm__ volatile("movq %[i], -8(%%rsp)\n movq %[i], -128(%%rsp)\n"
				 "movl $39, %%eax\n syscall\n cmpq $-4095, %%rax\n"
				 "movq -8(%%rsp), %[a]\n movq -128(%%rsp), %[b]\n"
				 : [a] "=&r"(a), [b] "=&r"(b)
				 : [i] "r"(i)
				 : "rax", "rcx", "r11", "memory", "cc");
		kept += a == i && b == i;
	}
	show("kept %d times", kept);
}

CASE(registers_are_as_the_instruction_leaves_them)
{
	int right = 0;
	for (int i = 0; i < TURNS; i++) {
		register long r8 __asm__("r8") = 8, r9 __asm__("r9") = 9, r10 __asm__("r10") = 10, r12 __asm__("r12") = 12,
				 r13 __asm__("r13") = 13, r14 __asm__("r14") = 14, r15 __asm__("r15") = 15;
		long rax = SYS_getpid, rdi = 1, rsi = 2, rdx = 3, rbx = 4, rcx, behind, flags, r11;
		__asm__ volatile("std\n stc\n syscall\n"
				 "1: movq %%r11, %[r11]\n movq %%rcx, %[rcx]\n pushfq\n popq %[flags]\n cld\n leaq 1b(%%rip), %[behind]\n"
				 : "+a"(rax), "+D"(rdi), "+S"(rsi), "+d"(rdx), "+b"(rbx), "+r"(r8), "+r"(r9), "+r"(r10), "+r"(r12), "+r"(r13),
				   "+r"(r14), "+r"(r15), [rcx] "=m"(rcx), [behind] "=&c"(behind), [flags] "=m"(flags), [r11] "=m"(r11)::"r11", "memory", "cc");
		right += rax == getpid() && rdi == 1 && rsi == 2 && rdx == 3 && rbx == 4 && r8 == 8 && r9 == 9 && r10 == 10 && r12 == 12 &&
			 r13 == 13 && r14 == 14 && r15 == 15 && rcx == behind && (flags & 0x401) == 0x401 && (r11 & 0x401) == 0x401;
	}
	show("right %d times", right);
}

CASE(jumps_to_the_instruction_and_behind_it_work)
{
	int right = 0;
	for (int i = 0; i < TURNS; i++) {
		long rax = SYS_getpid, turns = 0;
		/* First behind the instruction, then onto it twice. */
		__asm__ volatile("jmp 2f\n"
				 "1: syscall\n"
				 "2: cmpq $-4095, %%rax\n"
				 "incq %[turns]\n cmpq $1, %[turns]\n je 1b\n"
				 "cmpq $2, %[turns]\n jne 3f\n movl $39, %%eax\n jmp 1b\n"
				 "3:\n"
				 : "+a"(rax), [turns] "+r"(turns)::"rcx", "r11", "memory", "cc");
		right += rax == getpid() && turns == 3;
	}
	show("right %d times", right);
}

CASE(whatever_follows_is_executed_once)
{
	static const struct {
		unsigned char bytes[16];
		size_t count;
	} ends[] = {
		{{0}, 0},								/* ret at once */
		{{0x48, 0xff, 0xc0}, 3},						/* inc rax */
		{{0xff, 0xc0, 0xff, 0xc8}, 4},						/* inc eax; dec eax */
		{{0x48, 0x85, 0xc0, 0x74, 0x00}, 5},					/* test; je */
		{{0x85, 0xc0, 0x75, 0x00}, 4},						/* test; jne */
		{{0xeb, 0x00}, 2},							/* jmp */
		{{0x50, 0x58}, 2},							/* push; pop */
		{{0x50, 0x5a, 0x90}, 3},						/* push; pop; nop */
		{{0x48, 0x89, 0xc2, 0x48, 0x89, 0xd0}, 6},				/* mov rdx, rax; mov rax, rdx */
		{{0x89, 0xc2, 0x89, 0xd0}, 4},						/* the same of 32 bits */
		{{0x48, 0x8d, 0x40, 0x05}, 4},						/* lea rax, [rax + 5] */
		{{0xe8, 0x00, 0x00, 0x00, 0x00, 0x59}, 6},				/* call; pop rcx */
		{{0x48, 0x8d, 0x0d, 0x00, 0x00, 0x00, 0x00}, 7},			/* lea rcx, [rip] */
		{{0x48, 0x05, 0x01, 0x00, 0x00, 0x00, 0x48, 0x2d, 0x01, 0x00, 0x00, 0x00}, 12}, /* add; sub */
		{{0x0f, 0x05}, 2},							/* another one */
	};
	unsigned char *code = code_pages(1), *at = code;
	for (size_t i = 0; i < COUNT(ends); i++)
		at = written(at, ends[i].bytes, ends[i].count);
	executable(code, 1);
	for (size_t i = 0; i < COUNT(ends); i++) {
		site call = (site)(void *)(code + i * 64);
		int sums = 0;
		for (int turn = 0; turn < TURNS; turn++)
			sums += (int)(call(SYS_getpid, 0, 0, 0) - getpid());
		show("%d: %d", (int)i, i == COUNT(ends) - 1 ? -1 : sums);
	}
}

CASE(call_at_the_end_of_a_page_works)
{
	unsigned char *code = code_pages(2);
	for (int before = 0; before < 8; before++) {
		unsigned char *at = code + PAGE - sizeof(opening) - before;
		REQUIRE(mprotect(code, 2 * PAGE, PROT_READ | PROT_WRITE) == 0);
		written(at, compare, sizeof(compare));
		executable(code, 2);
		show("%d before the end: %d", before, often((site)(void *)at));
	}
}

static volatile int go, wrong_answers;

static void *hammer(void *argument)
{
	unsigned char *code = argument;
	while (!go)
		;
	for (int i = 0; i < 64; i++) {
		site call = (site)(void *)(code + i * 64);
		for (int turn = 0; turn < 20; turn++)
			if (call(SYS_gettid, 0, 0, 0) != syscall(SYS_gettid))
				wrong_answers++;
	}
	return NULL;
}

CASE(many_threads_meet_new_instructions_at_once)
{
	pthread_t threads[4];
	wrong_answers = 0;
	for (int round = 0; round < 5; round++) {
		unsigned char *code = code_pages(1), *at = code;
		for (int i = 0; i < 64; i++)
			at = written(at, compare, sizeof(compare));
		executable(code, 1);
		go = 0;
		for (size_t i = 0; i < COUNT(threads); i++)
			threads[i] = started(hammer, code);
		go = 1;
		for (size_t i = 0; i < COUNT(threads); i++)
			joined(threads[i]);
		munmap(code, PAGE);
	}
	show("wrong %d", wrong_answers);
}

CASE(code_that_is_written_again_does_what_was_written)
{
	unsigned char *code = code_pages(1);
	int same = 0, right = 0;
	for (int i = 0; i < 20; i++) {
		unsigned char expected[64] = {0};
		REQUIRE(mprotect(code, PAGE, PROT_READ | PROT_WRITE) == 0);
		written(code, i % 2 ? compare : compare + 1, sizeof(compare) - !(i % 2));
		memcpy(expected, code, 32);
		executable(code, 1);
		right += often((site)(void *)code) == TURNS;
		REQUIRE(mprotect(code, PAGE, PROT_READ | PROT_WRITE) == 0);
		same += memcmp(code, expected, 32) == 0;
		/* mov eax, 42; ret */
		memcpy(code, (unsigned char[]){0xb8, 42, 0, 0, 0, 0xc3}, 6);
		executable(code, 1);
		right += ((site)(void *)code)(SYS_getpid, 0, 0, 0) == 42;
	}
	show("same %d, right %d", same, right);
}

CASE(code_that_can_be_written_while_it_runs_can_be_changed)
{
	unsigned char *code = code_pages(1);
	int right = 0;
	REQUIRE(mprotect(code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
	for (int i = 0; i < TURNS; i++) {
		written(code, compare, sizeof(compare));
		right += often((site)(void *)code) == TURNS;
		/* The instruction becomes mov al, 7. */
		code[sizeof(opening) - 2] = 0xb0;
		code[sizeof(opening) - 1] = 7;
		right += (((site)(void *)code)(0, 0, 0, 0) & 0xff) == 7;
	}
	show("right %d", right);
}

CASE(code_that_moves_works_at_its_new_place)
{
	unsigned char *code = code_pages(1), *target = code_pages(1);
	written(code, compare, sizeof(compare));
	executable(code, 1);
	show("%d", often((site)(void *)code));
	REQUIRE(mremap(code, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target) == target);
	show("%d", often((site)(void *)target));
	unsigned char *other = mmap(code, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	written(other, closing, 1);
	executable(other, 1);
	show("%d", often((site)(void *)other));
}

CASE(code_of_a_file_that_is_dropped_and_read_again_works)
{
	unsigned char bytes[64] = {0};
	int file = open("code", O_RDWR | O_CREAT | O_TRUNC, 0755);
	written(bytes, compare, sizeof(compare));
	REQUIRE(write(file, bytes, sizeof(bytes)) == sizeof(bytes));
	unsigned char *code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
	REQUIRE(code != MAP_FAILED);
	show("%d", often((site)(void *)code));
	RESULT(madvise(code, PAGE, MADV_DONTNEED));
	show("%d", often((site)(void *)code));
	munmap(code, PAGE);
	code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
	show("%d", often((site)(void *)code));
	REQUIRE(pread(file, bytes, sizeof(bytes), 0) == sizeof(bytes));
	show("the file is as it was: %d", bytes[12] == 0x0f && bytes[13] == 0x05);
	close(file);
}

CASE(parent_and_child_go_their_own_ways)
{
	site before = usual_site(), after = usual_site();
	show("%d", often(before));
	pid_t child = forked();
	if (child == 0) {
		int right = often(before) + often(after);
		REQUIRE(mprotect((void *)before, PAGE, PROT_READ | PROT_WRITE) == 0);
		((unsigned char *)(void *)before)[sizeof(opening) - 2] = 0xb0;
		((unsigned char *)(void *)before)[sizeof(opening) - 1] = 7;
		executable((void *)before, 1);
		_exit(right * 10 + (before(0, 0, 0, 0) == 7));
	}
	show_end("child", child);
	show("%d %d", often(before), often(after));
}

CASE(memory_can_be_mapped_everywhere_else)
{
	site call = usual_site();
	int right = 0, mapped = 0;
	show("%d", often(call));
	/* Three quarters of what a jump of 32 bits reaches, in pieces, wherever the kernel wants and where we want. */
	for (int i = 0; i < 48; i++) {
		void *piece = mmap(NULL, 64UL << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		mapped += piece != MAP_FAILED;
		right += often(call) == TURNS;
	}
	show("mapped %d, right %d", mapped, right);
	uintptr_t start = (uintptr_t)(void *)call & ~((1UL << 31) - 1);
	mapped = right = 0;
	for (uintptr_t at = start - (1UL << 32); at < start; at += 64UL << 20) {
		void *piece = mmap((void *)at, 64UL << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
		mapped += piece != MAP_FAILED && piece != (void *)at;
		right += often(call) == TURNS && getppid() > 0;
		if (piece != MAP_FAILED)
			munmap(piece, 64UL << 20);
	}
	show("elsewhere %d, right %d", mapped, right);
}

static volatile long caught, strange;
static uintptr_t site_start;

/* The handler's surroundings are this program's: its own code, the C library's, or the function that was made. */
static int is_strange(uintptr_t at)
{
	extern char __executable_start, etext;
	int known = at - site_start < PAGE || at - (uintptr_t)&__executable_start < (uintptr_t)(&etext - &__executable_start);
	return !known && at < (1UL << 46) && at - (uintptr_t)(void *)&getppid > (16UL << 20) && (uintptr_t)(void *)&getppid - at > (16UL << 20);
}

static void count_and_check(int number, siginfo_t *info, void *context)
{
	(void)number, (void)info;
	caught++;
	strange += is_strange((uintptr_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP]);
}

CASE(handlers_see_the_program_where_it_is)
{
	site call = usual_site();
	struct itimerval timer = {{0, 300}, {0, 300}}, never = {0};
	long wrong = 0;
	site_start = (uintptr_t)(void *)call;
	caught = strange = 0;
	handle(SIGALRM, count_and_check, SA_RESTART);
	REQUIRE(setitimer(ITIMER_REAL, &timer, NULL) == 0);
	for (int i = 0; caught < 300; i++)
		wrong += call(SYS_getpid, 0, 0, 0) != getpid();
	setitimer(ITIMER_REAL, &never, NULL);
	show("wrong %ld, strange %ld", wrong, strange);
}

static volatile int steps, at_call, behind_call;

static void step(int number, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] - site_start;
	(void)number, (void)info;
	if (at >= 64)
		return;
	steps++;
	at_call += at == sizeof(opening) - 2;
	behind_call += at == sizeof(opening);
}

CASE(single_steps_are_those_of_the_program)
{
	site call = usual_site();
	site_start = (uintptr_t)(void *)call;
	show("%d", often(call));
	handle(SIGTRAP, step, 0);
	for (int i = 0; i < 3; i++) {
		steps = at_call = behind_call = 0;
		__asm__ volatile("pushfq\n orq $0x100, (%%rsp)\n popfq" ::: "memory", "cc");
		long answer = call(SYS_getpid, 0, 0, 0);
		__asm__ volatile("pushfq\n andq $~0x100, (%%rsp)\n popfq" ::: "memory", "cc");
		show("right %d, steps %d, at the call %d, behind it %d", answer == getpid(), steps, at_call, behind_call);
	}
}

static void *interrupt_later(void *argument)
{
	pthread_t target = *(pthread_t *)argument;
	settle();
	pthread_kill(target, SIGUSR1);
	return NULL;
}

static void note(int number, siginfo_t *info, void *context)
{
	(void)number, (void)info, (void)context;
	caught++;
}

CASE(interrupted_calls_end_or_begin_again)
{
	site call = usual_site();
	pthread_t self = pthread_self();
	int ends[2];
	char byte;
	REQUIRE(pipe(ends) == 0);
	caught = 0;
	for (int i = 0; i < TURNS; i++) {
		handle(SIGUSR1, note, 0);
		pthread_t thread = started(interrupt_later, &self);
		long answer = call(SYS_read, ends[0], (long)&byte, 1);
		show("%s, caught %ld", answer == -EINTR ? "EINTR" : "?", caught);
		joined(thread);
	}
	for (int i = 0; i < TURNS; i++) {
		handle(SIGUSR1, note, SA_RESTART);
		pthread_t thread = started(interrupt_later, &self);
		pid_t child = forked();
		if (child == 0) {
			pause_for(120);
			_exit(write(ends[1], "x", 1) != 1);
		}
		long answer = call(SYS_read, ends[0], (long)&byte, 1);
		show("%ld %c, caught %ld", answer, byte, caught);
		joined(thread);
		show_end("child", child);
	}
}

/* Code in front of a call that a jump behind it leads back to, each with the offsets at which an instruction begins. */
static const struct {
	unsigned char bytes[8];
	size_t count;
	unsigned begins;
} loops[] = {
	{{0x89, 0xf8}, 2, 1},					/* mov eax, edi */
	{{0x83, 0xc3, 0x01, 0x89, 0xf8}, 5, 1 | 1 << 3},	/* add ebx, 1; mov eax, edi */
	{{0x89, 0xf8, 0x83, 0xc3, 0x01}, 5, 1 | 1 << 2},	/* mov eax, edi; add ebx, 1 */
	{{0x53, 0x5b, 0x89, 0xf8}, 4, 1 | 1 << 1 | 1 << 2},	/* push rbx; pop rbx; mov eax, edi */
	{{0x89, 0xf8, 0x90}, 3, 1 | 1 << 2},			/* mov eax, edi; nop */
};

/* push rbx; xor ebx, ebx; behind the loop: pop rbx; ret */
static const unsigned char loop_opening[] = {0x53, 0x31, 0xdb}, loop_closing[] = {0x5b, 0xc3};
#define LOOP_BYTES 32

/* Writes a function that makes its first argument's call for ever. */
static void written_loop(unsigned char *at, int loop)
{
	size_t count = loops[loop].count;
	unsigned char *place = at + sizeof(loop_opening);
	memcpy(at, loop_opening, sizeof(loop_opening));
	memcpy(place, loops[loop].bytes, count);
	memcpy(place + count, (unsigned char[]){0x0f, 0x05, 0xeb, (unsigned char)-(count + 4)}, 4);
	memcpy(place + count + 4, loop_closing, sizeof(loop_closing));
}

static int running_loop, broken_loops;

static void leave_loop(int number, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
	uintptr_t place = (uintptr_t)registers[REG_RIP];
	size_t count = loops[running_loop].count, at = place - site_start - sizeof(loop_opening);
	(void)number, (void)info;
	strange += is_strange(place);
	if (at >= count + 4)
		return;
	caught++;
	strange += at < count ? !(loops[running_loop].begins & 1U << at) : at != count && at != count + 2;
	/* Not too soon, so that the call is seen often enough, and not between a push and its pop. */
	if (caught < 8 || (at != 0 && at < count))
		return;
	caught = 0;
	broken_loops++;
	registers[REG_RIP] = (greg_t)(site_start + sizeof(loop_opening) + count + 4);
}

CASE(loops_around_a_call_can_be_entered_and_left_everywhere)
{
	struct itimerval timer = {{0, 200}, {0, 200}}, never = {0};
	unsigned char *code = code_pages(1);
	handle(SIGALRM, leave_loop, SA_RESTART);
	for (running_loop = 0; running_loop < (int)COUNT(loops); running_loop++) {
		size_t entries[] = {0, loops[running_loop].count, loops[running_loop].count + 2};
		for (size_t i = 0; i < COUNT(entries); i++) {
			REQUIRE(mprotect(code, PAGE, PROT_READ | PROT_WRITE) == 0);
			/* At ever new places: what has been written again may be left alone. */
			unsigned char *at = code + (running_loop * COUNT(entries) + i) * LOOP_BYTES;
			written_loop(at, running_loop);
			executable(code, 1);
			broken_loops = 0, caught = strange = 0;
			site_start = (uintptr_t)at;
			REQUIRE(setitimer(ITIMER_REAL, &timer, NULL) == 0);
			((long (*)(long))(void *)at)(SYS_getppid);
			setitimer(ITIMER_REAL, &never, NULL);
			/* Once more, from the middle: RBX is saved, RAX and RDI are there. */
			long result;
			unsigned char *entry = at + sizeof(loop_opening) + entries[i];
			REQUIRE(setitimer(ITIMER_REAL, &timer, NULL) == 0);
			__asm__ volatile("leaq 1f(%%rip), %%rcx\n pushq %%rcx\n pushq %%rbx\n jmp *%[entry]\n1:\n"
					 : "=a"(result) : [entry] "r"(entry), "a"(SYS_getppid), "D"(SYS_getppid)
					 : "rcx", "r11", "memory", "cc");
			setitimer(ITIMER_REAL, &never, NULL);
			show("%d from %d: left %d times, strange %ld", running_loop, (int)entries[i], broken_loops, strange);
		}
	}
}

static void *leaves_by_a_loop(void *code)
{
	((long (*)(long))code)(SYS_exit);
	return NULL;
}

CASE(threads_end_in_a_loop_around_the_call)
{
	unsigned char *code = code_pages(1);
	for (int i = 0; i < (int)COUNT(loops); i++)
		written_loop(code + i * LOOP_BYTES, i);
	executable(code, 1);
	for (int i = 0; i < (int)COUNT(loops); i++) {
		for (int turn = 0; turn < TURNS; turn++)
			joined(started(leaves_by_a_loop, code + i * LOOP_BYTES));
		show("%d: they ended, and we are %d", i, getpid() == gettid());
	}
}
