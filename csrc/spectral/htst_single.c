#include "htst_single.h"

#include <string.h>

#include "htst_isa.h"
#include "htst_products_widen.h"
#include "htst_vector.h"

#define LANES 16  /* partial sums of a dot product, one for each lane of a vector */
#define GROUP 8   /* rows whose multiples are added in single precision */
#define HALF 4    /* rows that share one read of v */
#define PIECE 512 /* columns whose products are added in single precision; a multiple of 32 */

#define FLOAT float
#define WORD uint32_t
#define VECTOR floats_t
#define WORDS words_t
#include "htst_vector_template.h"

#define AT(from) HTST_VECTOR_LOAD(floats_t, from)
#define STORE(to, sums) HTST_VECTOR_STORE(floats_t, to, sums)
#define PAIRS_AT(from) HTST_VECTOR_LOAD(words_t, from)
#define PRODUCT(a, b) HTST_VECTOR_MULTIPLY(floats_t, a, b)
#define ADD_PRODUCT(sum, a, b) (sum) = HTST_VECTOR_ADD(floats_t, sum, PRODUCT(a, b))

/* Of a vector of pairs of bfloat16 in memory: those at even and those at odd places. */
#define UPPER(pairs) HTST_VECTOR_OF(floats_t, HTST_WORDS_AND(words_t, pairs, 0xffff0000u))
#define LOWER(pairs) HTST_VECTOR_OF(floats_t, HTST_WORDS_SHIFT(words_t, pairs, 16))
#define EVEN(pairs) (HTST_BIG_ENDIAN ? UPPER(pairs) : LOWER(pairs))
#define ODD(pairs) (HTST_BIG_ENDIAN ? LOWER(pairs) : UPPER(pairs))

/* The factors of a group of rows, alone and in all lanes of a vector. */
typedef struct {
    float one[GROUP];
    floats_t lanes[GROUP];
} factors_t;

/* The work on n <= PIECE columns of a group of rows, for one type of W: `dots` adds the dot
 * products with v; `add` computes out += factor 0 w[0] + factor 1 w[1] + ..., in this order, and
 * prefetches what is `ahead` elements behind, in the next group. The elements of this group are in
 * the cache by then, and `add` alone leaves the memory idle. */
typedef struct {
    int64_t item; /* bytes of an element */
    void (*dots)(const void *const w[GROUP], int64_t n, const float *v, double dots[GROUP]);
    void (*add)(const void *const w[GROUP], int64_t n, const factors_t *factor, int64_t ahead,
        double *HTST_RESTRICT out);
} kind_t;

/* Set all lanes to x. Compilers for processors that compute floats as doubles (FLT_EVAL_METHOD 1)
 * refuse products of a float and a vector. */
HTST_INLINE void
set_lanes(floats_t *lanes, float x)
{
    for (int k = 0; k < LANES; k++) {
        HTST_LANE(*lanes, k) = x;
    }
}

/* sum + a b, rounded to float twice on every processor. */
HTST_INLINE float
add_product(float sum, float a, float b)
{
    float product = a * b, result = sum + product;
    return result;
}

/* The sum of the lanes, in double precision. */
static double
sum_of_lanes(const float *lanes)
{
    double sum = 0;
    for (int k = 0; k < LANES; k++) {
        sum += (double) lanes[k];
    }
    return sum;
}

/* Set lanes[] to the sums of products of n columns, a multiple of LANES, for each of HALF rows. */
HTST_VOID_KERNEL(multiply,
    (const float *const w[HALF], int64_t n, const float *v, float lanes[HALF][LANES]),
    (w, n, v, lanes))
{
    const float *w0 = w[0], *w1 = w[1], *w2 = w[2], *w3 = w[3];
    floats_t s0 = { 0 }, s1 = { 0 }, s2 = { 0 }, s3 = { 0 };
    for (int64_t j = 0; j < n; j += LANES) {
        floats_t x = AT(v + j);
        ADD_PRODUCT(s0, AT(w0 + j), x);
        ADD_PRODUCT(s1, AT(w1 + j), x);
        ADD_PRODUCT(s2, AT(w2 + j), x);
        ADD_PRODUCT(s3, AT(w3 + j), x);
    }
    STORE(lanes[0], s0);
    STORE(lanes[1], s1);
    STORE(lanes[2], s2);
    STORE(lanes[3], s3);
}

static void
dots_f32(const void *const w[GROUP], int64_t n, const float *v, double dots[GROUP])
{
    float lanes[GROUP][LANES];
    const float *rows[GROUP];
    int64_t whole = n - n % LANES;
    for (int row = 0; row < GROUP; row++) {
        rows[row] = w[row];
    }
    multiply(rows, whole, v, lanes);
    multiply(rows + HALF, whole, v, lanes + HALF);
    for (int row = 0; row < GROUP; row++) {
        double rest = 0;
        for (int64_t j = whole; j < n; j++) {
            rest += (double) rows[row][j] * (double) v[j];
        }
        dots[row] += sum_of_lanes(lanes[row]) + rest;
    }
}

HTST_VOID_KERNEL(add_f32,
    (const void *const w[GROUP], int64_t n, const factors_t *factor, int64_t ahead,
        double *HTST_RESTRICT out),
    (w, n, factor, ahead, out))
{
    float sums[PIECE];
    const float *rows[GROUP];
    int64_t j = 0;
    for (int row = 0; row < GROUP; row++) {
        rows[row] = w[row];
    }
    for (; j + LANES <= n; j += LANES) {
        floats_t sum = PRODUCT(factor->lanes[0], AT(rows[0] + j));
        HTST_PREFETCH_READ(rows[0] + j + ahead);
        for (int row = 1; row < GROUP; row++) {
            HTST_PREFETCH_READ(rows[row] + j + ahead);
            ADD_PRODUCT(sum, factor->lanes[row], AT(rows[row] + j));
        }
        STORE(sums + j, sum);
    }
    for (; j < n; j++) {
        sums[j] = factor->one[0] * rows[0][j];
        for (int row = 1; row < GROUP; row++) {
            sums[j] = add_product(sums[j], factor->one[row], rows[row][j]);
        }
    }
    for (int64_t k = 0; k < n; k++) {
        out[k] += (double) sums[k];
    }
}

HTST_VOID_KERNEL(
    fill_f16, (const uint16_t *from, int64_t n, float *HTST_RESTRICT to), (from, n, to))
{
    for (int64_t i = 0; i < n; i++) {
        to[i] = htst_widen_f16(from[i]);
    }
}

static void
dots_f16(const void *const w[GROUP], int64_t n, const float *v, double dots[GROUP])
{
    float wide[GROUP][PIECE];
    const void *rows[GROUP];
    for (int row = 0; row < GROUP; row++) {
        fill_f16(w[row], n, wide[row]);
        rows[row] = wide[row];
    }
    dots_f32(rows, n, v, dots);
}

static void
add_f16(const void *const w[GROUP], int64_t n, const factors_t *factor, int64_t ahead,
    double *HTST_RESTRICT out)
{
    float wide[GROUP][PIECE];
    const void *rows[GROUP];
    for (int row = 0; row < GROUP; row++) {
        fill_f16(w[row], n, wide[row]);
        rows[row] = wide[row];
    }
    add_f32(rows, n, factor, 0, out);
    (void) ahead;
}

/* As `multiply`, for n bfloat16 columns, a multiple of 2 LANES; v at even and at odd places. */
HTST_VOID_KERNEL(multiply_pairs,
    (const uint16_t *const w[HALF], int64_t n, const float *even, const float *odd,
        float lanes[HALF][LANES]),
    (w, n, even, odd, lanes))
{
    const uint16_t *w0 = w[0], *w1 = w[1], *w2 = w[2], *w3 = w[3];
    floats_t s0 = { 0 }, s1 = { 0 }, s2 = { 0 }, s3 = { 0 };
    for (int64_t j = 0; j < n; j += 2 * LANES) {
        floats_t x = AT(even + j / 2), y = AT(odd + j / 2);
        words_t p0 = PAIRS_AT(w0 + j), p1 = PAIRS_AT(w1 + j);
        words_t p2 = PAIRS_AT(w2 + j), p3 = PAIRS_AT(w3 + j);
        ADD_PRODUCT(s0, EVEN(p0), x);
        ADD_PRODUCT(s0, ODD(p0), y);
        ADD_PRODUCT(s1, EVEN(p1), x);
        ADD_PRODUCT(s1, ODD(p1), y);
        ADD_PRODUCT(s2, EVEN(p2), x);
        ADD_PRODUCT(s2, ODD(p2), y);
        ADD_PRODUCT(s3, EVEN(p3), x);
        ADD_PRODUCT(s3, ODD(p3), y);
    }
    STORE(lanes[0], s0);
    STORE(lanes[1], s1);
    STORE(lanes[2], s2);
    STORE(lanes[3], s3);
}

HTST_VOID_KERNEL(split_pairs,
    (const float *v, int64_t n_pairs, float *HTST_RESTRICT even, float *HTST_RESTRICT odd),
    (v, n_pairs, even, odd))
{
    for (int64_t k = 0; k < n_pairs; k++) {
        even[k] = v[2 * k];
        odd[k] = v[2 * k + 1];
    }
}

static void
dots_bf16(const void *const w[GROUP], int64_t n, const float *v, double dots[GROUP])
{
    float lanes[GROUP][LANES], even[PIECE / 2], odd[PIECE / 2];
    const uint16_t *rows[GROUP];
    int64_t whole = n - n % (2 * LANES);
    for (int row = 0; row < GROUP; row++) {
        rows[row] = w[row];
    }
    split_pairs(v, whole / 2, even, odd);
    multiply_pairs(rows, whole, even, odd, lanes);
    multiply_pairs(rows + HALF, whole, even, odd, lanes + HALF);
    for (int row = 0; row < GROUP; row++) {
        double rest = 0;
        for (int64_t j = whole; j < n; j++) {
            rest += (double) htst_widen_bf16(rows[row][j]) * (double) v[j];
        }
        dots[row] += sum_of_lanes(lanes[row]) + rest;
    }
}

HTST_VOID_KERNEL(add_bf16,
    (const void *const w[GROUP], int64_t n, const factors_t *factor, int64_t ahead,
        double *HTST_RESTRICT out),
    (w, n, factor, ahead, out))
{
    float even[PIECE / 2], odd[PIECE / 2];
    const uint16_t *rows[GROUP];
    int64_t j = 0;
    for (int row = 0; row < GROUP; row++) {
        rows[row] = w[row];
    }
    for (; j + 2 * LANES <= n; j += 2 * LANES) {
        words_t pairs = PAIRS_AT(rows[0] + j);
        floats_t x = PRODUCT(factor->lanes[0], EVEN(pairs)),
                 y = PRODUCT(factor->lanes[0], ODD(pairs));
        HTST_PREFETCH_READ(rows[0] + j + ahead);
        for (int row = 1; row < GROUP; row++) {
            HTST_PREFETCH_READ(rows[row] + j + ahead);
            pairs = PAIRS_AT(rows[row] + j);
            ADD_PRODUCT(x, factor->lanes[row], EVEN(pairs));
            ADD_PRODUCT(y, factor->lanes[row], ODD(pairs));
        }
        STORE(even + j / 2, x);
        STORE(odd + j / 2, y);
    }
    for (int64_t k = 0; k < j / 2; k++) {
        out[2 * k] += (double) even[k];
        out[2 * k + 1] += (double) odd[k];
    }
    for (; j < n; j++) {
        float sum = factor->one[0] * htst_widen_bf16(rows[0][j]);
        for (int row = 1; row < GROUP; row++) {
            sum = add_product(sum, factor->one[row], htst_widen_bf16(rows[row][j]));
        }
        out[j] += (double) sum;
    }
}

/* A group that is not full repeats its first row, with the factor 0. */
static int
gram(const kind_t *kind, const void *w, int64_t rows, int64_t cols, const float *v, double *out)
{
    if (rows < 0 || cols < 0) {
        return HTST_ERR_BAD_ARG;
    }
    for (int64_t row = 0; row < rows; row += GROUP) {
        const void *part[GROUP];
        const char *first = (const char *) w + row * cols * kind->item;
        double dots[GROUP] = { 0 };
        factors_t factor;
        int full = (int) (rows - row < GROUP ? rows - row : GROUP);
        for (int pass = 0; pass < 2; pass++) {
            for (int64_t start = 0; start < cols; start += PIECE) {
                int64_t n = cols - start < PIECE ? cols - start : PIECE;
                for (int k = 0; k < GROUP; k++) {
                    part[k] = first + ((k < full ? k : 0) * cols + start) * kind->item;
                }
                if (pass == 0) {
                    kind->dots(part, n, v + start, dots);
                }
                else {
                    kind->add(part, n, &factor, GROUP * cols, out + start);
                }
            }
            for (int k = 0; k < GROUP; k++) {
                factor.one[k] = k < full ? (float) dots[k] : 0;
                set_lanes(&factor.lanes[k], factor.one[k]);
            }
        }
    }
    return HTST_OK;
}

int
htst_single_gram_f32(const float *w, int64_t rows, int64_t cols, const float *v, double *out)
{
    static const kind_t kind = { 4, dots_f32, add_f32 };
    return gram(&kind, w, rows, cols, v, out);
}

int
htst_single_gram_bf16(const uint16_t *w, int64_t rows, int64_t cols, const float *v, double *out)
{
    static const kind_t kind = { 2, dots_bf16, add_bf16 };
    return gram(&kind, w, rows, cols, v, out);
}

int
htst_single_gram_f16(const uint16_t *w, int64_t rows, int64_t cols, const float *v, double *out)
{
    static const kind_t kind = { 2, dots_f16, add_f16 };
    return gram(&kind, w, rows, cols, v, out);
}
