#include <math.h>
#include <stdint.h>
#include <string.h>

#include "htst_products.h"
#include "htst_test.h"
#include "htst_test_bits.h"

enum { MOST_ROWS = 11, MOST_COLS = 1203 };

/* Small whole numbers: every product and sum is exact, in any order. */
static float
entry(int64_t i, int64_t j)
{
    return (float) ((i * 31 + j * 17 + i * j) % 13 - 6);
}

static void
fill(float *w, double *wide, int64_t rows, int64_t cols)
{
    for (int64_t i = 0; i < rows * cols; i++) {
        w[i] = entry(i / cols, i % cols);
        wide[i] = w[i];
    }
}

static void
test_gram(int64_t rows, int64_t cols)
{
    static float w[MOST_ROWS * MOST_COLS];
    static double wide[MOST_ROWS * MOST_COLS], v[MOST_COLS], expected[MOST_COLS];
    static double out[MOST_COLS + 1], same[MOST_COLS + 1];
    int wrong = 0;
    fill(w, wide, rows, cols);
    for (int64_t j = 0; j < cols; j++) {
        v[j] = (double) (j % 7 - 3);
        expected[j] = out[j] = same[j] = (double) (j % 5);
    }
    for (int64_t i = 0; i < rows; i++) {
        double dot = 0;
        for (int64_t j = 0; j < cols; j++) {
            dot += wide[i * cols + j] * v[j];
        }
        for (int64_t j = 0; j < cols; j++) {
            expected[j] += dot * wide[i * cols + j];
        }
    }
    out[cols] = same[cols] = -1;
    CHECK(htst_products_gram_f32(w, rows, cols, v, out) == HTST_OK);
    CHECK(htst_products_gram_f64(wide, rows, cols, v, same) == HTST_OK);
    for (int64_t j = 0; j < cols; j++) {
        wrong += out[j] != expected[j] || same[j] != expected[j];
    }
    CHECK(wrong == 0);
    CHECK(out[cols] == -1 && same[cols] == -1);
}

/* Numbers whose sums are rounded: results are bit-identical to those of one row at a time. */
static void
test_blocks(int64_t rows, int64_t cols)
{
    static float w[MOST_ROWS * MOST_COLS];
    static double v[MOST_COLS], whole[MOST_COLS], parts[MOST_COLS];
    for (int64_t i = 0; i < rows * cols; i++) {
        w[i] = 1.0f / (float) (3 + i % 101);
    }
    for (int64_t j = 0; j < cols; j++) {
        v[j] = 1.0 / (double) (7 + j);
        whole[j] = parts[j] = 0;
    }
    htst_products_gram_f32(w, rows, cols, v, whole);
    for (int64_t i = 0; i < rows; i++) {
        htst_products_gram_f32(w + i * cols, 1, cols, v, parts);
    }
    CHECK(!memcmp(whole, parts, (size_t) cols * sizeof *whole));
}

static void
test_squares(void)
{
    enum { N = 5003 };
    static float x[N];
    static double wide[N];
    double expected = 0, sum[2] = { 0 }, same[2] = { 0 };
    for (int64_t i = 0; i < N; i++) {
        x[i] = entry(i, 3 * i);
        wide[i] = x[i];
        expected += wide[i] * wide[i];
    }
    CHECK(htst_products_squares_f32(x, N, sum) == HTST_OK);
    CHECK(htst_products_squares_f64(wide, N, same) == HTST_OK);
    CHECK(sum[0] + sum[1] == expected && same[0] + same[1] == expected);
    /* 2^60 + 8 pieces of 16 each: with plain addition all small ones would be lost */
    double big = 0x1p30, small[1024], far[2] = { 0 };
    for (int i = 0; i < 1024; i++) {
        small[i] = 0.125;
    }
    htst_products_squares_f64(&big, 1, far);
    for (int i = 0; i < 64; i++) {
        htst_products_squares_f64(small, 1024, far);
    }
    CHECK(far[0] + far[1] == 0x1p60 + 1024);
}

/* 16-bit matrices give the bits of their float32 copies. */
static void
test_halves(int64_t rows, int64_t cols, int is_half)
{
    static uint16_t half[MOST_ROWS * MOST_COLS];
    static float w[MOST_ROWS * MOST_COLS];
    static double v[MOST_COLS], out[MOST_COLS], same[MOST_COLS];
    for (int64_t i = 0; i < rows * cols; i++) {
        half[i] = (uint16_t) ((0x3000 + i * 37 % 0x0c00) | (i % 3 == 0 ? 0x8000 : 0));
        w[i] = htst_test_widen(half[i], is_half);
    }
    for (int64_t j = 0; j < cols; j++) {
        v[j] = 1.0 / (double) (7 + j);
        out[j] = same[j] = 0.1;
    }
    htst_products_gram_f32(w, rows, cols, v, same);
    CHECK((is_half ? htst_products_gram_f16 : htst_products_gram_bf16)(half, rows, cols, v, out)
        == HTST_OK);
    CHECK(!memcmp(out, same, (size_t) cols * sizeof *out));
}

/* Each of the 65536 values by itself. */
static void
test_every_half(int is_half)
{
    int wrong = 0;
    for (int bits = 0; bits < 0x10000; bits++) {
        uint16_t half = (uint16_t) bits;
        double v = 1, out = 0, value = (double) htst_test_widen(half, is_half);
        int is_finite = isfinite(value), is_denormal = value != 0 && fabs(value) < 0x1p-126;
        (is_half ? htst_products_gram_f16 : htst_products_gram_bf16)(&half, 1, 1, &v, &out);
        if (is_denormal) {
            continue; /* of bfloat16 and float32: a processor may be set to ignore them */
        }
        wrong += isfinite(out) != is_finite;
        wrong += is_finite && out != value * value;
    }
    CHECK(wrong == 0);
}

static void
test_what_is_not_finite(void)
{
    float x[20] = { 1, 2, 3 };
    const float bad[3] = { NAN, INFINITY, -INFINITY };
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < 20; i++) {
            double sum[2] = { 0 }, before = x[i];
            x[i] = bad[k];
            htst_products_squares_f32(x, 20, sum);
            htst_products_squares_f32(x + 20, 0, sum);
            x[i] = (float) before;
            CHECK(!isfinite(sum[0] + sum[1]));
            htst_products_squares_f32(x, 20, sum);
            CHECK(!isfinite(sum[0] + sum[1])); /* and the sum stays so */
        }
    }
    double sum[2] = { 0 };
    float zeros[9] = { 0 }, tiny = 1.5e-38f, most = 3.4e38f;
    htst_products_squares_f32(zeros, 9, sum);
    CHECK(sum[0] + sum[1] == 0);
    htst_products_squares_f32(&tiny, 1, sum);
    CHECK(sum[0] == (double) tiny * tiny);
    htst_products_squares_f32(&most, 1, sum);
    CHECK(sum[0] == (double) most * most);
}

static void
test_all(void)
{
    const int64_t columns[] = { 1, 7, 8, 9, 31, 32, 33, 40, 71, 384, 1024, 1025, 1100, MOST_COLS };
    for (size_t k = 0; k < sizeof columns / sizeof *columns; k++) {
        for (int64_t rows = 0; rows <= MOST_ROWS; rows++) {
            test_gram(rows, columns[k]);
            test_blocks(rows, columns[k]);
            test_halves(rows, columns[k], 0);
            test_halves(rows, columns[k], 1);
        }
    }
    test_squares();
    test_every_half(0);
    test_every_half(1);
    test_what_is_not_finite();
    double out[1] = { 5 }, sum[2] = { 5, 0 };
    CHECK(htst_products_gram_f64(out, 1, 0, out, out) == HTST_OK && out[0] == 5);
    CHECK(htst_products_gram_f64(out, -1, 1, out, out) == HTST_ERR_BAD_ARG);
    CHECK(htst_products_gram_f32(NULL, 1, -1, out, out) == HTST_ERR_BAD_ARG);
    CHECK(htst_products_squares_f32(NULL, -1, sum) == HTST_ERR_BAD_ARG);
    CHECK(htst_products_gram_bf16(NULL, -1, 1, out, out) == HTST_ERR_BAD_ARG);
    CHECK(htst_products_gram_f16(NULL, 1, -1, out, out) == HTST_ERR_BAD_ARG);
    CHECK(htst_products_squares_f64(NULL, 0, sum) == HTST_OK && sum[0] == 5);
}

int
main(void)
{
    test_all();
    htst_test_ignore_denormals();
    test_all();
    return htst_test_report("test_products");
}
