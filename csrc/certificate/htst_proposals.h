/* htst_proposals: the proposals of the search for a ternary classifier (htst_anneal.h). Internal.
 *
 * METHOD: one random number chooses the kind of a proposal, others its entries.
 * ACCURACY: whole numbers, so that a seed gives the same proposals on every machine.
 * ERRORS: none; htst_anneal_start has checked the arguments.
 */
#ifndef HTST_PROPOSALS_H
#define HTST_PROPOSALS_H

#include <stdint.h>

#include "htst_margins.h"

/* Draw a proposal that changes one or two entries of one class; n_columns is 0 if the draw gave
 * none. */
htst_margins_change_t htst_proposals_draw(
    const htst_anneal_data_t *data, const htst_anneal_cost_t *cost, htst_anneal_state_t *state);

/* Draw the number of steps that the offset moves: opposite to the mean change of the logit near the
 * boundary, plus noise of a step. */
int64_t htst_proposals_balance(const htst_anneal_data_t *data, const htst_anneal_cost_t *cost,
    htst_anneal_state_t *state, const htst_margins_change_t *change);

#endif /* HTST_PROPOSALS_H */
