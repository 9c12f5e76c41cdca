/* htst_margins: exact error counts of a linear integer classifier whose classes change one at a
 * time, and samples of examples near the boundary of each class. Internal.
 *
 * For class c and example i with label y the margin M_c[i] is
 *
 *     y = c:   max of the other logits - logit_c + 1
 *     y != c:  logit_y - logit_c, or the least margin if some third logit is at least logit_y
 *
 * clamped to +-HTST_MARGIN_FAR. After logit_c grows by d, i is classified correctly ("right") if
 * and only if M_c[i] <= d (y = c) or M_c[i] > d (y != c). Only examples with small margins can turn
 * from right to wrong or back. For each class the kernel keeps a random sample of such examples,
 * with copies of their features and logits in the order of memory. A few hundred of them tell as
 * much about a proposal as ten times as many of all examples.
 *
 * A sample is drawn again from time to time (htst_near_draw). Between two draws its examples stay
 * the same, and their logits are kept exact.
 *
 * METHOD: all numbers fit in 16 bits, see htst_anneal_start.
 * ACCURACY: counts are exact, because a clamped margin is larger than any change.
 * ERRORS: none; htst_anneal_start has checked the arguments.
 */
#ifndef HTST_MARGINS_H
#define HTST_MARGINS_H

#include <stdint.h>

#include "htst_anneal.h"

/* Larger than any change that a proposal makes to a logit: 2 x 128 + twice the offset's span. */
#define HTST_MARGIN_FAR 17000

/* A change of the weights of one class: weights[t] is added at columns[t], and `constant` is added
 * to every logit of the class. */
typedef struct {
    int64_t class_index;
    int n_columns; /* 1 or 2 */
    int64_t columns[2];
    int weights[2];
    int32_t constant;
} htst_margins_change_t;

/* Count the examples that are right after the change, among all examples. */
int64_t htst_margins_right(const htst_anneal_data_t *data, const htst_anneal_state_t *state,
    const htst_margins_change_t *change);

/* Apply the change to the logits of all examples and of the samples. The caller then raises
 * state->version, which marks the margins of the samples as out of date. */
void htst_margins_apply(const htst_anneal_data_t *data, htst_anneal_state_t *state,
    const htst_margins_change_t *change);

/* Compute the margins of class c for n examples of label y from example `at` on. */
void htst_margins_compute(const htst_anneal_data_t *data, const htst_anneal_state_t *state,
    int64_t c, int64_t y, int64_t at, int64_t n, int16_t *margins);

/* The largest n for htst_margins_compute. */
#define HTST_MARGINS_BLOCK 1024

/* The features of block k of the sample of class c: (n_columns, HTST_ANNEAL_NEAR_BLOCK). */
static inline int8_t *
htst_near_features(
    const htst_anneal_data_t *data, const htst_anneal_state_t *state, int64_t c, int64_t k)
{
    return state->near_features + (c * data->n_near + k * HTST_ANNEAL_NEAR_BLOCK) * data->n_columns;
}

/* Draw the sample of class c from the examples whose margins are between -near and near. */
void htst_near_draw(
    const htst_anneal_data_t *data, htst_anneal_state_t *state, int64_t c, int32_t near);

/* Compute the mean features of the sample of class c, in 1/256. */
void htst_near_means(const htst_anneal_data_t *data, htst_anneal_state_t *state, int64_t c);

/* Count block k of the sample of the changed class. Add to *added the errors that the change adds,
 * and to *changed the examples that it turns from right to wrong or from wrong to right. */
void htst_near_count(const htst_anneal_data_t *data, htst_anneal_state_t *state,
    const htst_margins_change_t *change, int64_t k, int64_t *added, int64_t *changed);

#endif /* HTST_MARGINS_H */
