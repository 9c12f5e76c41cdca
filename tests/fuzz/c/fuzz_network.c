/* Networks of any sizes through htst_network, and searches of their ternary parts, against the
 * formula in whole numbers of 64 bits. */
#include "htst_fuzz_examples.h"
#include "htst_network.h"
#include "htst_network_search.h"

enum {
    MOST_LAYERS = 3,
    MOST_WIDTH = 6,
    MOST_UNITS = MOST_LAYERS * MOST_WIDTH,
    MOST_ENTRIES = MOST_LAYERS * MOST_WIDTH * MOST_WIDTH
};

typedef struct {
    htst_network_t network;
    htst_network_data_t data;
    htst_network_cost_t cost;
    htst_fuzz_examples_t examples;
    int64_t widths[MOST_LAYERS + 1], entries, units;
    int32_t shifts[MOST_LAYERS], steps[MOST_LAYERS];
    int32_t dense[MOST_ENTRIES], weights[MOST_ENTRIES], constants[MOST_UNITS];
    int64_t *support_cost, *levels_cost;
} task_t;

/* Logits of one example, by the formula. */
static void
compute(const task_t *t, const int32_t *weights, const int32_t *constants, const int8_t *x,
    int64_t *logits)
{
    int64_t now[MOST_WIDTH];
    for (int64_t j = 0; j < t->widths[0]; j++) {
        now[j] = x[j];
    }
    for (int64_t l = 0; l < t->network.n_layers; l++) {
        for (int64_t u = 0; u < t->widths[l + 1]; u++) {
            int64_t z = *constants++;
            for (int64_t j = 0; j < t->widths[l]; j++) {
                z += *weights++ * now[j];
            }
            logits[u] = z;
        }
        for (int64_t u = 0; u < t->widths[l + 1]; u++) {
            int64_t z =
                l + 1 < t->network.n_layers && logits[u] > 0 ? logits[u] >> t->shifts[l] : 0;
            now[u] = z > HTST_NETWORK_TOP ? HTST_NETWORK_TOP : z;
        }
    }
}

static int64_t
count_errors(const task_t *t, const int32_t *weights, const int32_t *constants)
{
    int64_t errors = 0, logits[MOST_WIDTH];
    for (int64_t i = 0; i < t->examples.n; i++) {
        int is_wrong = 0;
        compute(t, weights, constants, t->examples.by_example + i * t->widths[0], logits);
        for (int64_t c = 0; c < t->examples.classes; c++) {
            is_wrong |= c != t->examples.labels[i] && logits[c] >= logits[t->examples.labels[i]];
        }
        errors += is_wrong;
    }
    return errors;
}

/* The status that htst_network_check owes. */
static int
status_of(const task_t *t, const int32_t *weights, const int32_t *constants)
{
    int64_t e = 0, unit = 0;
    for (int64_t l = 0; l < t->network.n_layers; l++) {
        for (int64_t u = 0; u < t->widths[l + 1]; u++) {
            int64_t sum = llabs((int64_t) constants[unit++]);
            for (int64_t j = 0; j < t->widths[l]; j++) {
                sum += HTST_NETWORK_TOP * llabs((int64_t) weights[e++]);
            }
            if (sum > INT32_MAX) {
                return HTST_ERR_OVERFLOW;
            }
        }
    }
    return 0;
}

static void
draw_task(htst_fuzz_t *input, task_t *t)
{
    memset(t, 0, sizeof *t);
    int64_t layers = 1 + htst_fuzz_int(input, MOST_LAYERS), spread = htst_fuzz_int(input, 2000);
    for (int64_t l = 0; l < layers; l++) {
        t->widths[l] = 1 + htst_fuzz_int(input, MOST_WIDTH);
        t->shifts[l] = (int32_t) htst_fuzz_int(input, 8);
        t->steps[l] = 1 + (int32_t) htst_fuzz_int(input, 300);
    }
    t->cost = (htst_network_cost_t){ .rate = 1 + htst_fuzz_int(input, 4096),
        .unit = 1 + (int32_t) htst_fuzz_int(input, 200),
        .steps = t->steps,
        .most_nonzeros = htst_fuzz_int(input, 40),
        .most_levels = 1 + htst_fuzz_int(input, 1024) };
    t->support_cost = htst_fuzz_costs(input, layers * (t->cost.most_nonzeros + 1));
    t->levels_cost = htst_fuzz_costs(input, layers * (t->cost.most_levels + 1));
    t->cost.support_cost = t->support_cost, t->cost.levels_cost = t->levels_cost;
    int64_t seed = htst_fuzz_int(input, 65536);
    t->examples = htst_fuzz_examples(input, t->widths[0], (int64_t) 1 << htst_fuzz_int(input, 4));
    t->widths[layers] = t->examples.classes;
    for (int64_t l = 0; l < layers; l++) {
        t->entries += t->widths[l] * t->widths[l + 1];
        t->units += t->widths[l + 1];
    }
    for (int64_t e = 0; e < t->entries && spread; e++) { /* the part that a search leaves alone */
        t->dense[e] = (int32_t) ((seed * (e + 1) * 40503 >> 4) % (2 * spread) - spread);
    }
    t->network = (htst_network_t){ layers, t->widths, t->weights, t->constants, t->shifts };
    t->data = (htst_network_data_t){ t->examples.n, t->examples.chunks, t->examples.starts,
        t->examples.by_column, t->examples.relatives, t->examples.n_relatives };
}

static void
free_task(const task_t *t)
{
    free(t->support_cost), free(t->levels_cost);
    htst_fuzz_free_examples(t->examples);
}

/* Any weights: refused if a sum may leave int32, else evaluated exactly. */
static void
evaluate(htst_fuzz_t *input, task_t *t)
{
    int shift = (int) htst_fuzz_int(input, 31);
    for (int64_t e = 0; e < t->entries; e++) {
        htst_fuzz_bytes(input, &t->weights[e], 4);
        t->weights[e] >>= shift;
    }
    for (int64_t u = 0; u < t->units; u++) {
        htst_fuzz_bytes(input, &t->constants[u], 4);
        t->constants[u] >>= shift;
    }
    int status = status_of(t, t->weights, t->constants);
    REQUIRE(htst_network_check(&t->network) == status);
    REQUIRE(htst_network_entries(&t->network, t->network.n_layers) == t->entries);
    REQUIRE(htst_network_units(&t->network, t->network.n_layers) == t->units);
    if (status == 0) {
        int64_t n = t->examples.n, exact[MOST_WIDTH];
        int32_t *work = malloc((size_t) htst_network_work(&t->network) * 4);
        int32_t *logits = malloc((size_t) (n * t->examples.classes) * 4);
        htst_network_logits(&t->network, t->examples.by_example, n, work, logits);
        for (int64_t i = 0; i < n; i++) {
            compute(t, t->weights, t->constants, t->examples.by_example + i * t->widths[0], exact);
            for (int64_t c = 0; c < t->examples.classes; c++) {
                REQUIRE(logits[c * n + i] == exact[c]);
            }
        }
        REQUIRE(htst_network_errors(logits, t->examples.labels, t->examples.classes, n)
            == count_errors(t, t->weights, t->constants));
        free(work), free(logits);
    }
}

typedef struct {
    htst_network_state_t state;
    htst_network_t network;
} search_t;

static search_t
start_search(const task_t *t, const int8_t *codes, const int16_t *offsets)
{
    size_t e = (size_t) t->entries, u = (size_t) t->units, n = (size_t) t->examples.n;
    size_t most = (size_t) t->examples.largest;
    htst_network_state_t s = { .codes = malloc(e),
        .best_codes = malloc(e),
        .offsets = malloc(u * 2),
        .best_offsets = malloc(u * 2),
        .weights = malloc(e * 4),
        .constants = malloc(u * 4),
        .sums = malloc(u * n * 4),
        .activations = malloc(u * n),
        .right = malloc(n),
        .trial_sums = malloc(u * most * 4),
        .trial_activations = malloc(u * most),
        .differences = malloc(u * most * 2),
        .compared = malloc(2 * most * 4),
        .is_changed = malloc(u),
        .places = malloc(2 * e * 4),
        .means = malloc(e * 4 + u * 4),
        .generator = { 1, 2, 3, 4 } };
    memcpy(s.codes, codes, e);
    memcpy(s.offsets, offsets, u * 2);
    for (int64_t l = 0, i = 0, k = 0; l < t->network.n_layers; l++) {
        for (int64_t end = i + t->widths[l] * t->widths[l + 1]; i < end; i++) {
            s.weights[i] = t->dense[i] + t->cost.unit * codes[i];
        }
        for (int64_t end = k + t->widths[l + 1]; k < end; k++) {
            s.constants[k] = t->steps[l] * offsets[k];
        }
    }
    search_t search = { s, t->network };
    search.network.weights = s.weights, search.network.constants = s.constants;
    return search;
}

static void
free_search(search_t *search)
{
    htst_network_state_t s = search->state;
    free(s.codes), free(s.best_codes), free(s.offsets), free(s.best_offsets), free(s.weights);
    free(s.constants), free(s.sums), free(s.activations), free(s.right), free(s.trial_sums);
    free(s.trial_activations), free(s.differences), free(s.compared), free(s.is_changed);
    free(s.places), free(s.means);
}

/* Errors of codes and offsets; *energy gets their energy, or INT64_MIN if a layer has too many non-zeros
 * or levels. */
static int64_t
count_all(const task_t *t, const int8_t *codes, const int16_t *offsets, int64_t *energy)
{
    int32_t weights[MOST_ENTRIES], constants[MOST_UNITS];
    int64_t bits = 0, i = 0, k = 0, is_wrong = 0;
    for (int64_t l = 0; l < t->network.n_layers; l++) {
        int is_last = l + 1 == t->network.n_layers;
        int64_t nonzeros = 0, least = is_last ? INT16_MAX : 0, most = is_last ? INT16_MIN : 0;
        for (int64_t end = i + t->widths[l] * t->widths[l + 1]; i < end; i++) {
            weights[i] = t->dense[i] + t->cost.unit * codes[i];
            nonzeros += codes[i] != 0;
        }
        for (int64_t end = k + t->widths[l + 1]; k < end; k++) {
            constants[k] = t->steps[l] * offsets[k];
            least = offsets[k] < least ? offsets[k] : least;
            most = offsets[k] > most ? offsets[k] : most;
        }
        int64_t levels = most - least + 1;
        is_wrong |= nonzeros > t->cost.most_nonzeros || levels > t->cost.most_levels;
        bits += is_wrong ? 0
                         : t->support_cost[l * (t->cost.most_nonzeros + 1) + nonzeros]
                + t->levels_cost[l * (t->cost.most_levels + 1) + levels];
    }
    int64_t errors = count_errors(t, weights, constants);
    *energy = is_wrong ? INT64_MIN : bits + t->cost.rate * errors;
    return errors;
}

static void
check_state(const task_t *t, const search_t *search)
{
    const htst_network_state_t *s = &search->state;
    int64_t energy, least, e = 0, u = 0;
    for (int64_t l = 0; l < t->network.n_layers; l++) {
        for (int64_t end = e + t->widths[l] * t->widths[l + 1]; e < end; e++) {
            REQUIRE(s->weights[e] == t->dense[e] + t->cost.unit * s->codes[e]);
        }
        for (int64_t end = u + t->widths[l + 1]; u < end; u++) {
            REQUIRE(s->constants[u] == t->steps[l] * s->offsets[u]);
        }
    }
    REQUIRE(s->errors == count_all(t, s->codes, s->offsets, &energy) && s->energy == energy);
    REQUIRE(s->best_errors == count_all(t, s->best_codes, s->best_offsets, &least));
    REQUIRE(s->best_energy == least && least <= energy);
}

static void
search_network(htst_fuzz_t *input, const task_t *t)
{
    int8_t codes[MOST_ENTRIES];
    int16_t offsets[MOST_UNITS];
    int64_t rare = 1 + htst_fuzz_int(input, 6), wide = 1 + htst_fuzz_int(input, 400), energy;
    for (int64_t e = 0; e < t->entries; e++) {
        codes[e] = (int8_t) (htst_fuzz_int(input, rare) ? 0 : 2 * htst_fuzz_int(input, 2) - 1);
    }
    for (int64_t u = 0; u < t->units; u++) {
        offsets[u] = (int16_t) (htst_fuzz_int(input, wide) - wide / 2);
    }
    (void) count_all(t, codes, offsets, &energy);
    search_t a = start_search(t, codes, offsets), b = start_search(t, codes, offsets);
    int status = htst_network_start(&a.network, &t->data, &t->cost, &a.state);
    REQUIRE(status == (energy == INT64_MIN ? HTST_ERR_BAD_ARG : 0));
    REQUIRE(status == htst_network_start(&b.network, &t->data, &t->cost, &b.state));
    uint64_t decay = (uint64_t) (1 + htst_fuzz_int(input, 65536)) << 16, one, two;
    one = two = (uint64_t) 1 << htst_fuzz_int(input, 33);
    htst_fuzz_bytes(input, a.state.generator, 8);
    memcpy(b.state.generator, a.state.generator, sizeof a.state.generator);
    int64_t n = htst_fuzz_int(input, 200), cut = n ? htst_fuzz_int(input, n) : 0;
    if (status == 0) {
        check_state(t, &a);
        REQUIRE(htst_network_anneal(&a.network, &t->data, &t->cost, &a.state, n, &one, decay) == 0);
        check_state(t, &a);
        htst_network_anneal(&b.network, &t->data, &t->cost, &b.state, cut, &two, decay);
        check_state(t, &b);
        htst_network_anneal(&b.network, &t->data, &t->cost, &b.state, n - cut, &two, decay);
        REQUIRE(one == two && a.state.energy == b.state.energy);
        REQUIRE(memcmp(a.state.codes, b.state.codes, (size_t) t->entries) == 0);
        REQUIRE(memcmp(a.state.generator, b.state.generator, sizeof a.state.generator) == 0);
    }
    free_search(&a);
    free_search(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    htst_fuzz_t input = { data, size };
    int is_search = (int) htst_fuzz_int(&input, 4) > 0;
    task_t task;
    draw_task(&input, &task);
    if (is_search) {
        search_network(&input, &task);
    }
    else {
        evaluate(&input, &task);
    }
    free_task(&task);
    return 0;
}
