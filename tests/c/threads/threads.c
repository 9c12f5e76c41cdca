/* What threads drive together, from pthreads: `make sanitize` runs this program under TSan. Results
 * must be those of one thread. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "htst_binomial.h"
#include "htst_fit.h"
#include "htst_moments.h"
#include "htst_normal.h"
#include "htst_partition.h"
#include "htst_products.h"
#include "htst_refits.h"
#include "htst_sketch.h"
#include "htst_split.h"
#include "htst_stable_sample.h"
#include "htst_stable_table.h"
#include "htst_test.h"

enum { THREADS = 8, ROWS = 37, COLS = 9001, N = ROWS * COLS, LAWS = 4000, FEW = 300 };

static uint32_t w[N];
static double law_x[LAWS], head[FEW];
static htst_stable_table_t *table;

/* ---- one split by all threads ---------------------------------------------------------------- */

static htst_split_turns_t turns;
static int64_t indptr[ROWS + 1], not_finite[THREADS];
static int32_t indices[N];
static uint32_t values[N];
static uint64_t sums[THREADS][HTST_MOMENTS_SUM_F32], squares[THREADS][HTST_MOMENTS_SQUARES_F32];

typedef struct {
    int number, status;
    uint64_t hash;
} worker_t;

static void
read_sums(const void *x, int64_t n, void *state)
{
    int number = *(int *) state;
    int64_t bad = 0;
    htst_moments_add_near_f32(x, n, sums[number], squares[number], &bad);
}

static void *
split(void *argument)
{
    worker_t *worker = argument;
    htst_split_look_t look = { read_sums, &worker->number };
    int32_t *own_indices = malloc(HTST_SPLIT_OWN * sizeof *own_indices);
    uint32_t *own_values = malloc(HTST_SPLIT_OWN * sizeof *own_values);
    worker->status = htst_split_b32(w, ROWS, COLS, -1 - 0x3f800000, 0x3f800000,
        htst_partition_best(), &turns, &look, NULL, own_indices, own_values, indptr, indices,
        values, &not_finite[worker->number]);
    free(own_indices);
    free(own_values);
    return NULL;
}

/* ---- calls that share what they read --------------------------------------------------------- */

static uint64_t
add_to(uint64_t hash, const void *data, size_t n)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < n; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static void *
compute(void *argument)
{
    worker_t *worker = argument;
    double *out = malloc(LAWS * sizeof *out), fits[3][4], k = 7, n = 100, p = .1;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    htst_stable_sample_law_t law = { 1.3, .2, 0, 1, HTST_STABLE_SAMPLE_S0 };
    void *room = malloc((size_t) htst_refits_workspace(FEW));
    double *work = malloc((size_t) htst_fit_workspace(N) * sizeof *work);
    htst_tail_seen_t seen;
    htst_fit_t fit;
    int bad = htst_stable_table_map(table, 0, 0, 0, 1, LAWS, law_x, out);
    hash = add_to(hash, out, LAWS * sizeof *out);
    bad |= htst_stable_sample(3, 0, LAWS, &law, out);
    hash = add_to(hash, out, LAWS * sizeof *out);
    bad |= htst_normal_fill(5, 1, 0, 0, 10, LAWS / 10, LAWS / 10, out);
    hash = add_to(hash, out, LAWS * sizeof *out);
    bad |= htst_binomial_map(HTST_BINOMIAL_LOGSF, LAWS, &k, 0, &n, 0, &p, 0, out);
    hash = add_to(hash, out, LAWS * sizeof *out);
    bad |= htst_refits(FEW, 0, head, 0, 2.5, 1, 9, 0, 4, room, fits[0], fits[1], fits[2]);
    hash = add_to(hash, fits, sizeof fits);
    bad |= htst_fit_f32(
        N / 8, (const float *) (const void *) w, HTST_TAIL_ABS, 0, 1, 1e-13, work, &seen, &fit);
    hash = add_to(hash, &fit.best.distance, sizeof fit.best.distance);
    worker->status = bad;
    worker->hash = hash;
    free(out);
    free(room);
    free(work);
    return NULL;
}

static void
run_all(void *(*work)(void *), worker_t *workers)
{
    pthread_t threads[THREADS];
    for (int t = 0; t < THREADS; t++) {
        workers[t].number = t;
        CHECK(pthread_create(&threads[t], NULL, work, &workers[t]) == 0);
    }
    for (int t = 0; t < THREADS; t++) {
        CHECK(pthread_join(threads[t], NULL) == 0);
        CHECK(workers[t].status == 0);
    }
}

static void
test_split(void)
{
    worker_t workers[THREADS] = { 0 };
    int64_t kept = 0, bad = 0;
    uint64_t sum[HTST_MOMENTS_SUM_F32] = { 0 }, all[HTST_MOMENTS_SQUARES_F32] = { 0 };
    run_all(split, workers);
    for (int64_t i = 0; i < N; i++) {
        uint32_t size = w[i] & 0x7fffffff;
        if (size > 0x3f800000) {
            CHECK(indices[kept] == i % COLS && values[kept] == w[i]);
            kept++;
        }
    }
    CHECK(kept == turns.kept && indptr[ROWS] == kept);
    /* the exact sums of all threads add up to those of the whole matrix */
    htst_moments_add_f32((const float *) (const void *) w, N, sum, all, &bad);
    for (int t = 1; t < THREADS; t++) {
        uint64_t carry = 0;
        for (int word = 0; word < HTST_MOMENTS_SUM_F32; word++) {
            uint64_t before = sums[0][word], with = sums[t][word] + carry;
            carry = with < carry;
            sums[0][word] = before + with;
            carry += sums[0][word] < before;
        }
    }
    CHECK(memcmp(sums[0], sum, sizeof sum) == 0);
}

static void
test_shared_inputs(void)
{
    worker_t workers[THREADS] = { 0 }, alone = { 0 };
    compute(&alone);
    run_all(compute, workers);
    for (int t = 0; t < THREADS; t++) {
        CHECK(workers[t].hash == alone.hash);
    }
}

int
main(void)
{
    uint32_t state = 1;
    for (int64_t i = 0; i < N; i++) { /* from 2^-4 to 2^4, both signs */
        state = state * 1664525u + 1013904223u;
        w[i] = (state & 0x807fffff) | (123 + (state >> 26) % 8) << 23;
    }
    for (int i = 0; i < LAWS; i++) {
        law_x[i] = i * .01 - 20;
    }
    table = malloc(sizeof *table);
    CHECK(htst_stable_table_build(1.3, .2, table) == HTST_OK);
    test_split();
    test_shared_inputs();
    free(table);
    return htst_test_report("threads");
}
