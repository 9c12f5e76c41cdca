/* htst_network_search: simulated annealing of a feed-forward network on errors + bits.
 *
 * The network is that of htst_network.h. A search changes the ternary part B of its matrices (an
 * entry of B counts `unit` in W; what else is in W stays) and the offsets, one a unit in steps of
 * its layer. The energy in bits is
 *
 *     rate x errors + sum over layers of (bits of the support and signs + bits of the offsets)
 *
 * METHOD. A proposal sets an entry of B to zero, sets one to +-1, flips a sign, moves a non-zero to
 * another column of its unit, or moves an offset. The offset of the changed unit
 * moves opposite to the mean change of its sum over examples near the boundary, plus noise of a
 * step. A change of one entry changes the sum of one unit: the kernel keeps all sums and
 * activations, computes the unit again, and then only the units after it that it feeds. As in
 * htst_anneal.h the largest accepted increase is drawn first, and a proposal is dropped as soon as
 * a prefix of the chunks shows too many errors; an accepted one is counted on all examples.
 *
 * Whole numbers only (bits in 1/1024, temperatures in 2^-26 bit): a seed gives the same network on
 * every machine.
 *
 * ACCURACY: errors are counted exactly.
 * ERRORS: as each function says.
 */
#ifndef HTST_NETWORK_SEARCH_H
#define HTST_NETWORK_SEARCH_H

#include <stdint.h>

#include "htst_common.h"
#include "htst_network.h"

/* The largest number of chunks, and of examples in a chunk. */
#define HTST_NETWORK_CHUNKS 128
#define HTST_NETWORK_CHUNK_SIZE 16384

/* Examples in chunks as in htst_anneal.h: random samples of nearly equal size, sorted by label. */
typedef struct {
    int64_t n_examples, n_chunks; /* n_chunks a power of two */
    const int64_t *starts;        /* (n_chunks, n_classes + 1) */
    const int8_t *inputs;         /* chunk after chunk, each (inputs, examples of the chunk) */
    const int32_t *relatives;     /* (inputs, n_relatives): where a non-zero may move, or -1 */
    int64_t n_relatives;
} htst_network_data_t;

typedef struct {
    int64_t rate;                /* cost of one error, in 1/1024 bit */
    int32_t unit;                /* what a non-zero of B counts in W */
    const int32_t *steps;        /* (n_layers,): value of one step of an offset */
    const int64_t *support_cost; /* (n_layers, most_nonzeros + 1): bits of a support and signs */
    int64_t most_nonzeros;
    const int64_t *levels_cost; /* (n_layers, most_levels + 1): bits of offsets of so many levels */
    int64_t most_levels;
} htst_network_cost_t;

/* The caller allocates all arrays, and fills codes, offsets, weights (W, with unit x codes in it),
 * constants (steps x offsets) and generator. "units" counts the units of all layers. */
typedef struct {
    int8_t *codes, *best_codes;      /* (entries,): B */
    int16_t *offsets, *best_offsets; /* (units,) */
    int32_t *weights;                /* (entries,): W; network.weights points here */
    int32_t *constants;              /* (units,); network.constants points here */
    int32_t *sums;       /* layer after layer, in it chunk after chunk: (units, examples) */
    int8_t *activations; /* the same */
    uint8_t *right;      /* (n_examples,): whether an example is right */
    int32_t *trial_sums; /* (units, examples of the largest chunk) */
    int8_t *trial_activations;
    int16_t *differences;
    int32_t *compared;   /* (2, examples of the largest chunk) */
    uint8_t *is_changed; /* (units,) */
    int32_t *places;     /* (2, entries): the non-zeros, and where each stands in that list */
    int32_t *means;      /* (entries,): mean input of a unit near the boundary, in 1/256 */
    int64_t n_nonzeros[HTST_NETWORK_LAYERS]; /* in each layer */
    int64_t n_listed;
    int64_t n_right[HTST_NETWORK_CHUNKS]; /* examples of each chunk that are right */
    int64_t stride;                       /* examples of the largest chunk */
    uint64_t generator[4];
    int64_t errors, energy, best_errors, best_energy;
    int64_t n_proposals, n_accepted, n_compared;
} htst_network_state_t;

/* Compute sums, counts and energy. ERRORS: HTST_ERR_BAD_ARG if a size is out of range, a code is
 * not -1, 0 or 1, a layer has more than most_nonzeros or most_levels; HTST_ERR_OVERFLOW if sums
 * may leave int32. */
int htst_network_start(const htst_network_t *network, const htst_network_data_t *data,
    const htst_network_cost_t *cost, htst_network_state_t *state);

/* Make n proposals; temperatures and slices as in htst_anneal_run.
 * ERRORS: HTST_ERR_BAD_ARG if n < 0, or temperature or decay is out of [1, 2^32]. */
int htst_network_anneal(const htst_network_t *network, const htst_network_data_t *data,
    const htst_network_cost_t *cost, htst_network_state_t *state, int64_t n, uint64_t *temperature,
    uint64_t decay);

/* ---- for htst_network_search.c, htst_network_draw.c and htst_network_trial.c alone ---- */

/* A change of one unit: codes[t] is added to its entries at columns[t], steps to its offset. The
 * layer is -1 if there is no change. */
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

/* Compute chunk k after the change into the trial arrays, and count the examples that are right
 * and those that turn. */
void htst_network_try(const htst_network_t *network, const htst_network_data_t *data,
    const htst_network_cost_t *cost, htst_network_state_t *state,
    const htst_network_change_t *change, int64_t k, int64_t *right, int64_t *turned);

/* Write the trial arrays of chunk k into the state. */
void htst_network_keep(const htst_network_t *network, const htst_network_data_t *data,
    htst_network_state_t *state, int64_t k);

/* Compute all sums, activations and right from weights and constants; returns the errors. */
int64_t htst_network_recount(
    const htst_network_t *network, const htst_network_data_t *data, htst_network_state_t *state);

/* The first example of a chunk, its size, and a unit's row of it in sums and activations. */
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

/* The inputs of a layer in chunk k, row `column`. */
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

#endif /* HTST_NETWORK_SEARCH_H */
