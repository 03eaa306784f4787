/* A seven-point stencil on a cube, as structured-grid codes are made of. It prints a sum that every kernel must find. */
#include <stdio.h>
#include <stdlib.h>

enum { N = 256, STEPS = 30 };

typedef double Plane[N][N];

static void step(Plane *restrict to, Plane *restrict from) {
#pragma omp parallel for schedule(static)
    for (int i = 1; i < N - 1; i++)
        for (int j = 1; j < N - 1; j++)
            for (int k = 1; k < N - 1; k++)
                to[i][j][k] = 0.4 * from[i][j][k]
                    + 0.1 * (from[i - 1][j][k] + from[i + 1][j][k] + from[i][j - 1][k] + from[i][j + 1][k]
                        + from[i][j][k - 1] + from[i][j][k + 1]);
}

static Plane *cube(void) {
    Plane *cube = malloc(N * sizeof *cube);
    if (!cube)
        exit(1);
#pragma omp parallel for schedule(static)
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            for (int k = 0; k < N; k++)
                cube[i][j][k] = (i * 31 + j * 17 + k * 7) % 101;
    return cube;
}

int main(void) {
    Plane *one = cube(), *other = cube();
    for (int count = 0; count < STEPS; count++) {
        step(other, one);
        step(one, other);
    }
    double sum = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            for (int k = 0; k < N; k++)
                sum += one[i][j][k];
    printf("%.6f\n", sum);
    return 0;
}
