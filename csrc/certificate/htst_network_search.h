/* htst_network_search: simulated annealing of a feed-forward network on errors + bits.
 *
 * htst_network.h describes the network. A search changes the ternary part B of its matrices and the
 * offsets of its units. An entry 1 of B adds `unit` to W; the other parts of W stay as they are.
 * Each unit has one offset, in steps of its layer. The energy in bits is
 *
 *     rate x errors + sum over layers of (bits of the support and signs + bits of the offsets)
 *
 * METHOD. A proposal sets an entry of B to zero, sets one to +-1, flips a sign, moves a non-zero to
 * another column of its unit, or moves an offset. If an entry changes, the offset of its unit
 * moves opposite to the mean change of the unit's sum over examples near the boundary, plus noise
 * of a step. A change of one entry changes the sum of one unit. The kernel keeps all sums and
 * activations, computes this unit again, and then only the later units that depend on it. As in
 * htst_anneal.h the largest accepted increase is drawn first, and a proposal is dropped as soon as
 * a prefix of the chunks shows too many errors. A proposal is accepted only after evaluation on all
 * examples.
 *
 * All arithmetic uses whole numbers (bits in 1/1024, temperatures in 2^-26 bit), so that a seed
 * gives the same network on every machine.
 *
 * ACCURACY: errors are counted exactly.
 * ERRORS: at each function.
 */
#ifndef HTST_NETWORK_SEARCH_H
#define HTST_NETWORK_SEARCH_H

#include <stdint.h>

#include "htst_common.h"
#include "htst_network_state.h"

/* Compute sums, counts and energy of the network in `state`.
 *   network: its weights and constants are those of `state`
 *   data, cost: the examples and the costs
 *   state: see htst_network_state_t for what the caller fills in
 * METHOD, ACCURACY: above.
 * ERRORS: HTST_ERR_BAD_ARG if a size is out of range, a code is not -1, 0 or 1, or a layer has more
 * than most_nonzeros non-zeros or most_levels levels; HTST_ERR_OVERFLOW if a sum may leave
 * int32. */
int htst_network_start(const htst_network_t *network, const htst_network_data_t *data,
    const htst_network_cost_t *cost, htst_network_state_t *state);

/* Make n proposals.
 *   network, data, cost, state: the same as for htst_network_start, which must have succeeded
 *   n, temperature, decay: as in htst_anneal_run; calls may be split as there
 * METHOD, ACCURACY: above.
 * ERRORS: HTST_ERR_BAD_ARG if n < 0, or temperature or decay is out of [1, 2^32]. */
int htst_network_anneal(const htst_network_t *network, const htst_network_data_t *data,
    const htst_network_cost_t *cost, htst_network_state_t *state, int64_t n, uint64_t *temperature,
    uint64_t decay);

#endif /* HTST_NETWORK_SEARCH_H */
