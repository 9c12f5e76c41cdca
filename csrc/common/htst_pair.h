/* htst_pair: numbers as unevaluated sums of two doubles, their logarithms and exponentials.
 * Internal.
 *
 * METHOD: straight-line arithmetic without branches and without libm, so that compilers vectorise
 * loops with it. Results are bit-identical for arrays, for single numbers, and in every clone.
 * ACCURACY: at each function; relative errors of sums, products and quotients are about 2^-102.
 * ERRORS: none; each function says which arguments it accepts. */
#ifndef HTST_PAIR_H
#define HTST_PAIR_H

#include <math.h>
#include <string.h>

#include "htst_common.h"

/* A fused multiply-add is used where the clones or the target processor have one; it also improves
 * accuracy. The clone for processors without one, and compilers that are not GNU C, call the C
 * library's function, which is slow and gives the same bits. A build by GNU C without clones for a
 * target without the instruction uses Dekker's product (1971), and rounds twice in polynomials. */
#if defined(HTST_HAVE_CLONES) || defined(__FMA__) || defined(__aarch64__) || !HTST_GNU_C
#define HTST_FUSED 1
#else
#define HTST_FUSED 0
#endif

/* log 2 in parts; the first is so short that its product with an exponent is exact. 1/3 in two
 * parts. */
#define LOG2_HIGH 0x1.62e42fee00000p-1
#define LOG2_LOW 0x1.a39ef35793c76p-33
#define LOG2_REST 0x1.cc01f97b57a08p-87
#define THIRD_HIGH 0x1.5555555555555p-2
#define THIRD_LOW 0x1.5555555555555p-56

/* a b + c */
HTST_INLINE double
htst_fma(double a, double b, double c)
{
#if HTST_FUSED
    return HTST_FMA(a, b, c);
#else
    return a * b + c;
#endif
}

typedef struct {
    double hi, lo;
} htst_pair_t;

/* a + b exactly, for abs(a) >= abs(b) or a = 0 */
HTST_INLINE htst_pair_t
htst_pair_fast_sum(double a, double b)
{
    double s = a + b;
    return (htst_pair_t){ s, b - (s - a) };
}

/* a + b exactly (Knuth) */
HTST_INLINE htst_pair_t
htst_pair_sum(double a, double b)
{
    double s = a + b, t = s - a;
    return (htst_pair_t){ s, (a - (s - t)) + (b - t) };
}

/* a b exactly, for abs(a), abs(b) < 2^996 */
HTST_INLINE htst_pair_t
htst_pair_product(double a, double b)
{
    double p = a * b;
#if HTST_FUSED
    return (htst_pair_t){ p, HTST_FMA(a, b, -p) };
#else
    const double split = 134217729.0;
    double ta = split * a, tb = split * b;
    double a1 = ta - (ta - a), b1 = tb - (tb - b);
    double a2 = a - a1, b2 = b - b1;
    return (htst_pair_t){ p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2 };
#endif
}

/* Sums, products and quotients of pairs; relative error about 2^-102 unless terms cancel. */
HTST_INLINE htst_pair_t
htst_pair_add(htst_pair_t a, htst_pair_t b)
{
    htst_pair_t s = htst_pair_sum(a.hi, b.hi);
    return htst_pair_fast_sum(s.hi, s.lo + (a.lo + b.lo));
}

HTST_INLINE htst_pair_t
htst_pair_mul(htst_pair_t a, htst_pair_t b)
{
    htst_pair_t p = htst_pair_product(a.hi, b.hi);
    return (htst_pair_t){ p.hi, p.lo + htst_fma(a.hi, b.lo, a.lo * b.hi) };
}

/* a - b c with one rounding, for a result far smaller than a */
HTST_INLINE double
htst_residual(double a, double b, double c)
{
#if HTST_FUSED
    return HTST_FMA(-b, c, a);
#else
    htst_pair_t product = htst_pair_product(b, c);
    return (a - product.hi) - product.lo;
#endif
}

/* a/b, given 1/b.hi to a few units in the last place */
HTST_INLINE htst_pair_t
htst_pair_quotient(htst_pair_t a, htst_pair_t b, double inverse)
{
    double q = a.hi * inverse;
    return (htst_pair_t){ q, (htst_residual(a.hi, q, b.hi) + htst_fma(-q, b.lo, a.lo)) * inverse };
}

/* Split a positive normal x = 2^e m with m in [1/sqrt 2, sqrt 2). */
HTST_INLINE void
htst_mantissa(double x, double *m, double *e)
{
    /* the bits of 1/sqrt 2: subtracting them counts exponents from there */
    const uint64_t root = UINT64_C(0x3FE6A09E667F3BCD);
    uint64_t bits, shifted;
    memcpy(&bits, &x, sizeof bits);
    shifted = bits - root;
    /* e + 2048 in the low bits of 2^52, because AVX2 cannot convert 64-bit integers */
    uint64_t biased = (((shifted >> 52) + 2048) & 0xFFF) | UINT64_C(0x4330000000000000);
    memcpy(e, &biased, sizeof *e);
    *e -= 0x1p52 + 2048.0;
    bits = (shifted & UINT64_C(0x000FFFFFFFFFFFFF)) + root;
    memcpy(m, &bits, sizeof *m);
}

/* Split a positive normal x = 2^e (1 + f) with 1 + f in [1/sqrt 2, sqrt 2). */
HTST_INLINE void
htst_split(double x, double *f, double *e)
{
    double m;
    htst_mantissa(x, &m, e);
    *f = m - 1.0;
}

/* a + b x + c x^2 + d x^3, with only two dependent operations */
HTST_INLINE double
htst_cubic(double x, double x2, double a, double b, double c, double d)
{
    return htst_fma(htst_fma(d, x, c), x2, htst_fma(b, x, a));
}

/* log(1 + f) + e log 2 for f in [-.293, .4143]. With s = f/(2+f), log(1 + f) is
 * f - f^2/2 + s (f^2/2 + R(s^2)). */
HTST_INLINE double
htst_log_sum(double f, double e)
{
    double s = f / (2.0 + f), z = s * s, z2 = z * z, half = 0.5 * f * f;
    /* z <= .0295: the terms left out are below 2e-18 */
    double r = htst_fma(2.0 / 21, z, 2.0 / 19);
    r = htst_fma(r, z2 * z2, htst_cubic(z, z2, 2.0 / 11, 2.0 / 13, 2.0 / 15, 2.0 / 17));
    r = htst_fma(r, z2 * z2, htst_cubic(z, z2, 2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9));
    double small = htst_fma(s, htst_fma(z, r, half), e * LOG2_LOW);
    return htst_fma(e, LOG2_HIGH, -((half - small) - f));
}

/* log(1 + f + low) + e log 2 as a pair, for f in [-.293, .4143] and a `low` of the size of the
 * rounding error of f: 2 s (1 + s^2/3 + ...) with s = f/(2+f). The relative error is about 2^-62 if
 * the log is above .3. */
HTST_INLINE htst_pair_t
htst_pair_log_sum(double f, double low, double e)
{
    htst_pair_t below = htst_pair_fast_sum(2.0, f);
    htst_pair_t s = htst_pair_quotient(
        (htst_pair_t){ f, low }, (htst_pair_t){ below.hi, below.lo + low }, 1.0 / below.hi);
    htst_pair_t square = htst_pair_product(s.hi, s.hi);
    double z = square.hi, z2 = z * z;
    double r = htst_cubic(z, z2, 1.0 / 21, 1.0 / 23, 1.0 / 25, 1.0 / 27);
    r = htst_fma(r, z2 * z2, htst_cubic(z, z2, 1.0 / 13, 1.0 / 15, 1.0 / 17, 1.0 / 19));
    r = htst_fma(r, z2 * z2, htst_cubic(z, z2, 1.0 / 5, 1.0 / 7, 1.0 / 9, 1.0 / 11));
    htst_pair_t third = htst_pair_fast_sum(THIRD_HIGH, z * r);
    third.lo += THIRD_LOW;
    square.lo = htst_fma(2.0 * s.hi, s.lo, square.lo);
    htst_pair_t one = htst_pair_mul(square, third), sum = htst_pair_fast_sum(1.0, one.hi);
    sum.lo += one.lo;
    htst_pair_t half = htst_pair_mul(s, sum);
    htst_pair_t first = htst_pair_sum(e * LOG2_HIGH, 2.0 * half.hi);
    htst_pair_t second = htst_pair_sum(first.hi, e * LOG2_LOW);
    double rest = htst_fma(2.0, half.lo, first.lo) + htst_fma(e, LOG2_REST, second.lo);
    return htst_pair_fast_sum(second.hi, rest);
}

/* log(2^shift x (1 + relative)) for a positive normal x; `relative` is a few units in the last
 * place. */
HTST_INLINE htst_pair_t
htst_pair_log(double x, double relative, double shift)
{
    double f, e;
    htst_split(x, &f, &e);
    return htst_pair_log_sum(f, htst_fma(f, relative, relative), e + shift);
}

/* exp(r) - 1, abs(r) < .36 */
HTST_INLINE double
htst_expm1_reduced(double r)
{
    double r2 = r * r, r4 = r2 * r2;
    double s = htst_cubic(r, r2, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800);
    s = htst_fma(s, r4, htst_cubic(r, r2, 1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880));
    s = htst_fma(s, r4, htst_cubic(r, r2, 0.5, 1.0 / 6, 1.0 / 24, 1.0 / 120));
    return htst_fma(r2, s, r);
}

/* exp(r), abs(r) < .36 */
HTST_INLINE double
htst_exp_reduced(double r)
{
    return 1.0 + htst_expm1_reduced(r);
}

/* exp(-a) times factor, for a >= 0. 2^e is applied in two halves, so that a denormal result is
 * rounded once. */
HTST_INLINE double
htst_exp_negative(htst_pair_t a, double factor)
{
    double x = a.hi < 800.0 ? a.hi : 800.0;
    double shifted = x * -0x1.71547652B82FEp+0 + 0x1.8p52;
    double e = shifted - 0x1.8p52;
    double r = htst_fma(-e, LOG2_LOW, htst_fma(-e, LOG2_HIGH, -x)) - a.lo;
    uint64_t bits, half, rest;
    double upper, lower;
    memcpy(&bits, &shifted, sizeof bits);
    bits -= UINT64_C(0x4338000000000000) - 2046; /* e + 2046: twice the bias of an exponent */
    half = bits >> 1;
    rest = bits - half;
    half <<= 52;
    rest <<= 52;
    memcpy(&upper, &half, sizeof upper);
    memcpy(&lower, &rest, sizeof lower);
    return htst_exp_reduced(r) * factor * upper * lower;
}

#endif /* HTST_PAIR_H */
