#include "htst_anneal.h"
#include "htst_test.h"

#include <string.h>

/* Errors and hash of the classifier that test_golden finds. */
#define GOLDEN_ERRORS 43
#define GOLDEN_HASH UINT64_C(0xba5b3f35fa9d7ebc)

enum { M = 512, D = 7, C = 3, CHUNKS = 4, STEP = 16, MOST = 21, LEVELS = 40, PANEL = 50 };
enum { PANELS = HTST_PANELS * C };

static int8_t by_example[M * D], by_column[M * D];
static int64_t starts[CHUNKS * (C + 1)], support_cost[MOST + 1], levels_cost[LEVELS + 1];
static uint8_t labels[M];

typedef struct {
    int8_t weights[C * D], best_weights[C * D];
    int16_t offsets[C], best_offsets[C], margins[C * M];
    int16_t logits[C * M], largest[2 * M], panel_logits[PANELS * C * PANEL];
    int16_t panel_margins[PANELS * PANEL], panel_signs[PANELS * PANEL], panel_largest[2 * PANEL];
    int8_t panel_columns[PANELS * D * PANEL];
    int32_t places[2 * C * D], means[C * D], near[M], in_class[C];
    int64_t panel_starts[PANELS * (C + 1)];
    htst_panel_t panels[PANELS];
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
        .panel_size = PANEL,
        .panels = a->panels,
        .panel_starts = a->panel_starts,
        .panel_columns = a->panel_columns,
        .panel_logits = a->panel_logits,
        .panel_margins = a->panel_margins,
        .panel_signs = a->panel_signs,
        .panel_largest = a->panel_largest,
        .near = a->near,
        .in_class = a->in_class };
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

/* Find an example of the data with these features and label, not used yet. */
static int
find_example(const int8_t *x, int label, int n, uint8_t *used)
{
    for (int i = 0; i < M; i++) {
        int same = labels[i] == label && !used[i];
        for (int j = 0; j < D; j++) {
            same = same && by_example[i * D + j] == x[j * n];
        }
        if (same) {
            used[i] = 1;
            return i;
        }
    }
    return -1;
}

/* Every example of a panel is an example of the data, with its label and its current logits. None
 * is there twice. When the panel was drawn, as many were near the boundary as it says. */
static void
test_panels_are_samples(void)
{
    static arrays_t a;
    htst_anneal_state_t state = state_of(&a);
    uint64_t temperature = (uint64_t) 6 << 26;
    CHECK(htst_anneal_start(&DATA, &COST, &state) == HTST_OK);
    CHECK(htst_anneal_run(&DATA, &COST, &state, 3000, &temperature, 0xfa000000u) == HTST_OK);
    int full = 0, wrong = 0;
    for (int p = 0; p < PANELS; p++) {
        uint8_t used[M] = { 0 };
        const int64_t *begins = a.panel_starts + p * (C + 1);
        int n = (int) begins[C];
        full += n == PANEL;
        wrong += n > PANEL || n > a.panels[p].near || a.panels[p].near > M;
        for (int i = 0; i < n; i++) {
            int label = 0;
            while (begins[label + 1] <= i) {
                label++;
            }
            const int8_t *x = a.panel_columns + p * D * PANEL + i;
            wrong += find_example(x, label, n, used) < 0;
            wrong += a.panel_signs[p * PANEL + i] != (label == p % C ? -1 : 1);
            for (int c = 0; c < C; c++) {
                int logit = STEP * a.offsets[c];
                for (int j = 0; j < D; j++) {
                    logit += a.weights[c * D + j] * x[j * n];
                }
                wrong += a.panel_logits[p * C * PANEL + c * n + i] != logit;
            }
        }
    }
    CHECK(wrong == 0 && full > 0);
}

/* Weights so large that differences of logits leave int16. Examples of class 0 are all 127, those
 * of the other class all -127; class 0 has 1s, the other -1s, in as many columns as a
 * class may have. */
static void
test_large_logits(void)
{
    enum { WIDE = 255, FEW = 6 };
    static int8_t x[FEW * WIDE], columns[FEW * WIDE], weights[2 * WIDE], best[2 * WIDE];
    static int8_t panel_columns[2 * HTST_PANELS * WIDE * FEW];
    static int32_t places[4 * WIDE], means[2 * WIDE];
    static int64_t costs[2 * WIDE + 1];
    static arrays_t a;
    int64_t begins[3] = { 0, FEW / 2, FEW };
    htst_anneal_state_t state = state_of(&a);
    state.panel_size = FEW;
    state.weights = weights;
    state.best_weights = best;
    state.panel_columns = panel_columns;
    state.places = places;
    state.means = means;
    for (int i = 0; i < FEW; i++) {
        for (int j = 0; j < WIDE; j++) {
            x[i * WIDE + j] = columns[j * FEW + i] = i < FEW / 2 ? 127 : -127;
            weights[j] = j < WIDE - 8;
            weights[WIDE + j] = (int8_t) -weights[j];
        }
    }
    htst_anneal_data_t data = { .n_examples = FEW,
        .n_columns = WIDE,
        .n_classes = 2,
        .n_chunks = 1,
        .starts = begins,
        .by_column = columns,
        .by_example = x };
    htst_anneal_cost_t cost = { .rate = 700,
        .support_cost = costs,
        .most_nonzeros = 2 * WIDE,
        .levels_cost = levels_cost,
        .most_levels = LEVELS,
        .step = STEP };
    CHECK(htst_anneal_start(&data, &cost, &state) == HTST_OK); /* 247 = (32767 - 1280) / 127 */
    CHECK(state.errors == 0);
    for (int j = 0; j < WIDE; j++) {
        weights[j] = (int8_t) -weights[j];
        weights[WIDE + j] = (int8_t) -weights[WIDE + j];
    }
    CHECK(htst_anneal_start(&data, &cost, &state) == HTST_OK);
    CHECK(state.errors == FEW);
    weights[WIDE - 1] = 1;
    CHECK(htst_anneal_start(&data, &cost, &state) == HTST_ERR_OVERFLOW);
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
    state.panel_size = 0;
    CHECK(htst_anneal_start(&data, &COST, &state) == HTST_ERR_BAD_ARG);
    state.panel_size = PANEL;
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
    a.offsets[0] = a.offsets[1] = a.offsets[2] = 2 * LEVELS + 1; /* int16 logits have an end */
    CHECK(htst_anneal_start(&DATA, &COST, &state) == HTST_ERR_OVERFLOW);
    a.offsets[0] = a.offsets[1] = a.offsets[2] = -2 * LEVELS;
    CHECK(htst_anneal_start(&DATA, &COST, &state) == HTST_OK);
    a.offsets[0] = a.offsets[1] = a.offsets[2] = 0;
    cost = COST;
    cost.most_levels = 8192 / STEP + 1;
    CHECK(htst_anneal_start(&DATA, &cost, &state) == HTST_ERR_BAD_ARG);
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
    test_panels_are_samples();
    test_large_logits();
    test_slices_are_one_run();
    test_golden();
    test_bad_arguments();
    return htst_test_report("test_anneal");
}
