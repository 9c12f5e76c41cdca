/* Matrices of any bits through htst_products and htst_single: blocks of rows give the bits of the
 * whole matrix, 16-bit matrices those of their float32 copies, and numbers of ordinary size are
 * within the documented errors of long double. */
#include "htst_fuzz.h"
#include "htst_products.h"
#include "htst_single.h"
#include "htst_test_bits.h"

#include <float.h>

enum { MOST_ROWS = 21 };

typedef struct {
    int64_t rows, cols;
    uint16_t *half;
    float *single, *v_single;
    double *wide, *v;
    int is_half;
} matrix_t;

/* Columns are few, or about as many as a piece of htst_single holds. The bytes are repeated, with
 * changes, because an input is short. */
static matrix_t
draw_matrix(htst_fuzz_t *input, int is_ordinary)
{
    matrix_t a = { .rows = htst_fuzz_int(input, MOST_ROWS) };
    a.cols = htst_fuzz_int(input, 70);
    a.cols += htst_fuzz_int(input, 6) ? 0 : 480 + htst_fuzz_int(input, 3) * 512;
    a.is_half = (int) htst_fuzz_int(input, 2);
    int64_t n = a.rows * a.cols, n_bits = 1 + (int64_t) input->left / 2;
    uint16_t *bits = htst_fuzz_array(input, n_bits, 2);
    a.half = malloc((size_t) n * 2), a.single = malloc((size_t) n * 4);
    a.wide = malloc((size_t) n * 8), a.v = malloc((size_t) a.cols * 8);
    a.v_single = malloc((size_t) a.cols * 4);
    for (int64_t i = 0; i < n + a.cols; i++) {
        uint16_t word = (uint16_t) (bits[i % n_bits] + i / n_bits * 77);
        if (is_ordinary) { /* exponents near that of 1 */
            int shift = a.is_half ? 10 : 7, bias = a.is_half ? 15 : 127;
            int exponent = bias - 4 + (word >> shift & 7);
            word = (uint16_t) ((word & 0x8000) | exponent << shift | (word & ((1 << shift) - 1)));
        }
        float value = htst_test_widen(word, a.is_half);
        if (i < n) {
            a.half[i] = word;
            a.single[i] = value;
            a.wide[i] = (double) value;
        }
        else {
            a.v_single[i - n] = value;
            a.v[i - n] = (double) value * (is_ordinary ? 1 + (double) (i % 7) / 3 : 1);
        }
    }
    free(bits);
    return a;
}

static void
free_matrix(matrix_t a)
{
    free(a.half), free(a.single), free(a.wide), free(a.v), free(a.v_single);
}

/* The same bits. Infinite elements may give infinity or NaN: a group that is not full adds 0 times
 * its first row. */
static int
is_same(double a, double b)
{
    return htst_fuzz_same(a, b) || (!isfinite(a) && !isfinite(b));
}

/* One row at a time gives the bits of all rows; so do all types that hold the same numbers. */
static void
compare_types(const matrix_t *a, double *out, double *same)
{
    size_t size = (size_t) a->cols * 8;
    memset(out, 0, size);
    memset(same, 0, size);
    REQUIRE(htst_products_gram_f64(a->wide, a->rows, a->cols, a->v, out) == 0);
    for (int64_t i = 0; i < a->rows; i++) {
        htst_products_gram_f64(a->wide + i * a->cols, 1, a->cols, a->v, same);
    }
    for (int64_t j = 0; j < a->cols; j++) {
        REQUIRE(is_same(out[j], same[j]));
    }
    memset(same, 0, size);
    htst_products_gram_f32(a->single, a->rows, a->cols, a->v, same);
    for (int64_t j = 0; j < a->cols; j++) {
        REQUIRE(is_same(out[j], same[j]));
    }
    memset(same, 0, size);
    (a->is_half ? htst_products_gram_f16 : htst_products_gram_bf16)(
        a->half, a->rows, a->cols, a->v, same);
    for (int64_t j = 0; j < a->cols; j++) {
        REQUIRE(is_same(out[j], same[j]));
    }
}

/* Two blocks give the bits of all rows. Half precision has the order of float32, bfloat16 another
 * one; out is that of the type that is checked next. */
static void
compare_single_types(const matrix_t *a, double *out, double *same)
{
    size_t size = (size_t) a->cols * 8;
    int64_t cut = a->rows / 16 * 8;
    const uint16_t *rest = a->half + cut * a->cols;
    memset(out, 0, size);
    memset(same, 0, size);
    if (a->is_half) {
        htst_single_gram_f32(a->single, a->rows, a->cols, a->v_single, out);
        htst_single_gram_f16(a->half, cut, a->cols, a->v_single, same);
        htst_single_gram_f16(rest, a->rows - cut, a->cols, a->v_single, same);
    }
    else {
        htst_single_gram_bf16(a->half, a->rows, a->cols, a->v_single, out);
        htst_single_gram_bf16(a->half, cut, a->cols, a->v_single, same);
        htst_single_gram_bf16(rest, a->rows - cut, a->cols, a->v_single, same);
    }
    for (int64_t j = 0; j < a->cols; j++) {
        REQUIRE(is_same(out[j], same[j]));
    }
}

/* out differs from W^T (W v) by at most of_dot |w| |v| for each dot product, and of_sum of the
 * sizes of the terms. */
static void
check_errors(
    const matrix_t *a, const double *out, int is_single, long double of_dot, long double of_sum)
{
    for (int64_t j = 0; j < a->cols; j++) {
        long double exact = 0, size = 0, error = 0;
        for (int64_t i = 0; i < a->rows; i++) {
            long double dot = 0, sizes = 0, w = a->wide[i * a->cols + j];
            for (int64_t k = 0; k < a->cols; k++) {
                long double v = is_single ? (long double) a->v_single[k] : a->v[k];
                dot += a->wide[i * a->cols + k] * v;
                sizes += fabsl(a->wide[i * a->cols + k] * v);
            }
            exact += dot * w;
            size += fabsl(dot * w) + of_dot * sizes * fabsl(w);
            error += of_dot * sizes * fabsl(w);
        }
        REQUIRE(fabsl(out[j] - exact) <= error + of_sum * size);
    }
}

static void
add_squares(const matrix_t *a)
{
    long double exact = 0;
    double sum[2] = { 0 }, same[2] = { 0 };
    int64_t n = a->rows * a->cols;
    int has_other = 0;
    for (int64_t i = 0; i < n; i++) {
        exact += (long double) a->wide[i] * a->wide[i];
        has_other |= !isfinite(a->wide[i]);
    }
    REQUIRE(htst_products_squares_f64(a->wide, n, sum) == 0);
    REQUIRE(htst_products_squares_f32(a->single, n, same) == 0);
    REQUIRE(htst_fuzz_same(sum[0], same[0]) && htst_fuzz_same(sum[1], same[1]));
    REQUIRE(has_other == !isfinite(sum[0] + sum[1]));
    REQUIRE(has_other || fabsl(sum[0] + sum[1] - exact) <= 71 * DBL_EPSILON * exact);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    htst_fuzz_t input = { data, size };
    int is_ordinary = (int) htst_fuzz_int(&input, 4) > 0;
    matrix_t a = draw_matrix(&input, is_ordinary);
    double *out = malloc((size_t) a.cols * 8), *same = malloc((size_t) a.cols * 8);
    compare_types(&a, out, same);
    if (is_ordinary && a.cols < 70) {
        long double u = DBL_EPSILON / 2;
        check_errors(&a, out, 0, ((long double) a.cols / 8 + 5) * u, (long double) a.rows * u);
    }
    compare_single_types(&a, out, same);
    if (is_ordinary && a.cols < 70) {
        check_errors(&a, out, 1, 36 * 0x1p-24L, 9 * 0x1p-24L);
    }
    add_squares(&a);
    REQUIRE(htst_products_gram_f64(a.wide, -1, a.cols, a.v, out) == HTST_ERR_BAD_ARG);
    REQUIRE(htst_single_gram_f32(a.single, a.rows, -1, a.v_single, out) == HTST_ERR_BAD_ARG);
    free(out), free(same);
    free_matrix(a);
    return 0;
}
