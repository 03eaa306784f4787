// What is done very often, to see that nothing is lost or kept: `soak children N` lets N processes live at once, `soak threads N` N
// threads, `soak forks N` forks and waits N times (each executes this program), `soak wakes N` has two threads wake each other N times.
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void children(long count) {
    int ready[2], leave[2];
    pid_t *pids = calloc(count, sizeof *pids);
    if (!pids || pipe(ready) || pipe(leave)) exit(2);
    for (long i = 0; i < count; i++) {
        pids[i] = fork();
        if (pids[i] < 0) { printf("fork %ld: %s\n", i, strerror(errno)); exit(1); }
        if (pids[i] == 0) {
            close(leave[1]);
            char byte = 0;
            if (write(ready[1], &byte, 1) != 1) _exit(1);
            _exit(read(leave[0], &byte, 1) == 0 ? 0 : 2);
        }
    }
    char byte;
    for (long i = 0; i < count; i++)
        if (read(ready[0], &byte, 1) != 1) exit(3);
    printf("%ld alive\n", count);
    close(leave[1]);
    long ended = 0;
    for (int status; wait(&status) > 0;) ended += status == 0;
    printf("%ld ended well\n", ended);
}

static pthread_barrier_t all_alive;

static void *one_of_many(void *unused) {
    (void)unused;
    pthread_barrier_wait(&all_alive);
    return (void *)syscall(SYS_gettid);
}

static void threads(long count) {
    pthread_t *made = calloc(count, sizeof *made);
    if (!made || pthread_barrier_init(&all_alive, NULL, count + 1)) exit(2);
    for (long i = 0; i < count; i++) {
        int error = pthread_create(&made[i], NULL, one_of_many, NULL);
        if (error) { printf("thread %ld: %s\n", i, strerror(error)); exit(1); }
    }
    pthread_barrier_wait(&all_alive);
    printf("%ld alive\n", count);
    long ended = 0;
    for (long i = 0; i < count; i++) {
        void *tid;
        ended += pthread_join(made[i], &tid) == 0 && (long)tid > 0;
    }
    printf("%ld ended well\n", ended);
}

static void forks(long count) {
    long ended = 0;
    for (long i = 0; i < count; i++) {
        pid_t pid = fork();
        if (pid < 0) { printf("fork %ld: %s\n", i, strerror(errno)); exit(1); }
        if (pid == 0) {
            execl("/proc/self/exe", "soak", "nothing", "0", NULL);
            _exit(127);
        }
        int status;
        ended += waitpid(pid, &status, 0) == pid && status == 0;
    }
    printf("%ld of %ld ended well\n", ended, count);
}

static atomic_int turn;
static long rounds;

static void *player(void *mine) {
    int me = mine != NULL;
    for (long i = 0; i < rounds; i++) {
        while (atomic_load(&turn) != me) syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, 1 - me, NULL, NULL, 0);
        atomic_store(&turn, 1 - me);
        syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
    return NULL;
}

static void wakes(long count) {
    pthread_t other;
    rounds = count / 2;
    if (pthread_create(&other, NULL, player, &turn)) exit(2);
    player(NULL);
    pthread_join(other, NULL);
    printf("%ld wakes\n", 2 * rounds);
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    long count = atol(argv[2]);
    if (!strcmp(argv[1], "children")) children(count);
    if (!strcmp(argv[1], "threads")) threads(count);
    if (!strcmp(argv[1], "forks")) forks(count);
    if (!strcmp(argv[1], "wakes")) wakes(count);
    return 0;
}
