#include "htst_products.h"

#include "htst_isa.h"

#include <math.h>
#include <string.h>

#include "htst_products_widen.h"
#include "htst_vector.h"

#define LANES \
    8 /* partial sums of a dot product, one for each lane of a vector; the order is fixed */
#define SUMS 4      /* vectors of partial sums, so that no addition waits for the previous one */
#define GROUP 4     /* number of rows that share one read of v and of out */
#define NARROW 1024 /* up to this many columns v stays in the L1 cache: row by row */
#define PIECE 1024  /* squares of one plain sum */
#define WIDENED 512 /* 16-bit columns that are widened at once, a multiple of SUMS * LANES */

#define FLOAT double
#define WORD uint64_t
#define VECTOR doubles_t
#define WORDS words_t
#include "htst_vector_template.h"

#define FLOAT float
#define WORD uint32_t
#define VECTOR floats_t
#define WORDS short_words_t
#include "htst_vector_template.h"

static double
sum_of_lanes(const double *lanes)
{
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]))
        + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

/* Add a value to sum[0] + sum[1]; the rounding error of the addition goes into sum[1]. */
static void
add_to(double sum[2], double value)
{
    double total = sum[0] + value, part = total - sum[0];
    double lost = (sum[0] - (total - part)) + (value - part);
    sum[0] = total;
    sum[1] += isfinite(total) ? lost : 0;
}

#define AS_IT_IS(from) HTST_VECTOR_LOAD(doubles_t, from)
#define PLUS(a, b) HTST_VECTOR_ADD(doubles_t, a, b)
#define ADD_PRODUCT(sum, a, b) (sum) = PLUS(sum, HTST_VECTOR_MULTIPLY(doubles_t, a, b))

#ifdef HTST_VECTOR_CONVERT
#define WIDENED_LANES(from) HTST_VECTOR_CONVERT(HTST_VECTOR_LOAD(floats_t, from), doubles_t)
#else
#define WIDENED_LANES(from) widen_lanes(from)
static inline doubles_t
widen_lanes(const float *from)
{
    doubles_t lanes;
    for (int k = 0; k < LANES; k++) {
        HTST_LANE(lanes, k) = (double) from[k];
    }
    return lanes;
}
#endif

#define FLOAT float
#define LOAD(from) WIDENED_LANES(from)
#define OF(name) name##_f32
#include "htst_products_template.h"

#define FLOAT double
#define LOAD(from) AS_IT_IS(from)
#define OF(name) name##_f64
#include "htst_products_template.h"

/* The kernels for 16-bit floats: pieces of rows are widened into a buffer that stays in the L1
 * cache. */
typedef void (*widen_t)(const uint16_t *from, int64_t n, double *to);

HTST_VOID_KERNEL(
    widen_bf16, (const uint16_t *from, int64_t n, double *HTST_RESTRICT to), (from, n, to))
{
    for (int64_t i = 0; i < n; i++) {
        to[i] = (double) htst_widen_bf16(from[i]);
    }
}

HTST_VOID_KERNEL(
    widen_f16, (const uint16_t *from, int64_t n, double *HTST_RESTRICT to), (from, n, to))
{
    for (int64_t i = 0; i < n; i++) {
        to[i] = (double) htst_widen_f16(from[i]);
    }
}

/* Add the products of the first n columns, a multiple of SUMS * LANES, to the sums of each row. */
HTST_VOID_KERNEL(add_products,
    (const double *const w[GROUP], int64_t n, const double *v, doubles_t sums[GROUP][SUMS]),
    (w, n, v, sums))
{
    for (int row = 0; row < GROUP; row++) {
        const double *HTST_RESTRICT x = w[row];
        doubles_t s0 = sums[row][0], s1 = sums[row][1], s2 = sums[row][2], s3 = sums[row][3];
        for (int64_t j = 0; j < n; j += SUMS * LANES) {
            ADD_PRODUCT(s0, AS_IT_IS(x + j), AS_IT_IS(v + j));
            ADD_PRODUCT(s1, AS_IT_IS(x + j + LANES), AS_IT_IS(v + j + LANES));
            ADD_PRODUCT(s2, AS_IT_IS(x + j + 2 * LANES), AS_IT_IS(v + j + 2 * LANES));
            ADD_PRODUCT(s3, AS_IT_IS(x + j + 3 * LANES), AS_IT_IS(v + j + 3 * LANES));
        }
        sums[row][0] = s0;
        sums[row][1] = s1;
        sums[row][2] = s2;
        sums[row][3] = s3;
    }
}

/* The dot products of a group of rows with v. `group` points into the buffer that is filled. */
static void
dots_of_halves(widen_t widen, const uint16_t *const w[GROUP], int64_t cols, const double *v,
    double *const group[GROUP], double dots[GROUP])
{
    doubles_t sums[GROUP][SUMS] = { { { 0 } } };
    for (int64_t start = 0; start < cols; start += WIDENED) {
        int64_t n = cols - start < WIDENED ? cols - start : WIDENED, j = n - n % (SUMS * LANES);
        const double *rows[GROUP] = { group[0], group[1], group[2], group[3] };
        for (int k = 0; k < GROUP; k++) {
            widen(w[k] + start, n, group[k]);
        }
        add_products(rows, j, v + start, sums);
        if (start + n == cols) {
            for (int k = 0; k < GROUP; k++) {
                dots[k] = rest_f64(rows[k], j, n, v + start, sums[k]);
            }
        }
    }
}

static int
gram_of_halves(
    widen_t widen, const uint16_t *w, int64_t rows, int64_t cols, const double *v, double *out)
{
    double buffer[GROUP][WIDENED];
    double *const group[GROUP] = { buffer[0], buffer[1], buffer[2], buffer[3] };
    if (rows < 0 || cols < 0) {
        return HTST_ERR_BAD_ARG;
    }
    for (int64_t row = 0; row < rows; row += GROUP) {
        const uint16_t *from[GROUP];
        double dots[GROUP] = { 0 };
        int full = (int) (rows - row < GROUP ? rows - row : GROUP);
        for (int k = 0; k < GROUP; k++) {
            from[k] = w + (row + (k < full ? k : 0)) * cols;
        }
        dots_of_halves(widen, from, cols, v, group, dots);
        for (int k = full; k < GROUP; k++) {
            dots[k] = 0;
        }
        for (int64_t start = 0; start < cols; start += WIDENED) {
            int64_t n = cols - start < WIDENED ? cols - start : WIDENED;
            const double *wide[GROUP] = { group[0], group[1], group[2], group[3] };
            for (int k = 0; k < GROUP; k++) {
                widen(from[k] + start, n, group[k]);
            }
            add_f64(wide, n, dots, out + start);
        }
    }
    return HTST_OK;
}

int
htst_products_gram_bf16(const uint16_t *w, int64_t rows, int64_t cols, const double *v, double *out)
{
    return gram_of_halves(widen_bf16, w, rows, cols, v, out);
}

int
htst_products_gram_f16(const uint16_t *w, int64_t rows, int64_t cols, const double *v, double *out)
{
    return gram_of_halves(widen_f16, w, rows, cols, v, out);
}
