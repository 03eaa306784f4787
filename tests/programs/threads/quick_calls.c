/*
 * Calls that a kernel may answer without much ado: what it must do all the same. Each is made often, from one place, so that
 * whoever replaces `syscall` instructions has replaced it.
 */
#include "thread.h"

#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#define OFTEN 20000

static const int numbers[] = {SYS_getpid, SYS_gettid, SYS_getppid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_sched_yield};

static volatile long caught;

static void note(int number, siginfo_t *info, void *context)
{
	(void)number, (void)info, (void)context;
	caught++;
}

static uint64_t bit_of(int number)
{
	return number ? UINT64_C(1) << (number - 1) : 0;
}

static long change_mask(int how, const uint64_t *set, uint64_t *old)
{
	return syscall(SYS_rt_sigprocmask, how, set, old, 8) ? -errno : 0;
}

CASE(flags_are_kept_whatever_they_are)
{
	/* CF PF AF ZF SF OF */
	static const int bits[] = {0, 2, 4, 6, 7, 11};
	int right = 0;
	for (int turn = 0; turn < 4; turn++)
		for (int set = 0; set < 64; set++)
			for (size_t i = 0; i < COUNT(numbers); i++) {
				long flags = 0x202, rax = numbers[i], after, r11;
				for (int bit = 0; bit < 6; bit++)
					flags |= (long)(set >> bit & 1) << bits[bit];
				__asm__ volatile("pushq %[flags]\n popfq\n syscall\n movq %%r11, %[r11]\n pushfq\n popq %[after]\n"
						 : "+a"(rax), [after] "=&r"(after), [r11] "=&r"(r11)
						 : [flags] "r"(flags)
						 : "rcx", "r11", "memory", "cc");
				right += (after & 0x8d5) == (flags & 0x8d5) && (r11 & 0x8d5) == (flags & 0x8d5) && rax >= 0;
			}
	show("right %d times", right);
}

CASE(registers_are_kept)
{
	int right = 0;
	for (int turn = 0; turn < OFTEN; turn++) {
		register long r8 __asm__("r8") = 8, r9 __asm__("r9") = 9, r10 __asm__("r10") = 10, r12 __asm__("r12") = 12,
				 r13 __asm__("r13") = 13, r14 __asm__("r14") = 14, r15 __asm__("r15") = 15;
		long rax = numbers[turn % COUNT(numbers)], rdi = 1, rsi = 2, rdx = 3, rbx = 4, rcx, behind;
		__asm__ volatile("syscall\n 1: movq %%rcx, %[rcx]\n leaq 1b(%%rip), %[behind]\n"
				 : "+a"(rax), "+D"(rdi), "+S"(rsi), "+d"(rdx), "+b"(rbx), "+r"(r8), "+r"(r9), "+r"(r10), "+r"(r12), "+r"(r13),
				   "+r"(r14), "+r"(r15), [rcx] "=m"(rcx), [behind] "=&c"(behind)::"r11", "memory", "cc");
		right += rax >= 0 && rdi == 1 && rsi == 2 && rdx == 3 && rbx == 4 && r8 == 8 && r9 == 9 && r10 == 10 && r12 == 12 &&
			 r13 == 13 && r14 == 14 && r15 == 15 && rcx == behind;
	}
	show("right %d times", right);
}

CASE(a_timer_interrupts_them_and_nothing_is_lost)
{
	struct itimerval timer = {{0, 150}, {0, 150}}, never = {0};
	uint64_t set = bit_of(SIGUSR1), old, none = 0;
	pid_t own = getpid();
	long wrong = 0;
	caught = 0;
	handle(SIGALRM, note, SA_RESTART);
	REQUIRE(change_mask(SIG_SETMASK, &none, NULL) == 0);
	REQUIRE(setitimer(ITIMER_REAL, &timer, NULL) == 0);
	while (caught < 1500) {
		wrong += syscall(SYS_getpid) != own;
		wrong += change_mask(SIG_BLOCK, &set, &old) != 0 || old != 0;
		wrong += syscall(SYS_gettid) != own;
		wrong += change_mask(SIG_SETMASK, &old, &old) != 0 || old != set;
	}
	setitimer(ITIMER_REAL, &never, NULL);
	show("wrong %ld", wrong);
}

CASE(what_is_unblocked_comes_before_the_call_returns)
{
	uint64_t set = bit_of(SIGUSR1);
	long right = 0;
	caught = 0;
	handle(SIGUSR1, note, 0);
	for (int turn = 0; turn < OFTEN; turn++) {
		long before = caught;
		change_mask(SIG_BLOCK, &set, NULL);
		if (turn % 16 == 0)
			kill(getpid(), SIGUSR1);
		else if (turn % 16 == 1)
			raise(SIGUSR1);
		int waits = turn % 16 < 2;
		right += caught == before;
		change_mask(SIG_UNBLOCK, &set, NULL);
		right += caught == before + waits;
	}
	show("right %ld", right);
}

static volatile int over;
static pthread_t target;

static void *send_signals(void *argument)
{
	for (long i = 0; i < 2000; i++) {
		long before = caught;
		if (argument)
			kill(getpid(), SIGUSR1);
		else
			pthread_kill(target, SIGUSR1);
		while (caught == before)
			sched_yield();
	}
	over = 1;
	return NULL;
}

CASE(signals_of_another_thread_come_while_masks_change)
{
	uint64_t set = bit_of(SIGUSR1), all = ~UINT64_C(0), none = 0;
	for (long whole = 0; whole < 2; whole++) {
		over = caught = 0;
		target = pthread_self();
		handle(SIGUSR1, note, 0);
		change_mask(SIG_SETMASK, &all, NULL);
		pthread_t sender = started(send_signals, (void *)whole);
		while (!over) {
			change_mask(SIG_SETMASK, &none, NULL);
			syscall(SYS_gettid);
			change_mask(SIG_BLOCK, &set, NULL);
			sched_yield();
		}
		joined(sender);
		show("caught %ld", caught);
		change_mask(SIG_SETMASK, &none, NULL);
	}
}

CASE(masks_are_refused_as_ever)
{
	uint64_t set = bit_of(SIGUSR2) | bit_of(SIGKILL) | bit_of(SIGSTOP), old = 0, none = 0;
	char *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	REQUIRE(page != MAP_FAILED);
	for (int turn = 0; turn < 4; turn++) {
		show("how %ld", change_mask(7, &set, &old));
		show("without a set %ld", change_mask(7, NULL, &old));
		show("set %ld", change_mask(SIG_BLOCK, (void *)8, &old));
		show("beyond %ld", change_mask(SIG_BLOCK, (void *)(UINT64_C(1) << 47), &old));
		show("in the LWK's half %ld", change_mask(SIG_BLOCK, (void *)UINT64_C(0x7f8000000000), &old));
		show("old, mapped for reading %ld", change_mask(SIG_BLOCK, &set, (void *)page));
		show("old %ld", change_mask(SIG_BLOCK, &set, (void *)16));
		show("size %ld", syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, &old, 16L) ? (long)errno : 0);
		change_mask(SIG_BLOCK, NULL, &old);
		show("mask %llx", (unsigned long long)old);
		/* In two pages, and not aligned. */
		char *pair = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		REQUIRE(pair != MAP_FAILED);
		memcpy(pair + PAGE - 3, &set, 8);
		show("across %ld", change_mask(SIG_SETMASK, (void *)(pair + PAGE - 3), (void *)(pair + 1)));
		memcpy(&old, pair + 1, 8);
		show("mask %llx", (unsigned long long)old);
		munmap(pair, 2 * PAGE);
		change_mask(SIG_SETMASK, &none, NULL);
	}
}

static void *map_and_unmap(void *argument)
{
	while (!over)
		munmap(mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0), 16 * PAGE);
	return argument;
}

CASE(memory_that_goes_meanwhile_is_not_written)
{
	over = 0;
	pthread_t other = started(map_and_unmap, NULL);
	long wrong = 0;
	for (int turn = 0; turn < 3000; turn++) {
		uint64_t *old = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		REQUIRE(old != MAP_FAILED);
		wrong += change_mask(SIG_BLOCK, NULL, old) != 0;
		munmap(old, PAGE);
		wrong += change_mask(SIG_BLOCK, NULL, old) != 0 && errno != EFAULT;
	}
	over = 1;
	joined(other);
	show("wrong %ld", wrong);
}

static void show_ids(const char *where)
{
	for (int turn = 0; turn < 3; turn++)
		if (turn == 2)
			show("%s: %u %u %u %u", where, getuid(), geteuid(), getgid(), getegid());
		else
			(void)(getuid() + geteuid() + getgid() + getegid());
}

static void *show_ids_of_thread(void *argument)
{
	show_ids(argument);
	return NULL;
}

CASE(ids_are_those_that_were_set_last)
{
	show_ids("at first");
	pid_t child = forked();
	if (child == 0) {
		show("group %d", setegid(12));
		show("user %d", seteuid(34));
		show_ids("child");
		joined(started(show_ids_of_thread, "its thread"));
		show("back %d", seteuid(getuid()));
		show_ids("child");
		show("for good %d %d", setresgid(56, 57, 58), setresuid(67, 68, 69));
		show_ids("child");
		show("not any more %d", setuid(0));
		show_ids("child");
		pid_t grandchild = forked();
		if (grandchild == 0) {
			show_ids("grandchild");
			_exit(0);
		}
		show_end("grandchild", grandchild);
		_exit(0);
	}
	show_end("child", child);
	show_ids("parent");
}
