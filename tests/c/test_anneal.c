#include "htst_anneal.h"
#include "htst_test.h"

#include <string.h>

/* Errors and hash of the classifier that test_golden finds. */
#define GOLDEN_ERRORS 45
#define GOLDEN_HASH UINT64_C(0xcc792bb95e5f170c)

enum { M = 512, D = 7, C = 3, CHUNKS = 4, STEP = 16, MOST = 21, LEVELS = 40 };

static int8_t by_example[M * D], by_column[M * D];
static int64_t starts[CHUNKS * (C + 1)], support_cost[MOST + 1], levels_cost[LEVELS + 1];
static uint8_t labels[M];

typedef struct {
    int8_t weights[C * D], best_weights[C * D];
    int16_t offsets[C], best_offsets[C], margins[C * M];
    int32_t logits[C * M], largest[2 * M], places[2 * C * D], means[C * D], sums[D];
    int64_t versions[CHUNKS * (C + 1)], right[2 * CHUNKS];
} arrays_t;

/* Make examples around a centre for each class, sorted by label inside each chunk. */
static void
make_data(void)
{
    uint32_t state = 5;
    int64_t at = 0;
    for (int k = 0; k < CHUNKS; k++) {
        for (int c = 0; c < C; c++) {
            starts[k * (C + 1) + c] = at;
            int64_t size = M / CHUNKS / C + (c < M / CHUNKS % C);
            for (int64_t i = at; i < at + size; i++) {
                labels[i] = (uint8_t) c;
                for (int j = 0; j < D; j++) {
                    state = state * 1664525u + 1013904223u;
                    int noise = (int) (state >> 24) - 128, centre = 50 * ((c + j) % C - 1);
                    int x = centre + noise / 2;
                    by_example[i * D + j] = (int8_t) (x > 127 ? 127 : (x < -127 ? -127 : x));
                }
            }
            at += size;
        }
        starts[k * (C + 1) + C] = at;
    }
    for (int k = 0; k < CHUNKS; k++) {
        int64_t begin = starts[k * (C + 1)], n = starts[k * (C + 1) + C] - begin;
        for (int64_t i = 0; i < n; i++) {
            for (int j = 0; j < D; j++) {
                by_column[begin * D + j * n + i] = by_example[(begin + i) * D + j];
            }
        }
    }
    for (int k = 0; k <= MOST; k++) {
        support_cost[k] = 5 * 1024 * k;
    }
    for (int v = 0; v <= LEVELS; v++) {
        levels_cost[v] = 300 * v;
    }
}

static htst_anneal_state_t
state_of(arrays_t *a)
{
    memset(a, 0, sizeof *a);
    htst_anneal_state_t state = { .weights = a->weights,
        .offsets = a->offsets,
        .best_weights = a->best_weights,
        .best_offsets = a->best_offsets,
        .logits = a->logits,
        .margins = a->margins,
        .largest = a->largest,
        .versions = a->versions,
        .right = a->right,
        .places = a->places,
        .means = a->means,
        .sums = a->sums };
    htst_anneal_seed(&state, 9);
    return state;
}

static int64_t
count_errors(const int8_t *weights, const int16_t *offsets)
{
    int64_t errors = 0;
    for (int i = 0; i < M; i++) {
        int logits[C], wrong = 0;
        for (int c = 0; c < C; c++) {
            logits[c] = STEP * offsets[c];
            for (int j = 0; j < D; j++) {
                logits[c] += weights[c * D + j] * by_example[i * D + j];
            }
        }
        for (int c = 0; c < C; c++) {
            wrong |= c != labels[i] && logits[c] >= logits[labels[i]];
        }
        errors += wrong;
    }
    return errors;
}

static const htst_anneal_data_t DATA = { .n_examples = M,
    .n_columns = D,
    .n_classes = C,
    .n_chunks = CHUNKS,
    .n_turning = 2,
    .starts = starts,
    .by_column = by_column,
    .by_example = by_example };
static const htst_anneal_cost_t COST = { .rate = 700,
    .support_cost = support_cost,
    .most_nonzeros = MOST,
    .levels_cost = levels_cost,
    .most_levels = LEVELS,
    .step = STEP };

static void
test_counts_stay_exact(void)
{
    static arrays_t a;
    htst_anneal_state_t state = state_of(&a);
    uint64_t temperature = (uint64_t) 6 << 26;
    CHECK(htst_anneal_start(&DATA, &COST, &state) == HTST_OK);
    CHECK(state.errors == count_errors(a.weights, a.offsets) && state.errors == M);
    for (int part = 0; part < 60; part++) {
        CHECK(htst_anneal_run(&DATA, &COST, &state, 500, &temperature, 0xfa000000u) == HTST_OK);
        CHECK(state.errors == count_errors(a.weights, a.offsets));
        CHECK(state.best_errors == count_errors(a.best_weights, a.best_offsets));
        CHECK(state.best_energy <= state.energy);
    }
    CHECK(state.n_proposals == 30000 && state.n_accepted > 0);
    CHECK(state.best_errors < M / 4);
}

static void
test_slices_are_one_run(void)
{
    static arrays_t a, b;
    htst_anneal_state_t one = state_of(&a), two = state_of(&b);
    uint64_t first = (uint64_t) 6 << 26, second = first;
    CHECK(htst_anneal_start(&DATA, &COST, &one) == HTST_OK);
    CHECK(htst_anneal_start(&DATA, &COST, &two) == HTST_OK);
    CHECK(htst_anneal_run(&DATA, &COST, &one, 5000, &first, 0xf0000000u) == HTST_OK);
    for (int part = 0; part < 5; part++) {
        CHECK(htst_anneal_run(&DATA, &COST, &two, 1000, &second, 0xf0000000u) == HTST_OK);
    }
    CHECK(first == second && one.errors == two.errors && one.energy == two.energy);
    CHECK(memcmp(a.weights, b.weights, sizeof a.weights) == 0);
    CHECK(memcmp(a.offsets, b.offsets, sizeof a.offsets) == 0);
}

/* The FNV-1a hash of the classifier, which is the same on every machine. */
static void
test_golden(void)
{
    static arrays_t a;
    htst_anneal_state_t state = state_of(&a);
    uint64_t temperature = (uint64_t) 6 << 26, hash = UINT64_C(0xcbf29ce484222325);
    CHECK(htst_anneal_start(&DATA, &COST, &state) == HTST_OK);
    CHECK(htst_anneal_run(&DATA, &COST, &state, 20000, &temperature, 0xf8000000u) == HTST_OK);
    for (int e = 0; e < C * D; e++) {
        hash = (hash ^ (uint8_t) (a.weights[e] + 1)) * UINT64_C(0x100000001b3);
    }
    for (int c = 0; c < C; c++) {
        hash = (hash ^ (uint8_t) (a.offsets[c] + 100)) * UINT64_C(0x100000001b3);
    }
    CHECK(state.errors == GOLDEN_ERRORS && hash == GOLDEN_HASH);
    if (hash != GOLDEN_HASH) {
        fprintf(stderr, "%lld errors, hash %llx\n", (long long) state.errors,
            (unsigned long long) hash);
    }
}

static void
test_bad_arguments(void)
{
    static arrays_t a;
    htst_anneal_state_t state = state_of(&a);
    uint64_t temperature = 1 << 26, zero = 0;
    htst_anneal_data_t data = DATA;
    data.n_turning = CHUNKS + 1;
    CHECK(htst_anneal_start(&data, &COST, &state) == HTST_ERR_BAD_ARG);
    data.n_turning = 0;
    CHECK(htst_anneal_start(&data, &COST, &state) == HTST_ERR_BAD_ARG);
    data = DATA;
    data.n_examples = M + 1;
    CHECK(htst_anneal_start(&data, &COST, &state) == HTST_ERR_BAD_ARG);
    htst_anneal_cost_t cost = COST;
    cost.step = 0;
    CHECK(htst_anneal_start(&DATA, &cost, &state) == HTST_ERR_BAD_ARG);
    a.weights[3] = 2;
    CHECK(htst_anneal_start(&DATA, &COST, &state) == HTST_ERR_BAD_ARG);
    a.weights[3] = 0;
    a.offsets[1] = LEVELS;
    CHECK(htst_anneal_start(&DATA, &COST, &state) == HTST_ERR_BAD_ARG);
    a.offsets[1] = 0;
    CHECK(htst_anneal_start(&DATA, &COST, &state) == HTST_OK);
    CHECK(htst_anneal_run(&DATA, &COST, &state, -1, &temperature, 1) == HTST_ERR_BAD_ARG);
    CHECK(htst_anneal_run(&DATA, &COST, &state, 1, &zero, 1) == HTST_ERR_BAD_ARG);
    CHECK(htst_anneal_run(&DATA, &COST, &state, 1, &temperature, 0) == HTST_ERR_BAD_ARG);
}

int
main(void)
{
    make_data();
    test_counts_stay_exact();
    test_slices_are_one_run();
    test_golden();
    test_bad_arguments();
    return htst_test_report("test_anneal");
}
