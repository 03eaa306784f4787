// Two ranks: messages of all sizes both ways, collectives, a window of shared memory, and that nobody waits for ever.
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void exchange(int rank) {
    for (int bytes = 1; bytes <= 1 << 22; bytes *= 8) {
        char *out = malloc(bytes), *in = malloc(bytes);
        memset(out, rank + 1, bytes);
        for (int round = 0; round < 20; round++)
            MPI_Sendrecv(out, bytes, MPI_CHAR, 1 - rank, 7, in, bytes, MPI_CHAR, 1 - rank, 7, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        int right = in[0] == 2 - rank && in[bytes - 1] == 2 - rank;
        int all;
        MPI_Reduce(&right, &all, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
        if (rank == 0) printf("%d bytes: right at %d\n", bytes, all);
        free(out), free(in);
    }
}

static void window(int rank) {
    int *memory;
    MPI_Win shared;
    MPI_Win_allocate(1000 * sizeof(int), sizeof(int), MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &shared);
    MPI_Win_fence(0, shared);
    int numbers[1000];
    for (int i = 0; i < 1000; i++) numbers[i] = i;
    for (int i = 0; i < 1000; i++) MPI_Put(numbers + i, 1, MPI_INT, 1 - rank, i, 1, MPI_INT, shared);
    MPI_Win_fence(0, shared);
    long sum = 0, all;
    for (int i = 0; i < 1000; i++) sum += memory[i];
    MPI_Reduce(&sum, &all, 1, MPI_LONG, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank == 0) printf("window %ld\n", all);
    MPI_Win_free(&shared);
}

int main(int count, char **arguments) {
    int rank, size;
    MPI_Init(&count, &arguments);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (size != 2) MPI_Abort(MPI_COMM_WORLD, 9);
    exchange(rank);
    double mine = rank + 0.5, sum;
    for (int i = 0; i < 1000; i++) MPI_Allreduce(&mine, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) printf("sum %.1f\n", sum);
    window(rank);
    MPI_Barrier(MPI_COMM_WORLD);
    return MPI_Finalize();
}
