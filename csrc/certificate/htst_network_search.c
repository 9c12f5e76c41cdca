#include "htst_network_search.h"

#include "htst_draws.h"
#include "htst_network_trial.h"

#include <string.h>

/* Proposals between two updates of the mean inputs near the boundary, and the number of examples
 * that an update uses. */
#define PROPOSALS_A_REFRESH 61440
#define EXAMPLES_NEAR 600
#define TRIES_NEAR 16384

/* An example is near the boundary if its label's logit and the best other logit differ by less than
 * this number of steps. */
#define STEPS_NEAR 4

/* Proposals at one temperature. */
#define PROPOSALS_A_TEMPERATURE 1024

/* Square of the number of standard deviations at which a prefix drops a proposal: 2.5 squared, as
 * a fraction. */
#define DROP_NUMERATOR 25
#define DROP_DENOMINATOR 4

/* The number of levels of the offsets of a layer after unit `changed` moves `by` steps. Zero is a
 * level of every hidden layer. */
static int64_t
count_levels(const htst_network_t *network, const htst_network_state_t *state, int64_t layer,
    int64_t changed, int64_t by)
{
    const int16_t *offsets = state->offsets + htst_network_units(network, layer);
    int is_last = layer + 1 == network->n_layers;
    int64_t least = is_last ? INT64_MAX : 0, most = is_last ? INT64_MIN : 0;
    for (int64_t u = 0; u < network->widths[layer + 1]; u++) {
        int64_t value = offsets[u] + (u == changed ? by : 0);
        least = value < least ? value : least;
        most = value > most ? value : most;
    }
    return most - least + 1;
}

static int64_t
bits_of_layer(const htst_network_cost_t *cost, int64_t layer, int64_t k, int64_t levels)
{
    return cost->support_cost[layer * (cost->most_nonzeros + 1) + k]
        + cost->levels_cost[layer * (cost->most_levels + 1) + levels];
}

static void
keep_best(const htst_network_t *network, htst_network_state_t *state)
{
    state->best_energy = state->energy;
    state->best_errors = state->errors;
    memcpy(
        state->best_codes, state->codes, (size_t) htst_network_entries(network, network->n_layers));
    memcpy(state->best_offsets, state->offsets,
        (size_t) htst_network_units(network, network->n_layers) * sizeof(int16_t));
}

static int
check_data(
    const htst_network_t *network, const htst_network_data_t *data, const htst_network_cost_t *cost)
{
    int64_t k = data->n_chunks, at = 0, classes = network->widths[network->n_layers];
    if (data->n_examples < 1 || data->n_examples > INT32_MAX || classes < 2 || k < 1
        || k > HTST_NETWORK_CHUNKS || (k & (k - 1)) || data->n_relatives < 0 || cost->rate < 1
        || cost->unit < 1 || cost->unit > 4096 || cost->most_nonzeros < 0 || cost->most_levels < 1
        || cost->most_levels > 1024) {
        return HTST_ERR_BAD_ARG;
    }
    for (int64_t chunk = 0; chunk < k; chunk++) {
        const int64_t *starts = data->starts + chunk * (classes + 1);
        for (int64_t c = 0; c < classes; c++) {
            if (starts[c] > starts[c + 1]) {
                return HTST_ERR_BAD_ARG;
            }
        }
        if (starts[0] != at || starts[classes] - at > HTST_NETWORK_CHUNK_SIZE) {
            return HTST_ERR_BAD_ARG;
        }
        at = starts[classes];
    }
    return at == data->n_examples ? HTST_OK : HTST_ERR_BAD_ARG;
}

/* List the non-zeros. Check codes and levels, and that no sum can leave int32 for any B. */
static int
list_nonzeros(
    const htst_network_t *network, const htst_network_cost_t *cost, htst_network_state_t *state)
{
    int32_t *list = state->places;
    int32_t *place = list + htst_network_entries(network, network->n_layers);
    int64_t e = 0;
    state->n_listed = 0;
    for (int64_t l = 0; l < network->n_layers; l++) {
        int64_t found = state->n_listed, n = network->widths[l] * network->widths[l + 1];
        int64_t most = 0;
        for (int64_t end = e + n; e < end; e++) {
            int64_t w = state->weights[e] < 0 ? -(int64_t) state->weights[e] : state->weights[e];
            most = w > most ? w : most;
            place[e] = -1;
            if (state->codes[e] < -1 || state->codes[e] > 1) {
                return HTST_ERR_BAD_ARG;
            }
            if (state->codes[e]) {
                place[e] = (int32_t) state->n_listed;
                list[state->n_listed++] = (int32_t) e;
            }
        }
        state->n_nonzeros[l] = state->n_listed - found;
        if (state->n_nonzeros[l] > cost->most_nonzeros
            || count_levels(network, state, l, -1, 0) > cost->most_levels || cost->steps[l] < 1) {
            return HTST_ERR_BAD_ARG;
        }
        int64_t room = INT32_MAX - cost->most_levels * (int64_t) cost->steps[l];
        if (HTST_NETWORK_TOP * network->widths[l] * (most + 2 * (int64_t) cost->unit) > room) {
            return HTST_ERR_OVERFLOW;
        }
    }
    return HTST_OK;
}

int
htst_network_start(const htst_network_t *network, const htst_network_data_t *data,
    const htst_network_cost_t *cost, htst_network_state_t *state)
{
    int status = htst_network_check(network);
    status = status == HTST_OK ? check_data(network, data, cost) : status;
    status = status == HTST_OK ? list_nonzeros(network, cost, state) : status;
    if (status != HTST_OK) {
        return status;
    }
    state->errors = htst_network_recount(network, data, state);
    state->energy = cost->rate * state->errors;
    for (int64_t l = 0; l < network->n_layers; l++) {
        state->energy +=
            bits_of_layer(cost, l, state->n_nonzeros[l], count_levels(network, state, l, -1, 0));
    }
    keep_best(network, state);
    return HTST_OK;
}

/* True if example i of chunk k is near the boundary. */
static int
is_near(const htst_network_t *network, const htst_network_data_t *data,
    const htst_network_cost_t *cost, const htst_network_state_t *state, int64_t k, int64_t i)
{
    int64_t last = network->n_layers - 1, classes = network->widths[last + 1], label = 0;
    const int64_t *starts = data->starts + k * (classes + 1);
    while (starts[label + 1] - starts[0] <= i) {
        label++;
    }
    int64_t best = INT64_MIN;
    int64_t own = state->sums[htst_network_row(network, data, k, last, label) + i];
    for (int64_t c = 0; c < classes; c++) {
        int64_t logit = state->sums[htst_network_row(network, data, k, last, c) + i];
        best = c != label && logit > best ? logit : best;
    }
    int64_t margin = own - best, near = STEPS_NEAR * (int64_t) cost->steps[last];
    return margin > -near && margin < near;
}

/* Compute the mean inputs of each layer over examples near the boundary, in 1/256. means holds them
 * layer after layer. */
static void
refresh_means(const htst_network_t *network, const htst_network_data_t *data,
    const htst_network_cost_t *cost, htst_network_state_t *state)
{
    int64_t found = 0, n_inputs = 0;
    for (int64_t l = 0; l < network->n_layers; l++) {
        n_inputs += network->widths[l];
    }
    memset(state->means, 0, (size_t) n_inputs * sizeof(int32_t));
    for (int64_t tries = 0; tries < TRIES_NEAR && found < EXAMPLES_NEAR; tries++) {
        int64_t k = draw_below(state->generator, data->n_chunks);
        int64_t n = htst_network_size(network, data, k);
        int64_t i = n ? draw_below(state->generator, n) : 0;
        if (n == 0 || !is_near(network, data, cost, state, k, i)) {
            continue;
        }
        found++;
        int32_t *mean = state->means;
        for (int64_t l = 0; l < network->n_layers; l++) {
            const int8_t *x = htst_network_input(network, data, state, k, l, 0) + i;
            for (int64_t j = 0; j < network->widths[l]; j++) {
                *mean++ += x[j * n];
            }
        }
    }
    for (int64_t j = 0; j < n_inputs; j++) {
        state->means[j] = found ? (int32_t) (state->means[j] * (int64_t) 256 / found) : 0;
    }
}

/* Draw the number of steps that the changed unit's offset moves: opposite to the mean change of the
 * unit's sum, plus noise. */
static int64_t
draw_balance(const htst_network_t *network, const htst_network_cost_t *cost,
    htst_network_state_t *state, const htst_network_change_t *change)
{
    int64_t step = 256 * (int64_t) cost->steps[change->layer], shift = 0, first = 0;
    for (int64_t l = 0; l < change->layer; l++) {
        first += network->widths[l];
    }
    for (int t = 0; t < change->n_columns; t++) {
        shift -= (int64_t) cost->unit * change->codes[t] * state->means[first + change->columns[t]];
    }
    for (int t = 0; t < 3; t++) { /* three uniform variables of two steps each */
        shift += draw_below(state->generator, 2 * step) - step;
    }
    return floor_divide(shift + step / 2, step);
}

/* Count the errors that the change adds. Returns 1 if they are at most `allowed`, and 0 as soon as
 * a prefix has too many. */
static int
is_allowed(const htst_network_t *network, const htst_network_data_t *data,
    const htst_network_cost_t *cost, htst_network_state_t *state,
    const htst_network_change_t *change, int64_t allowed, int64_t *added)
{
    int64_t net = 0, turned = 0, next = 1, chunks = data->n_chunks;
    for (int64_t k = 0; k < chunks; k++) {
        int64_t right = 0;
        htst_network_try(network, data, cost, state, change, k, &right, &turned);
        net += state->n_right[k] - right;
        state->n_compared += htst_network_size(network, data, k);
        if (k + 1 == next && next < chunks) {
            next += (next + 1) / 2;
            /* the examples that turn, with the finite-sample correction */
            int64_t excess = net * chunks - allowed * (k + 1);
            int64_t variance = chunks * (turned * (chunks - k - 1) + chunks);
            if (excess > INT32_MAX
                || (excess > 0 && excess * excess * DROP_DENOMINATOR > DROP_NUMERATOR * variance)) {
                return 0;
            }
        }
    }
    *added = net;
    return net <= allowed;
}

static void
set_code(const htst_network_t *network, const htst_network_cost_t *cost,
    htst_network_state_t *state, int64_t layer, int64_t entry, int change)
{
    int32_t *list = state->places;
    int32_t *place = list + htst_network_entries(network, network->n_layers);
    state->codes[entry] = (int8_t) (state->codes[entry] + change);
    state->weights[entry] += cost->unit * change;
    if (state->codes[entry] && place[entry] < 0) {
        place[entry] = (int32_t) state->n_listed;
        list[state->n_listed++] = (int32_t) entry;
        state->n_nonzeros[layer]++;
    }
    else if (!state->codes[entry] && place[entry] >= 0) {
        int32_t last = list[--state->n_listed];
        list[place[entry]] = last;
        place[last] = place[entry];
        place[entry] = -1;
        state->n_nonzeros[layer]--;
    }
}

static void
accept(const htst_network_t *network, const htst_network_data_t *data,
    const htst_network_cost_t *cost, htst_network_state_t *state,
    const htst_network_change_t *change)
{
    for (int64_t k = 0; k < data->n_chunks; k++) {
        int64_t right = 0, turned = 0;
        htst_network_try(network, data, cost, state, change, k, &right, &turned);
        htst_network_keep(network, data, state, k);
    }
    int64_t l = change->layer, unit = htst_network_units(network, l) + change->unit;
    int64_t row = htst_network_entries(network, l) + change->unit * network->widths[l];
    for (int t = 0; t < change->n_columns; t++) {
        set_code(network, cost, state, l, row + change->columns[t], change->codes[t]);
    }
    state->offsets[unit] = (int16_t) (state->offsets[unit] + change->steps);
    state->constants[unit] += (int32_t) (cost->steps[l] * change->steps);
}

static void
propose(const htst_network_t *network, const htst_network_data_t *data,
    const htst_network_cost_t *cost, htst_network_state_t *state, uint64_t temperature)
{
    htst_network_change_t change = htst_network_draw(network, data, state);
    if (change.layer < 0) {
        return;
    }
    int64_t l = change.layer, k = state->n_nonzeros[l], before = k;
    if (change.n_columns) {
        change.steps = draw_balance(network, cost, state, &change);
    }
    if (change.n_columns == 1) {
        int64_t entry = htst_network_entries(network, l) + change.unit * network->widths[l];
        int code = state->codes[entry + change.columns[0]];
        k += (code + change.codes[0] != 0) - (code != 0);
    }
    int64_t levels = count_levels(network, state, l, change.unit, change.steps);
    if (levels > cost->most_levels || k > cost->most_nonzeros) {
        return;
    }
    int64_t bits = bits_of_layer(cost, l, k, levels)
        - bits_of_layer(cost, l, before, count_levels(network, state, l, -1, 0));
    int64_t allowance = draw_allowance(state->generator, temperature), added = 0;
    int64_t allowed = floor_divide(allowance - bits, cost->rate);
    if (is_allowed(network, data, cost, state, &change, allowed, &added)) {
        accept(network, data, cost, state, &change);
        state->errors += added;
        state->energy += bits + cost->rate * added;
        state->n_accepted++;
        if (state->energy < state->best_energy) {
            keep_best(network, state);
        }
    }
}

int
htst_network_anneal(const htst_network_t *network, const htst_network_data_t *data,
    const htst_network_cost_t *cost, htst_network_state_t *state, int64_t n, uint64_t *temperature,
    uint64_t decay)
{
    uint64_t most = (uint64_t) 1 << 32;
    if (n < 0 || *temperature < 1 || *temperature > most || decay < 1 || decay > most) {
        return HTST_ERR_BAD_ARG;
    }
    for (int64_t p = 0; p < n; p++) {
        if (state->n_proposals % PROPOSALS_A_REFRESH == 0) {
            refresh_means(network, data, cost, state);
        }
        propose(network, data, cost, state, *temperature);
        state->n_proposals++;
        if (state->n_proposals % PROPOSALS_A_TEMPERATURE == 0) {
            uint64_t t = *temperature == most ? decay : *temperature * decay >> 32;
            *temperature = t < 1 ? 1 : t;
        }
    }
    return HTST_OK;
}
