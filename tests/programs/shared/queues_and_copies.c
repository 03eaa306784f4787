/* mq_open(3), mq_send(3), mq_notify(3); process_vm_readv(2) and process_vm_writev(2). */
#include "thread.h"

#include <mqueue.h>
#include <sys/uio.h>

static const char *name(void)
{
	static char text[64];
	snprintf(text, sizeof text, "/differential-%d", getpid());
	return text;
}

/* -1 where there are no queues, which then is so on both sides. */
static mqd_t opened(int flags)
{
	struct mq_attr attributes = {.mq_maxmsg = 4, .mq_msgsize = 32};
	mqd_t queue = mq_open(name(), O_RDWR | O_CREAT | flags, 0600, &attributes);
	if (queue == (mqd_t)-1)
		show("open %s", error_name(errno));
	mq_unlink(name());
	return queue;
}

static void receive(mqd_t queue)
{
	char text[33] = "";
	unsigned priority = 99;
	ssize_t length = mq_receive(queue, text, 32, &priority);
	if (length == -1)
		show("%s", error_name(errno));
	else
		show("'%s' of priority %u", text, priority);
}

CASE(messages_come_by_priority)
{
	mqd_t queue = opened(0);
	RESULT(mq_send(queue, "low", 3, 1));
	RESULT(mq_send(queue, "high", 4, 9));
	RESULT(mq_send(queue, "low too", 7, 1));
	for (int i = 0; i < 3; i++)
		receive(queue);
	mq_close(queue);
}

CASE(queue_state_is_told)
{
	mqd_t queue = opened(O_NONBLOCK);
	struct mq_attr attributes = {0};
	mq_send(queue, "x", 1, 0);
	RESULT(mq_getattr(queue, &attributes));
	show("holds %ld of %ld, size %ld, flags %#lx", attributes.mq_curmsgs, attributes.mq_maxmsg, attributes.mq_msgsize,
	     attributes.mq_flags);
	attributes.mq_flags = 0;
	RESULT(mq_setattr(queue, &attributes, NULL));
	RESULT(fcntl(queue, F_GETFL) & O_NONBLOCK);
	mq_close(queue);
}

CASE(queue_errors)
{
	char text[64] = "";
	mqd_t queue = opened(O_NONBLOCK);
	receive(queue);
	RESULT(mq_send(queue, text, 33, 0));
	RESULT(mq_receive(queue, text, 10, NULL));
	RESULT(mq_send(queue, text, 1, 40000));
	for (int i = 0; i < 4; i++)
		mq_send(queue, text, 1, 0);
	RESULT(mq_send(queue, text, 1, 0));
	RESULT(mq_open("/no-such-queue-at-all", O_RDONLY));
	RESULT(mq_unlink("/no-such-queue-at-all"));
	RESULT(mq_close(777));
	mq_close(queue);
}

CASE(receive_times_out)
{
	char text[32];
	struct timespec until = in_milliseconds(CLOCK_REALTIME, 20), wrong = {0, 1000000000};
	mqd_t queue = opened(0);
	RESULT(mq_timedreceive(queue, text, 32, NULL, &until));
	RESULT(mq_timedreceive(queue, text, 32, NULL, &wrong));
	mq_close(queue);
}

CASE(child_sends_to_a_waiting_parent)
{
	mqd_t queue = opened(0);
	pid_t child = forked();
	if (child == 0) {
		settle();
		_exit(mq_send(queue, "child", 5, 2) == 0);
	}
	receive(queue);
	show_end("child", child);
	mq_close(queue);
}

CASE(arrival_is_notified_once)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 12};
	sigset_t set = set_of(SIGUSR1);
	struct timespec now = {0, 0}, later = {5, 0};
	siginfo_t info;
	mqd_t queue = opened(0);
	block(SIGUSR1);
	RESULT(mq_notify(queue, &event));
	RESULT(mq_notify(queue, &event));
	mq_send(queue, "x", 1, 0);
	if (sigtimedwait(&set, &info, &later) == SIGUSR1)
		show("value %d, SI_MESGQ %d", info.si_value.sival_int, info.si_code == SI_MESGQ);
	receive(queue);
	mq_send(queue, "x", 1, 0);
	RESULT(sigtimedwait(&set, NULL, &now));
	unblock(SIGUSR1);
	mq_close(queue);
}

static volatile int noticed;

static void notice(union sigval value)
{
	noticed = value.sival_int + (gettid() != getpid());
}

CASE(arrival_runs_a_function_in_a_thread)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = notice, .sigev_value.sival_int = 70};
	mqd_t queue = opened(0);
	noticed = 0;
	RESULT(mq_notify(queue, &event));
	mq_send(queue, "x", 1, 0);
	AWAIT(noticed);
	show("%d", noticed);
	receive(queue);
	event.sigev_notify = 77;
	RESULT(mq_notify(queue, &event));
	RESULT(syscall(SYS_mq_notify, queue, 16));
	mq_close(queue);
}

static char *area;

/* A child that holds a pattern until it is killed. */
static pid_t holder(volatile int *words)
{
	area = anonymous(3 * PAGE);
	pid_t child = forked();
	if (child == 0) {
		fill(area, 3 * PAGE);
		words[0] = 1;
		AWAIT(words[1]);
		_exit(area[5]);
	}
	AWAIT(words[0]);
	return child;
}

static long copy(int number, pid_t process, void *own, void *theirs, size_t bytes)
{
	struct iovec here = {own, bytes}, there = {theirs, bytes};
	return syscall(number, process, &here, 1, &there, 1, 0);
}

CASE(memory_of_a_child_is_read_and_written)
{
	volatile int *words = shared_words();
	char own[PAGE];
	pid_t child = holder(words);
	RESULT(copy(SYS_process_vm_readv, child, own, area + PAGE - 100, PAGE));
	show("intact %zu", intact(own, PAGE - 100, PAGE));
	own[0] = 42;
	RESULT(copy(SYS_process_vm_writev, child, own, area + 5, 1));
	words[1] = 1;
	show_end("child", child);
	show("own untouched %d", area[5]);
}

CASE(pieces_are_gathered_and_scattered)
{
	volatile int *words = shared_words();
	char one[10], two[30];
	pid_t child = holder(words);
	struct iovec here[2] = {{one, 10}, {two, 30}}, there[3] = {{area, 5}, {area + PAGE, 20}, {area + 2 * PAGE, 15}};
	RESULT(process_vm_readv(child, here, 2, there, 3, 0));
	show("%d", intact(one, 0, 5) == 5 && intact(one + 5, PAGE, 5) == 5 && intact(two, PAGE + 5, 15) == 15 &&
	     intact(two + 15, 2 * PAGE, 15) == 15);
	words[1] = 1;
	show_end("child", child);
}

CASE(copies_end_where_memory_ends)
{
	volatile int *words = shared_words();
	static char own[4 * PAGE];
	char *place = reserved(4 * PAGE);
	REQUIRE(mprotect(place, PAGE, PROT_READ | PROT_WRITE) == 0);
	pid_t child = holder(words);
	RESULT(copy(SYS_process_vm_readv, child, own, place, 2 * PAGE));
	RESULT(copy(SYS_process_vm_readv, child, own, place + PAGE, 10));
	RESULT(copy(SYS_process_vm_readv, child, (void *)16, area, 10));
	RESULT(copy(SYS_process_vm_writev, child, own, (void *)16, 10));
	RESULT(copy(SYS_process_vm_readv, 0x3fffffff, own, area, 10));
	struct iovec here = {own, 1};
	RESULT(process_vm_readv(child, &here, 1, &here, 1, 1));
	RESULT(process_vm_readv(child, &here, 2000, &here, 1, 0));
	words[1] = 1;
	show_end("child", child);
	munmap(place, 4 * PAGE);
}

CASE(own_memory_may_be_copied)
{
	char from[20] = "own memory", to[20] = "";
	RESULT(copy(SYS_process_vm_readv, getpid(), to, from, 11));
	show("%s", to);
}
