/* htst_network_state: the data of a search of networks: examples, costs and arrays.
 *
 * METHOD, ACCURACY: nothing is computed here. ERRORS: none; htst_network_start checks the sizes.
 */
#ifndef HTST_NETWORK_STATE_H
#define HTST_NETWORK_STATE_H

#include <stdint.h>

#include "htst_network.h"

/* The largest number of chunks, and the largest number of examples in a chunk. */
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
    int32_t unit;                /* an entry 1 of B adds this to W */
    const int32_t *steps;        /* (n_layers,): value of one step of an offset */
    const int64_t *support_cost; /* (n_layers, most_nonzeros + 1): bits of support and signs */
    int64_t most_nonzeros;
    const int64_t *levels_cost; /* (n_layers, most_levels + 1): bits of offsets, by their levels */
    int64_t most_levels;
} htst_network_cost_t;

/* The caller allocates all arrays. The caller also fills codes, offsets, weights (W, including
 * unit x codes), constants (steps x offsets) and generator. In the shapes, "units" counts the units
 * of all layers, and "entries" the entries of all matrices. */
typedef struct {
    int8_t *codes, *best_codes;      /* (entries,): B */
    int16_t *offsets, *best_offsets; /* (units,) */
    int32_t *weights;                /* (entries,): W; network.weights points here */
    int32_t *constants;              /* (units,); network.constants points here */
    int32_t *sums; /* layer after layer, inside a layer chunk after chunk, each (units, examples) */
    int8_t *activations; /* in the same layout */
    uint8_t *right;      /* (n_examples,): 1 if the example is right, else 0 */
    int32_t *trial_sums; /* (units, examples of the largest chunk) */
    int8_t *trial_activations;
    int16_t *differences;
    int32_t *compared;   /* (2, examples of the largest chunk) */
    uint8_t *is_changed; /* (units,) */
    int32_t *places;     /* (2, entries): list of the non-zeros; place of each entry in that list */
    int32_t *means;      /* (entries,): mean input of a unit near the boundary, in 1/256 */
    int64_t n_nonzeros[HTST_NETWORK_LAYERS]; /* of each layer */
    int64_t n_listed;
    int64_t n_right[HTST_NETWORK_CHUNKS]; /* right examples of each chunk */
    int64_t stride;                       /* examples of the largest chunk */
    uint64_t generator[4];
    int64_t errors, energy, best_errors, best_energy;
    int64_t n_proposals, n_accepted, n_compared;
} htst_network_state_t;

#endif /* HTST_NETWORK_STATE_H */
