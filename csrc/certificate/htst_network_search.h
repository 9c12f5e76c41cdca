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
#include "htst_network_state.h"

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

#endif /* HTST_NETWORK_SEARCH_H */
