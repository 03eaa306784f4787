/* Children without a parent: getppid(2), prctl(PR_SET_CHILD_SUBREAPER), prctl(PR_SET_PDEATHSIG), SIGCHLD ignored. */
#include "process.h"

#include <pthread.h>
#include <sys/prctl.h>

CASE(orphan_gets_another_parent)
{
	volatile int *words = shared_words();
	pid_t middle = forked();
	if (middle == 0) {
		pid_t parent = getpid(), orphan = forked();
		if (orphan == 0) {
			words[0] = 1;
			AWAIT(getppid() != parent);
			words[1] = getppid() > 0 ? 2 : 3;
			_exit(0);
		}
		AWAIT(words[0]);
		_exit(0);
	}
	show_end("middle", middle);
	AWAIT(words[1]);
	show("orphan saw %d", words[1]);
}

CASE(subreaper_becomes_the_parent)
{
	volatile int *words = shared_words();
	int flag = -1;
	pid_t reaper = forked();
	if (reaper == 0) {
		RESULT(prctl(PR_SET_CHILD_SUBREAPER, 1));
		RESULT(prctl(PR_GET_CHILD_SUBREAPER, &flag));
		show("flag %d", flag);
		pid_t self = getpid(), middle = forked();
		if (middle == 0) {
			int inherited = -1;
			prctl(PR_GET_CHILD_SUBREAPER, &inherited);
			words[1] = inherited;
			pid_t orphan = forked();
			if (orphan == 0) {
				AWAIT(getppid() == self);
				_exit(33);
			}
			words[0] = orphan;
			_exit(0);
		}
		show_end("middle", middle);
		show_end("orphan", words[0]);
		show("middle is a reaper %d", words[1]);
		_exit(0);
	}
	show_end("reaper", reaper);
	prctl(PR_GET_CHILD_SUBREAPER, &flag);
	show("own flag %d", flag);
}

CASE(nearest_subreaper_is_taken)
{
	volatile int *words = shared_words();
	pid_t outer = forked();
	if (outer == 0) {
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		pid_t inner = forked();
		if (inner == 0) {
			prctl(PR_SET_CHILD_SUBREAPER, 1);
			pid_t self = getpid(), middle = forked();
			if (middle == 0) {
				pid_t orphan = forked();
				if (orphan == 0) {
					AWAIT(getppid() == self);
					words[0] = 1;
					_exit(0);
				}
				_exit(0);
			}
			REQUIRE(waitpid(middle, NULL, 0) == middle);
			show("an orphan came %d", waitpid(-1, NULL, 0) > 0);
			_exit(0);
		}
		show_end("inner", inner);
		RESULT(waitpid(-1, NULL, 0));
		_exit(0);
	}
	show_end("outer", outer);
	show("orphan was adopted %d", words[0]);
}

CASE(subreaper_gets_sigchld_of_the_adopted)
{
	pid_t reaper = forked();
	if (reaper == 0) {
		sigset_t set = set_of(SIGCHLD);
		siginfo_t info;
		volatile int *words = shared_words();
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		block(SIGCHLD);
		pid_t middle = forked();
		if (middle == 0) {
			pid_t orphan = forked();
			if (orphan == 0) {
				AWAIT(words[1]);
				_exit(4);
			}
			words[0] = orphan;
			_exit(0);
		}
		REQUIRE(sigwaitinfo(&set, &info) == SIGCHLD);
		show("first from the middle %d", info.si_pid == middle);
		words[1] = 1;
		REQUIRE(sigwaitinfo(&set, &info) == SIGCHLD);
		show("then from the orphan %d, status %d", info.si_pid == words[0], info.si_status);
		_exit(0);
	}
	show_end("reaper", reaper);
}

CASE(death_of_the_parent_sends_the_chosen_signal)
{
	volatile int *words = shared_words();
	pid_t middle = forked();
	if (middle == 0) {
		pid_t child = forked();
		if (child == 0) {
			sigset_t set = set_of(SIGUSR2);
			siginfo_t info;
			block(SIGUSR2);
			prctl(PR_SET_PDEATHSIG, SIGUSR2);
			words[0] = 1;
			int number = sigwaitinfo(&set, &info);
			words[1] = number == SIGUSR2 && info.si_code == SI_USER ? 1 : 2;
			_exit(0);
		}
		AWAIT(words[0]);
		_exit(0);
	}
	show_end("middle", middle);
	AWAIT(words[1]);
	show("signal came %d", words[1]);
}

CASE(death_signal_kills_by_default)
{
	volatile int *words = shared_words();
	pid_t reaper = forked();
	if (reaper == 0) {
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		pid_t middle = forked();
		if (middle == 0) {
			pid_t child = forked();
			if (child == 0) {
				prctl(PR_SET_PDEATHSIG, SIGKILL);
				words[0] = getpid();
				for (;;)
					pause();
			}
			AWAIT(words[0]);
			_exit(0);
		}
		show_end("middle", middle);
		show_end("child", words[0]);
		_exit(0);
	}
	show_end("reaper", reaper);
}

CASE(death_signal_errors)
{
	int number = -1;
	RESULT(prctl(PR_SET_PDEATHSIG, 65));
	RESULT(prctl(PR_SET_PDEATHSIG, -1));
	RESULT(prctl(PR_SET_PDEATHSIG, SIGTERM));
	RESULT(prctl(PR_GET_PDEATHSIG, &number));
	show("%s", signal_name(number));
	RESULT(prctl(PR_GET_PDEATHSIG, 16));
	RESULT(prctl(PR_SET_PDEATHSIG, 0));
}

CASE(ignored_sigchld_leaves_no_zombies)
{
	signal(SIGCHLD, SIG_IGN);
	pid_t child = forked();
	if (child == 0)
		_exit(3);
	RESULT(waitpid(child, NULL, 0));
	RESULT(kill(child, 0));
	child = forked();
	if (child == 0) {
		settle();
		_exit(3);
	}
	RESULT(waitpid(-1, NULL, 0));
	signal(SIGCHLD, SIG_DFL);
}

CASE(adopted_zombies_go_at_once_if_sigchld_is_ignored)
{
	volatile int *words = shared_words();
	pid_t reaper = forked();
	if (reaper == 0) {
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		signal(SIGCHLD, SIG_IGN);
		pid_t middle = forked();
		if (middle == 0) {
			signal(SIGCHLD, SIG_DFL);
			pid_t zombie = forked();
			if (zombie == 0)
				_exit(0);
			AWAIT(ended(zombie));
			words[0] = zombie;
			_exit(0);
		}
		RESULT(waitpid(-1, NULL, 0));
		/* Linux takes it from the list of children before it takes it from that of pids. */
		AWAIT(kill(words[0], 0) == -1);
		_exit(0);
	}
	show_end("reaper", reaper);
}

static void *fork_and_end(void *argument)
{
	volatile int *words = argument;
	pid_t child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGUSR1);
		signal(SIGUSR1, SIG_IGN);
		words[0] = getppid();
		AWAIT(words[1]);
		_exit(getppid() == words[0]);
	}
	AWAIT(words[0]);
	return (void *)(long)child;
}

CASE(child_of_an_ended_thread_keeps_its_parent)
{
	volatile int *words = shared_words();
	pthread_t thread;
	void *child;
	REQUIRE(pthread_create(&thread, NULL, fork_and_end, (void *)words) == 0);
	REQUIRE(pthread_join(thread, &child) == 0);
	words[1] = 1;
	show("parent right %d", words[0] == getpid());
	show_end("child", (pid_t)(long)child);
}
