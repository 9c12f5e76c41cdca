#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "htst_common.h"
#include "htst_partition.h"
#include "htst_split.h"
#include "htst_test.h"

#define OWN HTST_SPLIT_OWN
#define PIECE HTST_SPLIT_PIECE

static uint64_t
next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 17;
}

/* Against count, then fill, in arrays of exactly the right size, so that sanitizers find accesses
 * beyond the end. The patterns grow with the numbers and are spread evenly; about `percent` of
 * them are kept.
 */
#define DEFINE_TEST(name, unsigned_t, signed_t, out_t, most, COUNT)                                \
    static void test_##name(int64_t rows, int64_t cols, int percent, int instructions)             \
    {                                                                                              \
        const size_t n = (size_t) (rows * cols);                                                   \
        const signed_t high = (signed_t) ((most) / 100 * (100 - percent)),                         \
                       low = percent == 100 ? 1 : (signed_t) (-1 - high); /* 1: all, also zeros */ \
        unsigned_t *w = malloc(n * sizeof *w);                                                     \
        uint8_t *hits = malloc((size_t) (rows * ((cols + 255) / 256)));                            \
        int64_t *ends = calloc((size_t) rows + 1, sizeof *ends), bad = 1;                          \
        int64_t *indptr = calloc((size_t) rows + 1, sizeof *indptr);                               \
        int32_t *indices = malloc(n * sizeof *indices), *own_indices = malloc(OWN * 4);            \
        out_t *values = malloc(n * sizeof *values), *own_values = malloc(OWN * sizeof *values);    \
        int32_t *more_indices = malloc((n + OWN) * sizeof *indices);                               \
        out_t *more_values = malloc((n + OWN) * sizeof *values);                                   \
        uint64_t state = n;                                                                        \
        htst_split_turns_t turns;                                                                  \
        memset(&turns, 0, sizeof turns);                                                           \
        for (size_t i = 0; i < n; i++) {                                                           \
            uint64_t bits = (next(&state) << 32 ^ next(&state)) % (uint64_t) (most);               \
            w[i] = (unsigned_t) (bits | (next(&state) & 1) << (8 * sizeof *w - 1));                \
        }                                                                                          \
        CHECK(COUNT(w, rows, cols, low, high, ends + 1, hits, &bad) == HTST_OK && bad == 0);       \
        for (int64_t r = 0; r < rows; r++) {                                                       \
            ends[r + 1] += ends[r];                                                                \
        }                                                                                          \
        const size_t nnz = (size_t) ends[rows];                                                    \
        int32_t *columns = malloc(nnz * 4 + 1);                                                    \
        out_t *kept = malloc(nnz * sizeof *kept + 1);                                              \
        CHECK(htst_partition_fill_##name(                                                          \
                  w, rows, cols, low, high, hits, ends, HTST_PARTITION_PLAIN, 0, columns, kept)    \
            == HTST_OK);                                                                           \
        CHECK(htst_split_##name(w, rows, cols, low, high, instructions, &turns, NULL, NULL,        \
                  own_indices, own_values, indptr, indices, values, &bad)                          \
            == HTST_OK);                                                                           \
        CHECK(bad == 0 && turns.kept == ends[rows]);                                               \
        CHECK(memcmp(indptr, ends, ((size_t) rows + 1) * sizeof *ends) == 0);                      \
        CHECK(memcmp(indices, columns, nnz * 4) == 0);                                             \
        CHECK(memcmp(values, kept, nnz * sizeof *kept) == 0);                                      \
        memset(&turns, 0, sizeof turns);                                                           \
        CHECK(htst_split_##name(w, rows, cols, low, high, instructions, &turns, NULL, NULL, NULL,  \
                  NULL, indptr, more_indices, more_values, &bad)                                   \
            == HTST_OK);                                                                           \
        CHECK(bad == 0 && memcmp(indptr, ends, ((size_t) rows + 1) * sizeof *ends) == 0);          \
        CHECK(memcmp(more_indices, columns, nnz * 4) == 0);                                        \
        CHECK(memcmp(more_values, kept, nnz * sizeof *kept) == 0);                                 \
        free(more_indices);                                                                        \
        free(more_values);                                                                         \
        free(w);                                                                                   \
        free(hits);                                                                                \
        free(ends);                                                                                \
        free(indptr);                                                                              \
        free(indices);                                                                             \
        free(own_indices);                                                                         \
        free(values);                                                                              \
        free(own_values);                                                                          \
        free(columns);                                                                             \
        free(kept);                                                                                \
    }

#define COUNT_F16(w, rows, cols, low, high, ...) \
    htst_partition_count_b16(w, rows, cols, low, high, 0x7c00, __VA_ARGS__)
#define COUNT_BF16(w, rows, cols, low, high, ...) \
    htst_partition_count_b16(w, rows, cols, low, high, 0x7f80, __VA_ARGS__)

DEFINE_TEST(f16, uint16_t, int16_t, uint32_t, 0x7c00, COUNT_F16)
DEFINE_TEST(bf16, uint16_t, int16_t, uint32_t, 0x7f80, COUNT_BF16)
DEFINE_TEST(b32, uint32_t, int32_t, uint32_t, INT32_C(0x7f800000), htst_partition_count_b32)
DEFINE_TEST(b64, uint64_t, int64_t, uint64_t, INT64_C(0x7ff0000000000000), htst_partition_count_b64)

static void
test_shapes(int instructions)
{
    const int64_t shapes[][2] = { { 1, 1 }, { 3, 7 }, { 2, 63 }, { 5, 64 }, { 2, 65 }, { 4, 257 },
        { 200, 1003 }, { 1, PIECE }, { PIECE + 9, 1 }, { 3, PIECE + 1 }, { 2, 2 * PIECE - 1 } };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        for (int percent = 0; percent <= 100; percent += 20) {
            test_f16(shapes[i][0], shapes[i][1], percent, instructions);
            test_bf16(shapes[i][0], shapes[i][1], percent, instructions);
            test_b32(shapes[i][0], shapes[i][1], percent, instructions);
            test_b64(shapes[i][0], shapes[i][1], percent, instructions);
        }
    }
    test_b32(1600, 1400, 90, instructions); /* so large that memory is cleared ahead */
}

/* If other threads have split the first pieces, this call continues after them and does not change
 * their output.
 */
static void
test_turns(int instructions)
{
    enum { COLS = PIECE + 100, ROWS = 2, N = ROWS * COLS };
    static uint32_t w[N], values[N], own_values[OWN];
    static int32_t indices[N], own_indices[OWN];
    int64_t indptr[ROWS + 1] = { 0, -1, -1 }, bad;
    htst_split_turns_t turns;
    memset(&turns, 0, sizeof turns);
    for (int i = 0; i < N; i++) {
        w[i] = (uint32_t) (i % 10 == 0) + 1;
        indices[i] = -7;
    }
    turns.next = turns.counted = 2; /* the first row is two pieces */
    turns.kept = 1000;
    CHECK(htst_split_b32(w, ROWS, COLS, -2, 1, instructions, &turns, NULL, NULL, own_indices,
              own_values, indptr, indices, values, &bad)
        == HTST_OK);
    CHECK(turns.counted == 4 && turns.next >= 4);
    CHECK(indptr[1] == -1 && indptr[2] == turns.kept);
    int64_t k = 1000;
    int same = indices[999] == -7;
    for (int j = 0; j < COLS; j++) {
        if (w[COLS + j] > 1) {
            same &= indices[k] == j && values[k] == 2;
            k++;
        }
    }
    CHECK(same && k == turns.kept && indices[k] == -7);
    /* if no piece is left, the call does nothing */
    CHECK(htst_split_b32(w, ROWS, COLS, -2, 1, instructions, &turns, NULL, NULL, own_indices,
              own_values, indptr, indices, values, &bad)
        == HTST_OK);
    CHECK(turns.counted == 4 && k == turns.kept && bad == 0);
}

/* NaN and infinity are found even if the bounds keep none of them: bounds above the largest
 * number, or no negative ones kept. */
static void
test_not_finite(int instructions)
{
    static int32_t own_indices[OWN], indices[70];
    static uint32_t own_values[OWN], values[70];
    static uint64_t own_doubles[OWN], doubles[70];
    static uint16_t half[70], brain[70];
    static uint32_t single[70];
    static uint64_t wide[70];
    int64_t indptr[2] = { 0 }, bad;
    htst_split_turns_t turns;
    half[3] = 0x7c00, half[66] = 0xfc00, half[69] = 0xfe01, half[5] = 0xfbff;
    brain[3] = 0x7f80, brain[66] = 0xff80, brain[69] = 0xff81, brain[5] = 0xff7f;
    single[3] = UINT32_C(0x7f800000), single[66] = UINT32_C(0xff800000);
    single[69] = UINT32_C(0xff800001);
    single[5] = UINT32_C(0xff7fffff);
    wide[3] = UINT64_C(0x7ff0000000000000), wide[66] = UINT64_C(0xfff0000000000000);
    wide[69] = UINT64_C(0xfff0000000000001);
    wide[5] = UINT64_C(0xffefffffffffffff);
    for (int upper = 0; upper < 2; upper++) {
#define SPLIT(name, w, most, values, own)                                                       \
    memset(&turns, 0, sizeof turns);                                                            \
    bad = 0;                                                                                    \
    htst_split_##name(w, 1, 70, upper ? -(most) -1 : -(most), most, instructions, &turns, NULL, \
        NULL, own_indices, own, indptr, indices, values, &bad);                                 \
    CHECK(bad == 3)
        SPLIT(f16, half, INT16_MAX, values, own_values);
        SPLIT(bf16, brain, INT16_MAX, values, own_values);
        SPLIT(b32, single, INT32_MAX, values, own_values);
        SPLIT(b64, wide, INT64_MAX, doubles, own_doubles);
    }
}

/* The number and the sum of what a look has read. */
typedef struct {
    int64_t n;
    uint64_t sum;
} read_t;

static void
read_words(const void *x, int64_t n, void *state)
{
    const uint32_t *words = x;
    read_t *to = state;
    to->n += n;
    for (int64_t i = 0; i < n; i++) {
        to->sum += words[i];
    }
}

/* Looks read every element and every kept value once. */
static void
test_looks(int64_t rows, int64_t cols, int instructions)
{
    const int64_t n = rows * cols;
    uint32_t *w = malloc((size_t) n * 4), *values = malloc((size_t) n * 4);
    int32_t *indices = malloc((size_t) n * 4), *own_indices = malloc(OWN * 4);
    uint32_t *own_values = malloc(OWN * 4);
    int64_t *indptr = calloc((size_t) rows + 1, sizeof *indptr), bad;
    read_t all = { 0, 0 }, some = { 0, 0 }, expected = { 0, 0 }, kept = { 0, 0 };
    const htst_split_look_t elements = { read_words, &all }, others = { read_words, &some };
    htst_split_turns_t turns;
    memset(&turns, 0, sizeof turns);
    for (int64_t i = 0; i < n; i++) {
        w[i] = (uint32_t) (i * 7919 % 1009) << 12;
    }
    read_words(w, n, &expected);
    CHECK(htst_split_b32(w, rows, cols, INT32_MIN, 800 << 12, instructions, &turns, &elements,
              &others, own_indices, own_values, indptr, indices, values, &bad)
        == HTST_OK);
    read_words(values, indptr[rows], &kept);
    CHECK(all.n == n && all.sum == expected.sum);
    CHECK(some.n == indptr[rows] && some.sum == kept.sum && some.n > n / 6);
    free(w), free(values), free(indices), free(own_indices), free(own_values), free(indptr);
}

int
main(void)
{
    for (int instructions = 0; instructions <= htst_partition_best(); instructions++) {
        test_shapes(instructions);
        test_turns(instructions);
        test_not_finite(instructions);
        test_looks(1, 70001, instructions);
        test_looks(30000, 7, instructions);
        test_looks(11, 8191, instructions);
        test_looks(3, 65636, instructions);
    }
    return htst_test_report("test_split");
}
