/* htst_anneal_draw: random proposals of the search for a ternary linear classifier. Internal.
 *
 * METHOD: kinds of proposals have fixed shares (htst_anneal_draw.c).
 * ACCURACY: whole numbers; a seed gives the same proposals on every machine.
 * ERRORS: none; htst_anneal_start has checked the arguments.
 */
#ifndef HTST_ANNEAL_DRAW_H
#define HTST_ANNEAL_DRAW_H

#include "htst_anneal.h"
#include "htst_margins.h"

/* Draw a proposal that changes one or two entries of one class; n_columns is 0 if the draw gave
 * none. */
htst_margins_change_t htst_anneal_draw(const htst_anneal_data_t *data, htst_anneal_state_t *state);

/* Draw the number of steps that the offset moves: opposite to the mean change of the logit near the
 * boundary, plus noise of a step. */
int64_t htst_anneal_balance(const htst_anneal_data_t *data, const htst_anneal_cost_t *cost,
    htst_anneal_state_t *state, const htst_margins_change_t *change);

#endif /* HTST_ANNEAL_DRAW_H */
