/* htst_binomial_point: the probability of one number of events, in pieces without branches.
 * Internal.
 *
 * The formulas (METHOD, ACCURACY, ERRORS) are those of htst_binomial.h: P(Y = k) = exp(-A) Phi for
 * Y ~ Bin(k + m, x), with A the divergence. htst_binomial_far.h makes tails of them. */
#ifndef HTST_BINOMIAL_POINT_H
#define HTST_BINOMIAL_POINT_H

#include "htst_binomial.h"
#include "htst_binomial_tables.h"
#include "htst_pair.h"

/* Kinds of problems. Near the mean: the uniform series, with 10 terms if w^2 + 4/sigma^2 is below
 * X_SHORT^2 (SHORT), else with 18 up to W_END (LONG). w is 2 (abs(v_k) + abs(v_m)) and v = d/(mean
 * + k). The terms left out are below 1.5e-16 and 3e-16 of P; tests/test_binomial_accuracy.py
 * measures the errors of each kind. All others: the continued fraction (FRACTION), which serves
 * neither closed forms nor bad arguments. */
enum { HTST_BINOMIAL_SHORT = 0, HTST_BINOMIAL_LONG, HTST_BINOMIAL_FRACTION, HTST_BINOMIAL_KINDS };
#define HTST_BINOMIAL_X_SHORT 0.21
#define HTST_BINOMIAL_V_SHORT 0.105
#define HTST_BINOMIAL_SHORT_END 90.0
#define HTST_BINOMIAL_W_END 0.55
#define HTST_BINOMIAL_V_END 0.2
#define HTST_BINOMIAL_VARIANCE_END 25.0

/* d = k - n x; mean_k = n x, mean_m = n (1 - x); y = 1 - x; complement: 1 if the caller wants
 * 1 - P. */
typedef struct {
    double n, k, m, x, y, complement;
    htst_pair_t d, mean_k, mean_m;
} htst_far_t;

/* P = exp(-a) factor, pmf(k) = exp(-a) phi */
typedef struct {
    htst_pair_t a;
    double factor, phi;
} htst_terms_t;

/* ---- the divergence ------------------------------------------------------------------------ */

/* mean phi(d/mean)/d by its series in v = d/(mean + k) = d/(2 k - d): v [1 + (v + v^2)(1/3 + v^2/5
 * + ...)]; inverse = 1/(mean + k). Relative error below 2^-62 for the largest v of the kind. */
HTST_INLINE htst_pair_t
htst_near_half(double k, htst_pair_t d, double inverse, int kind)
{
    htst_pair_t sum = htst_pair_fast_sum(2.0 * k, -d.hi);
    sum.lo -= d.lo;
    htst_pair_t v = htst_pair_quotient(d, sum, inverse), square = htst_pair_product(v.hi, v.hi);
    double y = square.hi, y2 = y * y, y4 = y2 * y2;
    double s = htst_fma(htst_cubic(y, y2, 1.0 / 13, 1.0 / 15, 1.0 / 17, 1.0 / 19), y4,
        htst_cubic(y, y2, 1.0 / 5, 1.0 / 7, 1.0 / 9, 1.0 / 11));
    if (kind != HTST_BINOMIAL_SHORT) {
        s = htst_fma(htst_cubic(y, y2, 1.0 / 21, 1.0 / 23, 1.0 / 25, 1.0 / 27), y4 * y4, s);
    }
    htst_pair_t third = htst_pair_fast_sum(THIRD_HIGH, y * s);
    third.lo += THIRD_LOW;
    htst_pair_t both = htst_pair_fast_sum(v.hi, square.hi);
    both.lo += square.lo + htst_fma(2.0 * v.hi, v.lo, v.lo);
    htst_pair_t small = htst_pair_mul(both, third), one = htst_pair_fast_sum(1.0, small.hi);
    one.lo += small.lo;
    return htst_pair_mul(v, one);
}

/* The same times d; or k log(k/mean) - d if abs(v) >= .2 or shift != 0: `mean` is then given scaled
 * by 2^shift. */
HTST_INLINE htst_pair_t
htst_any_half(double k, htst_pair_t d, htst_pair_t mean, double shift, double inverse,
    double inverse_mean, double inverse_k)
{
    htst_pair_t near = htst_pair_mul(htst_near_half(k, d, inverse, HTST_BINOMIAL_LONG), d);
    double q = k * inverse_mean;
    double relative = htst_fma(-q, mean.lo, htst_residual(k, q, mean.hi)) * inverse_k;
    htst_pair_t log = htst_pair_log(q, relative, shift);
    htst_pair_t product = htst_pair_product(k, log.hi), all = htst_pair_sum(product.hi, -d.hi);
    all.lo += htst_fma(k, log.lo, product.lo) - d.lo;
    int is_near = (fabs(d.hi) < HTST_BINOMIAL_V_END * (mean.hi + k)) & (shift == 0.0);
    return (htst_pair_t){ is_near ? near.hi : all.hi, is_near ? near.lo : all.lo };
}

/* inverse = 1/(near_k near_m) */
HTST_INLINE htst_pair_t
htst_near_divergence(const htst_far_t *t, double inverse, int kind)
{
    double near_k = 2.0 * t->k - t->d.hi, near_m = 2.0 * t->m + t->d.hi;
    htst_pair_t other = { -t->d.hi, -t->d.lo };
    htst_pair_t k_half = htst_near_half(t->k, t->d, inverse * near_m, kind);
    htst_pair_t m_half = htst_near_half(t->m, other, inverse * near_k, kind);
    htst_pair_t both = htst_pair_add(k_half, (htst_pair_t){ -m_half.hi, -m_half.lo });
    return htst_pair_mul(both, t->d);
}

/* mean phi(d/mean)/d - v, v = d/(mean + k) */
HTST_INLINE double
htst_near_rest(double v, int kind)
{
    double y = v * v, y2 = y * y, y4 = y2 * y2;
    double s = htst_fma(htst_cubic(y, y2, 1.0 / 11, 1.0 / 13, 1.0 / 15, 1.0 / 17), y4,
        htst_cubic(y, y2, 1.0 / 3, 1.0 / 5, 1.0 / 7, 1.0 / 9));
    if (kind != HTST_BINOMIAL_SHORT) {
        s = htst_fma(htst_cubic(y, y2, 1.0 / 19, 1.0 / 21, 1.0 / 23, 1.0 / 25), y4 * y4, s);
    }
    return htst_fma(y, v, y) * s;
}

/* A, to be used as a logarithm and not in exp(-A): only its first term, 2 n d^2/(near_k near_m), is
 * a pair. The other terms are at most a tenth of A, so their rounding errors are below 2^-53 of A
 * (2^-54 for the SHORT kind). */
HTST_INLINE htst_pair_t
htst_near_exponent(const htst_far_t *t, double inverse, int kind)
{
    htst_pair_t near_k = htst_pair_fast_sum(2.0 * t->k, -t->d.hi);
    htst_pair_t near_m = htst_pair_fast_sum(2.0 * t->m, t->d.hi);
    near_k.lo -= t->d.lo;
    near_m.lo += t->d.lo;
    htst_pair_t square = htst_pair_product(t->d.hi, t->d.hi);
    square.lo = htst_fma(2.0 * t->d.hi, t->d.lo, square.lo);
    htst_pair_t above = htst_pair_product(2.0 * t->n, square.hi);
    above.lo = htst_fma(2.0 * t->n, square.lo, above.lo);
    htst_pair_t first = htst_pair_quotient(above, htst_pair_mul(near_k, near_m), inverse);
    double scaled = t->d.hi * inverse;
    double rest =
        htst_near_rest(scaled * near_m.hi, kind) - htst_near_rest(-scaled * near_k.hi, kind);
    return htst_pair_fast_sum(first.hi, htst_fma(t->d.hi, rest, first.lo));
}

/* inverse = 1/(k m n) */
HTST_INLINE htst_pair_t
htst_any_divergence(const htst_far_t *t, double shift, double inverse)
{
    double near_k = t->mean_k.hi + t->k, near_m = t->mean_m.hi + t->m;
    double inverse_near = 1.0 / (near_k * near_m),
           inverse_mean = 1.0 / (t->mean_k.hi * t->mean_m.hi);
    htst_pair_t other = { -t->d.hi, -t->d.lo };
    htst_pair_t k_half = htst_any_half(t->k, t->d, t->mean_k, shift, inverse_near * near_m,
        inverse_mean * t->mean_m.hi, inverse * (t->m * t->n));
    htst_pair_t m_half = htst_any_half(t->m, other, t->mean_m, 0.0, inverse_near * near_k,
        inverse_mean * t->mean_k.hi, inverse * (t->k * t->n));
    return htst_pair_add(k_half, m_half);
}

/* ---- Phi ----------------------------------------------------------------------------------- */

#define HTST_INVERSE_SQRT_2PI 0.39894228040143267794

/* Stirling's series for i = 1/x; the terms left out are below 2e-17 for x >= 16. */
HTST_INLINE double
htst_stirling_series(double i)
{
    double y = i * i;
    double s = htst_fma(y, -691.0 / 360360, 1.0 / 1188);
    s = htst_fma(y, -s, 1.0 / 1680);
    s = htst_fma(y, -s, 1.0 / 1260);
    s = htst_fma(y, -s, 1.0 / 360);
    return i * htst_fma(y, -s, 1.0 / 12);
}

/* log x! - log(sqrt(2 pi x) (x/e)^x), x >= 1, i = 1/x */
HTST_INLINE double
htst_stirling_error(double x, double i)
{
    return x < 16.0 ? STIRLING_ERROR[(int) x] : htst_stirling_series(i);
}

/* exp(s) for abs(s) < .008, for the SHORT kind for abs(s) < .002 */
HTST_INLINE double
htst_exp_small(double s, int kind)
{
    double e = kind == HTST_BINOMIAL_SHORT ? 1.0 / 120 : htst_fma(s, 1.0 / 720, 1.0 / 120);
    e = htst_fma(s, e, 1.0 / 24);
    e = htst_fma(s, e, 1.0 / 6);
    e = htst_fma(s, e, 0.5);
    return htst_fma(s, htst_fma(s, e, 1.0), 1.0);
}

/* Phi sqrt(2 pi) sigma, b = 1/sigma^2. With t = k m/n^2 and 1/n = b t, 1/k + 1/m = b, 1/(k m) = b^2
 * t, Stirling's series at n less those at k and m is one in b. */
HTST_INLINE double
htst_near_correction(double b, double t, int kind)
{
    double t2 = t * t, t3 = t2 * t, b2 = b * b;
    double s1 = htst_fma(t, 1.0 / 12, -1.0 / 12);
    double s3 = htst_fma(t3, -1.0 / 360, htst_fma(t, -3.0 / 360, 1.0 / 360));
    double s5 =
        htst_fma(htst_fma(t3, 1.0 / 1260, -5.0 / 1260), t2, htst_fma(t, 5.0 / 1260, -1.0 / 1260));
    if (kind != HTST_BINOMIAL_SHORT) {
        double s7 = htst_cubic(t, t2, 1.0 / 1680, -7.0 / 1680, 14.0 / 1680, -7.0 / 1680);
        double s9 = htst_cubic(t, t2, -1.0 / 1188, 9.0 / 1188, -27.0 / 1188, 30.0 / 1188);
        s5 = htst_fma(b2, htst_fma(b2, s9, s7), s5);
    }
    double s = b * htst_fma(b2, htst_fma(b2, s5, s3), s1);
    return htst_exp_small(s, kind);
}

/* Phi anywhere, without the table, which compilers do not vectorise: for k and m of at least 16. */
HTST_INLINE double
htst_large_phi(const htst_far_t *t, double inverse)
{
    double s = htst_stirling_series(inverse * (t->k * t->m))
        - (htst_stirling_series(inverse * (t->m * t->n))
            + htst_stirling_series(inverse * (t->k * t->n)));
    return htst_exp_reduced(s) * (sqrt(inverse * (t->n * t->n)) * HTST_INVERSE_SQRT_2PI);
}

HTST_INLINE double
htst_any_phi(double n, double k, double m, double inverse)
{
    double s = htst_stirling_error(n, inverse * (k * m))
        - (htst_stirling_error(k, inverse * (m * n)) + htst_stirling_error(m, inverse * (k * n)));
    return htst_exp_reduced(s) * (sqrt(inverse * (n * n)) * HTST_INVERSE_SQRT_2PI);
}

/* 1/(near_k near_m), 1/n, 1/sigma^2 and k m from one division */
typedef struct {
    double near, n, variance, km;
} htst_inverses_t;

HTST_INLINE htst_inverses_t
htst_near_inverses(const htst_far_t *t)
{
    double product = (2.0 * t->k - t->d.hi) * (2.0 * t->m + t->d.hi), km = t->k * t->m,
           kmn = km * t->n;
    double inverse = 1.0 / (product * kmn), counts = inverse * product;
    return (htst_inverses_t){
        .near = inverse * kmn,
        .n = counts * km,
        .variance = counts * (t->n * t->n),
        .km = km,
    };
}

/* The terms of the point k: near the mean, and then anywhere. */
HTST_INLINE htst_terms_t
htst_near_point(const htst_far_t *t, int kind)
{
    htst_inverses_t inverse = htst_near_inverses(t);
    double phi = sqrt(inverse.variance) * HTST_INVERSE_SQRT_2PI
        * htst_near_correction(inverse.variance, inverse.km * (inverse.n * inverse.n), kind);
    return (htst_terms_t){
        .a = htst_near_divergence(t, inverse.near, kind), .factor = phi, .phi = phi
    };
}

HTST_INLINE htst_terms_t
htst_any_point(const htst_far_t *t, double shift)
{
    double inverse = 1.0 / (t->k * t->m * t->n), phi = htst_any_phi(t->n, t->k, t->m, inverse);
    return (htst_terms_t){ .a = htst_any_divergence(t, shift, inverse), .factor = phi, .phi = phi };
}

#endif /* HTST_BINOMIAL_POINT_H */
