#include "htst_anneal.h"
#include "htst_test.h"

#include <string.h>

/* Errors and hash of the classifier that test_golden finds. */
#define GOLDEN_ERRORS 27
#define GOLDEN_HASH UINT64_C(0x678200744aee570f)

enum { M = 512, D = 7, C = 3, NEAR = 256, STEP = 16, MOST = 21, LEVELS = 40 };

static int8_t by_example[M * D], by_column[M * D];
static int64_t starts[C + 1], support_cost[MOST + 1], levels_cost[LEVELS + 1];
static uint8_t labels[M];

typedef struct {
    int8_t weights[C * D], best_weights[C * D];
    int8_t near_features[C * D * NEAR];
    int16_t offsets[C], best_offsets[C], logits[C * M];
    int16_t near_logits[C * C * NEAR], near_labels[C * NEAR], near_margins[C * NEAR];
    int32_t near_list[M], places[2 * C * D], row_nonzeros[C], means[C * D];
    int64_t near_versions[C * NEAR / HTST_ANNEAL_NEAR_BLOCK], near_sizes[C], near_totals[C];
} arrays_t;

/* Make examples around a centre for each class, sorted by label. */
static void
make_data(void)
{
    uint32_t state = 5;
    for (int c = 0; c < C; c++) {
        starts[c + 1] = starts[c] + M / C + (c < M % C);
        for (int64_t i = starts[c]; i < starts[c + 1]; i++) {
            labels[i] = (uint8_t) c;
            for (int j = 0; j < D; j++) {
                state = state * 1664525u + 1013904223u;
                int noise = (int) (state >> 24) - 128, centre = 50 * ((c + j) % C - 1);
                int x = centre + noise / 2;
                x = x > 127 ? 127 : (x < -127 ? -127 : x);
                by_example[i * D + j] = by_column[j * M + i] = (int8_t) x;
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
        .near_features = a->near_features,
        .near_logits = a->near_logits,
        .near_labels = a->near_labels,
        .near_margins = a->near_margins,
        .near_versions = a->near_versions,
        .near_sizes = a->near_sizes,
        .near_totals = a->near_totals,
        .near_list = a->near_list,
        .places = a->places,
        .row_nonzeros = a->row_nonzeros,
        .means = a->means };
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
    .n_near = NEAR,
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
    data.n_near = NEAR + 1;
    CHECK(htst_anneal_start(&data, &COST, &state) == HTST_ERR_BAD_ARG);
    data.n_near = 0;
    CHECK(htst_anneal_start(&data, &COST, &state) == HTST_ERR_BAD_ARG);
    data = DATA;
    data.n_examples = M + 1;
    CHECK(htst_anneal_start(&data, &COST, &state) == HTST_ERR_BAD_ARG);
    htst_anneal_cost_t cost = COST;
    cost.step = 0;
    CHECK(htst_anneal_start(&DATA, &cost, &state) == HTST_ERR_BAD_ARG);
    cost.step = 8192 / LEVELS + 1;
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

enum { WIDE = 300 };

static int8_t wide_weights[2 * WIDE];

/* A search with many columns and two examples, so that non-zeros are free. */
static htst_anneal_state_t
wide_search(arrays_t *a, htst_anneal_data_t *data, htst_anneal_cost_t *cost)
{
    static int8_t features[2 * WIDE], best[2 * WIDE], near[2 * WIDE * NEAR];
    static int32_t places[2 * 2 * WIDE], means[2 * WIDE];
    static int64_t ends[] = { 0, 1, 2 }, costs[2 * WIDE + 1];
    htst_anneal_state_t state = state_of(a);
    data->n_examples = data->n_classes = 2;
    data->n_columns = WIDE;
    data->by_example = data->by_column = features;
    data->starts = ends;
    cost->support_cost = costs;
    cost->most_nonzeros = 2 * WIDE;
    state.weights = wide_weights;
    state.best_weights = best;
    state.near_features = near;
    state.places = places;
    state.means = means;
    return state;
}

/* A class never has so many non-zeros that its logits need more than 16 bits. */
static void
test_rows_have_a_limit(void)
{
    CHECK(htst_anneal_most_in_row(64, 16) == (32767 - 2 * 1024) / 128);
    CHECK(htst_anneal_most_in_row(8192, 1) == (32767 - 2 * 8192) / 128);
    CHECK(htst_anneal_most_in_row(8193, 1) == 0);
    static arrays_t a;
    htst_anneal_data_t data = DATA;
    htst_anneal_cost_t cost = COST;
    htst_anneal_state_t state = wide_search(&a, &data, &cost);
    int64_t most = htst_anneal_most_in_row(LEVELS, STEP);
    memset(wide_weights, 1, (size_t) most);
    CHECK(htst_anneal_start(&data, &cost, &state) == HTST_OK && state.row_nonzeros[0] == most);
    uint64_t temperature = (uint64_t) 6 << 26;
    for (int part = 0; part < 20; part++) {
        CHECK(htst_anneal_run(&data, &cost, &state, 500, &temperature, 0xffffffffu) == HTST_OK);
        int64_t found = 0;
        for (int j = 0; j < WIDE; j++) {
            found += wide_weights[j] != 0;
        }
        CHECK(found == state.row_nonzeros[0] && found <= most);
    }
    memset(wide_weights, 1, (size_t) most + 1);
    CHECK(htst_anneal_start(&data, &cost, &state) == HTST_ERR_OVERFLOW);
}

int
main(void)
{
    make_data();
    test_counts_stay_exact();
    test_slices_are_one_run();
    test_golden();
    test_bad_arguments();
    test_rows_have_a_limit();
    return htst_test_report("test_anneal");
}
