/* htst_margins: exact error counts of a linear integer classifier whose classes change one at a
 * time. Internal.
 *
 * For class c and example i with label y the margin M_c[i] is
 *
 *     y = c:   max of the other logits - logit_c + 1
 *     y != c:  logit_y - logit_c, or the least margin if some third logit is at least logit_y
 *
 * clamped to +-HTST_MARGIN_FAR. After logit_c grows by d, i is classified correctly ("right") if
 * and only if M_c[i] <= d (y = c) or M_c[i] > d (y != c). A change therefore costs one comparison
 * per example, the same for all examples; the label says how to count its result.
 *
 * Margins are computed when they are needed. A change of one class makes the margins of every
 * class out of date, but most proposals use one chunk of one class only.
 *
 * METHOD: the two largest logits of other labels are kept, so that one comparison gives the
 * largest logit without a given class.
 * ACCURACY: counts are exact, because a clamped margin is larger than any change.
 * ERRORS: none; htst_anneal_start has checked the arguments.
 */
#ifndef HTST_MARGINS_H
#define HTST_MARGINS_H

#include <stdint.h>

#include "htst_anneal.h"

/* Larger than any change that a proposal makes to a logit: 2 x 127 + the offset's span. */
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

/* Bring the margins of class c in chunk k up to date. */
void htst_margins_refresh(
    const htst_anneal_data_t *data, htst_anneal_state_t *state, int64_t k, int64_t c);

/* Count examples of chunk k, and add the counts: to *right those that are right after the change,
 * to *changed those that the change turns from right to wrong or from wrong to right. */
void htst_margins_count(const htst_anneal_data_t *data, const htst_anneal_state_t *state,
    const htst_margins_change_t *change, int64_t k, int64_t *right, int64_t *changed);

/* Apply the change to the logits. The caller then raises state->version, which marks all margins as
 * out of date. */
void htst_margins_apply(const htst_anneal_data_t *data, htst_anneal_state_t *state,
    const htst_margins_change_t *change);

/* Refresh the margins of class 0 in chunk k, and return how many of its examples are right. */
int64_t htst_margins_right(const htst_anneal_data_t *data, htst_anneal_state_t *state, int64_t k);

/* The index of the first example of chunk k, and the number of its examples. */
static inline int64_t
htst_chunk_start(const htst_anneal_data_t *data, int64_t k)
{
    return data->starts[k * (data->n_classes + 1)];
}

static inline int64_t
htst_chunk_size(const htst_anneal_data_t *data, int64_t k)
{
    const int64_t *starts = data->starts + k * (data->n_classes + 1);
    return starts[data->n_classes] - starts[0];
}

#endif /* HTST_MARGINS_H */
