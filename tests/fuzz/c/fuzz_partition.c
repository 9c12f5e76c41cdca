/* Raw bit patterns of matrices through htst_partition and htst_split, with every kind of
 * instructions, against plain loops. */
#include "htst_fuzz.h"
#include "htst_partition.h"
#include "htst_split.h"

enum { MOST = 1200 };

#define ALLOCATED(n, item) malloc((size_t) (n) * (item))

/* fit: the type of the elements; wider: that of the values. `value_of` widens a kept element, or is
 * NULL where only the places are compared. */
#define DEFINE_FUZZ(name, unsigned_t, signed_t, value_t, infinity, COUNT, VALUE)                   \
    static void fuzz_##name(htst_fuzz_t *input, int64_t rows, int64_t cols, int instructions)      \
    {                                                                                              \
        const unsigned_t sign = (unsigned_t) ((unsigned_t) 1 << (8 * sizeof(unsigned_t) - 1));     \
        signed_t low, high;                                                                        \
        htst_fuzz_bytes(input, &low, sizeof low);                                                  \
        htst_fuzz_bytes(input, &high, sizeof high);                                                \
        int64_t n = rows * cols, hits_size = rows * ((cols + 255) / 256), bad = 0, kept = 0;       \
        unsigned_t *w = htst_fuzz_array(input, n, sizeof *w);                                      \
        int64_t *indptr = calloc((size_t) rows + 1, 8), *again = calloc((size_t) rows + 1, 8);     \
        uint8_t *hits = ALLOCATED(hits_size, 1);                                                   \
        int64_t not_finite = -1, split_bad = -1;                                                   \
        for (int64_t i = 0; i < n; i++) {                                                          \
            if (w[i] & 1) {                                                                        \
                w[i] = (unsigned_t) (w[i] & sign) | (unsigned_t) (w[i] % (unsigned_t) (infinity)); \
            }                                                                                      \
            bad += (w[i] & (unsigned_t) ~sign) >= (unsigned_t) (infinity);                         \
        }                                                                                          \
        REQUIRE(COUNT(w, rows, cols, low, high, indptr + 1, hits, &not_finite) == 0);              \
        REQUIRE(not_finite == bad);                                                                \
        htst_split_turns_t turns;                                                                  \
        memset(&turns, 0, sizeof turns);                                                           \
        int32_t *split_indices = ALLOCATED(n, 4), *own_indices = ALLOCATED(HTST_SPLIT_OWN, 4);     \
        value_t *split_values = ALLOCATED(n, sizeof(value_t));                                     \
        value_t *own_values = ALLOCATED(HTST_SPLIT_OWN, sizeof(value_t));                          \
        REQUIRE(n == 0                                                                             \
            || htst_split_##name(w, rows, cols, low, high, instructions, &turns, NULL, NULL,       \
                   own_indices, own_values, again, split_indices, split_values, &split_bad)        \
                == 0);                                                                             \
        if (bad == 0) {                                                                            \
            for (int64_t r = 0; r < rows; r++) {                                                   \
                indptr[r + 1] += indptr[r];                                                        \
            }                                                                                      \
            int64_t nnz = indptr[rows];                                                            \
            int32_t *indices = ALLOCATED(nnz, 4);                                                  \
            int64_t *wide = ALLOCATED(nnz, 8);                                                     \
            value_t *values = ALLOCATED(nnz, sizeof(value_t));                                     \
            value_t *plain = ALLOCATED(nnz, sizeof(value_t));                                      \
            REQUIRE(htst_partition_fill_##name(                                                    \
                        w, rows, cols, low, high, hits, indptr, instructions, 0, indices, values)  \
                == 0);                                                                             \
            REQUIRE(htst_partition_fill_##name(w, rows, cols, low, high, hits, indptr,             \
                        HTST_PARTITION_PLAIN, 1, wide, plain)                                      \
                == 0);                                                                             \
            for (int64_t i = 0; i < n; i++) {                                                      \
                unsigned_t size = (unsigned_t) (w[i] & (unsigned_t) ~sign);                        \
                int64_t ordered = w[i] & sign ? -1 - (int64_t) size : (int64_t) size;              \
                if (ordered > high || ordered < low) {                                             \
                    REQUIRE(kept < nnz && indices[kept] == i % cols && wide[kept] == i % cols);    \
                    REQUIRE(VALUE(values[kept], w[i]));                                            \
                    kept++;                                                                        \
                }                                                                                  \
                REQUIRE((i + 1) % cols != 0 || indptr[i / cols + 1] == kept);                      \
            }                                                                                      \
            REQUIRE(kept == nnz && memcmp(values, plain, (size_t) nnz * sizeof *values) == 0);     \
            REQUIRE(n == 0 || split_bad == 0);                                                     \
            REQUIRE(n == 0 || memcmp(again, indptr, ((size_t) rows + 1) * 8) == 0);                \
            REQUIRE(memcmp(split_indices, indices, (size_t) nnz * 4) == 0);                        \
            REQUIRE(memcmp(split_values, values, (size_t) nnz * sizeof *values) == 0);             \
            free(indices), free(wide), free(values), free(plain);                                  \
        }                                                                                          \
        free(w), free(indptr), free(again), free(hits), free(split_indices), free(own_indices);    \
        free(split_values), free(own_values);                                                      \
    }

#define COUNT_F16(w, rows, cols, low, high, ...) \
    htst_partition_count_b16(w, rows, cols, low, high, 0x7c00, __VA_ARGS__)
#define COUNT_BF16(w, rows, cols, low, high, ...) \
    htst_partition_count_b16(w, rows, cols, low, high, 0x7f80, __VA_ARGS__)
#define SAME(value, element) ((value) == (element))
#define WIDENED(value, element) ((value) == (uint32_t) (element) << 16)

/* Whether a float32 pattern is this float16 number, by the definition of both formats. */
static int
is_half(uint32_t value, uint16_t half)
{
    float number, expected = (float) (half & 1023) * 0x1p-24f;
    int exponent = half >> 10 & 31;
    memcpy(&number, &value, 4);
    if (exponent) {
        expected = ldexpf((float) (1024 + (half & 1023)), exponent - 25);
    }
    return value >> 31 == half >> 15 && fabsf(number) == expected;
}

DEFINE_FUZZ(f16, uint16_t, int16_t, uint32_t, 0x7c00, COUNT_F16, is_half)
DEFINE_FUZZ(bf16, uint16_t, int16_t, uint32_t, 0x7f80, COUNT_BF16, WIDENED)
DEFINE_FUZZ(b32, uint32_t, int32_t, uint32_t, 0x7f800000, htst_partition_count_b32, SAME)
DEFINE_FUZZ(
    b64, uint64_t, int64_t, uint64_t, INT64_C(0x7ff0000000000000), htst_partition_count_b64, SAME)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    htst_fuzz_t input = { data, size };
    int64_t way = htst_fuzz_int(&input, 4), item = way < 2 ? 2 : way == 2 ? 4 : 8;
    int instructions = (int) htst_fuzz_int(&input, htst_partition_best() + 1);
    int64_t cols = 1 + htst_fuzz_int(&input, 700), n = (int64_t) input.left / item;
    int64_t rows = (n < MOST ? n : MOST) / cols + htst_fuzz_int(&input, 2);
    if (way == 0) {
        fuzz_f16(&input, rows, cols, instructions);
    }
    else if (way == 1) {
        fuzz_bf16(&input, rows, cols, instructions);
    }
    else if (way == 2) {
        fuzz_b32(&input, rows, cols, instructions);
    }
    else {
        fuzz_b64(&input, rows, cols, instructions);
    }
    return 0;
}
