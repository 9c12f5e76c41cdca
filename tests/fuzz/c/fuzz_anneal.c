/* Searches of ternary classifiers with examples and costs of any size, against counts from the
 * formula: the errors, energies and best states are exact after every call, and calls can be
 * split. */
#include "htst_anneal.h"
#include "htst_fuzz_examples.h"

typedef struct {
    htst_anneal_data_t data;
    htst_anneal_cost_t cost;
    htst_fuzz_examples_t examples;
    int64_t *support_cost, *levels_cost;
} task_t;

static int64_t
count_errors(const task_t *task, const int8_t *weights, const int16_t *offsets)
{
    const htst_fuzz_examples_t *e = &task->examples;
    int64_t errors = 0;
    for (int64_t i = 0; i < e->n; i++) {
        int64_t own = 0, other = INT64_MIN;
        for (int64_t c = 0; c < e->classes; c++) {
            int64_t logit = (int64_t) task->cost.step * offsets[c];
            for (int64_t j = 0; j < e->columns; j++) {
                logit += weights[c * e->columns + j] * e->by_example[i * e->columns + j];
            }
            own = c == e->labels[i] ? logit : own;
            other = c != e->labels[i] && logit > other ? logit : other;
        }
        errors += own <= other;
    }
    return errors;
}

static int64_t
count_levels(const int16_t *offsets, int64_t n)
{
    int64_t least = offsets[0], most = offsets[0];
    for (int64_t c = 1; c < n; c++) {
        least = offsets[c] < least ? offsets[c] : least;
        most = offsets[c] > most ? offsets[c] : most;
    }
    return most - least + 1;
}

static int64_t
count_nonzeros(const int8_t *weights, int64_t n)
{
    int64_t count = 0;
    for (int64_t e = 0; e < n; e++) {
        count += weights[e] != 0;
    }
    return count;
}

static int64_t
energy_of(const task_t *task, const int8_t *weights, const int16_t *offsets)
{
    int64_t n = task->examples.classes * task->examples.columns;
    return task->cost.rate * count_errors(task, weights, offsets)
        + task->support_cost[count_nonzeros(weights, n)]
        + task->levels_cost[count_levels(offsets, task->examples.classes)];
}

static task_t
draw_task(htst_fuzz_t *input)
{
    int64_t columns = 1 + htst_fuzz_int(input, 9);
    int64_t near = HTST_ANNEAL_NEAR_BLOCK * (1 + htst_fuzz_int(input, 4));
    task_t t = { .cost = { .rate = 1 + htst_fuzz_int(input, 4096),
                     .most_nonzeros = htst_fuzz_int(input, 5 * columns),
                     .step = 1 + (int32_t) htst_fuzz_int(input, 128) } };
    t.cost.wide = t.cost.rate % 2;
    t.cost.most_levels = 1 + htst_fuzz_int(input, 8192 / t.cost.step);
    t.support_cost = htst_fuzz_costs(input, t.cost.most_nonzeros + 1);
    t.levels_cost = htst_fuzz_costs(input, t.cost.most_levels + 1);
    t.examples = htst_fuzz_examples(input, columns, 1);
    t.cost.support_cost = t.support_cost, t.cost.levels_cost = t.levels_cost;
    t.data = (htst_anneal_data_t){ t.examples.n, columns, t.examples.classes, near,
        t.examples.starts, t.examples.by_column, t.examples.by_example, t.examples.relatives,
        t.examples.n_relatives };
    return t;
}

static htst_anneal_state_t
start_state(const task_t *task, const int8_t *weights, const int16_t *offsets, uint64_t seed)
{
    size_t n = (size_t) task->examples.n, d = (size_t) task->examples.columns;
    size_t c = (size_t) task->examples.classes, near = (size_t) task->data.n_near;
    htst_anneal_state_t s = { .weights = malloc(c * d),
        .offsets = malloc(c * 2),
        .best_weights = malloc(c * d),
        .best_offsets = malloc(c * 2),
        .logits = malloc(c * n * 2),
        .near_features = malloc(c * d * near),
        .near_logits = malloc(c * c * near * 2),
        .near_labels = malloc(c * near * 2),
        .near_margins = malloc(c * near * 2),
        .near_versions = malloc(c * near / HTST_ANNEAL_NEAR_BLOCK * 8),
        .near_sizes = malloc(c * 8),
        .near_totals = malloc(c * 8),
        .near_list = malloc(n * 4),
        .places = malloc(2 * c * d * 4),
        .row_nonzeros = malloc(c * 4),
        .means = malloc(c * d * 4) };
    memcpy(s.weights, weights, c * d);
    memcpy(s.offsets, offsets, c * 2);
    htst_anneal_seed(&s, seed);
    return s;
}

static void
free_state(htst_anneal_state_t s)
{
    free(s.weights), free(s.offsets), free(s.best_weights), free(s.best_offsets), free(s.logits);
    free(s.near_features), free(s.near_logits), free(s.near_labels), free(s.near_margins);
    free(s.near_versions), free(s.near_sizes), free(s.near_totals), free(s.near_list);
    free(s.places), free(s.row_nonzeros), free(s.means);
}

static void
check_state(const task_t *task, const htst_anneal_state_t *s)
{
    REQUIRE(s->errors == count_errors(task, s->weights, s->offsets));
    REQUIRE(s->energy == energy_of(task, s->weights, s->offsets));
    REQUIRE(s->best_errors == count_errors(task, s->best_weights, s->best_offsets));
    REQUIRE(s->best_energy == energy_of(task, s->best_weights, s->best_offsets));
    REQUIRE(s->best_energy <= s->energy);
}

static void
search(const task_t *task, htst_fuzz_t *input, const int8_t *weights, const int16_t *offsets)
{
    uint64_t seed, decay = (uint64_t) (1 + htst_fuzz_int(input, 65536)) << 16, one, two;
    htst_fuzz_bytes(input, &seed, sizeof seed);
    one = two = (uint64_t) 1 << htst_fuzz_int(input, 33);
    int64_t n = htst_fuzz_int(input, 300);
    n *= htst_fuzz_int(input, 16) ? 1 : 8;
    int64_t cut = n ? htst_fuzz_int(input, n) : 0;
    htst_anneal_state_t a = start_state(task, weights, offsets, seed);
    htst_anneal_state_t b = start_state(task, weights, offsets, seed);
    size_t n_weights = (size_t) (task->examples.classes * task->examples.columns);
    REQUIRE(htst_anneal_start(&task->data, &task->cost, &a) == 0);
    REQUIRE(htst_anneal_start(&task->data, &task->cost, &b) == 0);
    check_state(task, &a);
    REQUIRE(htst_anneal_run(&task->data, &task->cost, &a, n, &one, decay) == 0);
    check_state(task, &a);
    REQUIRE(htst_anneal_run(&task->data, &task->cost, &b, cut, &two, decay) == 0);
    check_state(task, &b);
    REQUIRE(htst_anneal_run(&task->data, &task->cost, &b, n - cut, &two, decay) == 0);
    REQUIRE(one == two && a.errors == b.errors && a.n_accepted == b.n_accepted);
    REQUIRE(a.n_proposals == n && memcmp(a.weights, b.weights, n_weights) == 0);
    REQUIRE(memcmp(a.generator, b.generator, sizeof a.generator) == 0);
    free_state(a);
    free_state(b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    htst_fuzz_t input = { data, size };
    task_t task = draw_task(&input);
    int64_t n = task.examples.classes * task.examples.columns, classes = task.examples.classes;
    int8_t *weights = malloc((size_t) n);
    int16_t *offsets = malloc((size_t) classes * 2);
    int64_t rare = 1 + htst_fuzz_int(&input, 8), wide = 1 + htst_fuzz_int(&input, 600);
    int64_t fault = htst_fuzz_int(&input, 32), is_wrong = fault == 0;
    for (int64_t e = 0; e < n; e++) {
        weights[e] = (int8_t) (htst_fuzz_int(&input, rare) ? 0 : 2 * htst_fuzz_int(&input, 2) - 1);
    }
    weights[0] = fault == 0 ? 2 : weights[0];
    for (int64_t c = 0; c < classes; c++) {
        offsets[c] = (int16_t) (htst_fuzz_int(&input, wide) - wide / 2);
    }
    int64_t *end = &task.examples.starts[classes];
    *end += fault == 1, is_wrong |= fault == 1;
    is_wrong |= count_nonzeros(weights, n) > task.cost.most_nonzeros;
    is_wrong |= count_levels(offsets, classes) > task.cost.most_levels;
    if (is_wrong) {
        htst_anneal_state_t state = start_state(&task, weights, offsets, 1);
        REQUIRE(htst_anneal_start(&task.data, &task.cost, &state) == HTST_ERR_BAD_ARG);
        free_state(state);
    }
    else {
        search(&task, &input, weights, offsets);
    }
    free(weights), free(offsets), free(task.support_cost), free(task.levels_cost);
    htst_fuzz_free_examples(task.examples);
    return 0;
}
