/*
 * Touches memory that may not be there and tells what signal it cost.
 */
#ifndef FAULT_H
#define FAULT_H

#include "check.h"

static sigjmp_buf fault_back;
static volatile sig_atomic_t fault_signal, fault_code;
static void *volatile fault_address;

static void fault_caught(int number, siginfo_t *info, void *context)
{
	(void)context;
	fault_signal = number;
	fault_code = info->si_code;
	fault_address = info->si_addr;
	siglongjmp(fault_back, 1);
}

__attribute__((unused)) static const char *code_name(int number, int code)
{
	if (code == SI_USER)
		return "SI_USER";
	if (code == SI_TKILL)
		return "SI_TKILL";
	if (code == SI_KERNEL)
		return "SI_KERNEL";
	if (number == SIGSEGV)
		return code == SEGV_MAPERR ? "SEGV_MAPERR" : code == SEGV_ACCERR ? "SEGV_ACCERR" : "SEGV_?";
	if (number == SIGBUS)
		return code == BUS_ADRERR ? "BUS_ADRERR" : code == BUS_ADRALN ? "BUS_ADRALN" : "BUS_?";
	if (number == SIGFPE)
		return code == FPE_INTDIV ? "FPE_INTDIV" : code == FPE_FLTDIV ? "FPE_FLTDIV" : "FPE_?";
	if (number == SIGILL)
		return code == ILL_ILLOPN ? "ILL_ILLOPN" : code == ILL_ILLOPC ? "ILL_ILLOPC" : "ILL_?";
	if (number == SIGTRAP)
		return code == TRAP_BRKPT ? "TRAP_BRKPT" : code == TRAP_TRACE ? "TRAP_TRACE" : "TRAP_?";
	return "?";
}

/* Runs `action` and returns the fault signal that it raised, or 0; all signals are as before afterwards. */
__attribute__((unused)) static int faults(void (*action)(void *), void *argument)
{
	static const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
	struct sigaction before[COUNT(numbers)];
	struct sigaction catching = {.sa_sigaction = fault_caught, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	sigemptyset(&catching.sa_mask);
	fault_signal = 0;
	for (size_t i = 0; i < COUNT(numbers); i++)
		REQUIRE(sigaction(numbers[i], &catching, &before[i]) == 0);
	if (sigsetjmp(fault_back, 1) == 0)
		action(argument);
	for (size_t i = 0; i < COUNT(numbers); i++)
		REQUIRE(sigaction(numbers[i], &before[i], NULL) == 0);
	return fault_signal;
}

__attribute__((unused)) static void fault_read(void *address)
{
	(void)*(volatile char *)address;
}

__attribute__((unused)) static void fault_write(void *address)
{
	volatile char *byte = address;
	*byte = *byte ^ 0;
}

__attribute__((unused)) static void fault_store(void *address)
{
	*(volatile char *)address = 'x';
}

__attribute__((unused)) static void fault_execute(void *address)
{
	((void (*)(void))address)();
}

/* Prints the outcome of one access to `address`, as a distance from `base`. */
__attribute__((unused)) static void show_access(const char *what, void (*access)(void *), void *address, void *base)
{
	int number = faults(access, address);
	if (number == 0) {
		show("%s at +%#lx succeeds", what, (long)((char *)address - (char *)base));
		return;
	}
	char where[32] = "0";
	if (fault_address != NULL)
		snprintf(where, sizeof where, "+%#lx", (long)((char *)fault_address - (char *)base));
	show("%s at +%#lx raises %s %s, si_addr %s", what, (long)((char *)address - (char *)base),
	     signal_name(number), code_name(number, fault_code), where);
}
#define READ(address, base) show_access("read", fault_read, address, base)
#define WRITE(address, base) show_access("write", fault_store, address, base)
#define EXECUTE(address, base) show_access("call", fault_execute, address, base)

/* Prints whether each page from `base` on can be read and written: "w" both, "r" read only, "-" neither. */
__attribute__((unused)) static void show_pages(const char *what, char *base, size_t pages)
{
	char line[65] = "";
	REQUIRE(pages < sizeof line);
	for (size_t i = 0; i < pages; i++) {
		if (faults(fault_read, base + i * PAGE))
			line[i] = '-';
		else
			line[i] = faults(fault_write, base + i * PAGE) ? 'r' : 'w';
	}
	show("%s: pages %s", what, line);
}

#endif
