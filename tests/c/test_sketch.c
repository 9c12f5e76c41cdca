#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "htst_common.h"
#include "htst_sketch.h"
#include "htst_test.h"

#define N 9001

static uint64_t
next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 17;
}

/* The window grows when a block leaves it; the buckets do not depend on the windows. */
static void
test_f32(void)
{
    static float x[N];
    uint64_t state = 3;
    int64_t nans = 0, infinities = 0, zeros = 0;
    const int64_t width = 255 * 2048;
    uint64_t *naive = calloc((size_t) (2 * width) * 2, sizeof *naive);
    uint64_t *table = calloc((size_t) (2 * width + 1) * HTST_SKETCH_WORDS_F32, sizeof *table);
    if (naive == NULL || table == NULL) {
        CHECK(0);
        goto out;
    }
    for (int i = 0; i < N; i++) {
        uint32_t bits = (uint32_t) next(&state);
        bits = i % 10 == 0 ? bits & 0x80000000 : i % 11 == 0 ? bits | 0x7f800000 : bits;
        memcpy(x + i, &bits, sizeof bits);
        uint32_t a = bits & 0x7fffffff;
        zeros += bits == 0;
        nans += a > 0x7f800000;
        infinities += bits == 0x7f800000;
        if (a != 0 && a < 0x7f800000) {
            uint64_t *entry = naive + 2 * ((int64_t) (bits >> 31) * width + (a >> 12));
            entry[0]++;
            entry[1] += a & 4095;
        }
    }
    htst_sketch_seen_t seen = { 0 };
    CHECK(htst_sketch_add_f32(x, N, 0, width, table, &seen) == HTST_OK);
    CHECK(seen.done == N);
    CHECK(seen.zeros == zeros && seen.nans == nans && seen.infinities == infinities);
    CHECK(memcmp(naive, table, (size_t) (2 * width) * 2 * sizeof *naive) == 0);
    /* an empty window: nothing is added, and the patterns tell which window is needed */
    htst_sketch_seen_t refused = { 0 };
    CHECK(htst_sketch_add_f32(x, N, 2048, 0, table, &refused) == HTST_OK);
    CHECK(refused.done == 0 && refused.zeros == 0 && refused.smallest > 0);
    CHECK(htst_sketch_add_f32(x, N, 0, width + 1, table, &refused) == HTST_ERR_BAD_ARG);
    CHECK(htst_sketch_add_f32(x, N, -1, 10, table, &refused) == HTST_ERR_BAD_ARG);
out:
    free(naive);
    free(table);
}

static void
test_f64(void)
{
    /* 2^23 equal elements overflow 64 bits of low bits */
    enum { COPIES = 4096 };
    static double x[COPIES];
    const int64_t first = INT64_C(1023) * 2048;
    uint64_t table[(2 * 2048 + 1) * HTST_SKETCH_WORDS_F64] = { 0 };
    uint64_t low = (UINT64_C(1) << 41) - 1, bits = UINT64_C(1023) << 52 | low;
    for (int i = 0; i < COPIES; i++) {
        memcpy(x + i, &bits, sizeof bits);
    }
    htst_sketch_seen_t seen = { 0 };
    for (int k = 0; k < 2049; k++) {
        htst_sketch_add_f64(x, COPIES, first, 2048, table, &seen);
    }
    uint64_t count = UINT64_C(2049) * COPIES;
    CHECK(table[0] == count);
    CHECK(table[1] == count * low); /* modulo 2^64 */
    CHECK(table[2] == 1);
    CHECK(seen.smallest == (int64_t) bits && seen.largest_positive == (int64_t) bits);
    CHECK(seen.largest_negative == 0);
}

static void
test_u16(void)
{
    static uint64_t table[65536];
    memset(table, 0, sizeof table);
    static uint16_t x[3 * 65536];
    for (int i = 0; i < 3 * 65536; i++) {
        x[i] = (uint16_t) (i * 7);
    }
    CHECK(htst_sketch_add_u16(x, 3 * 65536, table) == HTST_OK);
    int all = 1;
    for (int i = 0; i < 65536; i++) {
        all &= table[i] == 3;
    }
    CHECK(all);
    static uint64_t sums[8 * 256];
    CHECK(htst_sketch_sums_u16(table, 7, sums) == HTST_OK);
    CHECK(sums[0] == 3 * 127 * 128 / 2);         /* denormals: 0 to 127 */
    CHECK(sums[4] == 3 * (128 + 255) * 64);      /* then 128 to 255 */
    CHECK(sums[2] == 3 * (127 * 128 * 255 / 6)); /* sum of squares to 127 */
    CHECK(htst_sketch_sums_u16(table, 15, sums) == HTST_ERR_BAD_ARG);
}

/* Zeros among other values, alone and in runs, at every position and in arrays of every length. */
static void
test_u16_zeros(void)
{
    enum { MOST = 40 };
    static uint64_t table[65536], expected[65536];
    uint16_t x[MOST];
    for (int n = 0; n <= MOST; n++) {
        for (int shift = 0; shift < 16; shift++) {
            for (int i = 0; i < n; i++) {
                x[i] = (uint16_t) ((0xc30f >> (i + shift) % 16 & 1) * (i + 1) << 8);
                expected[x[i]]++;
            }
            CHECK(htst_sketch_add_u16(x, n, table) == HTST_OK);
        }
    }
    CHECK(memcmp(table, expected, sizeof table) == 0);
}

static void
test_all(void)
{
    test_f32();
    test_f64();
    test_u16();
    test_u16_zeros();
}

int
main(void)
{
    test_all();
    htst_test_ignore_denormals();
    test_all();
    return htst_test_report("test_sketch");
}
