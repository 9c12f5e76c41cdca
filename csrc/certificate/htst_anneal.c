#include "htst_anneal.h"

#include "htst_anneal_draw.h"
#include "htst_draws.h"
#include "htst_margins.h"
#include "htst_panel.h"

#include <string.h>

/* A panel is drawn again after so many accepted changes, or after so many proposals. */
#define ACCEPTED_A_PANEL 256
#define PROPOSALS_A_PANEL 61440

/* Panel t of a class is not drawn again within t times so many proposals. */
#define PROPOSALS_OF_FURTHER 4096

/* Proposals at one temperature. */
#define PROPOSALS_A_TEMPERATURE 1024

/* Square of the number of standard deviations at which an estimate drops a proposal. With 4 instead
 * of 6, a search of Fashion-MNIST (5 M proposals, mean of four seeds) ended at .1885 instead of
 * .1875, in three quarters of the time. */
#define DROP_VARIANCES 6

/* The size of a sample is measured in 1/PARTS of all examples. */
#define PARTS 4096

/* Proposals for which the same chunk is counted first. If it were so for all proposals, those that
 * are bad only on that chunk would never be accepted. */
#define PROPOSALS_A_TURN 1024

/* An estimate from a panel counts as that from at most so many of PARTS parts of the examples:
 * other examples may have come near the boundary since the panel was drawn. */
#define PANEL_PARTS (3 * PARTS / 4)

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
check_data(const htst_anneal_data_t *data, const htst_anneal_cost_t *cost,
    const htst_anneal_state_t *state)
{
    int64_t k = data->n_chunks;
    if (data->n_examples < 1 || data->n_examples > INT32_MAX || data->n_columns < 1
        || data->n_classes < 2 || data->n_columns > INT32_MAX / data->n_classes
        || data->n_relatives < 0 || k < 1 || state->panel_size < 1 || k > HTST_ANNEAL_CHUNKS
        || cost->step < 1 || cost->step > 128 || cost->rate < 1 || cost->most_nonzeros < 0
        || cost->most_levels < 1 || cost->most_levels > 8192 / cost->step) {
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

/* The largest number of non-zeros of a class for which int16 holds its logits. */
static int64_t
most_in_class(const htst_anneal_cost_t *cost)
{
    return (INT16_MAX - 2 * cost->step * cost->most_levels) / 127;
}

static int
is_offset(const htst_anneal_cost_t *cost, int64_t offset)
{
    return offset >= -2 * cost->most_levels && offset <= 2 * cost->most_levels;
}

/* List the non-zeros, and check weights, levels and sizes. */
static int
list_nonzeros(
    const htst_anneal_data_t *data, const htst_anneal_cost_t *cost, htst_anneal_state_t *state)
{
    int64_t n = data->n_classes * data->n_columns, found = 0;
    int32_t *list = state->places, *place = state->places + n;
    memset(state->in_class, 0, (size_t) data->n_classes * sizeof(int32_t));
    for (int64_t e = 0; e < n; e++) {
        place[e] = -1;
        if (state->weights[e] < -1 || state->weights[e] > 1) {
            return HTST_ERR_BAD_ARG;
        }
        if (state->weights[e]) {
            place[e] = (int32_t) found;
            list[found++] = (int32_t) e;
            state->in_class[e / data->n_columns]++;
        }
    }
    state->n_nonzeros = found;
    if (found > cost->most_nonzeros
        || span_of_offsets(state->offsets, data->n_classes, -1, 0) > cost->most_levels) {
        return HTST_ERR_BAD_ARG;
    }
    for (int64_t c = 0; c < data->n_classes; c++) {
        if (state->in_class[c] > most_in_class(cost) || !is_offset(cost, state->offsets[c])) {
            return HTST_ERR_OVERFLOW;
        }
    }
    return HTST_OK;
}

/* Compute the logits of a chunk, which are zero, from the weights and offsets. */
static void
compute_logits(const htst_anneal_data_t *data, const htst_anneal_cost_t *cost,
    const htst_anneal_state_t *state, const htst_margins_block_t *chunk)
{
    for (int64_t c = 0; c < data->n_classes; c++) {
        htst_margins_change_t change = {
            .class_index = c, .n_columns = 1, .constant = cost->step * state->offsets[c]
        };
        htst_margins_apply(chunk, &change);
        change.constant = 0;
        for (int64_t j = 0; j < data->n_columns; j++) {
            change.columns[0] = j;
            change.weights[0] = state->weights[c * data->n_columns + j];
            if (change.weights[0]) {
                htst_margins_apply(chunk, &change);
            }
        }
    }
}

/* Bring the margins of class c in chunk k up to date, and return them. */
static int16_t *
refresh(const htst_anneal_data_t *data, htst_anneal_state_t *state, int64_t k, int64_t c)
{
    int64_t *versions = state->versions + k * (data->n_classes + 1);
    int16_t *margins = htst_chunk_margins(data, state, k, c);
    if (versions[c] != state->version) {
        htst_margins_block_t chunk = htst_chunk_block(data, state, k);
        if (versions[data->n_classes] != state->version) {
            htst_margins_find_largest(&chunk);
            versions[data->n_classes] = state->version;
        }
        htst_margins_compute(&chunk, c, margins);
        versions[c] = state->version;
    }
    return margins;
}

static void
draw_panel(const htst_anneal_data_t *data, htst_anneal_state_t *state, int64_t p)
{
    for (int64_t k = 0; k < data->n_chunks; k++) {
        refresh(data, state, k, p % data->n_classes);
    }
    htst_panel_draw(data, state, p);
}

int
htst_anneal_start(
    const htst_anneal_data_t *data, const htst_anneal_cost_t *cost, htst_anneal_state_t *state)
{
    int status = check_data(data, cost, state);
    if (status == HTST_OK) {
        status = list_nonzeros(data, cost, state);
    }
    if (status != HTST_OK) {
        return status;
    }
    memset(state->logits, 0, (size_t) (data->n_examples * data->n_classes) * sizeof(int16_t));
    state->errors = data->n_examples;
    state->version++;
    for (int64_t k = 0; k < data->n_chunks; k++) {
        htst_margins_block_t chunk = htst_chunk_block(data, state, k);
        compute_logits(data, cost, state, &chunk);
        for (int64_t c = 0; c <= data->n_classes; c++) {
            state->versions[k * (data->n_classes + 1) + c] = -1;
        }
        int16_t *margins = refresh(data, state, k, 0);
        state->right[k] = htst_margins_right(&chunk, margins, 0);
        state->errors -= state->right[k];
    }
    for (int64_t p = 0; p < HTST_PANELS * data->n_classes; p++) {
        draw_panel(data, state, p);
    }
    state->energy = energy_of(data, cost, state);
    keep_best(data, state);
    return HTST_OK;
}

/* True if a proposal has too many errors for a total of `allowed`. So far, `done` of PARTS parts of
 * the examples were counted: `net` errors were added, and `changed` examples turned from right to
 * wrong or back. The sample is drawn without replacement from PARTS parts, `sample` at a time. */
static int
is_hopeless(int64_t net, int64_t changed, int64_t allowed, int64_t done, int64_t sample)
{
    int64_t excess = net * PARTS - allowed * done;
    if (excess <= 0) {
        return 0;
    }
    if (excess > INT32_MAX) {
        return 1;
    }
    int64_t variance = changed * (PARTS - sample) + PARTS;
    return excess * excess / PARTS > DROP_VARIANCES * variance;
}

/* Bring panel p up to date. Returns 0 if it is too old, and was drawn too recently to be drawn
 * again: further panels of a class are used seldom. */
static int
prepare_panel(const htst_anneal_data_t *data, htst_anneal_state_t *state, int64_t p)
{
    htst_panel_t *panel = state->panels + p;
    int64_t age = state->n_proposals - panel->drawn_at;
    if (state->version - panel->drawn_version >= ACCEPTED_A_PANEL || age >= PROPOSALS_A_PANEL) {
        if (age < p / data->n_classes * PROPOSALS_OF_FURTHER) {
            return 0;
        }
        draw_panel(data, state, p);
    }
    if (panel->version != state->version) {
        htst_margins_block_t block = htst_panel_block(data, state, p);
        htst_margins_find_largest(&block);
        htst_margins_compute(
            &block, p % data->n_classes, state->panel_margins + p * state->panel_size);
        panel->version = state->version;
    }
    return 1;
}

/* True if the panels of the changed class show that the change adds more errors than `allowed`. */
static int
is_dropped_by_panels(const htst_anneal_data_t *data, htst_anneal_state_t *state,
    const htst_margins_change_t *change, int64_t allowed)
{
    int64_t net = 0, changed = 0, n = 0;
    for (int64_t t = 0; t < HTST_PANELS; t++) {
        int64_t p = t * data->n_classes + change->class_index, at = p * state->panel_size;
        if (!prepare_panel(data, state, p) || data->n_chunks == 1) {
            return 0; /* with few examples, the exact count is as fast */
        }
        htst_margins_block_t block = htst_panel_block(data, state, p);
        htst_margins_count_net(
            &block, state->panel_margins + at, state->panel_signs + at, change, &net, &changed);
        n += block.n;
        state->n_compared += block.n;
        int64_t near = state->panels[p].near > 0 ? state->panels[p].near : 1;
        int64_t sample = block.n * PARTS / near;
        sample = sample < PANEL_PARTS ? sample : PANEL_PARTS;
        if (is_hopeless(net, changed, allowed, n * PARTS / near, sample)) {
            return 1;
        }
        if (sample > PARTS / 2) {
            return 0; /* the next panel would have the same examples */
        }
    }
    return 0;
}

/* Count the errors that the change adds. Returns 1 if they are at most `allowed`, and 0 as soon as
 * a part of the examples shows too many. */
static int
is_allowed(const htst_anneal_data_t *data, htst_anneal_state_t *state,
    const htst_margins_change_t *change, int64_t allowed, int64_t *added)
{
    if (is_dropped_by_panels(data, state, change, allowed)) {
        return 0;
    }
    int64_t net = 0, changed = 0, seen = 0, n = data->n_chunks, *right_after = state->right + n;
    int64_t turn = state->n_proposals / PROPOSALS_A_TURN;
    for (int64_t done = 1; done <= n; done++) {
        int64_t k = (turn + done) % n;
        htst_margins_block_t chunk = htst_chunk_block(data, state, k);
        right_after[k] = 0;
        htst_margins_count(&chunk, refresh(data, state, k, change->class_index), change,
            &right_after[k], &changed);
        net += state->right[k] - right_after[k];
        seen += chunk.n;
        if (done < n && (done & (done - 1)) == 0
            && is_hopeless(net, changed, allowed, seen * PARTS / data->n_examples,
                seen * PARTS / data->n_examples)) {
            state->n_compared += seen;
            return 0;
        }
    }
    state->n_compared += seen;
    *added = net;
    return net <= allowed;
}

static void
set_weight(const htst_anneal_data_t *data, htst_anneal_state_t *state, int64_t c, int64_t column,
    int change)
{
    int64_t n = data->n_classes * data->n_columns, entry = c * data->n_columns + column;
    int32_t *list = state->places, *place = state->places + n;
    state->weights[entry] = (int8_t) (state->weights[entry] + change);
    if (state->weights[entry] && place[entry] < 0) {
        place[entry] = (int32_t) state->n_nonzeros;
        list[state->n_nonzeros++] = (int32_t) entry;
        state->in_class[c]++;
    }
    else if (!state->weights[entry] && place[entry] >= 0) {
        int32_t last = list[--state->n_nonzeros];
        list[place[entry]] = last;
        place[last] = place[entry];
        place[entry] = -1;
        state->in_class[c]--;
    }
}

static void
accept(const htst_anneal_data_t *data, const htst_anneal_cost_t *cost, htst_anneal_state_t *state,
    const htst_margins_change_t *change, int64_t steps, int64_t added)
{
    for (int t = 0; t < change->n_columns; t++) {
        set_weight(data, state, change->class_index, change->columns[t], change->weights[t]);
    }
    state->offsets[change->class_index] = (int16_t) (state->offsets[change->class_index] + steps);
    for (int64_t k = 0; k < data->n_chunks; k++) {
        htst_margins_block_t chunk = htst_chunk_block(data, state, k);
        htst_margins_apply(&chunk, change);
    }
    for (int64_t p = 0; p < HTST_PANELS * data->n_classes; p++) {
        htst_margins_block_t panel = htst_panel_block(data, state, p);
        htst_margins_apply(&panel, change);
    }
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
    htst_margins_change_t change = htst_anneal_draw(data, state);
    if (change.n_columns == 0) {
        return;
    }
    htst_panel_prefetch(data, state, &change);
    int64_t steps = htst_anneal_balance(data, cost, state, &change);
    int64_t span = span_of_offsets(state->offsets, data->n_classes, change.class_index, steps);
    int64_t before = change.weights[0]
        + state->weights[change.class_index * data->n_columns + change.columns[0]];
    int64_t k = state->n_nonzeros, c = change.class_index;
    if (change.n_columns == 1) {
        k += before == 0 ? -1 : (before == change.weights[0] ? 1 : 0);
    }
    int64_t in_class = state->in_class[c] + k - state->n_nonzeros;
    if (span > cost->most_levels || k > cost->most_nonzeros || in_class > most_in_class(cost)
        || !is_offset(cost, state->offsets[c] + steps)) {
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
