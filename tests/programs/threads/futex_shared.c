/* futex(2), "Futexes": what makes two words one futex: address, page, or place in a file. */
#include "futex.h"

static word_t *shared_page(int file, int flags, off_t offset)
{
	void *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, flags, file, offset);
	REQUIRE(memory != MAP_FAILED);
	return memory;
}

static int new_file(const char *name)
{
	int file = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
	REQUIRE(file >= 0 && ftruncate(file, 2 * PAGE) == 0);
	return file;
}

/* A child that waits for `word` and exits with 0 if it is woken. */
static pid_t waiting_child(word_t *word)
{
	pid_t child = forked();
	if (child == 0) {
		struct timespec limit = {20, 0};
		long result = futex(word, FUTEX_WAIT, 0, &limit, NULL, 0);
		_exit(result == 0 ? 0 : errno == ETIMEDOUT ? 1 : 2);
	}
	return child;
}

CASE(anonymous_memory_after_fork)
{
	word_t *word = shared_page(-1, MAP_SHARED | MAP_ANONYMOUS, 0);
	pid_t child = waiting_child(word);
	AWAIT_WAITERS(word, 0, 1);
	RESULT(futex(word, FUTEX_WAKE, 1, NULL, NULL, 0));
	show_end("child", child);
}

CASE(private_operations_stay_in_the_process)
{
	word_t *word = shared_page(-1, MAP_SHARED | MAP_ANONYMOUS, 0);
	pid_t child = waiting_child(word);
	AWAIT_WAITERS(word, 0, 1);
	RESULT(futex(word, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
	RESULT(futex(word + 1, FUTEX_WAKE, 9, NULL, NULL, 0));
	RESULT(futex(word, FUTEX_WAKE, 9, NULL, NULL, 0));
	show_end("child", child);
}

CASE(private_memory_is_copied_by_fork)
{
	word_t *word = shared_page(-1, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	volatile int *waits = shared_words();
	*word = 0;
	pid_t child = forked();
	if (child == 0) {
		struct caller caller = {.word = word, .operation = FUTEX_WAIT};
		begin_call(&caller);
		AWAIT_WAITERS(word, 0, 1);
		*waits = 1;
		AWAIT(*waits == 2);
		RESULT(futex(word, FUTEX_WAKE, 9, NULL, NULL, 0));
		show_call("child's own", &caller);
		_exit(0);
	}
	AWAIT(*waits == 1);
	RESULT(futex(word, FUTEX_WAKE, 9, NULL, NULL, 0));
	*waits = 2;
	show_end("child", child);
}

CASE(two_mappings_of_one_file)
{
	int file = new_file("words");
	word_t *one = shared_page(file, MAP_SHARED, 0), *two = shared_page(file, MAP_SHARED, 0);
	struct caller caller = {.word = one, .operation = FUTEX_WAIT};
	begin_call(&caller);
	AWAIT_WAITERS(one, 0, 1);
	RESULT(waiters(two, 0));
	RESULT(futex(two + 1, FUTEX_WAKE, 9, NULL, NULL, 0));
	RESULT(futex(two, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
	RESULT(futex(two, FUTEX_WAKE, 9, NULL, NULL, 0));
	show_call("waiter", &caller);
	close(file);
}

CASE(the_place_in_the_file_counts)
{
	int file = new_file("words");
	word_t *whole = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	REQUIRE(whole != MAP_FAILED);
	word_t *upper = shared_page(file, MAP_SHARED, PAGE);
	struct caller caller = {.word = upper, .operation = FUTEX_WAIT};
	begin_call(&caller);
	AWAIT_WAITERS(upper, 0, 1);
	RESULT(futex(whole, FUTEX_WAKE, 9, NULL, NULL, 0));
	RESULT(futex(whole + PAGE / sizeof *whole, FUTEX_WAKE, 9, NULL, NULL, 0));
	show_call("waiter", &caller);
	close(file);
}

CASE(a_file_opened_twice)
{
	int one = new_file("words"), two = open("words", O_RDWR);
	REQUIRE(two >= 0 && link("words", "link") == 0);
	int three = open("link", O_RDWR);
	REQUIRE(three >= 0);
	word_t *words[] = {shared_page(one, MAP_SHARED, 0), shared_page(two, MAP_SHARED, 0), shared_page(three, MAP_SHARED, 0)};
	for (int i = 1; i < 3; i++) {
		struct caller caller = {.word = words[i], .operation = FUTEX_WAIT};
		begin_call(&caller);
		AWAIT_WAITERS(words[i], 0, 1);
		RESULT(futex(words[0], FUTEX_WAKE, 9, NULL, NULL, 0));
		show_call("waiter", &caller);
	}
	REQUIRE(unlink("link") == 0);
	close(one);
	close(two);
	close(three);
}

CASE(two_files_are_two)
{
	int one = new_file("words"), two = new_file("others");
	word_t *first = shared_page(one, MAP_SHARED, 0), *second = shared_page(two, MAP_SHARED, 0);
	struct caller caller = {.word = first, .operation = FUTEX_WAIT};
	begin_call(&caller);
	AWAIT_WAITERS(first, 0, 1);
	RESULT(futex(second, FUTEX_WAKE, 9, NULL, NULL, 0));
	RESULT(futex(first, FUTEX_WAKE, 9, NULL, NULL, 0));
	show_call("waiter", &caller);
	close(one);
	close(two);
}

CASE(processes_that_map_a_file_by_themselves)
{
	int file = new_file("words");
	word_t *word = shared_page(file, MAP_SHARED, 0);
	pid_t child = forked();
	if (child == 0) {
		int again = open("words", O_RDWR);
		REQUIRE(again >= 0);
		word_t *mapped = shared_page(again, MAP_SHARED, 0);
		_exit(futex(mapped, FUTEX_WAIT, 0, NULL, NULL, 0) == 0 ? 5 : 6);
	}
	AWAIT_WAITERS(word, 0, 1);
	RESULT(futex(word, FUTEX_WAKE, 1, NULL, NULL, 0));
	show_end("child", child);
	close(file);
}

CASE(a_private_mapping_of_the_file_is_another_futex)
{
	int file = new_file("words");
	word_t *open_word = shared_page(file, MAP_SHARED, 0), *own = shared_page(file, MAP_PRIVATE, 0);
	struct caller caller = {.word = own, .operation = FUTEX_WAIT};
	begin_call(&caller);
	AWAIT_WAITERS(own, 0, 1);
	RESULT(futex(open_word, FUTEX_WAKE, 9, NULL, NULL, 0));
	RESULT(futex(own, FUTEX_WAKE, 9, NULL, NULL, 0));
	show_call("waiter", &caller);
	close(file);
}

CASE(a_read_only_mapping_can_be_waited_on)
{
	int file = new_file("words");
	word_t *writable = shared_page(file, MAP_SHARED, 0);
	word_t *word = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0);
	REQUIRE(word != MAP_FAILED);
	struct caller caller = {.word = word, .operation = FUTEX_WAIT};
	begin_call(&caller);
	AWAIT_WAITERS(writable, 0, 1);
	RESULT(futex(word, FUTEX_WAKE, 0, NULL, NULL, 0));
	show_call("waiter", &caller);
	RESULT(futex(word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	RESULT(futex(word, FUTEX_WAKE_OP, 1, NUMBER(1), word, FUTEX_OP(FUTEX_OP_SET, 1, FUTEX_OP_CMP_EQ, 0)));
	close(file);
}

CASE(memory_without_a_file_name)
{
	int file = (int)syscall(SYS_memfd_create, "words", 0);
	REQUIRE(file >= 0 && ftruncate(file, PAGE) == 0);
	word_t *one = shared_page(file, MAP_SHARED, 0), *two = shared_page(file, MAP_SHARED, 0);
	pid_t child = waiting_child(two);
	AWAIT_WAITERS(one, 0, 1);
	RESULT(futex(one, FUTEX_WAKE, 1, NULL, NULL, 0));
	show_end("child", child);
	close(file);
}

CASE(the_other_process_changes_the_word)
{
	int file = new_file("words");
	word_t *word = shared_page(file, MAP_SHARED, 0);
	volatile int *steps = shared_words();
	pid_t child = forked();
	if (child == 0) {
		AWAIT_WAITERS(word, 0, 1);
		*word = 7;
		RESULT(futex(word, FUTEX_WAKE, 1, NULL, NULL, 0));
		*steps = 1;
		_exit(0);
	}
	long result = futex(word, FUTEX_WAIT, 0, NULL, NULL, 0);
	AWAIT(*steps == 1);
	show_end("child", child);
	show("%ld, the word is %u", result, *word);
	RESULT(futex(word, FUTEX_WAIT, 0, NULL, NULL, 0));
	close(file);
}

CASE(requeue_between_processes)
{
	word_t *words = shared_page(-1, MAP_SHARED | MAP_ANONYMOUS, 0);
	pid_t one = waiting_child(words);
	AWAIT_WAITERS(words, 0, 1);
	pid_t two = waiting_child(words);
	AWAIT_WAITERS(words, 0, 2);
	RESULT(futex(words, FUTEX_CMP_REQUEUE, 1, NUMBER(9), words + 8, 0));
	show_end("first", one);
	RESULT(waiters(words + 8, 0));
	RESULT(futex(words + 8, FUTEX_WAKE, 9, NULL, NULL, 0));
	show_end("second", two);
}

CASE(moved_memory_keeps_shared_futexes)
{
	char *place = reserved(2 * PAGE);
	word_t *word = shared_page(-1, MAP_SHARED | MAP_ANONYMOUS, 0);
	struct caller caller = {.word = word, .operation = FUTEX_WAIT};
	begin_call(&caller);
	AWAIT_WAITERS(word, 0, 1);
	REQUIRE(mremap((void *)word, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place) == place);
	RESULT(futex((word_t *)place, FUTEX_WAKE, 9, NULL, NULL, 0));
	show_call("waiter", &caller);
}

static int wakes_and_exits(void *argument)
{
	word_t *word = argument;
	return (int)futex(word, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0);
}

CASE(a_process_that_shares_memory_shares_private_futexes)
{
	static word_t word;
	static char stack[16 * PAGE];
	struct caller caller;
	begin_waiters(&caller, 1, &word);
	pid_t child = clone(wakes_and_exits, stack + sizeof stack, CLONE_VM | SIGCHLD, (void *)&word);
	REQUIRE(child > 0);
	show_end("child", child);
	show_call("waiter", &caller);
}

CASE(many_processes_meet)
{
	enum { MANY = 8 };
	word_t *word = shared_page(-1, MAP_SHARED | MAP_ANONYMOUS, 0);
	pid_t children[MANY];
	for (int i = 0; i < MANY; i++) {
		children[i] = waiting_child(word);
		AWAIT_WAITERS(word, 0, i + 1);
	}
	RESULT(futex(word, FUTEX_WAKE, 3, NULL, NULL, 0));
	RESULT(futex(word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0));
	for (int i = 0; i < MANY; i++)
		show_end("child", children[i]);
}
