/* The density of stable laws from C, without Python: one point of each of many laws.
 *
 *   stable_kernels time [ROUNDS]       a line "range<tab>nanoseconds" for each range of alpha
 *   stable_kernels names               the names of the ranges, a line each
 *   stable_kernels call WHICH TIMES    so many laws of one range (callgrind.sh)
 *
 * alpha is uniform in its range, beta is uniform in (-1, 1), and x_S0 is a Cauchy number. A law is
 * never repeated. */
#include "htst_bench.h"
#include "htst_stable.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAWS 2000

static const double ENDS[] = { 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.999, 1.001, 1.1, 1.2, 1.4, 1.6, 1.8,
    1.95, 2.0 };
enum { N_RANGES = sizeof ENDS / sizeof *ENDS }; /* the last one is that of all laws, from .3 to 2 */

static double
uniform(uint64_t *state)
{
    return (htst_bench_draw(state) + 0.5) * 0x1p-53;
}

static double
evaluate_laws(int which, int count)
{
    uint64_t state = 17;
    double low = which < N_RANGES - 1 ? ENDS[which] : 0.3;
    double high = which < N_RANGES - 1 ? ENDS[which + 1] : 2.0, sum = 0.0;
    for (int i = 0; i < count; i++) {
        double alpha = low + (high - low) * uniform(&state), beta = 2.0 * uniform(&state) - 1.0;
        double x = tan(3.14159265358979 * (uniform(&state) - 0.5));
        sum += htst_stable_evaluate(HTST_STABLE_PDF, 0, x, alpha, beta, 0.0, 1.0);
    }
    return sum;
}

static void
print_name(int which)
{
    if (which < N_RANGES - 1) {
        printf("alpha from %g to %g", ENDS[which], ENDS[which + 1]);
    }
    else {
        printf("alpha from 0.3 to 2");
    }
}

static void
print_times(int rounds)
{
    volatile double kept = 0.0;
    for (int which = 0; which < N_RANGES; which++) {
        double best = INFINITY;
        for (int i = 0; i < rounds; i++) {
            double start = htst_bench_now(CLOCK_PROCESS_CPUTIME_ID);
            kept = evaluate_laws(which, LAWS);
            best = fmin(best, (htst_bench_now(CLOCK_PROCESS_CPUTIME_ID) - start) / LAWS);
        }
        print_name(which);
        printf("\t%.0f\n", best);
    }
    (void) kept;
}

int
main(int count, char **words)
{
    const char *what = count > 1 ? words[1] : "";
    if (strcmp(what, "time") == 0) {
        print_times(count > 2 ? atoi(words[2]) : 20);
        return 0;
    }
    if (strcmp(what, "names") == 0) {
        for (int which = 0; which < N_RANGES; which++) {
            print_name(which);
            printf("\n");
        }
        return 0;
    }
    if (strcmp(what, "call") == 0 && count > 3) {
        return isnan(evaluate_laws(atoi(words[2]), atoi(words[3])));
    }
    fprintf(stderr, "usage: %s time [ROUNDS] | names | call WHICH TIMES\n", words[0]);
    return 2;
}
