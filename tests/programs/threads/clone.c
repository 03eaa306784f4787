/* clone(2) and clone3(2) by themselves, and the combinations of flags that are refused; set_tid_address(2). */
#include "process.h"

#include <linux/futex.h>

#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif

#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

struct arguments {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

static char *stack_top(void)
{
	static char *stack;
	if (stack == NULL)
		stack = anonymous(64 * 1024);
	return stack + 64 * 1024;
}

/* A call that Linux refuses; a child by mistake ends at once. */
static long refused(unsigned long flags, void *stack)
{
	long result = syscall(SYS_clone, flags, stack, NULL, NULL, 0);
	if (result == 0)
		_exit(98);
	return result;
}

static long refused3(struct arguments arguments, size_t size)
{
	long result = syscall(SYS_clone3, &arguments, size);
	if (result == 0)
		_exit(98);
	return result;
}

CASE(threads_must_share_signal_handlers)
{
	RESULT(refused(CLONE_THREAD | CLONE_VM, stack_top()));
	RESULT(refused(CLONE_THREAD, stack_top()));
}

CASE(shared_handlers_must_share_memory)
{
	RESULT(refused(CLONE_SIGHAND, stack_top()));
	RESULT(refused(CLONE_THREAD | CLONE_SIGHAND, stack_top()));
}

CASE(new_namespaces_exclude_sharing)
{
	RESULT(refused(CLONE_NEWNS | CLONE_FS | SIGCHLD, NULL));
	RESULT(refused(CLONE_NEWUSER | CLONE_FS | SIGCHLD, NULL));
	RESULT(refused(CLONE_NEWPID | THREAD, stack_top()));
	RESULT(refused(CLONE_NEWUSER | THREAD, stack_top()));
	RESULT(refused(CLONE_NEWIPC | CLONE_SYSVSEM | SIGCHLD, NULL));
}

CASE(pidfd_excludes_detached_and_the_parent_tid_in_old_clone)
{
	int word = 0;
	RESULT(syscall(SYS_clone, CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, NULL, &word, NULL, 0));
	RESULT(syscall(SYS_clone, CLONE_PIDFD | CLONE_DETACHED | SIGCHLD, NULL, &word, NULL, 0));
}

CASE(clone3_checks_the_size)
{
	struct arguments arguments = {.exit_signal = SIGCHLD};
	RESULT(refused3(arguments, 63));
	RESULT(refused3(arguments, 0));
	RESULT(refused3(arguments, 5000));
	RESULT(syscall(SYS_clone3, NULL, 64));
	RESULT(syscall(SYS_clone3, (void *)16, 88));
}

CASE(clone3_refuses_what_it_does_not_know)
{
	RESULT(refused3((struct arguments){.flags = 1ULL << 40, .exit_signal = SIGCHLD}, 88));
	RESULT(refused3((struct arguments){.flags = 1, .exit_signal = SIGCHLD}, 88));
	RESULT(refused3((struct arguments){.flags = CLONE_DETACHED, .exit_signal = SIGCHLD}, 88));
	RESULT(refused3((struct arguments){.exit_signal = 65}, 88));
	RESULT(refused3((struct arguments){.exit_signal = 1000}, 88));
}

CASE(clone3_wants_stack_and_size_together)
{
	RESULT(refused3((struct arguments){.exit_signal = SIGCHLD, .stack = (uint64_t)stack_top()}, 88));
	RESULT(refused3((struct arguments){.exit_signal = SIGCHLD, .stack_size = 4096}, 88));
}

CASE(clone3_thread_has_no_exit_signal)
{
	struct arguments arguments = {.flags = THREAD, .exit_signal = SIGCHLD};
	arguments.stack = (uint64_t)stack_top() - 4096;
	arguments.stack_size = 4096;
	RESULT(refused3(arguments, 88));
	arguments.flags = CLONE_PARENT;
	RESULT(refused3(arguments, 88));
}

CASE(clone3_cannot_share_and_clear_handlers)
{
	RESULT(refused3((struct arguments){.flags = CLONE_CLEAR_SIGHAND | CLONE_SIGHAND | CLONE_VM, .exit_signal = SIGCHLD}, 88));
}

/* A child cannot choose its pid: it is its proxy's (EPERM instead of EINVAL for a number that is taken). */
DIFFERS(clone3_checks_the_wanted_ids)
CASE(clone3_checks_the_wanted_ids)
{
	pid_t wanted[2] = {-1, 1};
	struct arguments arguments = {.exit_signal = SIGCHLD, .set_tid_size = 1};
	RESULT(refused3(arguments, 88));
	arguments.set_tid = (uint64_t)wanted;
	arguments.set_tid_size = 0;
	RESULT(refused3(arguments, 88));
	arguments.set_tid_size = 40;
	RESULT(refused3(arguments, 88));
	arguments.set_tid_size = 1;
	RESULT(refused3(arguments, 88));
}

CASE(clone3_of_the_first_version_forks)
{
	struct arguments arguments = {.exit_signal = SIGCHLD};
	long child = syscall(SYS_clone3, &arguments, 64);
	if (child == 0)
		_exit(12);
	show_end("child", (pid_t)child);
}

CASE(clone3_takes_a_larger_structure_of_zeroes)
{
	static char space[200];
	*(struct arguments *)space = (struct arguments){.exit_signal = SIGCHLD};
	long child = syscall(SYS_clone3, space, sizeof space);
	if (child == 0)
		_exit(13);
	show_end("child", (pid_t)child);
	space[150] = 1;
	RESULT(syscall(SYS_clone3, space, sizeof space));
}

static volatile int word;
static int ids[3];

static int raw_thread(void *argument)
{
	ids[0] = (int)syscall(SYS_gettid);
	ids[1] = (int)syscall(SYS_getpid);
	__atomic_store_n(&word, (int)(long)argument, __ATOMIC_SEQ_CST);
	return 0;
}

/* Waits until the kernel clears `id`, as pthread_join(3) does. */
static void wait_for_clear(int *id)
{
	int value;
	while ((value = __atomic_load_n(id, __ATOMIC_SEQ_CST)) != 0)
		syscall(SYS_futex, id, FUTEX_WAIT, value, NULL, NULL, 0);
}

CASE(thread_of_raw_clone_runs_and_its_id_is_cleared)
{
	static int id;
	word = 0;
	id = -1;
	int thread = clone(raw_thread, stack_top(), THREAD | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID, (void *)5, &id,
			   NULL, &id);
	REQUIRE(thread > 0);
	wait_for_clear(&id);
	show("word %d, id cleared %d", word, id == 0);
	show("thread's id is clone's result %d, process the same %d", ids[0] == thread, ids[1] == getpid());
}

CASE(thread_id_is_stored_for_parent_and_child)
{
	static int parent_id, child_id;
	word = 0;
	parent_id = child_id = 0;
	int thread = clone(raw_thread, stack_top(), THREAD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID, (void *)5,
			   &parent_id, NULL, &child_id);
	AWAIT(word);
	show("parent's %d, child's %d", parent_id == thread, child_id == thread);
	settle();
}

CASE(clone3_starts_a_thread_on_the_given_stack)
{
	static int id;
	word = 0;
	id = -1;
	struct arguments arguments = {.flags = THREAD | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID, .stack_size = 64 * 1024};
	arguments.stack = (uint64_t)stack_top() - 64 * 1024;
	arguments.parent_tid = arguments.child_tid = (uint64_t)&id;
	register long number __asm__("rax") = SYS_clone3;
	register volatile int *where __asm__("r8") = &word;
	__asm__ volatile("syscall\n"
			 "test %%rax, %%rax\n"
			 "jnz 1f\n"
			 "movl $9, (%%r8)\n"
			 "mov %%rsp, %%rsi\n"
			 "push %%rsi\n"
			 "mov $60, %%eax\n"
			 "xor %%edi, %%edi\n"
			 "syscall\n"
			 "1:\n"
			 : "+r"(number)
			 : "D"(&arguments), "S"(sizeof arguments), "r"(where)
			 : "rcx", "r11", "memory");
	REQUIRE(number > 0);
	wait_for_clear(&id);
	show("word %d", word);
}

static int replaces_address(void *argument)
{
	(void)argument;
	ids[1] = (int)syscall(SYS_set_tid_address, &ids[2]);
	return 0;
}

CASE(tid_address_may_be_replaced)
{
	static int id;
	id = -1;
	ids[2] = 1;
	int thread = clone(replaces_address, stack_top(), THREAD | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID, NULL, &id, NULL, &id);
	REQUIRE(thread > 0);
	wait_for_clear(&ids[2]);
	show("first address untouched %d, returned the id %d", id == thread, ids[1] == thread);
}

CASE(clear_at_a_bad_address_is_no_error)
{
	word = 0;
	int thread = clone(raw_thread, stack_top(), THREAD | CLONE_CHILD_CLEARTID, (void *)6, NULL, NULL, (void *)16);
	show("started %d", thread > 0);
	AWAIT(word);
	settle();
	show("alive");
}

static int writes(void *argument)
{
	word = (int)(long)argument;
	return 4;
}

CASE(memory_is_shared_without_a_thread)
{
	word = 0;
	int child = clone(writes, stack_top(), CLONE_VM | SIGCHLD, (void *)44);
	REQUIRE(child > 0);
	show_end("child", child);
	show("word %d", word);
}

static int folder_and_descriptor(void *argument)
{
	(void)argument;
	if (chdir("inside") != 0)
		return 1;
	close(50);
	umask(0123);
	return 0;
}

/* Two processes with one descriptor table would need two proxies with one. */
DIFFERS(files_and_folder_are_shared_if_asked)
CASE(files_and_folder_are_shared_if_asked)
{
	mkdir("inside", 0755);
	for (int shared = 0; shared < 2; shared++) {
		umask(022);
		REQUIRE(dup2(1, 50) == 50);
		int child = clone(folder_and_descriptor, stack_top(), (shared ? CLONE_FS | CLONE_FILES : 0) | SIGCHLD, NULL);
		REQUIRE(child > 0);
		show_end("child", child);
		char where[4096];
		REQUIRE(getcwd(where, sizeof where) != NULL);
		show("shared %d: in the folder %d, descriptor open %d, umask %o", shared,
		     strcmp(strrchr(where, '/'), "/inside") == 0, fcntl(50, F_GETFD) != -1, umask(022));
	}
	REQUIRE(chdir("..") == 0);
}
