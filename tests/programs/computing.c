/* Three processes, each the parent of the next, that ask nothing of Linux once they have begun: each counts in memory that is
 * a file, and writes its pid behind the counts. The arguments: the file, and what they do about SIGCHLD. */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PROCESSES = 3 };

int main(int count, char **arguments)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	int file = count == 3 ? open(arguments[1], O_RDWR) : -1;
	volatile uint64_t *words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (words == MAP_FAILED)
		return 1;
	if (strcmp(arguments[2], "ignored") == 0)
		action.sa_handler = SIG_IGN;
	if (strcmp(arguments[2], "without stops") == 0)
		action.sa_flags = SA_NOCLDSTOP;
	sigaction(SIGCHLD, &action, NULL);
	int own = 0;
	while (own < PROCESSES - 1 && fork() == 0)
		own++;
	words[PROCESSES + own] = getpid();
	for (;;)
		words[own]++;
}
