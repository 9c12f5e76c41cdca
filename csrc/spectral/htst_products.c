#include "htst_products.h"

#include <math.h>
#include <string.h>

#define LANES 8 /* of a sum that is taken in vectors; the compiler may not choose another order */
#define SUMS 4 /* vectors of them, so that no addition waits for the one before */
#define GROUP 4 /* rows that share one reading of v, and of out */
#define NARROW 1024 /* up to so many columns v stays in the first cache; rows then come as they lie */
#define PIECE 1024 /* squares that are added up plainly */

typedef double doubles_t __attribute__((vector_size(8 * LANES)));
typedef float floats_t __attribute__((vector_size(4 * LANES)));

static double
sum_of_lanes(const double *lanes)
{
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]))
        + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

/* sum[0] + sum[1] += value; what the addition rounds off goes into sum[1]. */
static void
add_to(double sum[2], double value)
{
    double total = sum[0] + value, part = total - sum[0];
    double lost = (sum[0] - (total - part)) + (value - part);
    sum[0] = total;
    sum[1] += isfinite(total) ? lost : 0;
}

/* LOAD(from) widens LANES elements. Defines, of one type of W:
 * dot_, dots_: dot products with v, of one row and of the rows w[0], w[1], ... of a group;
 * add_:  out += factor[0] w[0] + factor[1] w[1] + ..., one after the other;
 * squares_of_: the sum of at most PIECE squares. */
#define DEFINE_LEAVES(NAME, TYPE, LOAD)                                                              \
    static double rest_##NAME(const TYPE *w, int64_t j, int64_t cols, const double *v,               \
        doubles_t *sums)                                                                             \
    {                                                                                                \
        for (int k = 0; j + LANES <= cols; j += LANES, k++) {                                        \
            sums[k] += LOAD(w + j) * AS_IT_IS(v + j);                                                \
        }                                                                                            \
        sums[0] = (sums[0] + sums[1]) + (sums[2] + sums[3]);                                         \
        double lanes[LANES];                                                                         \
        memcpy(lanes, sums, sizeof lanes);                                                           \
        for (int k = 0; j < cols; j++, k++) {                                                        \
            lanes[k] += (double)w[j] * v[j];                                                         \
        }                                                                                            \
        return sum_of_lanes(lanes);                                                                  \
    }                                                                                                \
                                                                                                     \
    HTST_CLONES static double dot_##NAME(const TYPE *w, int64_t cols, const double *v)               \
    {                                                                                                \
        doubles_t sums[SUMS] = {{0}};                                                                \
        int64_t j = 0;                                                                               \
        for (; j + SUMS * LANES <= cols; j += SUMS * LANES) {                                        \
            for (int k = 0; k < SUMS; k++) {                                                         \
                sums[k] += LOAD(w + j + k * LANES) * AS_IT_IS(v + j + k * LANES);                    \
            }                                                                                        \
        }                                                                                            \
        return rest_##NAME(w, j, cols, v, sums);                                                     \
    }                                                                                                \
                                                                                                     \
    HTST_CLONES static void dots_##NAME(const TYPE *const w[GROUP], int64_t cols, const double *v,   \
        double dots[GROUP])                                                                          \
    {                                                                                                \
        const TYPE *w0 = w[0], *w1 = w[1], *w2 = w[2], *w3 = w[3];                                   \
        doubles_t sums[GROUP][SUMS] = {{{0}}};                                                       \
        int64_t j = 0;                                                                               \
        for (; j + SUMS * LANES <= cols; j += SUMS * LANES) {                                        \
            for (int k = 0; k < SUMS; k++) {                                                         \
                doubles_t x = AS_IT_IS(v + j + k * LANES);                                           \
                sums[0][k] += LOAD(w0 + j + k * LANES) * x;                                          \
                sums[1][k] += LOAD(w1 + j + k * LANES) * x;                                          \
                sums[2][k] += LOAD(w2 + j + k * LANES) * x;                                          \
                sums[3][k] += LOAD(w3 + j + k * LANES) * x;                                          \
            }                                                                                        \
        }                                                                                            \
        for (int row = 0; row < GROUP; row++) {                                                      \
            dots[row] = rest_##NAME(w[row], j, cols, v, sums[row]);                                  \
        }                                                                                            \
    }                                                                                                \
                                                                                                     \
    HTST_CLONES static void add_##NAME(const TYPE *const w[GROUP], int64_t cols,                     \
        const double factor[GROUP], double *HTST_RESTRICT out)                                       \
    {                                                                                                \
        const TYPE *HTST_RESTRICT w0 = w[0], *HTST_RESTRICT w1 = w[1];                               \
        const TYPE *HTST_RESTRICT w2 = w[2], *HTST_RESTRICT w3 = w[3];                               \
        double f0 = factor[0], f1 = factor[1], f2 = factor[2], f3 = factor[3];                       \
        for (int64_t j = 0; j < cols; j++) {                                                         \
            out[j] = (((out[j] + f0 * (double)w0[j]) + f1 * (double)w1[j]) + f2 * (double)w2[j])     \
                + f3 * (double)w3[j];                                                                \
        }                                                                                            \
    }                                                                                                \
                                                                                                     \
    HTST_CLONES static double squares_of_##NAME(const TYPE *x, int64_t n)                            \
    {                                                                                                \
        doubles_t sum = {0};                                                                         \
        int64_t i = 0;                                                                               \
        for (; i + LANES <= n; i += LANES) {                                                         \
            doubles_t value = LOAD(x + i);                                                           \
            sum += value * value;                                                                    \
        }                                                                                            \
        double lanes[LANES];                                                                         \
        memcpy(lanes, &sum, sizeof lanes);                                                           \
        for (int64_t k = i; k < n; k++) {                                                            \
            lanes[k - i] += (double)x[k] * (double)x[k];                                             \
        }                                                                                            \
        return sum_of_lanes(lanes);                                                                  \
    }

#define WIDENED(from) __builtin_convertvector(*(const unaligned_floats_t *)(from), doubles_t)
#define AS_IT_IS(from) (*(const unaligned_doubles_t *)(from))

typedef float unaligned_floats_t __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef double unaligned_doubles_t __attribute__((vector_size(8 * LANES), aligned(8), may_alias));

DEFINE_LEAVES(f32, float, WIDENED)
DEFINE_LEAVES(f64, double, AS_IT_IS)

/* A group that is not full takes its first row again, with the factor 0. */
#define DEFINE_PRODUCTS(NAME, TYPE)                                                                  \
    int htst_products_gram_##NAME(const TYPE *w, int64_t rows, int64_t cols, const double *v,        \
        double *out)                                                                                 \
    {                                                                                                \
        if (rows < 0 || cols < 0) {                                                                  \
            return HTST_ERR_BAD_ARG;                                                                 \
        }                                                                                            \
        for (int64_t row = 0; row < rows; row += GROUP) {                                            \
            const TYPE *group[GROUP];                                                                \
            double dots[GROUP] = {0};                                                                      \
            int full = (int)(rows - row < GROUP ? rows - row : GROUP);                               \
            for (int k = 0; k < GROUP; k++) {                                                        \
                group[k] = w + (row + (k < full ? k : 0)) * cols;                                    \
            }                                                                                        \
            if (cols > NARROW && full == GROUP) {                                                    \
                dots_##NAME(group, cols, v, dots);                                                   \
            }                                                                                        \
            else {                                                                                   \
                for (int k = 0; k < full; k++) {                                                     \
                    dots[k] = dot_##NAME(group[k], cols, v);                                         \
                }                                                                                    \
            }                                                                                        \
            add_##NAME(group, cols, dots, out);                                                      \
        }                                                                                            \
        return HTST_OK;                                                                              \
    }                                                                                                \
                                                                                                     \
    int htst_products_squares_##NAME(const TYPE *x, int64_t n, double sum[2])                        \
    {                                                                                                \
        if (n < 0) {                                                                                 \
            return HTST_ERR_BAD_ARG;                                                                 \
        }                                                                                            \
        for (int64_t i = 0; i < n; i += PIECE) {                                                     \
            add_to(sum, squares_of_##NAME(x + i, n - i < PIECE ? n - i : PIECE));                    \
        }                                                                                            \
        return HTST_OK;                                                                              \
    }

DEFINE_PRODUCTS(f32, float)
DEFINE_PRODUCTS(f64, double)
