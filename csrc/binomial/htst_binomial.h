/* htst_binomial: binomial tails in log space, and Chernoff's bound.
 *
 * X ~ Bin(n, p). k and n are whole numbers held in doubles, 0 <= n <= 2^53; k may be any number and
 * is rounded down. p is a probability. All values are dimensionless, logarithms natural. All
 * functions are pure and may be called from many threads.
 *
 * METHOD of every tail: the tail on the far side of the mean is computed, the other one by log1p.
 * With
 *   A = n KL(k/n || p), sigma^2 = k (n-k)/n, lambda = (n-2k)/n, w = sqrt(2 A)/sigma:
 *   near the mean (sigma >= 5, w <= .55): P(X >= k) = exp(-A) [erfcx(sqrt A)/2 + Phi U], the
 *     uniform series of Temme (1982) in its binomial form,
 *     U = 1/2 - lambda/6 - sum_{M>=1} h_{M+1}(lambda) u_M,
 *     u_0 = 1, u_1 = -w, u_M = (-w)^M + (M/sigma^2) u_{M-2};
 *   elsewhere: the even continued fraction of Didonato and Morris (1992), eq. (9);
 *   k = 0 and k = n: closed forms.
 * A is carried in two doubles, so that exp(-A) keeps its digits.
 *
 * ERRORS of every function: NaN for a p outside [0, 1], for an n that is negative, fractional or
 * above 2^53, and for any NaN.
 *
 * htst_binomial_invert.h has the inverses. Internal: htst_binomial_point.h and htst_binomial_far.h
 * are the pieces of one tail, htst_binomial_bulk.h evaluates arrays. */
#ifndef HTST_BINOMIAL_H
#define HTST_BINOMIAL_H

#include "htst_common.h"

#define HTST_BINOMIAL_MAX_N 0x1p53

typedef enum {
    HTST_BINOMIAL_LOGSF = 0,
    HTST_BINOMIAL_LOGCDF,
    HTST_BINOMIAL_LOGPMF,
    HTST_BINOMIAL_SF,
    HTST_BINOMIAL_CDF,
    HTST_BINOMIAL_PMF,
    HTST_BINOMIAL_KL,
    HTST_BINOMIAL_CHERNOFF_LOGSF,
    HTST_BINOMIAL_N_FUNCTIONS
} htst_binomial_function_t;

/* log P(X > k) and log P(X <= k).
 * METHOD: above.
 * ACCURACY: docs/accuracy-binomial.md (the largest error of each branch against
 *   tests/tables/binomial.csv); 4e-15 relative, times max(1, abs log(1-P)) where P is near 1.
 * ERRORS: NaN outside the domain; -inf where P = 0 exactly. */
double htst_binomial_logsf(double k, double n, double p);
double htst_binomial_logcdf(double k, double n, double p);

/* log P(X = k).
 * METHOD: -A + log Phi, Phi = exp(S(n)-S(k)-S(n-k))/sqrt(2 pi sigma^2), where S is the error of
 * Stirling's formula (Loader 2000, "Fast and accurate computation of binomial probabilities").
 * ACCURACY, ERRORS: as above. */
double htst_binomial_logpmf(double k, double n, double p);

/* P(X > k), P(X <= k) and P(X = k).
 * METHOD: above. ACCURACY: as above: 4e-15 relative where P > 1e-300. ERRORS: NaN outside the
 * domain; 0 on underflow. */
double htst_binomial_sf(double k, double n, double p);
double htst_binomial_cdf(double k, double n, double p);
double htst_binomial_pmf(double k, double n, double p);

/* n KL(k/n || p), infinite where p excludes k.
 * METHOD: np phi(d/np) + nq phi(-d/nq), with q = 1 - p, d = k - np and phi(u) = (1+u) log(1+u) - u.
 * Neither term is negative. Each is computed in two doubles, by a series in v = u/(2+u) or as
 * k log(k/np) - d (Loader's D_0).
 * ACCURACY: docs/accuracy-binomial.md: 1e-15 relative.
 * ERRORS: NaN outside the domain, or k not whole in [0, n]. */
double htst_binomial_kl(double k, double n, double p);

/* Chernoff's bound of log P(X > k): -n KL((k+1)/n || p) if k + 1 > np, else 0; -inf for k >= n.
 * METHOD: the divergence above; the sign of k + 1 - np is exact.
 * ACCURACY: docs/accuracy-binomial.md: 1e-15 relative.
 * ERRORS: NaN outside the domain. */
double htst_binomial_chernoff_logsf(double k, double n, double p);

/* The value of one of these functions, selected by its code. METHOD, ACCURACY: as that function.
 * ERRORS: NaN as that function, or for an unknown code. */
double htst_binomial_evaluate(int function, double k, double n, double p);

/* The same for arrays: out[i] = function(k[i], n[i], p[i]) for i < count.
 *   function: a code
 *   k, n, p: arrays of `count` numbers, or of one number
 *   k_step, n_step, p_step: 1 to read element i of the array, or 0 to use the first element for
 *     every i
 *   out: `count` numbers; must not overlap the inputs
 * METHOD: above. ACCURACY: bit-identical to the scalar functions.
 * ERRORS: HTST_ERR_BAD_ARG if an element of `out` is NaN (all elements are written), or for an
 * unknown function (no element is written). */
int htst_binomial_map(int function, int64_t count, const double *k, int64_t k_step, const double *n,
    int64_t n_step, const double *p, int64_t p_step, double *out);

#endif /* HTST_BINOMIAL_H */
