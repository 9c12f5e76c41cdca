/* htst_network: feed-forward networks in whole numbers, the same on every machine.
 *
 * Layer l has a matrix W_l of int32 and one constant per unit. From the activations x_l of the
 * layer before (x_0 are the inputs, int8) it computes
 *
 *     z_l = W_l x_l + constants_l,      x_{l+1} = min(127, max(0, floor(z_l / 2^shift_l)))
 *
 * The logits are z of the last layer. An example is classified correctly if the logit of its
 * label is strictly the largest. The entries of W_l are mean + sqrt(t) G + q B in fixed-point
 * numbers (docs/certificate-format.md); the functions here use only their sum.
 *
 * METHOD: examples are processed in blocks, column by column. Entries that are zero cost nothing.
 * ACCURACY: exact; htst_network_check makes sure that every sum fits in int32.
 * ERRORS: at each function.
 */
#ifndef HTST_NETWORK_H
#define HTST_NETWORK_H

#include <stdint.h>

#include "htst_common.h"

/* The largest number of matrices, and the largest activation. */
#define HTST_NETWORK_LAYERS 8
#define HTST_NETWORK_TOP 127

typedef struct {
    int64_t n_layers;         /* matrices, in [1, HTST_NETWORK_LAYERS] */
    const int64_t *widths;    /* (n_layers + 1,): inputs, hidden units, classes */
    const int32_t *weights;   /* matrix after matrix, each (units, inputs of the layer) */
    const int32_t *constants; /* layer after layer, one per unit */
    const int32_t *shifts;    /* (n_layers - 1,), each in [0, 30] */
} htst_network_t;

/* Check that a network can be evaluated. METHOD: the largest possible sum of each unit.
 * ACCURACY: exact.
 * ERRORS: HTST_ERR_BAD_ARG if a size or a shift is out of range; HTST_ERR_OVERFLOW if
 * 127 sum(abs(weights)) + abs(constant) of a unit reaches 2^31. */
int htst_network_check(const htst_network_t *network);

/* The number of units, and of matrix entries, in the layers before `layer`. METHOD: a sum.
 * ACCURACY: exact. ERRORS: none. */
int64_t htst_network_units(const htst_network_t *network, int64_t layer);
int64_t htst_network_entries(const htst_network_t *network, int64_t layer);

/* The number of int32 that htst_network_logits needs as workspace. METHOD: from the largest width.
 * ACCURACY: exact. ERRORS: none. */
int64_t htst_network_work(const htst_network_t *network);

/* Compute the logits of n examples.
 *   network: htst_network_check has accepted it
 *   inputs: (n, widths[0]), each in [-127, 127]
 *   work: htst_network_work(network) numbers
 *   logits: (classes, n)
 * METHOD, ACCURACY: above. ERRORS: none. */
void htst_network_logits(
    const htst_network_t *network, const int8_t *inputs, int64_t n, int32_t *work, int32_t *logits);

/* Count the examples whose label's logit is not strictly the largest.
 *   logits: (n_classes, n)
 *   labels: (n,), each in [0, n_classes)
 * METHOD: comparisons. ACCURACY: exact. ERRORS: none. */
int64_t htst_network_errors(
    const int32_t *logits, const int64_t *labels, int64_t n_classes, int64_t n);

/* x[i] = min(127, max(0, floor(z[i] / 2^shift))) for i < n. METHOD: the formula. ACCURACY: exact.
 * ERRORS: none. */
void htst_network_activate(const int32_t *z, int64_t n, int32_t shift, int8_t *x);

/* z[i] += weight x[i] for i < n. METHOD: the formula. ACCURACY: exact if no sum leaves int32.
 * ERRORS: none. */
void htst_network_add(int32_t *z, const int8_t *x, int64_t n, int32_t weight);

#endif /* HTST_NETWORK_H */
