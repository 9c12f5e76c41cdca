/* htst_stable_sample: random numbers of the alpha-stable laws as a pure function of a seed and an
 * index: the same bits on every platform, in every block, in any order.
 *
 * METHOD: the formula of Chambers, Mallows and Stuck [1], in a new form that is continuous in
 * (alpha, beta) at alpha = 1; htst_stable_sample.c derives it. Number i of a seed uses
 *   counter = (low word of i, high word of i, 0, 1), key = (low word of seed, high word of seed)
 *   x[0..3] = Philox4x32-10(counter, key)
 *   q, u    = htst_philox_centred(x[0], x[1]), 1/2 + htst_philox_centred(x[2], x[3])
 * and from these the angle V = pi q and the exponential number W = -log u. All arithmetic is in
 * float64 without fused multiply-adds. The logarithm, exponential and sine are those of
 * htst_stable_sample.c, so that no libm can change a bit.
 *
 * Laws with the same seed share q and u, so number i is a smooth function of alpha and beta.
 * ACCURACY: with scale 1 and location 0, the difference from the formula in exact arithmetic is at
 * most 1e-14/alpha max(abs(x), 1), for alpha in [.01, 2]. In S1 with alpha <= .875 and beta = +-1
 * it is at most 1e-14/alpha abs(x): there numbers come close to the end of the support, and no
 * number is beyond it (tests/test_stable_sample.py, against mpmath). The step 2^-52 of q and u cuts
 * off the part of a tail that has a mass of about 2^-53. Numbers outside the range of float64 are
 * infinite; this happens for alpha below .06.
 *
 * [1] J. M. Chambers, C. L. Mallows, B. W. Stuck, "A method for simulating stable random
 *     variables", JASA 71 (1976), 340-344; correction JASA 82 (1987), 704. */
#ifndef HTST_STABLE_SAMPLE_H
#define HTST_STABLE_SAMPLE_H

#include <stdint.h>

#include "htst_common.h"

/* Nolan's parameterizations. With scale 1 and location 0, x_S1 = x_S0 + beta tan(pi alpha/2) for
 * alpha != 1, and x_S1 = x_S0 for alpha = 1. If x has scale 1 and location 0, the number with scale
 * s and location m is s x + m, except in S1 at alpha = 1, where it is
 * s x + m + beta (2/pi) s log s. */
enum { HTST_STABLE_SAMPLE_S0 = 0, HTST_STABLE_SAMPLE_S1 = 1 };

typedef struct {
    double alpha, beta;   /* in (0, 2] and [-1, 1] */
    double loc, scale;    /* finite; scale above 0 */
    int parameterization; /* HTST_STABLE_SAMPLE_S0 or _S1 */
} htst_stable_sample_law_t;

/* out[k] = number first + k of the seed, for 0 <= k < n.
 *   seed: any 64-bit number
 *   first: the index of the first number, at least 0
 *   n: how many numbers, at least 0
 *   law: the law and its parameterization
 *   out: n numbers
 * METHOD, ACCURACY: above.
 * ERRORS: HTST_ERR_BAD_ARG if a member of `law` is out of range, first or n is negative, or their
 * sum overflows. */
int htst_stable_sample(
    uint64_t seed, int64_t first, int64_t n, const htst_stable_sample_law_t *law, double *out);

#endif
