#include "htst_binomial_bulk.h"

#include <math.h>
#include <string.h>

#include "htst_binomial_tables.h"

#define CHUNK HTST_BINOMIAL_BULK_CHUNK
#define MAX_N 0x1p53
#define INVERSE_SQRT_2PI 0.39894228040143267794
#define INLINE static inline __attribute__((always_inline))

/* How many terms: four kinds by x = 2 (abs(v_k) + abs(v_m)) + 2/sigma, about w + 2/sigma. */
enum { N_KINDS = 4, NOT_SERVED = N_KINDS };
#define X_0 0.018
#define X_1 0.13
#define X_2 0.28
#define W_END 0.55
#define V_END 0.2
#define VARIANCE_END 25.0
/* exp(-A) is a normal number up to here */
#define A_END 690.0

/* What the kinds share, one array a field. */
typedef struct {
    double n[CHUNK], k[CHUNK], m[CHUNK], d[CHUNK], v_k[CHUNK], v_m[CHUNK], inverse[CHUNK],
        complement[CHUNK];
} fields_t;

/* ---- log and exp ------------------------------------------------------------------------- */

/* log(1 + f) + e log 2, f in [-.293, .4143]: with s = f/(2+f), f - f^2/2 + s (f^2/2 + R(s^2)). */
INLINE double
log_sum(double f, double e)
{
    double s = f / (2.0 + f), z = s * s, half = 0.5 * f * f;
    double r = 2.0 / 21; /* z <= .0295: what is left out is below 2e-18 */
    r = r * z + 2.0 / 19;
    r = r * z + 2.0 / 17;
    r = r * z + 2.0 / 15;
    r = r * z + 2.0 / 13;
    r = r * z + 2.0 / 11;
    r = r * z + 2.0 / 9;
    r = r * z + 2.0 / 7;
    r = r * z + 2.0 / 5;
    r = r * z + 2.0 / 3;
    /* log 2 in two parts, the first with 21 low bits clear, so that e times it is exact */
    return e * 0x1.62E42FEEp-1 - ((half - (s * (half + z * r) + e * 0x1.A39EF35793C76p-33)) - f);
}

/* x = 2^e (1 + f), 1 + f in [1/sqrt 2, sqrt 2); x is positive and normal. */
INLINE void
split(double x, double *f, double *e)
{
    const uint64_t root = UINT64_C(0x3FE6A09E667F3BCD); /* the bits of 1/sqrt 2 */
    uint64_t bits, shifted;
    double m;
    memcpy(&bits, &x, sizeof bits);
    shifted = bits - root;
    /* e + 2048 in the low bits of 2^52: AVX2 converts no 64-bit integers */
    uint64_t biased = (((shifted >> 52) + 2048) & 0xFFF) | UINT64_C(0x4330000000000000);
    memcpy(e, &biased, sizeof *e);
    *e -= 0x1p52 + 2048.0;
    bits = (shifted & UINT64_C(0x000FFFFFFFFFFFFF)) + root;
    memcpy(&m, &bits, sizeof m);
    *f = m - 1.0;
}

/* exp(x), x in [-690, 0]; what lies below counts as -690. */
INLINE double
exp_negative(double x)
{
    x = x > -A_END ? x : -A_END;
    double shifted = x * 0x1.71547652B82FEp+0 + 0x1.8p52;
    double e = shifted - 0x1.8p52;
    double r = (x - e * 0x1.62E42FEEp-1) - e * 0x1.A39EF35793C76p-33;
    double s = 1.0 / 6227020800;
    s = s * r + 1.0 / 479001600;
    s = s * r + 1.0 / 39916800;
    s = s * r + 1.0 / 3628800;
    s = s * r + 1.0 / 362880;
    s = s * r + 1.0 / 40320;
    s = s * r + 1.0 / 5040;
    s = s * r + 1.0 / 720;
    s = s * r + 1.0 / 120;
    s = s * r + 1.0 / 24;
    s = s * r + 1.0 / 6;
    s = s * r + 0.5;
    double value = 1.0 + (r + r * r * s);
    uint64_t bits, power;
    memcpy(&bits, &value, sizeof bits);
    memcpy(&power, &shifted, sizeof power);
    bits += power << 52; /* the low bits of `shifted` are e's */
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* ---- the pieces ---------------------------------------------------------------------------- */

/* mean phi(d/mean), d = k - mean, v = d/(mean + k): v d [1 + (v + v^2)(1/3 + v^2/5 + ...)] */
INLINE double
divergence_half(double v, double d, int kind)
{
    double y = v * v, s = 1.0 / 25;
    if (kind >= 3) {
        s = s * y + 1.0 / 23;
        s = s * y + 1.0 / 21;
        s = s * y + 1.0 / 19;
    }
    else {
        s = 1.0 / 19;
    }
    if (kind >= 2) {
        s = s * y + 1.0 / 17;
        s = s * y + 1.0 / 15;
    }
    else {
        s = 1.0 / 15;
    }
    if (kind >= 1) {
        s = s * y + 1.0 / 13;
        s = s * y + 1.0 / 11;
        s = s * y + 1.0 / 9;
    }
    else {
        s = 1.0 / 9;
    }
    s = s * y + 1.0 / 7;
    s = s * y + 1.0 / 5;
    s = s * y + 1.0 / 3;
    return v * d * (1.0 + (v + y) * s);
}

/* Stirling's series for 1/x = i, x >= 25: the term left out is below 2e-18 */
INLINE double
stirling_error(double i)
{
    double y = i * i;
    return i * (1.0 / 12 - y * (1.0 / 360 - y * (1.0 / 1260 - y * (1.0 / 1680 - y * (1.0 / 1188)))));
}

/* exp(s), abs(s) < .01 */
INLINE double
exp_small(double s)
{
    return 1.0 + s * (1.0 + s * (1.0 / 2 + s * (1.0 / 6 + s * (1.0 / 24 + s * (1.0 / 120
        + s * (1.0 / 720))))));
}

/* Four chains, so that a number alone does not wait 27 times. */
#define CHAIN(i, q)                                                                              \
    ((((((ERFCX[i + 24] * (q) + ERFCX[i + 20]) * (q) + ERFCX[i + 16]) * (q) + ERFCX[i + 12])     \
              * (q)                                                                              \
          + ERFCX[i + 8])                                                                        \
             * (q)                                                                               \
         + ERFCX[i + 4])                                                                         \
            * (q)                                                                                \
        + ERFCX[i])

INLINE double
erfcx_nonnegative(double z)
{
    double lower = z + ERFCX_CENTRE, scale = 1.0 + 2.0 * z, r = 1.0 / (lower * scale);
    double t = (z - ERFCX_CENTRE) * (scale * r), t2 = t * t, q = t2 * t2;
    double even = CHAIN(0, q) + t2 * CHAIN(2, q), odd = CHAIN(1, q) + t2 * CHAIN(3, q);
    return (even + t * odd) * (lower * r);
}

#define STEP(M)                                                                                  \
    do {                                                                                         \
        double last = u;                                                                         \
        total += SERIES_H_##M(lambda, square) * u;                                               \
        power *= -w;                                                                             \
        u = power + (M + 1) * inverse_variance * before;                                         \
        before = last;                                                                           \
    } while (0)

/* U of htst_binomial.h */
INLINE double
series(double lambda, double w, double inverse_variance, int kind)
{
    double total = 0.0, power = -w, before = 1.0, u = -w, square = lambda * lambda;
    STEP(1);
    STEP(2);
    STEP(3);
    STEP(4);
    STEP(5);
    STEP(6);
    if (kind >= 1) {
        STEP(7);
        STEP(8);
        STEP(9);
        STEP(10);
    }
    if (kind >= 2) {
        STEP(11);
        STEP(12);
        STEP(13);
        STEP(14);
    }
    if (kind >= 3) {
        STEP(15);
        STEP(16);
        STEP(17);
        STEP(18);
        STEP(19);
        STEP(20);
    }
    return 0.5 - lambda / 6.0 - total;
}

/* ---- a tail -------------------------------------------------------------------------------- */

INLINE double
kind_of(double n, double k, double m, double v_k, double v_m)
{
    double variance = k * m / n;
    double w = 2.0 * (fabs(v_k) + fabs(v_m)), x = w + 2.0 / sqrt(variance);
    double kind = (x < X_0 ? 0.0 : 1.0) + (x < X_1 ? 0.0 : 1.0) + (x < X_2 ? 0.0 : 1.0);
    int served = (w < W_END) & (fabs(v_k) < V_END) & (fabs(v_m) < V_END)
        & (variance >= VARIANCE_END);
    return served ? kind : (double) NOT_SERVED;
}

INLINE double
log_tail(double n, double k, double m, double d, double v_k, double v_m, double inverse,
    double complement, int kind)
{
    double a = divergence_half(v_k, d, kind) + divergence_half(-v_m, -d, kind);
    double inverse_n = inverse * (k * m), inverse_k = inverse * (m * n);
    double inverse_m = inverse * (k * n), inverse_variance = inverse * (n * n);
    double inverse_sigma = sqrt(inverse_variance), root = sqrt(a);
    double w = 1.41421356237309504880 * root * inverse_sigma;
    double s = stirling_error(inverse_n) - stirling_error(inverse_k) - stirling_error(inverse_m);
    double phi = exp_small(s) * (inverse_sigma * INVERSE_SQRT_2PI);
    double factor = 0.5 * erfcx_nonnegative(root)
        + phi * series((m - k) * inverse_n, w, inverse_variance, kind);
    /* log(factor) - A, or log(1 - P) */
    double f, e, p = exp_negative(-a) * factor;
    split(factor, &f, &e);
    double f_other = p > 0.29 ? 1.0 - 2.0 * p : -p, e_other = p > 0.29 ? -1.0 : 0.0;
    int other = complement != 0.0;
    f = other ? f_other : f;
    e = other ? e_other : e;
    double value = log_sum(f, e) - (other ? 0.0 : a);
    return (a > A_END) & other ? NAN : value;
}

double
htst_binomial_bulk_log(
    double n, double k, double m, double d, double mean_k, double mean_m, int complement)
{
    double v_k = d / (mean_k + k), v_m = d / (mean_m + m), inverse = 1.0 / (k * m * n);
    double c = complement;
    switch ((int) kind_of(n, k, m, v_k, v_m)) {
    case 0: return log_tail(n, k, m, d, v_k, v_m, inverse, c, 0);
    case 1: return log_tail(n, k, m, d, v_k, v_m, inverse, c, 1);
    case 2: return log_tail(n, k, m, d, v_k, v_m, inverse, c, 2);
    case 3: return log_tail(n, k, m, d, v_k, v_m, inverse, c, 3);
    default: return NAN;
    }
}

/* ---- chunks -------------------------------------------------------------------------------- */

#define DEFINE_KIND(kind)                                                                        \
    HTST_CLONES static void log_tails_##kind(int count, const fields_t *t, double *out)          \
    {                                                                                            \
        for (int i = 0; i < count; i++) {                                                        \
            out[i] = log_tail(t->n[i], t->k[i], t->m[i], t->d[i], t->v_k[i], t->v_m[i],          \
                t->inverse[i], t->complement[i], kind);                                          \
        }                                                                                        \
    }

DEFINE_KIND(0)
DEFINE_KIND(1)
DEFINE_KIND(2)
DEFINE_KIND(3)

/* Which tail is the far one, as in htst_binomial.c, without branches. Bitwise `&` and `|` likewise. */
HTST_CLONES static void
prepare(int upper, int count, const double *HTST_RESTRICT ks, const double *HTST_RESTRICT ns,
    const double *HTST_RESTRICT ps, fields_t *HTST_RESTRICT t, double *HTST_RESTRICT kinds)
{
    const double one = upper ? 1.0 : 0.0, far = upper ? 1.0 : -1.0;
    for (int i = 0; i < count; i++) {
        double n = ns[i], p = ps[i], k = floor(ks[i]);
        /* by products: arithmetic in one arm of a choice is a branch to compilers */
        double mirrored = p > 0.5 ? 1.0 : 0.0, sign = 1.0 - 2.0 * mirrored, whole = floor(n);
        double s = p + mirrored * (1.0 - 2.0 * p); /* exact */
        double j = mirrored * n + sign * (k + one);
        double side = sign * far; /* 1: P(Y >= j), -1: P(Y <= j) */
        htst_pair_t mean = htst_pair_product(n, s);
        double excess = (j - mean.hi) - mean.lo;
        /* where j is on the mean, P(Y >= j) and P(Y <= j) are both far */
        double above = excess > 0.0 ? 1.0 : -1.0;
        above = excess == 0.0 ? side : above;
        double complement = 0.5 - 0.5 * above * side;
        j += complement * above;
        excess = (j - mean.hi) - mean.lo;
        htst_pair_t rest = htst_pair_sum(n, -mean.hi);
        double other = rest.hi + (rest.lo - mean.lo);
        double a = n - j, d = above > 0.0 ? excess : -excess;
        double far_k = above > 0.0 ? j : a, far_m = above > 0.0 ? a : j;
        double mean_k = above > 0.0 ? mean.hi : other, mean_m = above > 0.0 ? other : mean.hi;
        double v_k = d / (mean_k + far_k), v_m = d / (mean_m + far_m);
        double kind = kind_of(n, far_k, far_m, v_k, v_m);
        int legal = (s >= HTST_BINOMIAL_TINY_P) & (p <= 1.0) & (n <= MAX_N) & (whole == n)
            & (k >= 0.0) & (k <= n) & (far_k >= 1.0) & (far_m >= 1.0);
        kinds[i] = legal ? kind : (double) NOT_SERVED;
        t->n[i] = n;
        t->k[i] = far_k;
        t->m[i] = far_m;
        t->d[i] = d;
        t->v_k[i] = v_k;
        t->v_m[i] = v_m;
        t->inverse[i] = 1.0 / (far_k * far_m * n);
        t->complement[i] = complement;
    }
}

/* The elements of one kind side by side, up to whole vectors. */
static int
gather(const fields_t *from, const uint8_t *places, int count, fields_t *to)
{
    int padded = (count + 7) & ~7;
    for (int i = 0; i < padded; i++) {
        int at = places[i < count ? i : 0];
        to->n[i] = from->n[at];
        to->k[i] = from->k[at];
        to->m[i] = from->m[at];
        to->d[i] = from->d[at];
        to->v_k[i] = from->v_k[at];
        to->v_m[i] = from->v_m[at];
        to->inverse[i] = from->inverse[at];
        to->complement[i] = from->complement[at];
    }
    return padded;
}

void
htst_binomial_bulk_chunk(int upper, int count, const double *k, const double *n, const double *p,
    double *out, uint8_t *done)
{
    static void (*const loops[N_KINDS])(int, const fields_t *, double *)
        = { log_tails_0, log_tails_1, log_tails_2, log_tails_3 };
    fields_t all, some;
    double kinds[CHUNK], values[CHUNK];
    uint8_t places[N_KINDS + 1][CHUNK];
    int counts[N_KINDS + 1] = { 0 };

    prepare(upper, count, k, n, p, &all, kinds);
    for (int i = 0; i < count; i++) {
        int kind = (int) kinds[i];
        places[kind][counts[kind]++] = (uint8_t) i;
        done[i] = 0;
    }
    for (int kind = 0; kind < N_KINDS; kind++) {
        if (counts[kind] == 0) {
            continue;
        }
        loops[kind](gather(&all, places[kind], counts[kind], &some), &some, values);
        for (int i = 0; i < counts[kind]; i++) {
            out[places[kind][i]] = values[i];
            done[places[kind][i]] = (uint8_t) !isnan(values[i]);
        }
    }
}
