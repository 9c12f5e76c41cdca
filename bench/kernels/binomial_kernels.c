/* The binomial kernels from C, without Python: nanoseconds a call or an element, or calls to count.
 *
 *   binomial_kernels time [ROUNDS [SIZE]]   a line "name<tab>nanoseconds" a kernel, best of ROUNDS
 *   binomial_kernels names                  the names that `call` accepts, one on each line
 *   binomial_kernels call WHICH TIMES       one kernel at fixed arguments (callgrind.sh)
 */
#include "htst_bench.h"
#include "htst_binomial.h"
#include "htst_binomial_invert.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- fixed arguments --------------------------------------------------------------------------- */

static const char *const NAMES[] = { "logsf, bulk, n = 1e9", "logsf, bulk, n = 1e4, 4 sigma",
    "logsf, Poisson-like", "logsf, far tail", "sf, bulk, n = 1e9", "logpmf", "kl", "log_isf",
    "upper_limit" };
enum { N_NAMES = sizeof NAMES / sizeof *NAMES };

static double
call(int which)
{
    switch (which) {
        case 0: return htst_binomial_logsf(300030000, 1e9, 0.3);
        case 1: return htst_binomial_logsf(5200, 1e4, 0.5);
        case 2: return htst_binomial_logsf(8, 1e6, 3e-6);
        case 3: return htst_binomial_logsf(90000, 1e5, 0.5);
        case 4: return htst_binomial_sf(300030000, 1e9, 0.3);
        case 5: return htst_binomial_logpmf(5200, 1e4, 0.5);
        case 6: return htst_binomial_kl(5200, 1e4, 0.5);
        case 7: return htst_binomial_log_isf(-50, 1e6, 0.3);
        default: break;
    }
    double limit[3];
    htst_binomial_upper_limit(72, 1437, -557.5, limit);
    return limit[0];
}

/* ---- many arguments ---------------------------------------------------------------------------- */

#define MOST 100000
#define INVERSIONS 5 /* so many times fewer of those */

/* As `bulk` of bench_binomial.py draws them: k within 6 standard deviations, and far above that. */
static double k_near[MOST], k_far[MOST], n_of[MOST], p_of[MOST], out[3 * MOST];
static const double LEVEL = -30.0, LOG_LEVEL = -3.6888794541139363; /* log .025 */

static double
uniform(uint64_t *state)
{
    return htst_bench_draw(state) * 0x1p-53;
}

static void
draw(int size)
{
    uint64_t state = 1;
    for (int i = 0; i < size; i++) {
        n_of[i] = floor(pow(10, 4 + 5 * uniform(&state)));
        p_of[i] = 0.05 + 0.9 * uniform(&state);
        double sigma = sqrt(n_of[i] * p_of[i] * (1 - p_of[i]));
        k_near[i] = floor(n_of[i] * p_of[i] + (12 * uniform(&state) - 6) * sigma);
        k_far[i] = k_near[i] + floor((n_of[i] - k_near[i]) / 2);
    }
}

typedef struct {
    const char *name;
    enum { FIXED, NUMBERS, CHAIN, ARRAY, ISF, ISF_ARRAY, LIMIT, LIMIT_ARRAY } how;
    int function;
    const double *k;
} timed_t;

static const timed_t TIMED[] = {
    { "", FIXED, 0, NULL },
    { "", FIXED, 1, NULL },
    { "", FIXED, 2, NULL },
    { "", FIXED, 3, NULL },
    { "", FIXED, 4, NULL },
    { "", FIXED, 5, NULL },
    { "", FIXED, 6, NULL },
    { "", FIXED, 7, NULL },
    { "", FIXED, 8, NULL },
    { "logsf, numbers", NUMBERS, HTST_BINOMIAL_LOGSF, k_near },
    { "logsf, numbers, each waiting for the last", CHAIN, HTST_BINOMIAL_LOGSF, k_near },
    { "logsf, far tails, numbers", NUMBERS, HTST_BINOMIAL_LOGSF, k_far },
    { "logcdf, numbers", NUMBERS, HTST_BINOMIAL_LOGCDF, k_near },
    { "sf, numbers", NUMBERS, HTST_BINOMIAL_SF, k_near },
    { "logpmf, numbers", NUMBERS, HTST_BINOMIAL_LOGPMF, k_near },
    { "kl, numbers", NUMBERS, HTST_BINOMIAL_KL, k_near },
    { "chernoff_logsf, numbers", NUMBERS, HTST_BINOMIAL_CHERNOFF_LOGSF, k_near },
    { "log_isf, numbers", ISF, 0, NULL },
    { "upper_limit, numbers", LIMIT, 0, k_near },
    { "logsf, array", ARRAY, HTST_BINOMIAL_LOGSF, k_near },
    { "logsf, far tails, array", ARRAY, HTST_BINOMIAL_LOGSF, k_far },
    { "logcdf, array", ARRAY, HTST_BINOMIAL_LOGCDF, k_near },
    { "sf, array", ARRAY, HTST_BINOMIAL_SF, k_near },
    { "logpmf, array", ARRAY, HTST_BINOMIAL_LOGPMF, k_near },
    { "kl, array", ARRAY, HTST_BINOMIAL_KL, k_near },
    { "chernoff_logsf, array", ARRAY, HTST_BINOMIAL_CHERNOFF_LOGSF, k_near },
    { "log_isf, array", ISF_ARRAY, 0, NULL },
    { "upper_limit, array", LIMIT_ARRAY, 0, k_near },
};
enum { N_TIMED = sizeof TIMED / sizeof *TIMED };

static void
run(const timed_t *t, int size)
{
    double (*const functions[])(double, double, double) = { htst_binomial_logsf,
        htst_binomial_logcdf, htst_binomial_logpmf, htst_binomial_sf, htst_binomial_cdf,
        htst_binomial_pmf, htst_binomial_kl, htst_binomial_chernoff_logsf };
    double last = 0.0;
    switch (t->how) {
        case FIXED:
            for (int i = 0; i < size; i++) {
                out[i] = call(t->function);
            }
            break;
        case NUMBERS:
            for (int i = 0; i < size; i++) {
                out[i] = functions[t->function](t->k[i], n_of[i], p_of[i]);
            }
            break;
        case CHAIN:
            for (int i = 0; i < size; i++) {
                /* no log is above 0, and k is floored */
                out[i] = last = functions[t->function](t->k[i] + (last > 0.0), n_of[i], p_of[i]);
            }
            break;
        case ARRAY: htst_binomial_map(t->function, size, t->k, 1, n_of, 1, p_of, 1, out); break;
        case ISF:
            for (int i = 0; i < size; i++) {
                out[i] = htst_binomial_log_isf(LEVEL, n_of[i], p_of[i]);
            }
            break;
        case ISF_ARRAY: htst_binomial_map_log_isf(size, &LEVEL, 0, n_of, 1, p_of, 1, out); break;
        case LIMIT:
            for (int i = 0; i < size; i++) {
                htst_binomial_upper_limit(t->k[i], n_of[i], LOG_LEVEL, out + 3 * i);
            }
            break;
        case LIMIT_ARRAY:
            htst_binomial_map_limit(1, size, t->k, 1, n_of, 1, &LOG_LEVEL, 0, out);
            break;
    }
}

/* Time the kernels in turn, so that other programs disturb all alike. The fastest round counts. */
static void
time_all(int rounds, int size)
{
    double best[N_TIMED];
    draw(size);
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < N_TIMED; i++) {
            int inverts = TIMED[i].how >= ISF, count = inverts ? size / INVERSIONS : size;
            double start = htst_bench_now(CLOCK_MONOTONIC);
            run(&TIMED[i], count);
            double took = (htst_bench_now(CLOCK_MONOTONIC) - start) / count;
            best[i] = round == 0 || took < best[i] ? took : best[i];
        }
    }
    for (int i = 0; i < N_TIMED; i++) {
        const timed_t *t = &TIMED[i];
        printf("%s\t%.2f\n", t->how == FIXED ? NAMES[t->function] : t->name, best[i]);
    }
}

int
main(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "time") == 0) {
        int rounds = argc > 2 ? atoi(argv[2]) : 30, size = argc > 3 ? atoi(argv[3]) : MOST;
        if (rounds < 1 || size < INVERSIONS || size > MOST) {
            return 2;
        }
        time_all(rounds, size);
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "names") == 0) {
        for (int i = 0; i < N_NAMES; i++) {
            puts(NAMES[i]);
        }
        return 0;
    }
    if (argc != 4 || strcmp(argv[1], "call") != 0) {
        return 2;
    }
    double sum = 0.0;
    for (long i = atol(argv[3]); i > 0; i--) {
        sum += call(atoi(argv[2]));
    }
    printf("%g\n", sum);
    return 0;
}
