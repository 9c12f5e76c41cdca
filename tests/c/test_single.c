#include <math.h>
#include <stdint.h>
#include <string.h>

#include "htst_single.h"
#include "htst_test.h"

enum { MOST_ROWS = 19, MOST_COLS = 1203 };

static float w[MOST_ROWS * MOST_COLS], v[MOST_COLS];
static uint16_t bf16[MOST_ROWS * MOST_COLS], f16[MOST_ROWS * MOST_COLS];
static double expected[MOST_COLS], sizes[MOST_COLS];

/* W^T (W v) and the same of absolute values, in double precision. */
static void
multiply(int64_t rows, int64_t cols)
{
    for (int64_t j = 0; j < cols; j++) {
        expected[j] = sizes[j] = 0;
    }
    for (int64_t i = 0; i < rows; i++) {
        double dot = 0, size = 0;
        for (int64_t j = 0; j < cols; j++) {
            dot += (double) w[i * cols + j] * (double) v[j];
            size += fabs((double) w[i * cols + j] * (double) v[j]);
        }
        for (int64_t j = 0; j < cols; j++) {
            expected[j] += dot * (double) w[i * cols + j];
            sizes[j] += size * fabs((double) w[i * cols + j]);
        }
    }
}

/* Entries that all three types represent. */
static void
fill(int64_t n, int whole)
{
    for (int64_t i = 0; i < n; i++) {
        double value = (double) ((i * 31 + i / 7) % 13 - 6) / (whole ? 1 : 16);
        int exponent;
        double fraction = frexp(fabs(value), &exponent);
        w[i] = (float) value;
        uint32_t word;
        memcpy(&word, &w[i], sizeof word);
        bf16[i] = (uint16_t) (word >> 16);
        f16[i] = (uint16_t) ((value < 0 ? 0x8000 : 0)
            | (value == 0 ? 0 : (exponent + 14) << 10 | ((int) (fraction * 2048) & 1023)));
    }
}

static void
test_kind(int kind, int64_t rows, int64_t cols, double most)
{
    static double out[MOST_COLS + 1];
    int wrong = 0, status;
    memset(out, 0, sizeof out);
    out[cols] = -1;
    if (kind == 0) {
        status = htst_single_gram_f32(w, rows, cols, v, out);
    }
    else if (kind == 1) {
        status = htst_single_gram_bf16(bf16, rows, cols, v, out);
    }
    else {
        status = htst_single_gram_f16(f16, rows, cols, v, out);
    }
    for (int64_t j = 0; j < cols; j++) {
        wrong += !(fabs(out[j] - expected[j]) <= most * sizes[j]);
    }
    CHECK(status == HTST_OK);
    CHECK(wrong == 0);
    CHECK(out[cols] == -1);
}

/* Blocks of a multiple of eight rows give the bits of the whole matrix. */
static void
test_blocks(int64_t rows, int64_t cols)
{
    static double whole[MOST_COLS], parts[MOST_COLS];
    int64_t first = rows < 8 ? rows : 8;
    memset(whole, 0, sizeof whole);
    memset(parts, 0, sizeof parts);
    htst_single_gram_bf16(bf16, rows, cols, v, whole);
    htst_single_gram_bf16(bf16, first, cols, v, parts);
    htst_single_gram_bf16(bf16 + first * cols, rows - first, cols, v, parts);
    CHECK(!memcmp(whole, parts, (size_t) cols * sizeof *whole));
}

static void
test_all(void)
{
    const int64_t columns[] = { 1, 7, 15, 16, 17, 31, 32, 33, 100, 511, 512, 513, 1024, MOST_COLS };
    const int64_t heights[] = { 0, 1, 3, 4, 7, 8, 9, 16, MOST_ROWS };
    for (size_t k = 0; k < sizeof columns / sizeof *columns; k++) {
        for (size_t h = 0; h < sizeof heights / sizeof *heights; h++) {
            int64_t rows = heights[h], cols = columns[k];
            for (int whole = 0; whole < 2; whole++) {
                fill(rows * cols, whole);
                for (int64_t j = 0; j < cols; j++) {
                    v[j] = whole ? (float) (j % 7 - 3) : 1.0f / (float) (7 + j);
                }
                multiply(rows, cols);
                for (int kind = 0; kind < 3; kind++) {
                    /* small whole numbers are exact; others within the bounds of the header */
                    test_kind(kind, rows, cols, whole ? 0 : 45 * 0x1p-24);
                }
                test_blocks(rows, cols);
            }
        }
    }
    double out[1] = { 5 };
    CHECK(htst_single_gram_f32(w, 1, 0, v, out) == HTST_OK && out[0] == 5);
    CHECK(htst_single_gram_f32(w, -1, 1, v, out) == HTST_ERR_BAD_ARG);
    CHECK(htst_single_gram_bf16(bf16, 1, -1, v, out) == HTST_ERR_BAD_ARG);
    CHECK(htst_single_gram_f16(f16, -1, 1, v, out) == HTST_ERR_BAD_ARG);
}

int
main(void)
{
    test_all();
    htst_test_ignore_denormals();
    test_all();
    return htst_test_report("test_single");
}
