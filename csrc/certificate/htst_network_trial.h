/* htst_network_trial: draw a change of a network, and evaluate one chunk of examples after it.
 * Internal.
 *
 * METHOD: the sum of the changed unit is computed from its stored sum, and then only the sums of
 * later units that depend on it. The results stay in trial arrays until the change is accepted.
 * ACCURACY: whole numbers, exact.
 * ERRORS: none; htst_network_start has checked all sizes.
 */
#ifndef HTST_NETWORK_TRIAL_H
#define HTST_NETWORK_TRIAL_H

#include "htst_network_state.h"

/* A change of one unit: codes[t] is added to its entry of B at columns[t], and `steps` to its
 * offset. The layer is -1 if there is no change. */
typedef struct {
    int64_t layer, unit;
    int n_columns; /* 0, 1 or 2 */
    int64_t columns[2];
    int codes[2];
    int64_t steps;
} htst_network_change_t;

/* Draw a proposal; its layer is -1 if the draw gave none. */
htst_network_change_t htst_network_draw(
    const htst_network_t *network, const htst_network_data_t *data, htst_network_state_t *state);

/* Evaluate chunk k after the change, into the trial arrays. Adds to *right the number of examples
 * that are right, and to *turned the number that turn from right to wrong or back. */
void htst_network_try(const htst_network_t *network, const htst_network_data_t *data,
    const htst_network_cost_t *cost, htst_network_state_t *state,
    const htst_network_change_t *change, int64_t k, int64_t *right, int64_t *turned);

/* Copy the trial arrays of chunk k into the state. */
void htst_network_keep(const htst_network_t *network, const htst_network_data_t *data,
    htst_network_state_t *state, int64_t k);

/* Compute all sums, all activations and `right` from weights and constants. Returns the number of
 * errors. */
int64_t htst_network_recount(
    const htst_network_t *network, const htst_network_data_t *data, htst_network_state_t *state);

/* The index of the first example of chunk k; the number of its examples; the index in sums and
 * activations of the first example of chunk k for one unit. */
static inline int64_t
htst_network_begin(const htst_network_t *network, const htst_network_data_t *data, int64_t k)
{
    return data->starts[k * (network->widths[network->n_layers] + 1)];
}

static inline int64_t
htst_network_size(const htst_network_t *network, const htst_network_data_t *data, int64_t k)
{
    int64_t classes = network->widths[network->n_layers];
    return data->starts[k * (classes + 1) + classes] - data->starts[k * (classes + 1)];
}

static inline int64_t
htst_network_row(const htst_network_t *network, const htst_network_data_t *data, int64_t k,
    int64_t layer, int64_t unit)
{
    return htst_network_units(network, layer) * data->n_examples
        + htst_network_begin(network, data, k) * network->widths[layer + 1]
        + unit * htst_network_size(network, data, k);
}

/* The values of input `column` of a layer, for the examples of chunk k. */
static inline const int8_t *
htst_network_input(const htst_network_t *network, const htst_network_data_t *data,
    const htst_network_state_t *state, int64_t k, int64_t layer, int64_t column)
{
    if (layer == 0) {
        return data->inputs + htst_network_begin(network, data, k) * network->widths[0]
            + column * htst_network_size(network, data, k);
    }
    return state->activations + htst_network_row(network, data, k, layer - 1, column);
}

#endif /* HTST_NETWORK_TRIAL_H */
