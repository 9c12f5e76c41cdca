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

/* A format of floats: bytes, bits of the significand, the exponent of infinities, words of sums. */
typedef struct {
    size_t item;
    int digits;
    uint64_t infinite, nearby; /* nearby: exponents of similar sizes, as in a matrix of weights */
    int sum_words, squares_words;
} format_t;

static const format_t F64 = { 8, 52, 2047, 24, HTST_MOMENTS_SUM_F64, HTST_MOMENTS_SQUARES_F64 };
static const format_t F32 = { 4, 23, 255, 20, HTST_MOMENTS_SUM_F32, HTST_MOMENTS_SQUARES_F32 };

static uint64_t
load(const char *at, size_t item)
{
    uint32_t narrow = 0;
    uint64_t wide = 0;
    memcpy(item == 8 ? (void *) &wide : &narrow, at, item);
    return wide | narrow;
}

static void
store(char *at, size_t item, uint64_t bits)
{
    uint32_t narrow = (uint32_t) bits;
    memcpy(at, item == 8 ? (void *) &bits : &narrow, item);
}

static void
add_by_library(const format_t *f, const void *x, int64_t n, int64_t cut, uint64_t *sum,
    uint64_t *squares, int64_t *not_finite)
{
    if (f->item == 8) {
        const double *all = x;
        REQUIRE(htst_moments_add_f64(all, cut, sum, squares, not_finite) == 0);
        REQUIRE(htst_moments_add_near_f64(all + cut, n - cut, sum, squares, not_finite) == 0);
    }
    else {
        const float *all = x;
        REQUIRE(htst_moments_add_f32(all, cut, sum, squares, not_finite) == 0);
        REQUIRE(htst_moments_add_near_f32(all + cut, n - cut, sum, squares, not_finite) == 0);
    }
}

static void
sum_format(htst_fuzz_t *input, const format_t *f)
{
    int64_t n = 1 + (int64_t) (input->left / f->item), bad = 0, not_finite = 0;
    char *x = htst_fuzz_array(input, n, f->item);
    uint64_t spread = (uint64_t) htst_fuzz_int(input, (int64_t) f->infinite);
    int64_t cut = htst_fuzz_int(input, n + 1);
    uint64_t sum[HTST_MOMENTS_SUM_F64] = { 0 }, squares[HTST_MOMENTS_SQUARES_F64] = { 0 };
    uint64_t total[HTST_MOMENTS_SUM_F64] = { 0 }, of_squares[HTST_MOMENTS_SQUARES_F64] = { 0 };
    for (int64_t i = 0; i < n; i++) {
        char *at = x + (size_t) i * f->item;
        uint64_t bits = load(at, f->item);
        if (bits & 2) {
            uint64_t exponent = (spread + (bits >> f->digits) % f->nearby) % f->infinite;
            bits = (bits & ~(f->infinite << f->digits)) | exponent << f->digits;
            store(at, f->item, bits);
        }
        uint64_t exponent = bits >> f->digits & f->infinite;
        if (exponent == f->infinite) {
            bad++;
            continue;
        }
        uint64_t mantissa =
            (bits & ((UINT64_C(1) << f->digits) - 1)) | (uint64_t) (exponent > 0) << f->digits;
        int shift = exponent ? (int) exponent - 1 : 0, minus = (int) (bits >> (8 * f->item - 1));
        add_shifted(total, f->sum_words, mantissa, shift, minus);
        add_shifted(of_squares, f->squares_words, (wide_t) mantissa * mantissa, 2 * shift, 0);
    }
    add_by_library(f, x, n, cut, sum, squares, &not_finite);
    REQUIRE(not_finite == bad && memcmp(sum, total, sizeof sum) == 0);
    REQUIRE(memcmp(squares, of_squares, sizeof squares) == 0);
    free(x);
}

static void
sum_f64(htst_fuzz_t *input)
{
    sum_format(input, &F64);
}

static void
sum_f32(htst_fuzz_t *input)
{
    sum_format(input, &F32);
}

/* Counts and sums of low bits of float32, in a window that may be too narrow. */
static void
sketch_f32(htst_fuzz_t *input)
{
    const int64_t n = 1 + (int64_t) input->left / 4;
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
    static const htst_fuzz_way_t ways[] = { { 1, sum_f64 }, { 1, sum_f32 }, { 1, sketch_f32 },
        { 0, NULL } };
    return htst_fuzz_take(data, size, ways);
}
