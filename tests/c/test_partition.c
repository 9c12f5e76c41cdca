#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "htst_common.h"
#include "htst_partition.h"
#include "htst_test.h"

#define ROWS 5
#define MOST 1003

static uint64_t
next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 17;
}

/* True if the result has the elements of x with abs(x) > tau, and nothing else. */
static int
is_kept(const float *x, int64_t cols, float tau, int wide, const int64_t *indptr,
    const void *indices, const uint32_t *values)
{
    int64_t k = 0;
    int same = 1;
    for (int64_t i = 0; i < ROWS * cols; i++) {
        if (fabsf(x[i]) > tau) {
            int64_t column = wide ? ((const int64_t *) indices)[k] : ((const int32_t *) indices)[k];
            same &= column == i % cols && !memcmp(values + k, x + i, sizeof *x);
            k++;
        }
        if (i % cols == cols - 1) {
            same &= k == indptr[i / cols + 1];
        }
    }
    return same && k == indptr[ROWS];
}

/* Every row width, density and instruction set, in arrays of exactly the right size, so that
 * sanitizers find accesses beyond the end. Floats with abs(x) > tau are kept, as C's own
 * comparison says. */
static void
test_b32(int64_t cols, float tau, int instructions, int wide)
{
    size_t n = (size_t) (ROWS * cols), segments = (size_t) ((cols + 255) / 256);
    float *x = malloc(n * sizeof *x);
    uint32_t *w = malloc(n * sizeof *w);
    uint8_t *hits = malloc(ROWS * segments);
    int64_t counts[ROWS], indptr[ROWS + 1] = { 0 }, bad = 1;
    uint64_t state = (uint64_t) cols;
    int32_t high, low;
    memcpy(&high, &tau, sizeof high);
    low = -1 - high;
    for (size_t i = 0; i < n; i++) {
        x[i] = (float) (next(&state) % 2001) / 1000 - 1; /* in [-1, 1] */
        memcpy(w + i, x + i, sizeof *w);
    }
    CHECK(htst_partition_count_b32(w, ROWS, cols, low, high, counts, hits, &bad) == HTST_OK);
    CHECK(bad == 0);
    for (int r = 0; r < ROWS; r++) {
        indptr[r + 1] = indptr[r] + counts[r];
    }
    size_t nnz = (size_t) indptr[ROWS], size = wide ? 8 : 4;
    void *indices = malloc(nnz * size + 1);
    uint32_t *values = malloc(nnz * sizeof *values + 1);
    CHECK(htst_partition_fill_b32(
              w, ROWS, cols, low, high, hits, indptr, instructions, wide, indices, values)
        == HTST_OK);
    CHECK(is_kept(x, cols, tau, wide, indptr, indices, values));
    free(x);
    free(w);
    free(hits);
    free(indices);
    free(values);
}

/* The 16-bit formats: every pattern once, widened exactly. */
static void
test_b16(int instructions)
{
    enum { N = 0x7c00 };
    static uint16_t w[2 * N];
    static uint8_t hits[2 * N / 256 + 1];
    static int32_t indices[2 * N];
    static uint32_t values[2 * N];
    int64_t counts[1], indptr[2] = { 0 }, bad;
    for (int i = 0; i < N; i++) {
        w[2 * i] = (uint16_t) i;
        w[2 * i + 1] = (uint16_t) (i | 0x8000);
    }
    CHECK(htst_partition_count_b16(w, 1, 2 * N, -1, 0, 0x7c00, counts, hits, &bad) == HTST_OK);
    CHECK(bad == 0 && counts[0] == 2 * N - 2);
    indptr[1] = counts[0];
    htst_partition_fill_f16(w, 1, 2 * N, -1, 0, hits, indptr, instructions, 0, indices, values);
    int same = 1;
    for (int k = 0; k < 2 * N - 2; k++) {
        uint16_t half = w[indices[k]];
        int e = half >> 10 & 31, m = half & 1023;
        double expected = e > 0 ? ldexp(1024 + m, e - 25) : ldexp(m, -24);
        float value;
        memcpy(&value, values + k, sizeof value);
        same &= indices[k] == k + 2 && (double) value == (half & 0x8000 ? -expected : expected);
    }
    CHECK(same);
    htst_partition_fill_bf16(w, 1, 2 * N, -1, 0, hits, indptr, instructions, 0, indices, values);
    for (int k = 0; k < 2 * N - 2; k++) {
        same &= values[k] == (uint32_t) w[k + 2] << 16;
    }
    CHECK(same);
}

/* Infinity and NaN stay what they are: the split finds them among the kept values. */
static void
test_not_finite_f16(int instructions)
{
    const uint16_t w[4] = { 0x7c00, 0xfc00, 0x7c01, 0xffff };
    const uint8_t hits[1] = { 4 };
    const int64_t indptr[2] = { 0, 4 };
    int32_t indices[4];
    uint32_t values[4];
    CHECK(htst_partition_fill_f16(w, 1, 4, -1, 0, hits, indptr, instructions, 0, indices, values)
        == HTST_OK);
    CHECK(values[0] == 0x7f800000 && values[1] == 0xff800000);
    for (int k = 2; k < 4; k++) {
        CHECK(indices[k] == k && (values[k] & INT32_MAX) > 0x7f800000);
    }
}

static void
test_b64(int instructions)
{
    static uint64_t wide[300], wide_values[300];
    uint8_t hits[2];
    int32_t indices[300];
    int64_t counts[1], indptr[2] = { 0 }, bad;
    int same = 1;
    for (int i = 0; i < 300; i++) {
        wide[i] = (uint64_t) i % 3 << 62 | (uint64_t) i;
    }
    const int64_t limit = INT64_C(1) << 61;
    htst_partition_count_b64(wide, 1, 300, -1 - limit, limit, counts, hits, &bad);
    CHECK(counts[0] == 100 && bad == 0); /* 2^62 + i; 2^63 + i are small and negative */
    indptr[1] = counts[0];
    CHECK(htst_partition_fill_b64(
              wide, 1, 300, -1 - limit, limit, hits, indptr, instructions, 0, indices, wide_values)
        == HTST_OK);
    for (int k = 0; k < 100; k++) {
        same &= indices[k] == 3 * k + 1 && wide_values[k] == wide[3 * k + 1];
    }
    CHECK(same);
    indptr[1] = 101;
    CHECK(htst_partition_fill_b64(
              wide, 1, 300, -1 - limit, limit, hits, indptr, instructions, 0, indices, wide_values)
        == HTST_ERR_BAD_ARG);
}

/* The smallest floats are distinguished from zero, however the processor treats denormals. */
static void
test_denormals(int instructions)
{
    uint32_t w[5] = { 0, 1, UINT32_C(0x80000000), UINT32_C(0x80000001), 2 }, values[3];
    int64_t counts[1], indptr[2] = { 0 }, bad;
    int32_t indices[3];
    uint8_t hits[1];
    htst_partition_count_b32(w, 1, 5, -1, 0, counts, hits, &bad);
    CHECK(counts[0] == 3 && bad == 0);
    indptr[1] = 3;
    htst_partition_fill_b32(w, 1, 5, -1, 0, hits, indptr, instructions, 0, indices, values);
    CHECK(indices[0] == 1 && indices[1] == 3 && indices[2] == 4);
    CHECK(values[0] == 1 && values[1] == UINT32_C(0x80000001) && values[2] == 2);
}

/* Where 0 itself is kept, as around a mean that is not 0, lanes of a vector beyond the end of a
 * row must not count. Kept: x > -1/4 or x < -3/4; floats in order as integers, see the header. */
static void
test_zeros_are_kept(int instructions)
{
    enum { COLS = 13, KEPT = 8 };
    uint32_t w[3 * COLS], values[3 * KEPT];
    float quarter = .25f, three = .75f, half = -.5f;
    int32_t high, low, indices[3 * KEPT];
    int64_t counts[3], indptr[4] = { 0 }, bad;
    uint8_t hits[3];
    memcpy(&high, &quarter, sizeof high);
    memcpy(&low, &three, sizeof low);
    for (int i = 0; i < 3 * COLS; i++) {
        w[i] = 0;
        if (i % COLS < COLS - KEPT) {
            memcpy(w + i, &half, sizeof half);
        }
    }
    htst_partition_count_b32(w, 3, COLS, -1 - low, -1 - high, counts, hits, &bad);
    for (int r = 0; r < 3; r++) {
        CHECK(counts[r] == KEPT);
        indptr[r + 1] = indptr[r] + counts[r];
    }
    CHECK(htst_partition_fill_b32(
              w, 3, COLS, -1 - low, -1 - high, hits, indptr, instructions, 0, indices, values)
        == HTST_OK);
    for (int i = 0; i < 3 * KEPT; i++) {
        CHECK(indices[i] == COLS - KEPT + i % KEPT && values[i] == 0);
    }
}

/* If the mean is not a number of the format and tau = 0, no number lies within the bounds.
 */
static void
test_all_are_kept(int instructions)
{
    enum { COLS = 90 };
    uint32_t w[COLS], values[COLS];
    uint64_t wide[COLS], wide_values[COLS];
    int32_t indices[COLS];
    int64_t counts[1], indptr[2] = { 0, COLS }, bad;
    uint8_t hits[1];
    for (int i = 0; i < COLS; i++) {
        w[i] = (uint32_t) (i % 3 == 0);
        wide[i] = (uint64_t) (i % 3 == 0);
    }
    htst_partition_count_b32(w, 1, COLS, 1, 0, counts, hits, &bad);
    CHECK(counts[0] == COLS);
    CHECK(htst_partition_fill_b32(w, 1, COLS, 1, 0, hits, indptr, instructions, 0, indices, values)
        == HTST_OK);
    CHECK(memcmp(values, w, sizeof w) == 0 && indices[COLS - 1] == COLS - 1);
    htst_partition_count_b64(wide, 1, COLS, 1, 0, counts, hits, &bad);
    CHECK(counts[0] == COLS);
    CHECK(htst_partition_fill_b64(
              wide, 1, COLS, 1, 0, hits, indptr, instructions, 0, indices, wide_values)
        == HTST_OK);
    CHECK(memcmp(wide_values, wide, sizeof wide) == 0 && indices[COLS - 1] == COLS - 1);
}

/* Rows that keep the first `dense` of every 32, into rooms of every size: the fill stops at the
 * end of the room, writes nothing beyond it, and its output is right. */
static void
test_rooms(int dense, int instructions)
{
    enum { COLS = 300 };
    uint32_t single[COLS], values[COLS + 64];
    uint16_t half[COLS];
    uint64_t wide[COLS], wide_values[COLS + 64];
    int32_t indices[COLS + 64];
    uint8_t hits[2], half_hits[2], wide_hits[2];
    int64_t counts[1], bad;
    for (int i = 0; i < COLS; i++) {
        single[i] = i % 32 < dense ? UINT32_C(0x3f800000) : 0;
        half[i] = i % 32 < dense ? 0x3c00 : 0;
        wide[i] = single[i];
    }
    htst_partition_count_b32(single, 1, COLS, -1, 0, counts, hits, &bad);
    htst_partition_count_b16(half, 1, COLS, -1, 0, 0x7c00, counts, half_hits, &bad);
    htst_partition_count_b64(wide, 1, COLS, -1, 0, counts, wide_hits, &bad);
    for (int64_t room = 0; room <= counts[0]; room++) {
        const int64_t indptr[2] = { 0, room };
        for (int format = 0; format < 3; format++) {
            memset(indices, 0xff, sizeof indices);
            memset(values, 0xff, sizeof values);
            memset(wide_values, 0xff, sizeof wide_values);
            CHECK((format == 0 ? htst_partition_fill_b32(
                       single, 1, COLS, -1, 0, hits, indptr, instructions, 0, indices, values)
                          : format == 1 ? htst_partition_fill_f16(half, 1, COLS, -1, 0, half_hits,
                                indptr, instructions, 0, indices, values)
                                        : htst_partition_fill_b64(wide, 1, COLS, -1, 0, wide_hits,
                                            indptr, instructions, 0, indices, wide_values))
                == HTST_OK);
            int same = 1;
            for (int k = 0; k < COLS + 64; k++) {
                const int there = k < room;
                const uint64_t value = there ? UINT64_C(0x3f800000) : UINT64_MAX;
                same &= indices[k] == (there ? k / dense * 32 + k % dense : -1);
                same &= format < 2 ? values[k] == (uint32_t) value : wide_values[k] == value;
            }
            CHECK(same);
        }
    }
}

static void
test_not_finite(void)
{
    uint32_t w[4] = { 0x7f800000, 0xff800000, 0x7fc00001, 0x7f7fffff };
    uint16_t half[4] = { 0x7c00, 0xfc00, 0x7e00, 0x7bff };
    uint64_t wide[2] = { UINT64_C(0x7ff0000000000000), UINT64_C(0xfff8000000000000) };
    int64_t counts[1], bad;
    uint8_t hits[1];
    htst_partition_count_b32(w, 1, 4, -1, 0, counts, hits, &bad);
    CHECK(bad == 3);
    htst_partition_count_b16(half, 1, 4, -1, 0, 0x7c00, counts, hits, &bad);
    CHECK(bad == 3);
    htst_partition_count_b16(half, 1, 4, -1, 0, 0x7f80, counts, hits, &bad);
    CHECK(bad == 0);
    htst_partition_count_b64(wide, 1, 2, -1, 0, counts, hits, &bad);
    CHECK(bad == 2);
}

int
main(void)
{
    const int64_t widths[] = { 1, 7, 8, 15, 16, 17, 255, 256, 257, 511, MOST };
    const float taus[] = { 0.0f, 0.5f, 0.9f, 0.97f, 0.999f, 1.0f };
    for (int instructions = 0; instructions <= htst_partition_best(); instructions++) {
        for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
            for (size_t t = 0; t < sizeof taus / sizeof *taus; t++) {
                test_b32(widths[i], taus[t], instructions, 0);
                test_b32(widths[i], taus[t], instructions, 1);
            }
        }
        test_b16(instructions);
        test_not_finite_f16(instructions);
        test_b64(instructions);
        test_zeros_are_kept(instructions);
        test_all_are_kept(instructions);
        test_rooms(17, instructions);
        test_rooms(32, instructions);
        test_rooms(1, instructions);
    }
    test_not_finite();
    htst_test_ignore_denormals();
    for (int instructions = 0; instructions <= htst_partition_best(); instructions++) {
        test_b16(instructions);
        test_not_finite_f16(instructions);
        test_b64(instructions);
        test_denormals(instructions);
    }
    return htst_test_report("test_partition");
}
