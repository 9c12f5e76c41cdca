#include "htst_normal.h"

#include <math.h>
#include <string.h>

#include "htst_isa.h"
#include "htst_pair.h"
#include "htst_philox.h"

#define INDEX_END (INT64_C(1) << 32)

/* Counters of a chunk, with two entries each; all buffers of a chunk stay in the L1 cache. */
#define CHUNK 256
#define ENTRIES (2 * CHUNK)

#define SPLIT_CENTRE 0.425
#define SPLIT_TAIL 5.0

typedef struct {
    uint32_t key[2];
    uint32_t row;
    uint32_t layer;
} stream_t;

/* ---- Philox4x32-10 ---------------------------------------------------------------------- */

void
htst_normal_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    memcpy(out, counter, 4 * sizeof(*out));
    for (uint32_t round = 0; round < HTST_PHILOX_ROUNDS; round++) {
        htst_philox_round(&out[0], &out[1], &out[2], &out[3], key[0] + round * HTST_PHILOX_W0,
            key[1] + round * HTST_PHILOX_W1);
    }
}

/* The words of CHUNK consecutive counters: word w of counter first + c is words[w][c]. */
HTST_VOID_KERNEL(philox_chunk, (const stream_t *stream, uint32_t first, uint32_t words[4][CHUNK]),
    (stream, first, words))
{
    uint32_t *HTST_RESTRICT w0 = words[0];
    uint32_t *HTST_RESTRICT w1 = words[1];
    uint32_t *HTST_RESTRICT w2 = words[2];
    uint32_t *HTST_RESTRICT w3 = words[3];
    const uint32_t row = stream->row, layer = stream->layer;
    const uint32_t key0 = stream->key[0], key1 = stream->key[1];

    for (uint32_t c = 0; c < CHUNK; c++) {
        uint32_t x0 = first + c, x1 = row, x2 = layer, x3 = 0;
        for (uint32_t round = 0; round < HTST_PHILOX_ROUNDS; round++) {
            htst_philox_round(
                &x0, &x1, &x2, &x3, key0 + round * HTST_PHILOX_W0, key1 + round * HTST_PHILOX_W1);
        }
        w0[c] = x0;
        w1[c] = x1;
        w2[c] = x2;
        w3[c] = x3;
    }
}

/* ---- u - 1/2 from the words --------------------------------------------------------------- */

HTST_VOID_KERNEL(centred_chunk, (uint32_t words[4][CHUNK], double *HTST_RESTRICT q), (words, q))
{
    for (int c = 0; c < CHUNK; c++) {
        q[2 * c] = htst_philox_centred(words[0][c], words[1][c]);
        q[2 * c + 1] = htst_philox_centred(words[2][c], words[3][c]);
    }
}

/* ---- AS 241 -------------------------------------------------------------------------------- */

/* Coefficients as published, constant terms first; the denominators begin with 1. */
#define HORNER_7(x, c0, c1, c2, c3, c4, c5, c6, c7)                                                \
    (((((((c7) * (x) + (c6)) * (x) + (c5)) * (x) + (c4)) * (x) + (c3)) * (x) + (c2)) * (x) + (c1)) \
            * (x)                                                                                  \
        + (c0)

static inline double
central_quantile(double q)
{
    double r = 0.180625 - q * q;
    double top = HORNER_7(r, 3.3871328727963666080e0, 1.3314166789178437745e+2,
        1.9715909503065514427e+3, 1.3731693765509461125e+4, 4.5921953931549871457e+4,
        6.7265770927008700853e+4, 3.3430575583588128105e+4, 2.5090809287301226727e+3);
    double bottom = HORNER_7(r, 1.0, 4.2313330701600911252e+1, 6.8718700749205790830e+2,
        5.3941960214247511077e+3, 2.1213794301586595867e+4, 3.9307895800092710610e+4,
        2.8729085735721942674e+4, 5.2264952788528545610e+3);
    return q * top / bottom;
}

/* r in [1.38, 5] */
static inline double
middle_quantile(double r)
{
    double x = r - 1.6;
    double top = HORNER_7(x, 1.42343711074968357734e0, 4.63033784615654529590e0,
        5.76949722146069140550e0, 3.64784832476320460504e0, 1.27045825245236838258e0,
        2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4);
    double bottom = HORNER_7(x, 1.0, 2.05319162663775882187e0, 1.67638483018380384940e0,
        6.89767334985100004550e-1, 1.48103976427480074590e-1, 1.51986665636164571966e-2,
        5.47593808499534494600e-4, 1.05075007164441684324e-9);
    return top / bottom;
}

/* r above 5 */
static inline double
far_quantile(double r)
{
    double x = r - 5.0;
    double top = HORNER_7(x, 6.65790464350110377720e0, 5.46378491116411436990e0,
        1.78482653991729133580e0, 2.96560571828504891230e-1, 2.65321895265761230930e-2,
        1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7);
    double bottom = HORNER_7(x, 1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1,
        1.48753612908506148525e-2, 7.86869131145613259100e-4, 1.84631831751005468180e-5,
        1.42151175831644588870e-7, 2.04426310338993978564e-15);
    return top / bottom;
}

/* -log(x) for a normal x in (0, 1).
 *
 * x = 2^k m, m in [1/sqrt 2, sqrt 2); log m = 2 atanh(s), s = (m - 1) / (m + 1), abs(s) < .1716.
 * The series s + s^3/3 + ... + s^23/23 leaves less than 2^-66 of it out.
 */
static inline double
minus_log(double x)
{
    double k, m, s, z, series;

    htst_mantissa(x, &m, &k);
    s = (m - 1.0) / (m + 1.0);
    z = s * s;
    series = 1.0 / 23;
    series = series * z + 1.0 / 21;
    series = series * z + 1.0 / 19;
    series = series * z + 1.0 / 17;
    series = series * z + 1.0 / 15;
    series = series * z + 1.0 / 13;
    series = series * z + 1.0 / 11;
    series = series * z + 1.0 / 9;
    series = series * z + 1.0 / 7;
    series = series * z + 1.0 / 5;
    series = series * z + 1.0 / 3;
    /* log 2 in two parts, the first with 21 low bits clear, so that k times it is exact */
    return -(k * 0x1.62E42FEEp-1 + (2.0 * s + (2.0 * s * z * series + k * 0x1.A39EF35793C76p-33)));
}

double
htst_normal_quantile(double u)
{
    double q, r, x;

    if (!(u >= 0x1p-1022 && u < 1.0)) {
        return NAN;
    }
    q = u - 0.5;
    if (fabs(q) <= SPLIT_CENTRE) {
        return central_quantile(q);
    }
    r = sqrt(minus_log(q < 0 ? u : 1.0 - u));
    x = r <= SPLIT_TAIL ? middle_quantile(r) : far_quantile(r);
    return copysign(x, q);
}

/* ---- chunks: the centre branch everywhere, then the places outside it ---------------------- */

HTST_VOID_KERNEL(
    central_chunk, (const double *HTST_RESTRICT q, double *HTST_RESTRICT out), (q, out))
{
    for (int e = 0; e < ENTRIES; e++) {
        out[e] = central_quantile(q[e]);
    }
}

/* Find the places with abs(q) > .425, about 15 in 100. Returns their number. */
static int
outside_centre(const double *HTST_RESTRICT q, int *HTST_RESTRICT places)
{
    int n = 0;

    for (int e = 0; e < ENTRIES; e++) {
        places[n] = e;
        n += fabs(q[e]) > SPLIT_CENTRE;
    }
    return n;
}

/* Compute r = sqrt(-log(min(u, 1 - u))), where min(u, 1 - u) = 1/2 - abs(q) is exact, and the
 * middle branch at all these places. The middle branch is wrong (but finite) where r > 5. */
HTST_VOID_KERNEL(middle_chunk,
    (int n, const double *HTST_RESTRICT q, double *HTST_RESTRICT r, double *HTST_RESTRICT out),
    (n, q, r, out))
{
    for (int e = 0; e < n; e++) {
        r[e] = sqrt(minus_log(0.5 - fabs(q[e])));
        out[e] = copysign(middle_quantile(r[e]), q[e]);
    }
}

static void
quantile_chunk(const double *HTST_RESTRICT q, double *HTST_RESTRICT out)
{
    int places[ENTRIES + 1];
    double outer_q[ENTRIES], outer[ENTRIES], r[ENTRIES];
    int n;

    central_chunk(q, out);
    n = outside_centre(q, places);
    for (int k = 0; k < n; k++) {
        outer_q[k] = q[places[k]];
    }
    middle_chunk(n, outer_q, r, outer);
    for (int k = 0; k < n; k++) {
        /* r exceeds 5 for 1 in 3.6e10 entries */
        if (HTST_UNLIKELY(r[k] > SPLIT_TAIL)) {
            outer[k] = copysign(far_quantile(r[k]), outer_q[k]);
        }
        out[places[k]] = outer[k];
    }
}

/* Write ENTRIES entries of one row, beginning at column 2 * first. */
static void
normal_chunk(const stream_t *stream, uint32_t first, double *out)
{
    uint32_t words[4][CHUNK];
    double q[ENTRIES];

    philox_chunk(stream, first, words);
    centred_chunk(words, q);
    quantile_chunk(q, out);
}

static void
fill_row(const stream_t *stream, int64_t col, int64_t n_cols, double *out)
{
    double buffer[ENTRIES];

    while (n_cols > 0) {
        int64_t skip = col & 1;
        int64_t n = ENTRIES - skip < n_cols ? ENTRIES - skip : n_cols;
        uint32_t first = (uint32_t) (col >> 1);

        if (skip == 0 && n == ENTRIES) {
            normal_chunk(stream, first, out);
        }
        else {
            normal_chunk(stream, first, buffer);
            memcpy(out, buffer + skip, (size_t) n * sizeof(*out));
        }
        out += n;
        col += n;
        n_cols -= n;
    }
}

static stream_t
make_stream(uint64_t seed, int64_t layer, int64_t row)
{
    stream_t stream = {
        .key = { (uint32_t) seed, (uint32_t) (seed >> 32) },
        .row = (uint32_t) row,
        .layer = (uint32_t) layer,
    };
    return stream;
}

static int
is_range(int64_t start, int64_t n)
{
    return start >= 0 && n >= 0 && start <= INDEX_END && n <= INDEX_END - start;
}

int
htst_normal_fill(uint64_t seed, int64_t layer, int64_t row, int64_t col, int64_t n_rows,
    int64_t n_cols, int64_t stride, double *out)
{
    if (layer < 0 || layer >= INDEX_END || !is_range(row, n_rows) || !is_range(col, n_cols)
        || (n_rows > 1 && stride < n_cols)) {
        return HTST_ERR_BAD_ARG;
    }
    for (int64_t r = 0; r < n_rows; r++) {
        stream_t stream = make_stream(seed, layer, row + r);
        fill_row(&stream, col, n_cols, out + r * stride);
    }
    return HTST_OK;
}

int
htst_normal_at(
    uint64_t seed, int64_t layer, int64_t n, const int64_t *rows, const int64_t *cols, double *out)
{
    const uint32_t key[2] = { (uint32_t) seed, (uint32_t) (seed >> 32) };

    if (layer < 0 || layer >= INDEX_END || n < 0) {
        return HTST_ERR_BAD_ARG;
    }
    for (int64_t k = 0; k < n; k++) {
        uint32_t x[4];
        int64_t odd = cols[k] & 1;

        if (rows[k] < 0 || rows[k] >= INDEX_END || cols[k] < 0 || cols[k] >= INDEX_END) {
            return HTST_ERR_BAD_ARG;
        }
        {
            const uint32_t counter[4] = { (uint32_t) (cols[k] >> 1), (uint32_t) rows[k],
                (uint32_t) layer, 0 };
            htst_normal_philox4x32(counter, key, x);
        }
        out[k] = htst_normal_quantile(htst_philox_centred(x[2 * odd], x[2 * odd + 1]) + 0.5);
    }
    return HTST_OK;
}
