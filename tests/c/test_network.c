#include "htst_network.h"
#include "htst_network_search.h"
#include "htst_test.h"

#include <string.h>

/* Errors and hash of the network that test_golden finds. */
#define GOLDEN_ERRORS 41
#define GOLDEN_HASH UINT64_C(0x95d037808b92bd24)

enum { M = 512, D = 9, H = 6, C = 3, CHUNKS = 4, UNIT = 16, MOST = 60, LEVELS = 40, LAYERS = 3 };
enum { UNITS = 2 * H + C, ENTRIES = D * H + H * H + H * C };

static const int64_t WIDTHS[LAYERS + 1] = { D, H, H, C };
static const int32_t SHIFTS[LAYERS - 1] = { 4, 3 }, STEPS[LAYERS] = { 128, 64, 256 };
static int8_t by_example[M * D], by_column[M * D];
static int64_t starts[CHUNKS * (C + 1)], labels[M];
static int64_t support_cost[LAYERS * (MOST + 1)], levels_cost[LAYERS * (LEVELS + 1)];
static int32_t dense[ENTRIES];

typedef struct {
    int8_t codes[ENTRIES], best_codes[ENTRIES], activations[UNITS * M],
        trial_activations[UNITS * M];
    int16_t offsets[UNITS], best_offsets[UNITS], differences[UNITS * M];
    int32_t weights[ENTRIES], constants[UNITS], sums[UNITS * M], trial_sums[UNITS * M];
    int32_t compared[2 * M], places[2 * ENTRIES], means[D + UNITS];
    uint8_t right[M], is_changed[UNITS];
} arrays_t;

static uint32_t random_state = 5;

static int
draw(int n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (int) ((random_state >> 16) * (uint64_t) n >> 16);
}

/* Make examples around a centre for each class, sorted by label inside each chunk. */
static void
make_data(void)
{
    int64_t at = 0;
    for (int k = 0; k < CHUNKS; k++) {
        int64_t begin = at, n = M / CHUNKS;
        for (int c = 0; c < C; c++) {
            starts[k * (C + 1) + c] = at;
            for (int64_t end = at + n / C + (c < n % C); at < end; at++) {
                labels[at] = c;
                for (int j = 0; j < D; j++) {
                    int x = 50 * ((c + j) % C - 1) + draw(128) - 64;
                    by_example[at * D + j] = (int8_t) x;
                }
            }
        }
        starts[k * (C + 1) + C] = at;
        for (int64_t i = 0; i < n; i++) {
            for (int j = 0; j < D; j++) {
                by_column[begin * D + j * n + i] = by_example[(begin + i) * D + j];
            }
        }
    }
    for (int l = 0; l < LAYERS; l++) {
        for (int k = 0; k <= MOST; k++) {
            support_cost[l * (MOST + 1) + k] = 4 * 1024 * k;
        }
        for (int v = 0; v <= LEVELS; v++) {
            levels_cost[l * (LEVELS + 1) + v] = 300 * v;
        }
    }
    for (int e = 0; e < ENTRIES; e++) { /* sqrt(t) G: small numbers in the first layer */
        dense[e] = e < D * H ? draw(9) - 4 : 0;
    }
}

/* Compute the logits by the formula, one example at a time. */
static void
logits_of(const int32_t *weights, const int32_t *constants, const int8_t *x, int64_t *logits)
{
    int64_t now[D + H], next[D + H];
    for (int j = 0; j < D; j++) {
        now[j] = x[j];
    }
    for (int l = 0; l < LAYERS; l++) {
        for (int64_t u = 0; u < WIDTHS[l + 1]; u++) {
            int64_t z = *constants++;
            for (int64_t j = 0; j < WIDTHS[l]; j++) {
                z += *weights++ * now[j];
            }
            if (l + 1 == LAYERS) {
                logits[u] = z;
                continue;
            }
            z = z < 0 ? 0 : z / (1 << SHIFTS[l]);
            next[u] = z > 127 ? 127 : z;
        }
        memcpy(now, next, sizeof now);
    }
}

static int64_t
count_errors(const int8_t *codes, const int16_t *offsets)
{
    int32_t weights[ENTRIES], constants[UNITS];
    int64_t errors = 0, logits[C];
    for (int e = 0; e < ENTRIES; e++) {
        weights[e] = dense[e] + UNIT * codes[e];
    }
    for (int u = 0; u < UNITS; u++) {
        constants[u] = STEPS[u / H < LAYERS ? u / H : LAYERS - 1] * offsets[u];
    }
    for (int i = 0; i < M; i++) {
        int wrong = 0;
        logits_of(weights, constants, by_example + i * D, logits);
        for (int c = 0; c < C; c++) {
            wrong |= c != labels[i] && logits[c] >= logits[labels[i]];
        }
        errors += wrong;
    }
    return errors;
}

static htst_network_t
network_of(const int32_t *weights, const int32_t *constants)
{
    return (htst_network_t){ LAYERS, WIDTHS, weights, constants, SHIFTS };
}

static const htst_network_data_t DATA = { M, CHUNKS, starts, by_column, NULL, 0 };
static const htst_network_cost_t COST = { 700, UNIT, STEPS, support_cost, MOST, levels_cost,
    LEVELS };

static htst_network_state_t
state_of(arrays_t *a)
{
    memset(a, 0, sizeof *a);
    random_state = 77;
    for (int e = 0; e < ENTRIES; e++) {
        a->codes[e] = (int8_t) (draw(4) ? 0 : 2 * draw(2) - 1);
        a->weights[e] = dense[e] + UNIT * a->codes[e];
    }
    return (htst_network_state_t){ .codes = a->codes,
        .best_codes = a->best_codes,
        .offsets = a->offsets,
        .best_offsets = a->best_offsets,
        .weights = a->weights,
        .constants = a->constants,
        .sums = a->sums,
        .activations = a->activations,
        .right = a->right,
        .trial_sums = a->trial_sums,
        .trial_activations = a->trial_activations,
        .differences = a->differences,
        .compared = a->compared,
        .is_changed = a->is_changed,
        .places = a->places,
        .means = a->means,
        .generator = { 1, 2, 3, 4 } };
}

static void
test_forward_pass(void)
{
    static int32_t weights[ENTRIES], constants[UNITS], logits[C * M], work[1 << 12];
    htst_network_t network = network_of(weights, constants);
    CHECK(htst_network_work(&network) <= 1 << 12);
    for (int round = 0; round < 20; round++) {
        for (int e = 0; e < ENTRIES; e++) {
            weights[e] = draw(round + 1) ? 0 : draw(61) - 30;
        }
        for (int u = 0; u < UNITS; u++) {
            constants[u] = draw(4001) - 2000;
        }
        CHECK(htst_network_check(&network) == HTST_OK);
        int64_t errors = 0;
        htst_network_logits(&network, by_example, M, work, logits);
        for (int i = 0; i < M; i++) {
            int64_t exact[C];
            int wrong = 0;
            logits_of(weights, constants, by_example + i * D, exact);
            for (int c = 0; c < C; c++) {
                CHECK(logits[c * M + i] == exact[c]);
                wrong |= c != labels[i] && exact[c] >= exact[labels[i]];
            }
            errors += wrong;
        }
        CHECK(htst_network_errors(logits, labels, C, M) == errors);
    }
}

static void
test_counts_stay_exact(void)
{
    static arrays_t a;
    htst_network_state_t state = state_of(&a);
    htst_network_t network = network_of(a.weights, a.constants);
    uint64_t temperature = (uint64_t) 6 << 26;
    CHECK(htst_network_start(&network, &DATA, &COST, &state) == HTST_OK);
    CHECK(state.errors == count_errors(a.codes, a.offsets));
    int64_t first = state.errors;
    for (int part = 0; part < 40; part++) {
        CHECK(htst_network_anneal(&network, &DATA, &COST, &state, 500, &temperature, 0xfa000000u)
            == HTST_OK);
        CHECK(state.errors == count_errors(a.codes, a.offsets));
        CHECK(state.best_errors == count_errors(a.best_codes, a.best_offsets));
        CHECK(state.best_energy <= state.energy);
        int64_t energy = COST.rate * state.errors + 4 * 1024 * state.n_listed;
        for (int l = 0; l < LAYERS; l++) {
            int64_t least = l + 1 == LAYERS ? 1000 : 0, most = l + 1 == LAYERS ? -1000 : 0;
            for (int64_t u = 0; u < WIDTHS[l + 1]; u++) {
                int64_t v = a.offsets[htst_network_units(&network, l) + u];
                least = v < least ? v : least;
                most = v > most ? v : most;
            }
            energy += 300 * (most - least + 1);
        }
        CHECK(state.energy == energy);
    }
    CHECK(state.n_proposals == 20000 && state.n_accepted > 0);
    CHECK(state.best_errors < M / 10 && state.best_errors < first);
}

static void
test_slices_are_one_run(void)
{
    static arrays_t a, b;
    htst_network_state_t one = state_of(&a), two = state_of(&b);
    htst_network_t first = network_of(a.weights, a.constants);
    htst_network_t second = network_of(b.weights, b.constants);
    uint64_t t = (uint64_t) 6 << 26, u = t;
    CHECK(htst_network_start(&first, &DATA, &COST, &one) == HTST_OK);
    CHECK(htst_network_start(&second, &DATA, &COST, &two) == HTST_OK);
    CHECK(htst_network_anneal(&first, &DATA, &COST, &one, 5000, &t, 0xf0000000u) == HTST_OK);
    for (int part = 0; part < 5; part++) {
        CHECK(htst_network_anneal(&second, &DATA, &COST, &two, 1000, &u, 0xf0000000u) == HTST_OK);
    }
    CHECK(t == u && one.errors == two.errors && one.energy == two.energy);
    CHECK(memcmp(a.codes, b.codes, sizeof a.codes) == 0);
    CHECK(memcmp(a.offsets, b.offsets, sizeof a.offsets) == 0);
}

/* The FNV-1a hash of the network, which is the same on every machine. */
static void
test_golden(void)
{
    static arrays_t a;
    htst_network_state_t state = state_of(&a);
    htst_network_t network = network_of(a.weights, a.constants);
    uint64_t temperature = (uint64_t) 6 << 26, hash = UINT64_C(0xcbf29ce484222325);
    CHECK(htst_network_start(&network, &DATA, &COST, &state) == HTST_OK);
    CHECK(htst_network_anneal(&network, &DATA, &COST, &state, 20000, &temperature, 0xf8000000u)
        == HTST_OK);
    for (int e = 0; e < ENTRIES; e++) {
        hash = (hash ^ (uint8_t) (a.codes[e] + 1)) * UINT64_C(0x100000001b3);
    }
    for (int u = 0; u < UNITS; u++) {
        hash = (hash ^ (uint8_t) (a.offsets[u] + 100)) * UINT64_C(0x100000001b3);
    }
    CHECK(state.errors == GOLDEN_ERRORS && hash == GOLDEN_HASH);
    if (state.errors != GOLDEN_ERRORS || hash != GOLDEN_HASH) {
        fprintf(stderr, "%lld errors, hash %llx\n", (long long) state.errors,
            (unsigned long long) hash);
    }
}

static void
test_bad_networks(void)
{
    static int32_t weights[ENTRIES], constants[UNITS];
    htst_network_t network = network_of(weights, constants);
    int64_t widths[LAYERS + 1] = { D, H, 0, C };
    int32_t shifts[LAYERS - 1] = { 4, 31 };
    network.widths = widths;
    CHECK(htst_network_check(&network) == HTST_ERR_BAD_ARG);
    network = network_of(weights, constants);
    network.shifts = shifts;
    CHECK(htst_network_check(&network) == HTST_ERR_BAD_ARG);
    network = network_of(weights, constants);
    network.n_layers = HTST_NETWORK_LAYERS + 1;
    CHECK(htst_network_check(&network) == HTST_ERR_BAD_ARG);
    network.n_layers = 0;
    CHECK(htst_network_check(&network) == HTST_ERR_BAD_ARG);
    network.n_layers = LAYERS;
    weights[0] = INT32_MAX / 127;
    CHECK(htst_network_check(&network) == HTST_OK);
    weights[1] = -1;
    CHECK(htst_network_check(&network) == HTST_ERR_OVERFLOW);
}

static void
test_bad_searches(void)
{
    static arrays_t a;
    htst_network_state_t state = state_of(&a);
    htst_network_t network = network_of(a.weights, a.constants);
    uint64_t temperature = 1 << 26, zero = 0;
    htst_network_data_t data = DATA;
    data.n_chunks = 3;
    CHECK(htst_network_start(&network, &data, &COST, &state) == HTST_ERR_BAD_ARG);
    data = DATA;
    data.n_examples = M + 1;
    CHECK(htst_network_start(&network, &data, &COST, &state) == HTST_ERR_BAD_ARG);
    htst_network_cost_t cost = COST;
    cost.unit = 0;
    CHECK(htst_network_start(&network, &DATA, &cost, &state) == HTST_ERR_BAD_ARG);
    cost = COST;
    cost.most_nonzeros = 1;
    CHECK(htst_network_start(&network, &DATA, &cost, &state) == HTST_ERR_BAD_ARG);
    a.codes[3] = 2;
    CHECK(htst_network_start(&network, &DATA, &COST, &state) == HTST_ERR_BAD_ARG);
    a.codes[3] = 0;
    a.offsets[UNITS - 1] = LEVELS;
    CHECK(htst_network_start(&network, &DATA, &COST, &state) == HTST_ERR_BAD_ARG);
    a.offsets[UNITS - 1] = 0;
    a.weights[0] = INT32_MAX / 127 / D;
    CHECK(htst_network_start(&network, &DATA, &COST, &state) == HTST_ERR_OVERFLOW);
    a.weights[0] = 0;
    CHECK(htst_network_start(&network, &DATA, &COST, &state) == HTST_OK);
    CHECK(htst_network_anneal(&network, &DATA, &COST, &state, -1, &temperature, 1)
        == HTST_ERR_BAD_ARG);
    CHECK(htst_network_anneal(&network, &DATA, &COST, &state, 1, &zero, 1) == HTST_ERR_BAD_ARG);
    CHECK(htst_network_anneal(&network, &DATA, &COST, &state, 1, &temperature, 0)
        == HTST_ERR_BAD_ARG);
}

int
main(void)
{
    make_data();
    test_forward_pass();
    test_counts_stay_exact();
    test_slices_are_one_run();
    test_golden();
    test_bad_networks();
    test_bad_searches();
    return htst_test_report("test_network");
}
