/* htst_binomial_bulk: the inner part of htst_binomial, where one series serves every n, k and p.
 *
 * A tail on the far side of the mean, P(Y >= k), Y ~ Bin(k + m, x), k >= (k + m) x, is handed over as
 * its numbers; the formulas are those of htst_binomial.h. Straight arithmetic without branches or
 * libm, so that compilers vectorise it over arrays, and one number takes the same steps: the same
 * bits in an array, alone, and in every clone.
 */
#ifndef HTST_BINOMIAL_BULK_H
#define HTST_BINOMIAL_BULK_H

#include "htst_common.h"

/* Below this, n p may lose bits to the denormals. */
#define HTST_BINOMIAL_TINY_P 1e-250

typedef struct {
    double hi, lo;
} htst_pair_t;

static inline htst_pair_t
htst_pair_fast_sum(double a, double b)
{
    double s = a + b;
    return (htst_pair_t) { s, b - (s - a) };
}

static inline htst_pair_t
htst_pair_sum(double a, double b)
{
    double s = a + b, t = s - a;
    return (htst_pair_t) { s, (a - (s - t)) + (b - t) };
}

/* Dekker's product (1971): the same bits with and without hardware FMA. */
static inline htst_pair_t
htst_pair_product(double a, double b)
{
    const double split = 134217729.0;
    double p = a * b;
    double ta = split * a, tb = split * b;
    double a1 = ta - (ta - a), b1 = tb - (tb - b);
    double a2 = a - a1, b2 = b - b1;
    return (htst_pair_t) { p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2 };
}

/* log P(Y >= k), or log(1 - P(Y >= k)) where `complement`; NaN where the series does not serve.
 * n = k + m, k and m >= 1; d = k - n x; mean_k = n x, mean_m = n (1 - x).
 * ACCURACY: docs/accuracy-binomial.md, strata "terms" and "w .6": 1.5e-15 relative.
 * ERRORS: NaN outside sigma >= 5, w <= about .55, and where 1 - P rounds to 1 (A > 690). */
double htst_binomial_bulk_log(
    double n, double k, double m, double d, double mean_k, double mean_m, int complement);

/* out[i] = log P(X > k[i]), or log P(X <= k[i]) where not `upper`, X ~ Bin(n[i], p[i]); done[i] says
 * whether the series served. Arguments outside the domain are not served. At most
 * HTST_BINOMIAL_BULK_CHUNK elements. */
#define HTST_BINOMIAL_BULK_CHUNK 256
void htst_binomial_bulk_chunk(int upper, int count, const double *k, const double *n,
    const double *p, double *out, uint8_t *done);

#endif /* HTST_BINOMIAL_BULK_H */
