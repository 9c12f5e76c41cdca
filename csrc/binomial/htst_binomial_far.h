/* htst_binomial_far: one far tail, in pieces without branches. Internal.
 *
 * The far tail is P(Y >= k) for Y ~ Bin(k + m, x) with k >= (k + m) x. The formulas (METHOD,
 * ACCURACY, ERRORS) are those of htst_binomial.h, the pieces of its first point in
 * htst_binomial_point.h. htst_binomial.c uses the pieces for one number, htst_binomial_bulk.c in
 * loops over arrays that compilers vectorise: the same steps, so the same bits. */
#ifndef HTST_BINOMIAL_FAR_H
#define HTST_BINOMIAL_FAR_H

#include "htst_binomial_point.h"

/* A smaller p is not handled here: n p may be denormal and lose bits. */
#define HTST_BINOMIAL_TINY_P 1e-250

/* j - mean. Near the mean the first difference is exact (Sterbenz). */
HTST_INLINE htst_pair_t
htst_far_excess(double j, htst_pair_t mean, int kind)
{
    if (kind != HTST_BINOMIAL_FRACTION) {
        return htst_pair_fast_sum(j - mean.hi, -mean.lo);
    }
    htst_pair_t d = htst_pair_sum(j, -mean.hi);
    return htst_pair_fast_sum(d.hi, d.lo - mean.lo);
}

/* The problem for s = min(p, 1-p), seen from above j (above = 1) or from below (above = -1); d = j
 * - n s. */
HTST_INLINE htst_far_t
htst_far_problem(
    double n, double s, double j, htst_pair_t d, double above, htst_pair_t mean, int complement)
{
    htst_pair_t rest = htst_pair_fast_sum(n, -mean.hi);
    htst_pair_t other = htst_pair_fast_sum(rest.hi, rest.lo - mean.lo);
    double from_end = n - j, far_off = 1.0 - s;
    int up = above > 0.0;
    return (htst_far_t){
        .n = n,
        .k = up ? j : from_end,
        .m = up ? from_end : j,
        .x = up ? s : far_off,
        .y = up ? far_off : s,
        .complement = complement ? 1.0 : 0.0,
        .d = { above * d.hi, above * d.lo },
        .mean_k = { up ? mean.hi : other.hi, up ? mean.lo : other.lo },
        .mean_m = { up ? other.hi : mean.hi, up ? other.lo : mean.lo },
    };
}

/* The law of min(p, 1-p), and the j of Y that corresponds to the k of X; p outside [0, 1] makes s
 * negative. */
typedef struct {
    double s, sign, j;
} htst_side_t;

HTST_INLINE htst_side_t
htst_far_side(double k, double n, double p)
{
    /* 1 if p > 1/2; no comparison, because compilers make an unpredictable branch of it */
    double mirrored = 0.5 - copysign(0.5, 0.5 - p), sign = 1.0 - 2.0 * mirrored;
    return (htst_side_t){
        .s = p + mirrored * (1.0 - 2.0 * p), /* exact */
        .sign = sign,
        .j = mirrored * n + sign * k,
    };
}

/* The kind of a problem, from j of Y to within one; near the mean this difference does not matter.
 * Comparisons are multiplied by near^2 j m, so that nothing is divided. */
HTST_INLINE double
htst_far_kind(int is_tail, htst_side_t at, double n)
{
    double mean = n * at.s, m = n - at.j, near_j = mean + at.j, near_m = (n - near_j) + n;
    double size = fabs(at.j - mean), near = near_j * near_m, variance = at.j * m;
    double w = 4.0 * n * size, square = near * near, unit = square * variance;
    double x = w * w * variance + 4.0 * n * square;
    int is_near = (size < HTST_BINOMIAL_V_END * near_j) & (size < HTST_BINOMIAL_V_END * near_m)
        & (variance >= HTST_BINOMIAL_VARIANCE_END * n);
    int legal =
        (at.s >= HTST_BINOMIAL_TINY_P) & (n >= 1.0) & (n <= HTST_BINOMIAL_MAX_N) & (floor(n) == n);
    int is_short = is_tail ? x < HTST_BINOMIAL_X_SHORT * HTST_BINOMIAL_X_SHORT * unit
                           : (size < HTST_BINOMIAL_V_SHORT * near_j)
            & (size < HTST_BINOMIAL_V_SHORT * near_m) & (variance >= HTST_BINOMIAL_SHORT_END * n);
    int serves = is_tail ? w < HTST_BINOMIAL_W_END * near : 1;
    double kind = is_short ? (double) HTST_BINOMIAL_SHORT : (double) HTST_BINOMIAL_LONG;
    return is_near & legal & serves ? kind : (double) HTST_BINOMIAL_FRACTION;
}

/* True if the continued fraction can be used for these arguments. */
HTST_INLINE int
htst_far_is_served(const htst_far_t *t)
{
    double s = t->x < t->y ? t->x : t->y;
    return (s >= HTST_BINOMIAL_TINY_P) & (t->n <= HTST_BINOMIAL_MAX_N) & (floor(t->n) == t->n)
        & (t->k >= 1.0) & (t->m >= 1.0);
}

/* The far tail for P(Y >= j) (side = 1) or P(Y <= j) (side = -1), Y ~ Bin(n, s), s <= 1/2. */
HTST_INLINE htst_far_t
htst_far_of_side(double side, double j, double n, double s, int kind)
{
    htst_pair_t mean = htst_pair_product(n, s);
    /* if j is the mean, both P(Y >= j) and P(Y <= j) are far tails; the sign is exact */
    int other = side * ((j - mean.hi) - mean.lo) < 0.0;
    double first = other ? j - side : j;
    htst_pair_t d = htst_far_excess(first, mean, kind);
    return htst_far_problem(n, s, first, d, other ? -side : side, mean, other);
}

/* The same for P(X > k), or P(X <= k) if not `upper`, X ~ Bin(n, p); k is whole. */
HTST_INLINE htst_far_t
htst_far_of_tail(int upper, double k, double n, double p, int kind)
{
    htst_side_t at = htst_far_side(k + (upper ? 1.0 : 0.0), n, p);
    return htst_far_of_side(upper ? at.sign : -at.sign, at.j, n, at.s, kind);
}

/* The point k, as the first point of its far tail. */
HTST_INLINE htst_far_t
htst_far_of_point(double k, double n, double p, int kind)
{
    htst_side_t at = htst_far_side(k, n, p);
    htst_pair_t mean = htst_pair_product(n, at.s);
    return htst_far_problem(n, at.s, at.j, htst_far_excess(at.j, mean, kind), 1.0, mean, 0);
}

/* ---- the uniform series -------------------------------------------------------------------- */

/* Four interleaved chains of Horner's rule: a single chain would wait for 27 multiplications. */
#define HTST_CHAIN(i, q)                                                                       \
    htst_fma(htst_fma(htst_fma(htst_fma(htst_fma(htst_fma(ERFCX[i + 24], q, ERFCX[i + 20]), q, \
                                            ERFCX[i + 16]),                                    \
                                   q, ERFCX[i + 12]),                                          \
                          q, ERFCX[i + 8]),                                                    \
                 q, ERFCX[i + 4]),                                                             \
        q, ERFCX[i])

/* erfcx(z) = exp(z^2) erfc(z) for z >= 0, after Shepherd and Laframboise (1981). The largest error
 * is 4e-16. */
HTST_INLINE double
htst_erfcx(double z)
{
    double lower = z + ERFCX_CENTRE, scale = htst_fma(2.0, z, 1.0), r = 1.0 / (lower * scale);
    double t = (z - ERFCX_CENTRE) * (scale * r), t2 = t * t, q = t2 * t2;
    double even = htst_fma(t2, HTST_CHAIN(2, q), HTST_CHAIN(0, q));
    double odd = htst_fma(t2, HTST_CHAIN(3, q), HTST_CHAIN(1, q));
    return htst_fma(t, odd, even) * (lower * r);
}

#define HTST_STEP(M, sum)                                        \
    do {                                                         \
        double last = u;                                         \
        sum = htst_fma(SERIES_H_##M(lambda, square), u, sum);    \
        power *= -w;                                             \
        u = htst_fma((M + 1) * inverse_variance, before, power); \
        before = last;                                           \
    } while (0)

/* U of htst_binomial.h */
HTST_INLINE double
htst_far_series(double lambda, double w, double inverse_variance, int kind)
{
    double odd = 0.0, even = 0.0, power = -w, before = 1.0, u = -w, square = lambda * lambda;
    HTST_STEP(1, odd);
    HTST_STEP(2, even);
    HTST_STEP(3, odd);
    HTST_STEP(4, even);
    HTST_STEP(5, odd);
    HTST_STEP(6, even);
    HTST_STEP(7, odd);
    HTST_STEP(8, even);
    HTST_STEP(9, odd);
    HTST_STEP(10, even);
    if (kind != HTST_BINOMIAL_SHORT) {
        HTST_STEP(11, odd);
        HTST_STEP(12, even);
        HTST_STEP(13, odd);
        HTST_STEP(14, even);
        HTST_STEP(15, odd);
        HTST_STEP(16, even);
        HTST_STEP(17, odd);
        HTST_STEP(18, even);
    }
    return htst_fma(lambda, -1.0 / 6, 0.5) - (odd + even);
}

/* The terms of a tail near the mean, to compute its log or its value. */
HTST_INLINE htst_terms_t
htst_near_terms(const htst_far_t *t, int kind, int for_log)
{
    htst_inverses_t inverse = htst_near_inverses(t);
    double b = inverse.variance, height = sqrt(b) * HTST_INVERSE_SQRT_2PI;
    double phi = height * htst_near_correction(b, inverse.km * (inverse.n * inverse.n), kind);
    htst_pair_t a = for_log ? htst_near_exponent(t, inverse.near, kind)
                            : htst_near_divergence(t, inverse.near, kind);
    /* w = sqrt(2 A)/sigma, height = 1/(sigma sqrt(2 pi)) */
    double root = sqrt(a.hi), w = 3.54490770181103205460 * root * height;
    double u = htst_far_series((t->m - t->k) * inverse.n, w, b, kind);
    return (htst_terms_t){ .a = a, .factor = htst_fma(phi, u, 0.5 * htst_erfcx(root)), .phi = phi };
}

/* ---- the continued fraction ---------------------------------------------------------------- */

/* Didonato and Morris's even fraction with a = k, b = m + 1 is 1/(beta_0 + alpha_1/(beta_1 + ...)),
 *   alpha_i = (a+i-1) (a+b+i-1) i (b-i) x^2/c_i^2, c_i = a + 2 i - 1,
 *   beta_i = i + i (b-i) x/c_i + (a+i)/(c_i+2) (edge + i (1+y)), edge = a y - b x + 1 = d + y.
 * Here each level is multiplied by g_i g_(i+1), g_i = c_i/a, which leaves no division; level 0 by
 * g_1. */
typedef struct {
    double b, x, edge, y1, inverse, inverse_x, total;
} htst_fraction_t;

/* Numerators and denominators of the last two approximants; q1 is 1 after each call of
 * htst_fraction_steps. */
typedef struct {
    double p0, q0, p1, q1;
} htst_approximants_t;

#define HTST_FRACTION_ROUNDS 500

HTST_INLINE htst_fraction_t
htst_fraction(const htst_far_t *t)
{
    double inverse = 1.0 / t->k, inverse_x = inverse * t->x;
    return (htst_fraction_t){
        .b = t->m + 1.0,
        .x = t->x,
        .edge = t->d.hi + t->y,
        .y1 = 1.0 + t->y,
        .inverse = inverse,
        .inverse_x = inverse_x,
        .total = (t->k + (t->m + 1.0)) * inverse_x,
    };
}

HTST_INLINE htst_approximants_t
htst_fraction_start(const htst_fraction_t *t)
{
    return (htst_approximants_t){ .p0 = 0.0, .q0 = 1.0, .p1 = 1.0, .q1 = t->edge };
}

/* Levels first ... first + 3. */
HTST_INLINE htst_approximants_t
htst_fraction_steps(const htst_fraction_t *t, double first, htst_approximants_t at)
{
    double before = htst_fma(2.0 * first - 3.0, t->inverse, 1.0);
    double g = htst_fma(2.0 * first - 1.0, t->inverse, 1.0);
    double r = htst_fma(first - 1.0, t->inverse, 1.0);
    before = first == 1.0 ? 1.0 : before;
    for (int step = 0; step < 4; step++) {
        double i = first + step, ibx = i * ((t->b - i) * t->x);
        double after = htst_fma(2.0 * i + 1.0, t->inverse, 1.0);
        double alpha = (after * before) * (r * ibx) * htst_fma(i - 1.0, t->inverse_x, t->total);
        r = htst_fma(i, t->inverse, 1.0);
        double beta = htst_fma(
            after, htst_fma(ibx, t->inverse, i * g), (r * g) * htst_fma(i, t->y1, t->edge));
        double p2 = htst_fma(beta, at.p1, alpha * at.p0), q2 = htst_fma(beta, at.q1, alpha * at.q0);
        at = (htst_approximants_t){ .p0 = at.p1, .q0 = at.q1, .p1 = p2, .q1 = q2 };
        before = g;
        g = after;
    }
    double scale = 1.0 / at.q1;
    return (htst_approximants_t){ at.p0 * scale, at.q0 * scale, at.p1 * scale, 1.0 };
}

/* True if the last two approximants p0/q0 and p1 agree. Later ones differ by less, with alternating
 * signs. */
HTST_INLINE int
htst_fraction_is_done(htst_approximants_t at)
{
    double value = at.p1 * at.q0;
    return fabs(value - at.p0) <= 0x1p-52 * value;
}

/* P/Phi exp(A) from the value of the fraction */
HTST_INLINE double
htst_fraction_factor(const htst_far_t *t, double value)
{
    return (t->k + 1.0) * t->y * value;
}

/* One tail by the continued fraction; mean_k is given scaled by 2^shift. */
HTST_INLINE htst_terms_t
htst_fraction_terms(const htst_far_t *t, double shift)
{
    htst_terms_t terms = htst_any_point(t, shift);
    htst_fraction_t fraction = htst_fraction(t);
    htst_approximants_t at = htst_fraction_start(&fraction);
    for (int round = 0; round < HTST_FRACTION_ROUNDS; round++) {
        at = htst_fraction_steps(&fraction, 4.0 * round + 1.0, at);
        if (htst_fraction_is_done(at)) {
            break;
        }
    }
    terms.factor *= htst_fraction_factor(t, at.p1);
    return terms;
}

/* ---- the answer ---------------------------------------------------------------------------- */

/* The value of a tail: exp(-a) factor, or 1 minus that. */
HTST_INLINE double
htst_far_value(htst_pair_t a, double factor, double complement)
{
    double p = htst_exp_negative(a, factor), rest = 1.0 - p;
    return complement != 0.0 ? rest : p;
}

/* The logarithm of a tail: log(factor) - a, or log(1 - p). */
HTST_INLINE double
htst_far_log(htst_pair_t a, double factor, double complement)
{
    double f, e, p = htst_exp_negative(a, factor);
    htst_split(factor, &f, &e);
    double f_other = p > 0.29 ? 1.0 - 2.0 * p : -p, e_other = p > 0.29 ? -1.0 : 0.0;
    int other = complement != 0.0;
    f = other ? f_other : f;
    e = other ? e_other : e;
    double log = htst_log_sum(f, e), below = log - a.lo - a.hi;
    return other ? log : below;
}

#endif /* HTST_BINOMIAL_FAR_H */
