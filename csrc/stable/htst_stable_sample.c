/* Notation: V = pi q, W is the exponential number, eps = 1 - alpha, t = tan(pi alpha/2),
 * z = beta t.
 *
 * Chambers, Mallows and Stuck give, after the powers of cos(alpha theta0) are cancelled,
 *   X_S1 = (sin(alpha V) + z cos(alpha V)) / cos V  exp(y),  y = (eps/alpha) log R,
 *   R    = A / (W cos V),  A = cos(eps V) + z sin(eps V).
 * Because sin(alpha V) = sin(V - eps V), the first factor is T + z cos(eps V), where
 * T = A tan V - sin(eps V). X_S0 = X_S1 - z is therefore
 *   T exp(y) + z (cos(eps V) expm1(y) - (1 - cos(eps V))).
 * Its terms stay bounded as eps -> 0: z grows as 1/eps, and y falls as eps. This form is used near
 * alpha = 1. At alpha = 1 itself 2^-600 replaces eps, which gives the limit to the last bit.
 *
 * With c = pi/2 - abs(V) and s = beta sign(V),
 *   A = (sin(eps c) + (1 + s) cos(pi eps/2) sin(eps abs(V))) / sin(pi eps/2)
 * is a sum of positive numbers for all alpha and beta. For alpha below 1/2 the first factor is
 *   sign(V) ((1 + s) t cos(alpha V) - sin(alpha c) / cos(pi alpha/2)) / cos V,
 * whose terms are as small as alpha. */
#include "htst_stable_sample.h"

#include <math.h>
#include <string.h>

#include "htst_isa.h"
#include "htst_pair.h"
#include "htst_philox.h"

#if defined(HTST_HAVE_CLONES) && defined(HTST_ISA_HAS_X86)
#define HAS_AVX512
#include <immintrin.h>
#endif

/* Numbers that are computed together; all buffers of a chunk (14 KiB) stay in the L1 cache. */
#define CHUNK 256

#define PI 0x1.921fb54442d18p+1
#define HALF_PI 0x1.921fb54442d18p+0

/* The form that is continuous at alpha = 1 is used for abs(eps) below NEAR_ONE. At alpha = 1 itself
 * AT_ONE replaces eps. */
#define NEAR_ONE 0.125
#define AT_ONE 0x1p-600

/* If abs(y) is larger, exp(y) is 0 or infinite. */
#define LARGEST_Y 1400.0

/* ---- elementary functions -------------------------------------------------------------------- */

#define HORNER_7(x, c0, c1, c2, c3, c4, c5, c6, c7)                                                \
    (((((((c7) * (x) + (c6)) * (x) + (c5)) * (x) + (c4)) * (x) + (c3)) * (x) + (c2)) * (x) + (c1)) \
            * (x)                                                                                  \
        + (c0)

/* sin(v) / v with x = v^2, abs(v) <= pi/2: interpolated at nine Chebyshev nodes, error 3e-17. */
HTST_INLINE double
sinc(double x)
{
    double rest = HORNER_7(x, -0x1.5555555555555p-3, 0x1.11111111110bcp-7, -0x1.a01a01a0147f4p-13,
        0x1.71de3a528d19bp-19, -0x1.ae6454d07634cp-26, 0x1.6123ccd99b00cp-33,
        -0x1.ae439ef90271ep-41, 0x1.8838649385679p-49);
    return 1.0 + x * rest;
}

/* 1 - cos(v) with x = v^2, abs(v) <= pi/2: interpolated at eight nodes, error 3e-17. */
HTST_INLINE double
one_minus_cos(double x)
{
    double ratio = HORNER_7(x, 0.5, -0x1.5555555555526p-5, 0x1.6c16c16c13953p-10,
        -0x1.a01a019d87525p-16, 0x1.27e4fa7121209p-22, -0x1.1eed1d662880ap-29,
        0x1.9360bf069a33dp-37, -0x1.a0d2f174dfa1bp-45);
    return x * ratio;
}

/* log(x) for a normal x: x = 2^k m, m in [1/sqrt 2, sqrt 2), log m = 2 atanh(v) with
 * v = (m - 1) / (m + 1); the series is interpolated at eight nodes, error 6e-17 of log m. */
HTST_INLINE double
log_normal(double x)
{
    double k, m, v, w, series;

    htst_mantissa(x, &m, &k);
    v = (m - 1.0) / (m + 1.0);
    w = v * v;
    series = HORNER_7(w, 0x1.5555555555555p-2, 0x1.9999999999a38p-3, 0x1.2492492476cccp-3,
        0x1.c71c720159177p-4, 0x1.745cf9048dd93p-4, 0x1.3b1c355a8f7f7p-4, 0x1.0fbe95d71589ap-4,
        0x1.0c039c499ce32p-4);
    /* log 2 in two parts, the first with 21 low bits clear, so that k times it is exact */
    return k * 0x1.62E42FEEp-1 + (2.0 * v + (2.0 * v * w * series + k * 0x1.A39EF35793C76p-33));
}

/* 2^k for a whole k in [-1022, 1023] */
HTST_INLINE double
power_of_two(double k)
{
    double shifted = k + 0x1.8p52, power;
    uint64_t bits;

    memcpy(&bits, &shifted, sizeof(bits));
    bits = (bits + 1023) << 52;
    memcpy(&power, &bits, sizeof(bits));
    return power;
}

/* k and expm1(r), where y = k log 2 + r with abs(r) <= log(2)/2; ten nodes, error 3e-16 of r^2. */
HTST_INLINE double
reduced_expm1(double y, double *k)
{
    double r, even, odd, r2;

    *k = (y * 0x1.71547652b82fep+0 + 0x1.8p52) - 0x1.8p52;
    r = (y - *k * 0x1.62E42FEEp-1) - *k * 0x1.A39EF35793C76p-33;
    r2 = r * r;
    even = (((0x1.28917ca046b86p-22 * r2 + 0x1.a019b9148739fp-16) * r2 + 0x1.6c16c17889f40p-10) * r2
               + 0x1.5555555553d68p-5)
            * r2
        + 0x1.0000000000001p-1;
    odd = (((0x1.af389eeb9e5e9p-26 * r2 + 0x1.71de0db2eafc6p-19) * r2 + 0x1.a01a01a7c2f2ep-13) * r2
              + 0x1.11111111109b5p-7)
            * r2
        + 0x1.5555555555556p-3;
    return r + r2 * (even + r * odd);
}

/* ---- the constants of a law ------------------------------------------------------------------ */

typedef struct {
    double eps, alpha;
    double weight[2]; /* (1 + s) cos(pi eps/2), for V below and above 0 */
    double factor;    /* 2 / sinc(pi eps/2) */
    double z;
    double power;      /* eps / alpha */
    double low[2];     /* (1 + s) t; for alpha below 1/2 */
    double low_factor; /* pi alpha / cos(pi alpha/2) */
    double offset;     /* from the computed form to the parameterization */
    double loc, scale;
    int is_near, is_low;
} constants_t;

/* sin(pi x / 2) for abs(x) <= 1 */
static double
half_sine(double x)
{
    double v = HALF_PI * x;
    return v * sinc(v * v);
}

/* The location of htst_stable_sample_law_t as a shift of scale x. In Nolan's S1 at alpha = 1 the
 * law of scale x has the location beta (2/pi) scale log(scale). */
static double
make_shift(const htst_stable_sample_law_t *law)
{
    int is_tiny = law->scale < 0x1p-1000;
    double log_scale;

    if (law->parameterization != HTST_STABLE_SAMPLE_S1 || law->alpha != 1.0) {
        return law->loc;
    }
    log_scale = log_normal(is_tiny ? law->scale * 0x1p100 : law->scale);
    if (is_tiny) {
        log_scale -= 100.0 * 0x1.62e42fefa39efp-1;
    }
    return law->loc + law->beta * (law->scale * log_scale) / HALF_PI;
}

static constants_t
make_constants(const htst_stable_sample_law_t *law)
{
    double alpha = law->alpha, beta = law->beta, eps = alpha == 1.0 ? AT_ONE : 1.0 - alpha;
    double cosine = half_sine(1.0 - fabs(eps)), angle = HALF_PI * eps;
    constants_t c = { .eps = eps, .alpha = alpha, .loc = make_shift(law), .scale = law->scale };

    c.is_near = fabs(eps) < NEAR_ONE;
    c.is_low = alpha < 0.5;
    c.weight[0] = (1.0 - beta) * cosine;
    c.weight[1] = (1.0 + beta) * cosine;
    c.factor = 2.0 / sinc(angle * angle);
    c.z = beta * (cosine / half_sine(eps));
    c.power = eps / alpha;
    if (c.is_low) { /* eps = 1 - alpha has lost digits of a small alpha */
        double tangent = half_sine(alpha) / half_sine(eps);
        c.z = beta * tangent;
        c.low[0] = (1.0 - beta) * tangent;
        c.low[1] = (1.0 + beta) * tangent;
        c.low_factor = PI * alpha / half_sine(eps);
    }
    if (c.is_near) {
        int shift = law->parameterization == HTST_STABLE_SAMPLE_S1 && alpha != 1.0;
        c.offset = shift ? c.z : 0.0;
    }
    else {
        c.offset = law->parameterization == HTST_STABLE_SAMPLE_S1 ? 0.0 : -c.z;
    }
    return c;
}

/* ---- chunks ---------------------------------------------------------------------------------- */

/* Writes q and u - 1/2 of CHUNK numbers; `first` is the index of the first one. */
HTST_VOID_KERNEL(draw_numbers,
    (uint64_t seed, uint64_t first, double *HTST_RESTRICT q, double *HTST_RESTRICT u),
    (seed, first, q, u))
{
    const uint32_t key0 = (uint32_t) seed, key1 = (uint32_t) (seed >> 32);

    for (uint32_t e = 0; e < CHUNK; e++) {
        uint32_t x0 = (uint32_t) (first + e), x1 = (uint32_t) ((first + e) >> 32), x2 = 0, x3 = 1;
        for (uint32_t round = 0; round < HTST_PHILOX_ROUNDS; round++) {
            htst_philox_round(
                &x0, &x1, &x2, &x3, key0 + round * HTST_PHILOX_W0, key1 + round * HTST_PHILOX_W1);
        }
        q[e] = htst_philox_centred(x0, x1);
        u[e] = htst_philox_centred(x2, x3);
    }
}

#ifdef HAS_AVX512

#define AVX512 HTST_TARGET("avx512f")

/* htst_philox_centred for 64-bit lanes of which only the lower halves count. */
AVX512 HTST_INLINE __m512d
centred_512(__m512i low, __m512i high)
{
    const __m512i one = _mm512_set1_epi64(0x3FF0000000000000);
    const __m512i fraction = _mm512_set1_epi64(0x000FFFFFFFF00000);
    __m512i upper = _mm512_and_si512(_mm512_slli_epi64(high, 20), fraction);
    __m512i lower = _mm512_srli_epi64(_mm512_slli_epi64(low, 32), 44);
    __m512i bits = _mm512_or_si512(_mm512_or_si512(one, upper), lower);
    __m512d centred = _mm512_sub_pd(_mm512_castsi512_pd(bits), _mm512_set1_pd(1.5));
    return _mm512_add_pd(centred, _mm512_set1_pd(0x1p-53));
}

/* The same as draw_numbers. Each word of a counter is the lower half of a 64-bit lane, so that a
 * product of two words is one instruction; compilers use three, or three times slower ones. */
AVX512 static void
draw_numbers_512(uint64_t seed, uint64_t first, double *q, double *u)
{
    const __m512i m0 = _mm512_set1_epi64(HTST_PHILOX_M0), m1 = _mm512_set1_epi64(HTST_PHILOX_M1);
    const __m512i lanes = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);

    for (uint32_t e = 0; e < CHUNK; e += 8) {
        __m512i x0 = _mm512_add_epi64(_mm512_set1_epi64((int64_t) (first + e)), lanes);
        __m512i x1 = _mm512_srli_epi64(x0, 32), x2 = _mm512_setzero_si512();
        __m512i x3 = _mm512_set1_epi64(1);
        uint32_t key0 = (uint32_t) seed, key1 = (uint32_t) (seed >> 32);
        for (int round = 0; round < HTST_PHILOX_ROUNDS; round++) {
            __m512i p0 = _mm512_mul_epu32(x0, m0), p1 = _mm512_mul_epu32(x2, m1);
            __m512i k0 = _mm512_set1_epi64(key0), k1 = _mm512_set1_epi64(key1);
            x0 = _mm512_xor_si512(_mm512_xor_si512(_mm512_srli_epi64(p1, 32), x1), k0);
            x2 = _mm512_xor_si512(_mm512_xor_si512(_mm512_srli_epi64(p0, 32), x3), k1);
            x1 = p1;
            x3 = p0;
            key0 += HTST_PHILOX_W0;
            key1 += HTST_PHILOX_W1;
        }
        _mm512_storeu_pd(q + e, centred_512(x0, x1));
        _mm512_storeu_pd(u + e, centred_512(x2, x3));
    }
}

#endif /* HAS_AVX512 */

static void
draw_chunk(uint64_t seed, uint64_t first, double *q, double *u)
{
#ifdef HAS_AVX512
    if (htst_isa() == HTST_ISA_AVX512) {
        draw_numbers_512(seed, first, q, u);
        return;
    }
#endif
    draw_numbers(seed, first, q, u);
}

/* Replaces u - 1/2 by W = -log u. */
HTST_VOID_KERNEL(take_logs, (double *u), (u))
{
    for (int e = 0; e < CHUNK; e++) {
        u[e] = -log_normal(u[e] + 0.5);
    }
}

/* Writes y, the first factor without its term in z, and 1 - cos(eps V). */
HTST_VOID_KERNEL(angle_chunk,
    (const constants_t *law, const double *HTST_RESTRICT q, const double *HTST_RESTRICT w,
        double *HTST_RESTRICT y, double *HTST_RESTRICT factor, double *HTST_RESTRICT versine),
    (law, q, w, y, factor, versine))
{
    const double eps = law->eps, eps2 = eps * eps, below = law->weight[0], above = law->weight[1];
    const double scale = law->factor, power = law->power;

    for (int e = 0; e < CHUNK; e++) {
        double a = fabs(q[e]), m = 0.5 - a, v = PI * a, c = PI * m;
        double v2 = v * v, c2 = c * c, of_eps = sinc(eps2 * v2);
        double weight = q[e] < 0 ? below : above;
        double A = (m * sinc(eps2 * c2) + weight * (a * of_eps)) * scale;
        double inverse = 1.0 / (m * sinc(c2));
        double t = A * (a * sinc(v2)) * inverse - eps * (v * of_eps);

        factor[e] = copysign(1.0, q[e]) * t;
        versine[e] = one_minus_cos(eps2 * v2);
        y[e] = A * inverse / (PI * w[e]);
    }
    for (int e = 0; e < CHUNK; e++) {
        double v = power * log_normal(y[e]);
        v = v > LARGEST_Y ? LARGEST_Y : v;
        y[e] = v < -LARGEST_Y ? -LARGEST_Y : v;
    }
}

/* Writes the first factor, including its term in z, for alpha below 1/2. */
HTST_VOID_KERNEL(low_chunk,
    (const constants_t *law, const double *HTST_RESTRICT q, double *HTST_RESTRICT factor),
    (law, q, factor))
{
    const double alpha2 = law->alpha * law->alpha, below = law->low[0], above = law->low[1];
    const double scale = law->low_factor;

    for (int e = 0; e < CHUNK; e++) {
        double a = fabs(q[e]), m = 0.5 - a, v = PI * a, c = PI * m;
        double v2 = alpha2 * (v * v), c2 = c * c;
        double plus = (q[e] < 0 ? below : above) * (1.0 - one_minus_cos(v2));
        double minus = scale * m * sinc(alpha2 * c2);
        factor[e] = copysign(1.0, q[e]) * (plus - minus) / (c * sinc(c2));
    }
}

/* Writes the numbers by the form that is continuous at alpha = 1, which gives X_S0. */
HTST_VOID_KERNEL(near_chunk,
    (const constants_t *law, const double *HTST_RESTRICT y, const double *HTST_RESTRICT factor,
        const double *HTST_RESTRICT versine, double *HTST_RESTRICT out),
    (law, y, factor, versine, out))
{
    const double z = law->z, offset = law->offset, loc = law->loc, scale = law->scale;

    for (int e = 0; e < CHUNK; e++) {
        double k, p = reduced_expm1(y[e], &k), s = power_of_two(k);
        double expm1_y = s * p + (s - 1.0);
        double skew = z * ((1.0 - versine[e]) * expm1_y - versine[e]);
        out[e] = (factor[e] * (s * p + s) + skew + offset) * scale + loc;
    }
}

/* Writes the numbers by the form for other alpha, which gives X_S1. */
HTST_VOID_KERNEL(far_chunk,
    (const constants_t *law, const double *HTST_RESTRICT y, const double *HTST_RESTRICT factor,
        double *HTST_RESTRICT out),
    (law, y, factor, out))
{
    const double offset = law->offset, loc = law->loc, scale = law->scale;

    for (int e = 0; e < CHUNK; e++) {
        double k, p = reduced_expm1(y[e], &k), half = (0.5 * k + 0x1.8p52) - 0x1.8p52;
        double x = factor[e] * (1.0 + p) * power_of_two(half) * power_of_two(k - half);
        out[e] = (x + offset) * scale + loc;
    }
}

HTST_VOID_KERNEL(add_skew,
    (double z, const double *HTST_RESTRICT versine, double *HTST_RESTRICT factor),
    (z, versine, factor))
{
    for (int e = 0; e < CHUNK; e++) {
        factor[e] += z * (1.0 - versine[e]);
    }
}

static void
sample_chunk(uint64_t seed, uint64_t first, const constants_t *law, double *out)
{
    double q[CHUNK], w[CHUNK], y[CHUNK], factor[CHUNK], versine[CHUNK];

    draw_chunk(seed, first, q, w);
    take_logs(w);
    angle_chunk(law, q, w, y, factor, versine);
    if (law->is_near) {
        near_chunk(law, y, factor, versine, out);
        return;
    }
    if (law->is_low) {
        low_chunk(law, q, factor);
    }
    else {
        add_skew(law->z, versine, factor);
    }
    far_chunk(law, y, factor, out);
}

int
htst_stable_sample(
    uint64_t seed, int64_t first, int64_t n, const htst_stable_sample_law_t *law, double *out)
{
    double buffer[CHUNK];
    constants_t constants;

    if (first < 0 || n < 0 || first > INT64_MAX - n || !(law->alpha > 0 && law->alpha <= 2)
        || !(fabs(law->beta) <= 1) || !(law->scale > 0 && isfinite(law->scale))
        || !isfinite(law->loc)
        || (law->parameterization != HTST_STABLE_SAMPLE_S0
            && law->parameterization != HTST_STABLE_SAMPLE_S1)) {
        return HTST_ERR_BAD_ARG;
    }
    constants = make_constants(law);
    for (int64_t done = 0; done < n; done += CHUNK) {
        int64_t left = n - done;
        if (left >= CHUNK) {
            sample_chunk(seed, (uint64_t) (first + done), &constants, out + done);
        }
        else {
            sample_chunk(seed, (uint64_t) (first + done), &constants, buffer);
            memcpy(out + done, buffer, (size_t) left * sizeof(*out));
        }
    }
    return HTST_OK;
}
