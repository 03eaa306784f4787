/* setpgid(2), getpgid(2), setsid(2), getsid(2), kill(2) to groups. */
#include "process.h"

static volatile int caught;

static void count(int number)
{
	(void)number;
	caught++;
}

static pid_t waits(void)
{
	pid_t child = forked();
	if (child == 0)
		for (;;)
			pause();
	return child;
}

static void finish(pid_t child)
{
	kill(child, SIGKILL);
	REQUIRE(waitpid(child, NULL, 0) == child);
}

CASE(child_founds_a_group)
{
	pid_t child = forked();
	if (child == 0) {
		RESULT(setpgid(0, 0));
		show("leads %d, session unchanged %d", getpgrp() == getpid(), getsid(0) == getsid(getppid()));
		RESULT(setpgid(0, 0));
		_exit(0);
	}
	show_end("child", child);
}

CASE(parent_puts_children_into_a_group)
{
	pid_t leader = waits(), member = waits();
	RESULT(setpgid(leader, 0));
	RESULT(setpgid(member, leader));
	show("leader %d, member %d", getpgid(leader) == leader, getpgid(member) == leader);
	show("own differs %d", getpgrp() != leader);
	RESULT(setpgid(member, getpgrp()));
	show("member is back %d", getpgid(member) == getpgrp());
	finish(leader);
	finish(member);
}

CASE(setpgid_errors)
{
	pid_t child = waits();
	RESULT(setpgid(child, -1));
	RESULT(setpgid(-1, 0));
	RESULT(setpgid(child, 0x3fffffff));
	RESULT(setpgid(getppid(), 0));
	RESULT(setpgid(0x3fffffff, 0));
	RESULT(getpgid(0x3fffffff));
	RESULT(getsid(0x3fffffff));
	RESULT(getpgid(-5));
	finish(child);
}

ROLE(linger)
{
	if (write(atoi(words[0]), "x", 1) != 1)
		return 1;
	for (;;)
		pause();
}

CASE(child_that_has_executed_cannot_be_moved)
{
	int ends[2];
	char text[16], byte;
	REQUIRE(pipe(ends) == 0);
	pid_t child = forked();
	if (child == 0) {
		snprintf(text, sizeof text, "%d", ends[1]);
		execl(this_program(), "name", "linger", text, NULL);
		_exit(98);
	}
	REQUIRE(read(ends[0], &byte, 1) == 1);
	RESULT(setpgid(child, child));
	finish(child);
	close(ends[0]);
	close(ends[1]);
}

CASE(child_founds_a_session)
{
	pid_t child = forked();
	if (child == 0) {
		show("session is the process %d", setsid() == getpid());
		show("leads the session %d, the group %d", getsid(0) == getpid(), getpgrp() == getpid());
		RESULT(setsid());
		RESULT(setpgid(0, 0));
		RESULT(open("/dev/tty", O_RDWR));
		_exit(0);
	}
	show_end("child", child);
}

CASE(group_leader_cannot_found_a_session)
{
	pid_t child = forked();
	if (child == 0) {
		REQUIRE(setpgid(0, 0) == 0);
		RESULT(setsid());
		_exit(0);
	}
	show_end("child", child);
}

CASE(child_in_another_session_cannot_be_moved)
{
	volatile int *words = shared_words();
	pid_t child = forked();
	if (child == 0) {
		setsid();
		words[0] = 1;
		for (;;)
			pause();
	}
	AWAIT(words[0]);
	RESULT(setpgid(child, 0));
	RESULT(setpgid(0, child));
	show("its session %d", getsid(child) == child);
	finish(child);
}

CASE(grandchildren_are_in_the_group_of_their_parent)
{
	pid_t child = forked();
	if (child == 0) {
		setpgid(0, 0);
		pid_t parent = getpid(), grandchild = forked();
		if (grandchild == 0)
			_exit(getpgrp() == parent && getsid(0) != parent);
		show_end("grandchild", grandchild);
		_exit(0);
	}
	show_end("child", child);
}

CASE(signal_to_a_group_reaches_all_members)
{
	pid_t members[4];
	int right = 0, status;
	for (int i = 0; i < 4; i++) {
		members[i] = waits();
		REQUIRE(setpgid(members[i], members[0]) == 0);
	}
	pid_t outsider = waits();
	RESULT(kill(-members[0], 0));
	RESULT(killpg(members[0], SIGTERM));
	for (int i = 0; i < 4; i++)
		right += waitpid(members[i], &status, 0) == members[i] && WTERMSIG(status) == SIGTERM;
	show("members ended %d", right);
	RESULT(waitpid(outsider, NULL, WNOHANG));
	RESULT(kill(-members[0], 0));
	finish(outsider);
}

CASE(signal_to_the_own_group_includes_oneself)
{
	pid_t child = forked();
	if (child == 0) {
		setpgid(0, 0);
		signal(SIGUSR1, count);
		pid_t member = forked();
		if (member == 0)
			for (;;)
				pause();
		signal(SIGUSR1, count);
		RESULT(kill(0, SIGUSR1));
		show("caught %d", caught);
		signal(SIGTERM, count);
		kill(member, SIGKILL);
		show_end("member", member);
		_exit(0);
	}
	show_end("child", child);
}

CASE(signal_to_the_own_group_has_come_when_kill_returns)
{
	pid_t child = forked();
	if (child == 0) {
		int there = 0;
		setpgid(0, 0);
		signal(SIGUSR1, count);
		for (int i = 1; i <= 100; i++) {
			REQUIRE(kill(i % 2 ? 0 : -getpid(), SIGUSR1) == 0);
			there += caught == i;
		}
		show("there %d times", there);
		_exit(0);
	}
	show_end("child", child);
}

CASE(group_that_computes_stops_together)
{
	volatile int *words = shared_words();
	pid_t members[2];
	int status;
	for (int i = 0; i < 2; i++) {
		members[i] = forked();
		if (members[i] == 0)
			for (;;)
				words[i]++;
		REQUIRE(setpgid(members[i], members[0]) == 0);
		AWAIT(words[i] != 0);
	}
	RESULT(kill(-members[0], SIGSTOP));
	for (int i = 0; i < 2; i++)
		REQUIRE(waitpid(members[i], &status, WUNTRACED) == members[i] && WIFSTOPPED(status));
	int before[2] = { words[0], words[1] };
	settle();
	show("went on %d %d", words[0] != before[0], words[1] != before[1]);
	RESULT(kill(-members[0], SIGCONT));
	for (int i = 0; i < 2; i++) {
		AWAIT(words[i] != before[i]);
		finish(members[i]);
	}
}

CASE(kill_errors)
{
	RESULT(kill(0x3fffffff, 0));
	RESULT(kill(-0x3fffffff, 0));
	RESULT(kill(getpid(), 65));
	RESULT(kill(getpid(), -1));
	RESULT(kill(0x3fffffff, 100));
	RESULT(kill(getpid(), 0));
	RESULT(killpg(0x3fffffff, 0));
	RESULT(syscall(SYS_tgkill, getpid(), 0x3fffffff, 0));
	RESULT(syscall(SYS_tgkill, 0, gettid(), 0));
	RESULT(syscall(SYS_tgkill, getpid(), -1, 0));
	RESULT(syscall(SYS_tkill, 0, 0));
	RESULT(syscall(SYS_tkill, 0x3fffffff, 0));
	RESULT(syscall(SYS_tgkill, getpid(), gettid(), 0));
	RESULT(syscall(SYS_tgkill, getppid(), gettid(), 0));
}

CASE(stopped_group_continues_together)
{
	pid_t members[3];
	int stopped = 0, continued = 0, status;
	for (int i = 0; i < 3; i++) {
		members[i] = waits();
		REQUIRE(setpgid(members[i], members[0]) == 0);
	}
	RESULT(kill(-members[0], SIGSTOP));
	for (int i = 0; i < 3; i++)
		stopped += waitpid(members[i], &status, WUNTRACED) == members[i] && WIFSTOPPED(status);
	RESULT(kill(-members[0], SIGCONT));
	for (int i = 0; i < 3; i++)
		continued += waitpid(members[i], &status, WCONTINUED) == members[i] && WIFCONTINUED(status);
	show("stopped %d, continued %d", stopped, continued);
	for (int i = 0; i < 3; i++)
		finish(members[i]);
}

CASE(group_lives_on_without_its_leader)
{
	pid_t leader = waits(), member = waits();
	REQUIRE(setpgid(leader, 0) == 0 && setpgid(member, leader) == 0);
	finish(leader);
	show("member still in it %d", getpgid(member) == leader);
	RESULT(kill(-leader, 0));
	RESULT(kill(-leader, SIGTERM));
	show_end("member", member);
	RESULT(kill(-leader, 0));
}

static volatile int *words_of_the_orphan;

static void note_hangup(int number)
{
	(void)number;
	words_of_the_orphan[1] = 1;
}

static void stop_in_an_own_group(volatile int *words)
{
	words_of_the_orphan = words;
	setpgid(0, 0);
	signal(SIGHUP, note_hangup);
	raise(SIGSTOP);
	AWAIT(words[1]);
	words[2] = 1;
	_exit(0);
}

/* In a session of its own, so that whoever adopts the stopped process is not in its session. */
CASE(newly_orphaned_stopped_group_is_hung_up)
{
	volatile int *words = shared_words();
	pid_t leader = forked();
	if (leader == 0) {
		setsid();
		pid_t middle = forked();
		if (middle == 0) {
			pid_t stopped = forked();
			if (stopped == 0)
				stop_in_an_own_group(words);
			REQUIRE(waitpid(stopped, NULL, WUNTRACED) == stopped);
			_exit(0);
		}
		show_end("middle", middle);
		AWAIT(words[2]);
		_exit(0);
	}
	show_end("leader", leader);
	show("hung up %d and continued %d", words[1], words[2]);
}
