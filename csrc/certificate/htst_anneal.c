#include "htst_anneal.h"

#include "htst_draws.h"
#include "htst_margins.h"
#include "htst_isa.h"

#include <string.h>

/* Proposals between two updates of the mean features near the boundary, and examples per class
 * that an update uses. */
#define PROPOSALS_A_REFRESH 61440
#define EXAMPLES_NEAR 600
#define TRIES_NEAR 16384

/* Proposals at one temperature. */
#define PROPOSALS_A_TEMPERATURE 1024

/* Kinds of proposals, in 1/256 of all proposals; all other proposals move a non-zero. */
#define SHARE_OFF 56
#define SHARE_ON_ACTIVE 46
#define SHARE_ON_ANY 38
#define SHARE_FLIP 4

/* Square of the number of standard deviations at which a prefix drops a proposal. With 1.5
 * deviations a search of Fashion-MNIST (3 M proposals, mean of four seeds) ended at .1892, with 2
 * at .1866. With 2, prefixes drop few proposals that all examples would allow: of 100,000 proposals
 * 1 of 36 at temperature 1, and 5 of 384 at 2.4. */
#define DROP_VARIANCES 4

/* The size of a prefix is measured in 1/PARTS of all examples. */
#define PARTS 4096

/* Proposals that are evaluated first on the same chunk. If all were, proposals that are bad only on
 * that chunk would never be accepted. */
#define PROPOSALS_A_TURN 1024

void
htst_anneal_seed(htst_anneal_state_t *state, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        seed += 0x9E3779B97F4A7C15u;
        uint64_t x = seed;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
        state->generator[i] = x ^ (x >> 31);
    }
}

static int64_t
span_of_offsets(const int16_t *offsets, int64_t n, int64_t changed, int64_t by)
{
    int64_t least = INT64_MAX, most = INT64_MIN;
    for (int64_t c = 0; c < n; c++) {
        int64_t value = offsets[c] + (c == changed ? by : 0);
        least = value < least ? value : least;
        most = value > most ? value : most;
    }
    return most - least + 1;
}

static int64_t
energy_of(const htst_anneal_data_t *data, const htst_anneal_cost_t *cost,
    const htst_anneal_state_t *state)
{
    int64_t span = span_of_offsets(state->offsets, data->n_classes, -1, 0);
    return cost->rate * state->errors + cost->support_cost[state->n_nonzeros]
        + cost->levels_cost[span];
}

static void
keep_best(const htst_anneal_data_t *data, htst_anneal_state_t *state)
{
    size_t n = (size_t) (data->n_classes * data->n_columns);
    state->best_energy = state->energy;
    state->best_errors = state->errors;
    memcpy(state->best_weights, state->weights, n);
    memcpy(state->best_offsets, state->offsets, (size_t) data->n_classes * sizeof(int16_t));
}

static int
check_data(const htst_anneal_data_t *data, const htst_anneal_cost_t *cost)
{
    int64_t k = data->n_chunks;
    if (data->n_examples < 1 || data->n_examples > INT32_MAX || data->n_columns < 1
        || data->n_classes < 2 || data->n_columns > INT32_MAX / data->n_classes
        || data->n_relatives < 0 || data->n_turning < 1 || data->n_turning > k || k < 1
        || k > HTST_ANNEAL_CHUNKS || cost->step < 1 || cost->step > 128 || cost->rate < 1
        || cost->most_nonzeros < 0 || cost->most_levels < 1
        || cost->most_levels > 16384 / cost->step) {
        return HTST_ERR_BAD_ARG;
    }
    int64_t at = 0;
    for (int64_t chunk = 0; chunk < k; chunk++) {
        const int64_t *starts = data->starts + chunk * (data->n_classes + 1);
        for (int64_t c = 0; c < data->n_classes; c++) {
            if (starts[c] > starts[c + 1]) {
                return HTST_ERR_BAD_ARG;
            }
        }
        if (starts[0] != at) {
            return HTST_ERR_BAD_ARG;
        }
        at = starts[data->n_classes];
    }
    return at == data->n_examples ? HTST_OK : HTST_ERR_BAD_ARG;
}

/* List the non-zeros, and check weights, levels and sizes. */
static int
list_nonzeros(
    const htst_anneal_data_t *data, const htst_anneal_cost_t *cost, htst_anneal_state_t *state)
{
    int64_t n = data->n_classes * data->n_columns, found = 0;
    int32_t *list = state->places, *place = state->places + n;
    for (int64_t e = 0; e < n; e++) {
        place[e] = -1;
        if (state->weights[e] < -1 || state->weights[e] > 1) {
            return HTST_ERR_BAD_ARG;
        }
        if (state->weights[e]) {
            place[e] = (int32_t) found;
            list[found++] = (int32_t) e;
        }
    }
    state->n_nonzeros = found;
    if (found > cost->most_nonzeros
        || span_of_offsets(state->offsets, data->n_classes, -1, 0) > cost->most_levels) {
        return HTST_ERR_BAD_ARG;
    }
    return data->n_columns > (1 << 22) ? HTST_ERR_OVERFLOW : HTST_OK; /* 127 n + offset < 2^30 */
}

int
htst_anneal_start(
    const htst_anneal_data_t *data, const htst_anneal_cost_t *cost, htst_anneal_state_t *state)
{
    int status = check_data(data, cost);
    if (status == HTST_OK) {
        status = list_nonzeros(data, cost, state);
    }
    if (status != HTST_OK) {
        return status;
    }
    int64_t m = data->n_examples;
    memset(state->logits, 0, (size_t) (m * data->n_classes) * sizeof(int32_t));
    for (int64_t c = 0; c < data->n_classes; c++) {
        htst_margins_change_t change = {
            .class_index = c, .n_columns = 1, .constant = cost->step * state->offsets[c]
        };
        htst_margins_apply(data, state, &change);
        change.constant = 0;
        for (int64_t j = 0; j < data->n_columns; j++) {
            change.columns[0] = j;
            change.weights[0] = state->weights[c * data->n_columns + j];
            if (change.weights[0]) {
                htst_margins_apply(data, state, &change);
            }
        }
    }
    state->version++;
    state->errors = m;
    for (int64_t k = 0; k < data->n_chunks; k++) {
        for (int64_t c = 0; c <= data->n_classes; c++) {
            state->versions[k * (data->n_classes + 1) + c] = -1;
        }
        state->right[k] = htst_margins_right(data, state, k);
        state->errors -= state->right[k];
    }
    state->energy = energy_of(data, cost, state);
    keep_best(data, state);
    return HTST_OK;
}

HTST_VOID_KERNEL(add_features,
    (int32_t *HTST_RESTRICT sums, const int8_t *HTST_RESTRICT x, int64_t n), (sums, x, n))
{
    for (int64_t j = 0; j < n; j++) {
        sums[j] += x[j];
    }
}

/* Compute the mean features of examples, right or wrong, whose margins for class c are small. */
static void
refresh_means(const htst_anneal_data_t *data, const htst_anneal_cost_t *cost,
    htst_anneal_state_t *state, int64_t c)
{
    int64_t found = 0, d = data->n_columns;
    int32_t near = 4 * cost->step;
    memset(state->sums, 0, (size_t) d * sizeof(int32_t));
    for (int64_t tries = 0; tries < TRIES_NEAR && found < EXAMPLES_NEAR; tries++) {
        int64_t k = draw_below(state->generator, data->n_chunks);
        int64_t size = htst_chunk_size(data, k), begin = htst_chunk_start(data, k);
        if (size == 0) {
            continue;
        }
        htst_margins_refresh(data, state, k, c);
        int64_t i = draw_below(state->generator, size);
        int32_t margin = state->margins[begin * data->n_classes + c * size + i];
        if (margin > -near && margin < near) {
            add_features(state->sums, data->by_example + (begin + i) * d, d);
            found++;
        }
    }
    for (int64_t j = 0; j < d; j++) {
        state->means[c * d + j] = found ? (int32_t) ((int64_t) state->sums[j] * 256 / found) : 0;
    }
}

/* Propose to move the non-zero `any` to a relative of its column, or to a column that some class
 * uses. */
static htst_margins_change_t
draw_move(const htst_anneal_data_t *data, htst_anneal_state_t *state, int64_t any)
{
    htst_margins_change_t change = { 0 };
    uint64_t *s = state->generator;
    int64_t d = data->n_columns, column = any % d;
    int64_t which = draw_below(s, 3 * (data->n_relatives + 1) / 2 + 1);
    int64_t other = which < data->n_relatives ? data->relatives[column * data->n_relatives + which]
                                              : state->places[draw_below(s, state->n_nonzeros)] % d;
    if (other >= 0 && !state->weights[any - column + other]) {
        change = (htst_margins_change_t){ any / d, 2, { column, other },
            { -state->weights[any], state->weights[any] }, 0 };
    }
    return change;
}

/* Draw a proposal that changes one or two entries of one class; n_columns is 0 if the draw gave
 * none. */
static htst_margins_change_t
draw_change(const htst_anneal_data_t *data, htst_anneal_state_t *state)
{
    htst_margins_change_t change = { 0 };
    uint64_t *s = state->generator;
    int64_t d = data->n_columns, k = state->n_nonzeros;
    int64_t kind = draw_below(s, 256), sign = next_bits(s) >> 63 ? 1 : -1;
    int64_t any = k ? state->places[draw_below(s, k)] : -1; /* a non-zero */
    int64_t c = draw_below(s, data->n_classes), entry = any;
    if (kind < SHARE_OFF) {
        sign = k ? -state->weights[any] : 0;
    }
    else if (kind < SHARE_OFF + SHARE_ON_ACTIVE) {
        entry = k ? c * d + any % d : -1;
    }
    else if (kind < SHARE_OFF + SHARE_ON_ACTIVE + SHARE_ON_ANY) {
        entry = c * d + draw_below(s, d);
    }
    else if (kind < SHARE_OFF + SHARE_ON_ACTIVE + SHARE_ON_ANY + SHARE_FLIP) {
        sign = k ? -2 * state->weights[any] : 0;
    }
    else {
        return k ? draw_move(data, state, any) : change;
    }
    if (entry >= 0 && (sign * sign != 1 || !state->weights[entry] || entry == any)) {
        int64_t after = state->weights[entry] + sign;
        if (after >= -1 && after <= 1) {
            change =
                (htst_margins_change_t){ entry / d, 1, { entry % d, 0 }, { (int) sign, 0 }, 0 };
        }
    }
    return change;
}

/* Draw the number of steps that the offset moves: opposite to the mean change of the logit near the
 * boundary, plus noise of a step. */
static int64_t
draw_balance(const htst_anneal_data_t *data, const htst_anneal_cost_t *cost,
    htst_anneal_state_t *state, const htst_margins_change_t *change)
{
    int64_t step = 256 * (int64_t) cost->step, shift = 0;
    for (int t = 0; t < change->n_columns; t++) {
        shift -= (int64_t) change->weights[t]
            * state->means[change->class_index * data->n_columns + change->columns[t]];
    }
    for (int t = 0; t < 3; t++) { /* three uniform variables of two steps each */
        shift += draw_below(state->generator, 2 * step) - step;
    }
    return floor_divide(shift + step / 2, step);
}

/* True if a proposal has too many errors for a total of `allowed`. So far, `done` of PARTS parts of
 * the examples were counted: `net` errors were added, and `changed` examples turned from right to
 * wrong or back. */
static int
is_hopeless(int64_t net, int64_t changed, int64_t allowed, int64_t done)
{
    int64_t excess = net * PARTS - allowed * done;
    if (excess <= 0) {
        return 0;
    }
    if (excess > INT32_MAX) {
        return 1;
    }
    int64_t variance = changed * (PARTS - done) + PARTS;
    return excess * excess / PARTS > DROP_VARIANCES * variance;
}

/* True if the estimate is tested after `done` chunks: after 1, 2, 4, ... of the turning chunks, and
 * after each of the others. */
static int
is_tested(const htst_anneal_data_t *data, int64_t done)
{
    return done < data->n_chunks && (done >= data->n_turning || (done & (done - 1)) == 0);
}

/* Count the errors that the change adds. Returns 1 if they are at most `allowed`, and 0 as soon as
 * a prefix shows too many. */
static int
is_allowed(const htst_anneal_data_t *data, htst_anneal_state_t *state,
    const htst_margins_change_t *change, int64_t allowed, int64_t *added)
{
    int64_t net = 0, changed = 0, seen = 0, n = data->n_chunks, *right_after = state->right + n;
    int64_t turn = state->n_proposals / PROPOSALS_A_TURN;
    for (int64_t done = 0; done < n; done++) {
        int64_t k = done < data->n_turning ? (turn + done) % data->n_turning : done;
        right_after[k] = 0;
        htst_margins_refresh(data, state, k, change->class_index);
        htst_margins_count(data, state, change, k, &right_after[k], &changed);
        net += state->right[k] - right_after[k];
        seen += htst_chunk_size(data, k);
        if (is_tested(data, done + 1)
            && is_hopeless(net, changed, allowed, seen * PARTS / data->n_examples)) {
            state->n_compared += seen;
            return 0;
        }
    }
    state->n_compared += seen;
    *added = net;
    return net <= allowed;
}

static void
set_weight(htst_anneal_state_t *state, int64_t n, int64_t entry, int change)
{
    int32_t *list = state->places, *place = state->places + n;
    state->weights[entry] = (int8_t) (state->weights[entry] + change);
    if (state->weights[entry] && place[entry] < 0) {
        place[entry] = (int32_t) state->n_nonzeros;
        list[state->n_nonzeros++] = (int32_t) entry;
    }
    else if (!state->weights[entry] && place[entry] >= 0) {
        int32_t last = list[--state->n_nonzeros];
        list[place[entry]] = last;
        place[last] = place[entry];
        place[entry] = -1;
    }
}

static void
accept(const htst_anneal_data_t *data, const htst_anneal_cost_t *cost, htst_anneal_state_t *state,
    const htst_margins_change_t *change, int64_t steps, int64_t added)
{
    int64_t n = data->n_classes * data->n_columns;
    for (int t = 0; t < change->n_columns; t++) {
        set_weight(state, n, change->class_index * data->n_columns + change->columns[t],
            change->weights[t]);
    }
    state->offsets[change->class_index] = (int16_t) (state->offsets[change->class_index] + steps);
    htst_margins_apply(data, state, change);
    state->version++;
    state->n_accepted++;
    state->errors += added;
    memcpy(state->right, state->right + data->n_chunks, (size_t) data->n_chunks * sizeof(int64_t));
    state->energy = energy_of(data, cost, state);
    if (state->energy < state->best_energy) {
        keep_best(data, state);
    }
}

static void
propose(const htst_anneal_data_t *data, const htst_anneal_cost_t *cost, htst_anneal_state_t *state,
    uint64_t temperature)
{
    htst_margins_change_t change = draw_change(data, state);
    if (change.n_columns == 0) {
        return;
    }
    int64_t steps = draw_balance(data, cost, state, &change);
    int64_t span = span_of_offsets(state->offsets, data->n_classes, change.class_index, steps);
    int64_t before = change.weights[0]
        + state->weights[change.class_index * data->n_columns + change.columns[0]];
    int64_t k = state->n_nonzeros;
    if (change.n_columns == 1) {
        k += before == 0 ? -1 : (before == change.weights[0] ? 1 : 0);
    }
    if (span > cost->most_levels || k > cost->most_nonzeros) {
        return;
    }
    change.constant = (int32_t) (cost->step * steps);
    int64_t bits = cost->support_cost[k] + cost->levels_cost[span]
        - cost->support_cost[state->n_nonzeros]
        - cost->levels_cost[span_of_offsets(state->offsets, data->n_classes, -1, 0)];
    int64_t allowance = draw_allowance(state->generator, temperature);
    int64_t allowed = floor_divide(allowance - bits, cost->rate), added = 0;
    if (is_allowed(data, state, &change, allowed, &added)) {
        accept(data, cost, state, &change, steps, added);
    }
}

int
htst_anneal_run(const htst_anneal_data_t *data, const htst_anneal_cost_t *cost,
    htst_anneal_state_t *state, int64_t n, uint64_t *temperature, uint64_t decay)
{
    uint64_t most = (uint64_t) 1 << 32;
    if (n < 0 || *temperature < 1 || *temperature > most || decay < 1 || decay > most) {
        return HTST_ERR_BAD_ARG;
    }
    for (int64_t p = 0; p < n; p++) {
        if (state->n_proposals % PROPOSALS_A_REFRESH == 0) {
            for (int64_t c = 0; c < data->n_classes; c++) {
                refresh_means(data, cost, state, c);
            }
        }
        propose(data, cost, state, *temperature);
        state->n_proposals++;
        if (state->n_proposals % PROPOSALS_A_TEMPERATURE == 0) {
            /* temperature < 2^32 and decay <= 2^32, so the product fits in 64 bits */
            uint64_t t = *temperature == most ? decay : *temperature * decay >> 32;
            *temperature = t < 1 ? 1 : t;
        }
    }
    return HTST_OK;
}
