/* sem_open(3), sem_init(3), mutexes, conditions and barriers that processes share. */
#include "thread.h"

#include <semaphore.h>

struct common {
	pthread_mutex_t mutex;
	pthread_cond_t condition;
	pthread_barrier_t barrier;
	pthread_rwlock_t lock;
	sem_t one, two;
	volatile int count, turn, other;
};

static struct common *common(int robust)
{
	struct common *memory = mmap(NULL, sizeof *memory, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t mutex;
	pthread_condattr_t condition;
	pthread_barrierattr_t barrier;
	pthread_rwlockattr_t lock;
	REQUIRE(memory != MAP_FAILED);
	pthread_mutexattr_init(&mutex);
	pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
	if (robust)
		pthread_mutexattr_setrobust(&mutex, PTHREAD_MUTEX_ROBUST);
	pthread_condattr_init(&condition);
	pthread_condattr_setpshared(&condition, PTHREAD_PROCESS_SHARED);
	pthread_barrierattr_init(&barrier);
	pthread_barrierattr_setpshared(&barrier, PTHREAD_PROCESS_SHARED);
	pthread_rwlockattr_init(&lock);
	pthread_rwlockattr_setpshared(&lock, PTHREAD_PROCESS_SHARED);
	REQUIRE(pthread_mutex_init(&memory->mutex, &mutex) == 0);
	REQUIRE(pthread_cond_init(&memory->condition, &condition) == 0);
	REQUIRE(pthread_barrier_init(&memory->barrier, &barrier, 4) == 0);
	REQUIRE(pthread_rwlock_init(&memory->lock, &lock) == 0);
	REQUIRE(sem_init(&memory->one, 1, 0) == 0 && sem_init(&memory->two, 1, 0) == 0);
	return memory;
}

CASE(mutex_excludes_processes)
{
	struct common *shared = common(0);
	pid_t children[4];
	for (int i = 0; i < 4; i++) {
		children[i] = forked();
		if (children[i] == 0) {
			for (int k = 0; k < 2000; k++) {
				pthread_mutex_lock(&shared->mutex);
				shared->count = shared->count + 1;
				pthread_mutex_unlock(&shared->mutex);
			}
			_exit(0);
		}
	}
	for (int i = 0; i < 4; i++)
		show_end("child", children[i]);
	show("count %d", shared->count);
}

CASE(condition_wakes_another_process)
{
	struct common *shared = common(0);
	pid_t child = forked();
	if (child == 0) {
		pthread_mutex_lock(&shared->mutex);
		shared->other = 1;
		while (shared->turn == 0)
			pthread_cond_wait(&shared->condition, &shared->mutex);
		pthread_mutex_unlock(&shared->mutex);
		_exit(5);
	}
	AWAIT(shared->other);
	pthread_mutex_lock(&shared->mutex);
	shared->turn = 1;
	ERROR(pthread_cond_signal(&shared->condition));
	pthread_mutex_unlock(&shared->mutex);
	show_end("child", child);
}

CASE(condition_broadcast_wakes_all_processes)
{
	struct common *shared = common(0);
	pid_t children[5];
	for (int i = 0; i < 5; i++) {
		children[i] = forked();
		if (children[i] == 0) {
			pthread_mutex_lock(&shared->mutex);
			shared->count = shared->count + 1;
			while (shared->turn == 0)
				pthread_cond_wait(&shared->condition, &shared->mutex);
			pthread_mutex_unlock(&shared->mutex);
			_exit(i);
		}
	}
	AWAIT(shared->count == 5);
	pthread_mutex_lock(&shared->mutex);
	shared->turn = 1;
	pthread_cond_broadcast(&shared->condition);
	pthread_mutex_unlock(&shared->mutex);
	for (int i = 0; i < 5; i++)
		show_end("child", children[i]);
}

CASE(barrier_gathers_processes)
{
	struct common *shared = common(0);
	pid_t children[3];
	int serial = 0, status;
	for (int i = 0; i < 3; i++) {
		children[i] = forked();
		if (children[i] == 0) {
			__atomic_add_fetch(&shared->count, 1, __ATOMIC_SEQ_CST);
			int result = pthread_barrier_wait(&shared->barrier);
			_exit((result == PTHREAD_BARRIER_SERIAL_THREAD) + (shared->count == 4 ? 0 : 10));
		}
	}
	__atomic_add_fetch(&shared->count, 1, __ATOMIC_SEQ_CST);
	serial += pthread_barrier_wait(&shared->barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
	for (int i = 0; i < 3; i++) {
		REQUIRE(waitpid(children[i], &status, 0) == children[i]);
		serial += WEXITSTATUS(status);
	}
	show("sum %d", serial);
}

CASE(rwlock_is_shared_by_processes)
{
	struct common *shared = common(0);
	pthread_rwlock_rdlock(&shared->lock);
	pid_t child = forked();
	if (child == 0) {
		ERROR(pthread_rwlock_trywrlock(&shared->lock));
		ERROR(pthread_rwlock_tryrdlock(&shared->lock));
		ERROR(pthread_rwlock_unlock(&shared->lock));
		_exit(0);
	}
	show_end("child", child);
	ERROR(pthread_rwlock_unlock(&shared->lock));
	ERROR(pthread_rwlock_trywrlock(&shared->lock));
}

CASE(robust_mutex_survives_the_death_of_its_process)
{
	struct common *shared = common(1);
	pid_t child = forked();
	if (child == 0) {
		pthread_mutex_lock(&shared->mutex);
		_exit(0);
	}
	show_end("child", child);
	ERROR(pthread_mutex_lock(&shared->mutex));
	ERROR(pthread_mutex_consistent(&shared->mutex));
	ERROR(pthread_mutex_unlock(&shared->mutex));
	ERROR(pthread_mutex_lock(&shared->mutex));
}

CASE(robust_mutex_of_a_killed_process_wakes_the_waiting)
{
	struct common *shared = common(1);
	pid_t child = forked();
	if (child == 0) {
		pthread_mutex_lock(&shared->mutex);
		shared->turn = 1;
		for (;;)
			pause();
	}
	AWAIT(shared->turn);
	pid_t killer = forked();
	if (killer == 0) {
		settle();
		kill(child, SIGKILL);
		_exit(0);
	}
	ERROR(pthread_mutex_lock(&shared->mutex));
	show_end("child", child);
	show_end("killer", killer);
}

CASE(semaphores_pass_a_ball_between_processes)
{
	struct common *shared = common(0);
	pid_t child = forked();
	if (child == 0) {
		for (int i = 0; i < 500; i++) {
			sem_wait(&shared->one);
			shared->count = shared->count + 1;
			sem_post(&shared->two);
		}
		_exit(0);
	}
	for (int i = 0; i < 500; i++) {
		sem_post(&shared->one);
		sem_wait(&shared->two);
	}
	show_end("child", child);
	show("count %d", shared->count);
}

static const char *name(void)
{
	static char text[64];
	snprintf(text, sizeof text, "/differential-%d", getpid());
	return text;
}

CASE(named_semaphore_is_opened_by_a_child)
{
	const char *text = strdup(name());
	int value = -1;
	sem_t *semaphore = sem_open(text, O_CREAT | O_EXCL, 0600, 0);
	REQUIRE(semaphore != SEM_FAILED);
	pid_t child = forked();
	if (child == 0) {
		sem_t *own = sem_open(text, 0);
		REQUIRE(own != SEM_FAILED);
		sem_post(own);
		sem_post(own);
		_exit(0);
	}
	RESULT(sem_wait(semaphore));
	show_end("child", child);
	sem_getvalue(semaphore, &value);
	show("value %d", value);
	RESULT(sem_unlink(text));
	RESULT(sem_unlink(text));
	RESULT(sem_close(semaphore));
}

CASE(named_semaphore_errors)
{
	show("%s", sem_open(name(), 0) == SEM_FAILED ? error_name(errno) : "opened");
	sem_t *semaphore = sem_open(name(), O_CREAT, 0600, 3);
	REQUIRE(semaphore != SEM_FAILED);
	show("%s", sem_open(name(), O_CREAT | O_EXCL, 0600, 3) == SEM_FAILED ? error_name(errno) : "opened");
	show("the same place %d", sem_open(name(), 0) == semaphore);
	sem_unlink(name());
}
