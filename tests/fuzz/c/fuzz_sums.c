/* Raw bit patterns through htst_moments and htst_sketch, against sums bit by bit. */
#include "htst_fuzz.h"
#include "htst_moments.h"
#include "htst_sketch.h"

__extension__ typedef unsigned __int128 wide_t;

/* Add value * 2^shift to a two's complement integer of `words` words, or subtract it. */
static void
add_shifted(uint64_t *sum, int words, wide_t value, int shift, int minus)
{
    int within = shift % 64;
    uint64_t parts[3] = { (uint64_t) (value << within), (uint64_t) (value >> 64), 0 };
    if (within) {
        parts[1] = (uint64_t) (value >> (64 - within));
        parts[2] = (uint64_t) (value >> 64 >> (64 - within));
    }
    wide_t carry = minus ? 1 : 0;
    for (int w = 0; w < words; w++) {
        int p = w - shift / 64;
        uint64_t part = p >= 0 && p < 3 ? parts[p] : 0;
        carry += (wide_t) sum[w] + (minus ? ~part : part);
        sum[w] = (uint64_t) carry;
        carry >>= 64;
    }
}

static void
sum_f64(htst_fuzz_t *input, int64_t n)
{
    uint64_t *bits = htst_fuzz_array(input, n, 8), spread = (uint64_t) htst_fuzz_int(input, 2047);
    uint64_t sum[HTST_MOMENTS_SUM_F64] = { 0 }, squares[HTST_MOMENTS_SQUARES_F64] = { 0 };
    uint64_t total[HTST_MOMENTS_SUM_F64] = { 0 }, of_squares[HTST_MOMENTS_SQUARES_F64] = { 0 };
    double *x = malloc((size_t) n * 8);
    int64_t bad = 0, not_finite = 0, cut = htst_fuzz_int(input, n + 1);
    for (int64_t i = 0; i < n; i++) {
        if (bits[i] & 2) { /* similar sizes, as in a matrix of weights */
            uint64_t exponent = (spread + (bits[i] >> 52) % 24) % 2047;
            bits[i] = (bits[i] & UINT64_C(0x800fffffffffffff)) | exponent << 52;
        }
        uint64_t exponent = bits[i] >> 52 & 2047, mantissa = bits[i] & UINT64_C(0xfffffffffffff);
        if (exponent == 2047) {
            bad++;
            continue;
        }
        mantissa |= exponent ? UINT64_C(1) << 52 : 0;
        int shift = exponent ? (int) exponent - 1 : 0;
        add_shifted(total, HTST_MOMENTS_SUM_F64, mantissa, shift, bits[i] >> 63 != 0);
        add_shifted(
            of_squares, HTST_MOMENTS_SQUARES_F64, (wide_t) mantissa * mantissa, 2 * shift, 0);
    }
    memcpy(x, bits, (size_t) n * 8);
    REQUIRE(htst_moments_add_f64(x, cut, sum, squares, &not_finite) == 0);
    REQUIRE(htst_moments_add_near_f64(x + cut, n - cut, sum, squares, &not_finite) == 0);
    REQUIRE(not_finite == bad && memcmp(sum, total, sizeof sum) == 0);
    REQUIRE(memcmp(squares, of_squares, sizeof squares) == 0);
    free(bits), free(x);
}

static void
sum_f32(htst_fuzz_t *input, int64_t n)
{
    uint32_t *bits = htst_fuzz_array(input, n, 4), spread = (uint32_t) htst_fuzz_int(input, 255);
    uint64_t sum[HTST_MOMENTS_SUM_F32] = { 0 }, squares[HTST_MOMENTS_SQUARES_F32] = { 0 };
    uint64_t total[HTST_MOMENTS_SUM_F32] = { 0 }, of_squares[HTST_MOMENTS_SQUARES_F32] = { 0 };
    float *x = malloc((size_t) n * 4);
    int64_t bad = 0, not_finite = 0, cut = htst_fuzz_int(input, n + 1);
    for (int64_t i = 0; i < n; i++) {
        if (bits[i] & 2) {
            bits[i] = (bits[i] & 0x807fffffu) | (spread + (bits[i] >> 23) % 20) % 255 << 23;
        }
        uint32_t exponent = bits[i] >> 23 & 255, mantissa = bits[i] & 0x7fffff;
        if (exponent == 255) {
            bad++;
            continue;
        }
        mantissa |= exponent ? 1u << 23 : 0;
        int shift = exponent ? (int) exponent - 1 : 0;
        add_shifted(total, HTST_MOMENTS_SUM_F32, mantissa, shift, bits[i] >> 31 != 0);
        add_shifted(
            of_squares, HTST_MOMENTS_SQUARES_F32, (uint64_t) mantissa * mantissa, 2 * shift, 0);
    }
    memcpy(x, bits, (size_t) n * 4);
    REQUIRE(htst_moments_add_f32(x, cut, sum, squares, &not_finite) == 0);
    REQUIRE(htst_moments_add_near_f32(x + cut, n - cut, sum, squares, &not_finite) == 0);
    REQUIRE(not_finite == bad && memcmp(sum, total, sizeof sum) == 0);
    REQUIRE(memcmp(squares, of_squares, sizeof squares) == 0);
    free(bits), free(x);
}

/* Counts and sums of low bits of float32, in a window that may be too narrow. */
static void
sketch_f32(htst_fuzz_t *input, int64_t n)
{
    const int64_t buckets = INT64_C(255) << HTST_SKETCH_KEPT;
    int64_t first = htst_fuzz_int(input, 60000), width = 1 + htst_fuzz_int(input, 4000);
    uint32_t *bits = htst_fuzz_array(input, n, 4);
    float *x = malloc((size_t) n * 4);
    first = first * 8 + width <= buckets ? first * 8 : buckets - width;
    size_t words = (size_t) (2 * width + 1) * HTST_SKETCH_WORDS_F32;
    uint64_t *table = calloc(words, 8), *expected = calloc(words, 8);
    htst_sketch_seen_t seen;
    memset(&seen, 0, sizeof seen);
    for (int64_t i = 0; i < n; i++) {
        if (bits[i] & 2) {
            int64_t bucket = first + (int64_t) (bits[i] >> 3) % width;
            uint32_t low = bits[i] & ((1u << HTST_SKETCH_DROPPED_F32) - 1);
            bits[i] = (uint32_t) bucket << HTST_SKETCH_DROPPED_F32 | low | (bits[i] >> 31 << 31);
        }
    }
    memcpy(x, bits, (size_t) n * 4);
    REQUIRE(htst_sketch_add_f32(x, n, first, width, table, &seen) == 0);
    REQUIRE(seen.done >= 0 && seen.done <= n);
    for (int64_t i = 0; i < seen.done; i++) {
        uint32_t size = bits[i] & 0x7fffffff;
        int64_t bucket = size >> HTST_SKETCH_DROPPED_F32;
        if (size == 0 || size >= 0x7f800000) {
            continue;
        }
        REQUIRE(bucket >= first && bucket < first + width);
        size_t slot = (size_t) ((bits[i] >> 31 ? width : 0) + bucket - first);
        expected[2 * slot] += 1;
        expected[2 * slot + 1] += size & ((1u << HTST_SKETCH_DROPPED_F32) - 1);
    }
    REQUIRE(memcmp(table, expected, (words - 2) * 8) == 0);
    free(bits), free(x), free(table), free(expected);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    htst_fuzz_t input = { data, size };
    int64_t way = htst_fuzz_int(&input, 3), left = (int64_t) input.left;
    if (way == 0) {
        sum_f64(&input, 1 + left / 8);
    }
    else if (way == 1) {
        sum_f32(&input, 1 + left / 4);
    }
    else {
        sketch_f32(&input, 1 + left / 4);
    }
    return 0;
}
