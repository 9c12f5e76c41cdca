#include "htst_anneal.h"

#include "htst_draws.h"
#include "htst_margins.h"
#include "htst_proposals.h"

#include <string.h>

/* Samples are drawn again after PROPOSALS_A_DRAW proposals if ACCEPTED_A_DRAW were accepted since
 * the last draw, and in any case after MOST_ACCEPTED. NEAR_STEPS steps of the offsets are near. */
#define PROPOSALS_A_DRAW 61440
#define ACCEPTED_A_DRAW 64
#define MOST_ACCEPTED 256
#define NEAR_STEPS 3

/* Proposals at one temperature. */
#define PROPOSALS_A_TEMPERATURE 1024

/* Square of the number of standard deviations at which a part of the sample drops a proposal. */
#define DROP_VARIANCES 4

/* A part of the examples near the boundary is measured in 1/PARTS of them. */
#define PARTS 4096

/* Proposals that are evaluated first on the same block of the sample. If all were, proposals that
 * are bad only on that block would never be accepted. */
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

int64_t
htst_anneal_most_in_row(int64_t most_levels, int64_t step)
{
    int64_t span = most_levels * step;
    return span > 8192 ? 0 : (INT16_MAX - 2 * span) / 128;
}

static int
check_data(const htst_anneal_data_t *data, const htst_anneal_cost_t *cost)
{
    if (data->n_examples < 1 || data->n_examples > INT32_MAX || data->n_columns < 1
        || data->n_classes < 2 || data->n_classes > INT16_MAX
        || data->n_columns > INT32_MAX / data->n_classes || data->n_relatives < 0
        || data->n_near < HTST_ANNEAL_NEAR_BLOCK || data->n_near % HTST_ANNEAL_NEAR_BLOCK
        || data->n_near > HTST_ANNEAL_NEAR_BLOCK * PARTS || cost->step < 1 || cost->step > 128
        || cost->rate < 1 || cost->most_nonzeros < 0 || cost->most_levels < 1
        || cost->most_levels > 8192 / cost->step || data->starts[0] != 0) {
        return HTST_ERR_BAD_ARG;
    }
    for (int64_t c = 0; c < data->n_classes; c++) {
        if (data->starts[c] > data->starts[c + 1]) {
            return HTST_ERR_BAD_ARG;
        }
    }
    return data->starts[data->n_classes] == data->n_examples ? HTST_OK : HTST_ERR_BAD_ARG;
}

/* Let the smallest offset be 0; returns what was subtracted from all offsets. */
static int32_t
lower_offsets(const htst_anneal_data_t *data, htst_anneal_state_t *state)
{
    int32_t least = INT16_MAX;
    for (int64_t c = 0; c < data->n_classes; c++) {
        least = state->offsets[c] < least ? state->offsets[c] : least;
    }
    for (int64_t c = 0; c < data->n_classes; c++) {
        state->offsets[c] = (int16_t) (state->offsets[c] - least);
    }
    return least;
}

/* List the non-zeros, and check weights, levels and sizes. */
static int
list_nonzeros(
    const htst_anneal_data_t *data, const htst_anneal_cost_t *cost, htst_anneal_state_t *state)
{
    int64_t n = data->n_classes * data->n_columns, found = 0;
    int64_t most = htst_anneal_most_in_row(cost->most_levels, cost->step);
    int32_t *list = state->places, *place = state->places + n, largest = 0;
    memset(state->row_nonzeros, 0, (size_t) data->n_classes * sizeof(int32_t));
    for (int64_t e = 0; e < n; e++) {
        place[e] = -1;
        if (state->weights[e] < -1 || state->weights[e] > 1) {
            return HTST_ERR_BAD_ARG;
        }
        if (state->weights[e]) {
            int32_t row = ++state->row_nonzeros[e / data->n_columns];
            largest = row > largest ? row : largest;
            place[e] = (int32_t) found;
            list[found++] = (int32_t) e;
        }
    }
    state->n_nonzeros = found;
    if (found > cost->most_nonzeros) {
        return HTST_ERR_BAD_ARG;
    }
    return largest > most ? HTST_ERR_OVERFLOW : HTST_OK;
}

/* Compute all logits from weights and offsets. */
static void
set_logits(
    const htst_anneal_data_t *data, const htst_anneal_cost_t *cost, htst_anneal_state_t *state)
{
    int64_t d = data->n_columns, classes = data->n_classes;
    memset(state->logits, 0, (size_t) (data->n_examples * classes) * sizeof(int16_t));
    for (int64_t c = 0; c < classes; c++) {
        htst_margins_change_t change = {
            .class_index = c, .n_columns = 1, .constant = cost->step * state->offsets[c]
        };
        htst_margins_apply(data, state, &change);
        change.constant = 0;
        for (int64_t j = 0; j < d; j++) {
            change.columns[0] = j;
            change.weights[0] = state->weights[c * d + j];
            if (change.weights[0]) {
                htst_margins_apply(data, state, &change);
            }
        }
    }
}

int
htst_anneal_start(
    const htst_anneal_data_t *data, const htst_anneal_cost_t *cost, htst_anneal_state_t *state)
{
    int status = check_data(data, cost);
    if (status == HTST_OK
        && span_of_offsets(state->offsets, data->n_classes, -1, 0) > cost->most_levels) {
        status = HTST_ERR_BAD_ARG;
    }
    if (status == HTST_OK) {
        status = list_nonzeros(data, cost, state);
    }
    if (status != HTST_OK) {
        return status;
    }
    lower_offsets(data, state);
    set_logits(data, cost, state);
    htst_margins_change_t none = { .n_columns = 1 };
    state->version++;
    state->errors = data->n_examples - htst_margins_right(data, state, &none);
    state->energy = energy_of(data, cost, state);
    state->accepted_at_draw = -1;
    keep_best(data, state);
    return HTST_OK;
}

/* Draw the samples near the boundaries again, and compute their means. */
static void
draw_samples(
    const htst_anneal_data_t *data, const htst_anneal_cost_t *cost, htst_anneal_state_t *state)
{
    htst_margins_change_t change = { .n_columns = 1 };
    change.constant = -cost->step * lower_offsets(data, state);
    for (int64_t c = 0; c < data->n_classes && change.constant; c++) {
        change.class_index = c;
        htst_margins_apply(data, state, &change);
    }
    for (int64_t c = 0; c < data->n_classes; c++) {
        htst_near_draw(data, state, c, NEAR_STEPS * cost->step);
        htst_near_means(data, state, c);
    }
    state->accepted_at_draw = state->n_accepted;
}

/* True if a proposal has too many errors for a total of `allowed`. So far, `done` of PARTS parts of
 * the examples near the boundary were counted: `net` errors were added, and `changed` examples
 * turned from right to wrong or back. */
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

/* Count the errors that the change adds. Returns 1 if they are at most `allowed`, and 0 as soon as
 * a part of the sample shows too many. Parts of 1, 2, 4, ... blocks are tested. */
static int
is_allowed(const htst_anneal_data_t *data, htst_anneal_state_t *state,
    const htst_margins_change_t *change, int64_t allowed, int64_t *added)
{
    int64_t c = change->class_index, size = state->near_sizes[c], net = 0, changed = 0, seen = 0;
    int64_t blocks = (size + HTST_ANNEAL_NEAR_BLOCK - 1) / HTST_ANNEAL_NEAR_BLOCK;
    int64_t turn = state->n_proposals / PROPOSALS_A_TURN;
    for (int64_t done = 0; done < blocks; done++) {
        int64_t k = (turn + done) % blocks, left = size - k * HTST_ANNEAL_NEAR_BLOCK;
        htst_near_count(data, state, change, k, &net, &changed);
        seen += left < HTST_ANNEAL_NEAR_BLOCK ? left : HTST_ANNEAL_NEAR_BLOCK;
        if (((done + 1) & done) == 0 || done + 1 == blocks) {
            if (is_hopeless(net, changed, allowed, seen * PARTS / state->near_totals[c])) {
                state->n_compared += seen;
                return 0;
            }
        }
    }
    state->n_compared += seen + data->n_examples;
    *added = data->n_examples - state->errors - htst_margins_right(data, state, change);
    return *added <= allowed;
}

static void
set_weight(const htst_anneal_data_t *data, htst_anneal_state_t *state, int64_t entry, int change)
{
    int32_t *list = state->places, *place = list + data->n_classes * data->n_columns;
    int32_t *row = state->row_nonzeros + entry / data->n_columns;
    *row -= state->weights[entry] != 0;
    state->weights[entry] = (int8_t) (state->weights[entry] + change);
    *row += state->weights[entry] != 0;
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
    for (int t = 0; t < change->n_columns; t++) {
        set_weight(data, state, change->class_index * data->n_columns + change->columns[t],
            change->weights[t]);
    }
    state->offsets[change->class_index] = (int16_t) (state->offsets[change->class_index] + steps);
    htst_margins_apply(data, state, change);
    state->version++;
    state->n_accepted++;
    state->errors += added;
    state->energy = energy_of(data, cost, state);
    if (state->energy < state->best_energy) {
        keep_best(data, state);
    }
}

static void
propose(const htst_anneal_data_t *data, const htst_anneal_cost_t *cost, htst_anneal_state_t *state,
    uint64_t temperature)
{
    htst_margins_change_t change = htst_proposals_draw(data, cost, state);
    if (change.n_columns == 0) {
        return;
    }
    int64_t steps = htst_proposals_balance(data, cost, state, &change);
    int64_t span = span_of_offsets(state->offsets, data->n_classes, change.class_index, steps);
    int64_t before = change.weights[0]
        + state->weights[change.class_index * data->n_columns + change.columns[0]];
    int64_t k = state->n_nonzeros;
    if (change.n_columns == 1) {
        k += before == 0 ? -1 : (before == change.weights[0] ? 1 : 0);
    }
    int64_t offset = state->offsets[change.class_index] + steps;
    if (span > cost->most_levels || k > cost->most_nonzeros || offset > 2 * cost->most_levels
        || offset < -2 * cost->most_levels
        || (k > state->n_nonzeros
            && state->row_nonzeros[change.class_index]
                >= htst_anneal_most_in_row(cost->most_levels, cost->step))) {
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
        int64_t accepted = state->n_accepted - state->accepted_at_draw;
        if (state->accepted_at_draw < 0 || accepted >= MOST_ACCEPTED
            || (state->n_proposals % PROPOSALS_A_DRAW == 0 && accepted >= ACCEPTED_A_DRAW)) {
            draw_samples(data, cost, state);
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
