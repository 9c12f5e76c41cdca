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
 * METHOD: the two largest logits of other labels are kept, so that one comparison gives the
 * largest logit without a given class.
 * ACCURACY: counts are exact, because a clamped margin is larger than any change.
 * ERRORS: none; htst_anneal_start has checked the arguments.
 */
#ifndef HTST_MARGINS_H
#define HTST_MARGINS_H

#include <stdint.h>

#include "htst_common.h"

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

/* Examples that are counted together, sorted by label: those of label q begin at starts[q] -
 * starts[0], and starts[n_classes] is the end. The caller owns the arrays. */
typedef struct {
    int64_t n, n_classes;
    const int64_t *starts; /* (n_classes + 1,) */
    const int8_t *columns; /* (columns, n) */
    int16_t *logits;       /* (n_classes, n) */
    int16_t *largest;      /* (2, n): the two largest logits of other labels */
} htst_margins_block_t;

/* Find the two largest logits of other labels for each example. */
void htst_margins_find_largest(const htst_margins_block_t *block);

/* Compute the margins of class c, from the logits and the largest logits. */
void htst_margins_compute(
    const htst_margins_block_t *block, int64_t c, int16_t *HTST_RESTRICT margins);

/* Count examples, and add the counts: to *right those that are right after the change, to *changed
 * those that the change turns from right to wrong or from wrong to right. `margins` are those of
 * the class that changes. */
void htst_margins_count(const htst_margins_block_t *block, const int16_t *margins,
    const htst_margins_change_t *change, int64_t *right, int64_t *changed);

/* The same for a block that is counted often. signs[i] is -1 if the label of example i is the class
 * that changes, else 1. Adds to *net the number of examples that turn from right to wrong, less the
 * number that turn from wrong to right. */
void htst_margins_count_net(const htst_margins_block_t *block, const int16_t *margins,
    const int16_t *signs, const htst_margins_change_t *change, int64_t *net, int64_t *changed);

/* The number of examples that are right, from the margins of class c. */
int64_t htst_margins_right(const htst_margins_block_t *block, const int16_t *margins, int64_t c);

/* The number of margins in (-near, near). */
int64_t htst_margins_count_near(const int16_t *margins, int64_t n, int16_t near);

/* Apply the change to the logits. Largest logits and margins are then out of date. */
void htst_margins_apply(const htst_margins_block_t *block, const htst_margins_change_t *change);

#endif /* HTST_MARGINS_H */
