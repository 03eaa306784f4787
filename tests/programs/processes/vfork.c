/* vfork(2), and clone(2) with CLONE_VFORK: the parent waits until the child ends or executes. */
#include "process.h"

static volatile int word;
static volatile int *words;

ROLE(end_with)
{
	return count > 0 ? atoi(words[0]) : 1;
}

CASE(parent_waits_for_the_child_s_end)
{
	word = 0;
	pid_t child = vfork();
	if (child == 0) {
		usleep(30000);
		word = 5;
		_exit(3);
	}
	show("child wrote %d", word);
	show_end("child", child);
}

CASE(parent_waits_until_the_child_executes)
{
	char *const arguments[] = {"program", "end_with", "6", NULL};
	word = 0;
	pid_t child = vfork();
	if (child == 0) {
		word = 1;
		execv(this_program(), arguments);
		_exit(98);
	}
	show("child got as far as %d", word);
	show_end("child", child);
}

CASE(failed_exec_leaves_the_child_in_shared_memory)
{
	word = 0;
	pid_t child = vfork();
	if (child == 0) {
		execl("/no/such/program", "x", NULL);
		word = errno;
		_exit(7);
	}
	show("%s", error_name(word));
	show_end("child", child);
}

CASE(descriptors_of_the_child_are_its_own)
{
	int file = patterned_file("vforked", 5);
	pid_t child = vfork();
	if (child == 0) {
		close(file);
		_exit(0);
	}
	show_end("child", child);
	RESULT(close(file));
}

static char stack[65536] __attribute__((aligned(16)));

static int set_word(void *argument)
{
	pause_for(20);
	word = (int)(long)argument;
	return 8;
}

CASE(clone_with_vfork_and_memory_waits)
{
	word = 0;
	pid_t child = clone(set_word, stack + sizeof stack, CLONE_VFORK | CLONE_VM | SIGCHLD, (void *)44);
	show("word %d", word);
	show_end("child", child);
}

CASE(clone_with_vfork_alone_waits_and_copies)
{
	word = 0;
	words = shared_words();
	pid_t child = (pid_t)syscall(SYS_clone, CLONE_VFORK | SIGCHLD, NULL, NULL, NULL, 0);
	if (child == 0) {
		pause_for(20);
		word = words[0] = 9;
		_exit(9);
	}
	show("child's %d, own %d", words[0], word);
	show_end("child", child);
}

CASE(killed_child_lets_the_parent_go_on)
{
	pid_t child = vfork();
	if (child == 0) {
		kill(getpid(), SIGKILL);
		_exit(0);
	}
	show_end("child", child);
}

static volatile int caught;

static void count_signal(int number)
{
	(void)number;
	caught++;
}

CASE(signal_to_the_waiting_parent_is_handled_afterwards)
{
	pid_t parent = getpid();
	signal(SIGUSR1, count_signal);
	caught = 0;
	word = -1;
	pid_t child = vfork();
	if (child == 0) {
		kill(parent, SIGUSR1);
		usleep(20000);
		word = caught;
		_exit(0);
	}
	show("while the child ran %d, now %d", word, caught);
	show_end("child", child);
}

CASE(thread_and_process_of_the_child)
{
	static volatile int right;
	pid_t parent = getpid();
	pid_t child = vfork();
	if (child == 0) {
		right = syscall(SYS_getpid) == syscall(SYS_gettid) && syscall(SYS_getppid) == parent;
		_exit(0);
	}
	show("right %d", right);
	show_end("child", child);
}
