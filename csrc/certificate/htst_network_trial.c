#include "htst_network_trial.h"

#include "htst_isa.h"

#include <string.h>

static int64_t
largest_chunk(const htst_network_t *network, const htst_network_data_t *data)
{
    int64_t most = 0;
    for (int64_t k = 0; k < data->n_chunks; k++) {
        int64_t n = htst_network_size(network, data, k);
        most = n > most ? n : most;
    }
    return most;
}

HTST_VOID_KERNEL(add_difference,
    (int32_t *HTST_RESTRICT z, const int32_t *HTST_RESTRICT before,
        const int16_t *HTST_RESTRICT difference, int64_t n, int32_t weight),
    (z, before, difference, n, weight))
{
    for (int64_t i = 0; i < n; i++) {
        z[i] = before[i] + weight * difference[i];
    }
}

HTST_VOID_KERNEL(shift_sums,
    (int32_t *HTST_RESTRICT z, const int32_t *HTST_RESTRICT before, int64_t n, int32_t constant),
    (z, before, n, constant))
{
    for (int64_t i = 0; i < n; i++) {
        z[i] = before[i] + constant;
    }
}

HTST_VOID_KERNEL(add_more,
    (int32_t *HTST_RESTRICT z, const int16_t *HTST_RESTRICT difference, int64_t n, int32_t weight),
    (z, difference, n, weight))
{
    for (int64_t i = 0; i < n; i++) {
        z[i] += weight * difference[i];
    }
}

HTST_VOID_KERNEL(subtract,
    (int16_t *HTST_RESTRICT difference, const int8_t *HTST_RESTRICT after,
        const int8_t *HTST_RESTRICT before, int64_t n),
    (difference, after, before, n))
{
    for (int64_t i = 0; i < n; i++) {
        difference[i] = (int16_t) (after[i] - before[i]);
    }
}

HTST_VOID_KERNEL(count_not_below,
    (int32_t *HTST_RESTRICT counts, const int32_t *HTST_RESTRICT logits,
        const int32_t *HTST_RESTRICT label, int64_t n),
    (counts, logits, label, n))
{
    for (int64_t i = 0; i < n; i++) {
        counts[i] += logits[i] >= label[i];
    }
}

HTST_VOID_KERNEL(count_right,
    (const int32_t *HTST_RESTRICT counts, const uint8_t *HTST_RESTRICT was, int64_t n,
        int64_t *right, int64_t *turned),
    (counts, was, n, right, turned))
{
    int32_t now = 0, other = 0;
    for (int64_t i = 0; i < n; i++) {
        int32_t is = counts[i] == 1;
        now += is;
        other += is ^ was[i];
    }
    *right += now;
    *turned += other;
}

/* For each example of the chunk, count the logits that are at least the label's. The example is
 * right if this count is 1. */
static void
compare(const htst_network_t *network, const htst_network_data_t *data,
    const htst_network_state_t *state, int64_t k, int64_t stride, int uses_trial)
{
    int64_t last = network->n_layers - 1, classes = network->widths[last + 1];
    int64_t n = htst_network_size(network, data, k), first = htst_network_units(network, last);
    const int64_t *starts = data->starts + k * (classes + 1);
    int32_t *counts = state->compared, *label = counts + stride;
    memset(counts, 0, (size_t) n * sizeof(int32_t));
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t c = 0; c < classes; c++) {
            const int32_t *row = uses_trial && state->is_changed[first + c]
                ? state->trial_sums + (first + c) * stride
                : state->sums + htst_network_row(network, data, k, last, c);
            int64_t at = starts[c] - starts[0];
            if (pass == 0) {
                memcpy(
                    label + at, row + at, (size_t) (starts[c + 1] - starts[c]) * sizeof(int32_t));
            }
            else {
                count_not_below(counts, row, label, n);
            }
        }
    }
}

/* Add the changes of the activations of layer `layer` to the sums of the next layer. */
static void
pass_on(const htst_network_t *network, const htst_network_data_t *data, htst_network_state_t *state,
    int64_t k, int64_t layer, int64_t stride)
{
    int64_t first = htst_network_units(network, layer), next = first + network->widths[layer + 1];
    int64_t n = htst_network_size(network, data, k), n_inputs = network->widths[layer + 1];
    const int32_t *weights = state->weights + htst_network_entries(network, layer + 1);
    for (int64_t u = 0; u < n_inputs; u++) {
        if (!state->is_changed[first + u]) {
            continue;
        }
        const int16_t *difference = state->differences + (first + u) * stride;
        for (int64_t v = 0; v < network->widths[layer + 2]; v++) {
            int32_t weight = weights[v * n_inputs + u];
            if (weight == 0) {
                continue;
            }
            int32_t *z = state->trial_sums + (next + v) * stride;
            if (state->is_changed[next + v]) {
                add_more(z, difference, n, weight);
                continue;
            }
            add_difference(z, state->sums + htst_network_row(network, data, k, layer + 1, v),
                difference, n, weight);
            state->is_changed[next + v] = 1;
        }
    }
}

/* Compute the activations of the changed units of a hidden layer, and their differences from the
 * stored ones. */
static void
activate_changed(const htst_network_t *network, const htst_network_data_t *data,
    htst_network_state_t *state, int64_t k, int64_t layer, int64_t stride)
{
    int64_t first = htst_network_units(network, layer);
    int64_t n = htst_network_size(network, data, k);
    for (int64_t u = 0; u < network->widths[layer + 1]; u++) {
        if (state->is_changed[first + u]) {
            int64_t at = (first + u) * stride;
            htst_network_activate(
                state->trial_sums + at, n, network->shifts[layer], state->trial_activations + at);
            subtract(state->differences + at, state->trial_activations + at,
                state->activations + htst_network_row(network, data, k, layer, u), n);
        }
    }
}

void
htst_network_try(const htst_network_t *network, const htst_network_data_t *data,
    const htst_network_cost_t *cost, htst_network_state_t *state,
    const htst_network_change_t *change, int64_t k, int64_t *right, int64_t *turned)
{
    int64_t stride = state->stride, n = htst_network_size(network, data, k);
    int64_t last = network->n_layers - 1, layer = change->layer;
    int64_t unit = htst_network_units(network, layer) + change->unit;
    memset(state->is_changed, 0, (size_t) htst_network_units(network, last + 1));
    state->is_changed[unit] = 1;
    int32_t *z = state->trial_sums + unit * stride;
    const int32_t *before = state->sums + htst_network_row(network, data, k, layer, change->unit);
    int32_t constant = (int32_t) (cost->steps[layer] * change->steps);
    shift_sums(z, before, n, constant);
    for (int t = 0; t < change->n_columns; t++) {
        htst_network_add(z, htst_network_input(network, data, state, k, layer, change->columns[t]),
            n, cost->unit * change->codes[t]);
    }
    for (int64_t l = layer; l < last; l++) {
        activate_changed(network, data, state, k, l, stride);
        pass_on(network, data, state, k, l, stride);
    }
    compare(network, data, state, k, stride, 1);
    count_right(
        state->compared, state->right + htst_network_begin(network, data, k), n, right, turned);
}

void
htst_network_keep(const htst_network_t *network, const htst_network_data_t *data,
    htst_network_state_t *state, int64_t k)
{
    int64_t stride = state->stride, unit = 0, n_right = 0;
    size_t n = (size_t) htst_network_size(network, data, k);
    for (int64_t l = 0; l < network->n_layers; l++) {
        for (int64_t u = 0; u < network->widths[l + 1]; u++, unit++) {
            if (!state->is_changed[unit]) {
                continue;
            }
            int64_t row = htst_network_row(network, data, k, l, u), at = unit * stride;
            memcpy(state->sums + row, state->trial_sums + at, n * sizeof(int32_t));
            if (l + 1 < network->n_layers) {
                memcpy(state->activations + row, state->trial_activations + at, n);
            }
        }
    }
    uint8_t *is_right = state->right + htst_network_begin(network, data, k);
    for (size_t i = 0; i < n; i++) {
        is_right[i] = state->compared[i] == 1;
        n_right += is_right[i];
    }
    state->n_right[k] = n_right;
}

/* Compute the sums of one unit in chunk k. */
static void
sum_unit(const htst_network_t *network, const htst_network_data_t *data,
    const htst_network_state_t *state, int64_t k, int64_t layer, const int32_t *weights,
    int32_t constant, int32_t *z)
{
    int64_t n = htst_network_size(network, data, k);
    for (int64_t i = 0; i < n; i++) {
        z[i] = constant;
    }
    for (int64_t j = 0; j < network->widths[layer]; j++) {
        if (weights[j]) {
            htst_network_add(
                z, htst_network_input(network, data, state, k, layer, j), n, weights[j]);
        }
    }
}

int64_t
htst_network_recount(
    const htst_network_t *network, const htst_network_data_t *data, htst_network_state_t *state)
{
    int64_t errors = 0, stride = largest_chunk(network, data);
    state->stride = stride;
    for (int64_t k = 0; k < data->n_chunks; k++) {
        int64_t n = htst_network_size(network, data, k);
        const int32_t *weights = state->weights, *constants = state->constants;
        for (int64_t l = 0; l < network->n_layers; l++) {
            for (int64_t u = 0; u < network->widths[l + 1]; u++) {
                int64_t row = htst_network_row(network, data, k, l, u);
                int32_t *z = state->sums + row;
                sum_unit(
                    network, data, state, k, l, weights + u * network->widths[l], constants[u], z);
                if (l + 1 < network->n_layers) {
                    htst_network_activate(z, n, network->shifts[l], state->activations + row);
                }
            }
            weights += network->widths[l] * network->widths[l + 1];
            constants += network->widths[l + 1];
        }
        compare(network, data, state, k, stride, 0);
        uint8_t *is_right = state->right + htst_network_begin(network, data, k);
        state->n_right[k] = 0;
        for (int64_t i = 0; i < n; i++) {
            is_right[i] = state->compared[i] == 1;
            state->n_right[k] += is_right[i];
        }
        errors += n - state->n_right[k];
    }
    return errors;
}
